"""A command is right if it does what the reference does; the score says why it is not."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from training import scoring
from training.normalizing import normalized
from training.tasks import Task

pytest_plugins = ["sandboxed"]
TASK = Task(id="x", request="x", command="true", utility="find", difficulty=2, tree="messy-home")


def score(command: str, reference: str, **fields: object) -> scoring.Score:
    """Score *command* against *reference*."""
    values = {name: getattr(TASK, name) for name in TASK.__struct_fields__}
    return scoring.score(Task(**(values | {"command": reference} | fields)), command)  # pyright: ignore[reportArgumentType]


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("command", "reference", "fields"),
    [
        ("grep -c TODO notes.txt", "grep TODO notes.txt | wc -l", {}),
        ("ls -U bin", "ls bin", {}),
        ("find . -name '*.pdf'", "find -iname '*.PDF'", {}),
        ("find Downloads -size +1M", "find ./Downloads -size +1M", {}),
        ("printf 'a  \\n'", "echo a", {}),
        ("rm notes.txt.bak", "find . -name '*.bak' -delete", {}),
        ("chmod u+x bin/backup", "chmod 744 bin/backup", {}),
        ("rm -v notes.txt.bak", "rm notes.txt.bak", {"check": "files"}),
        ("echo hi; touch new", "echo hi", {"check": "output"}),
        ("tar -czf a.tgz bin", "tar czf a.tgz bin/hello bin/backup", {}),
        ("ls nothing", "cat nothing", {}),
        ("touch notes.txt.bak", "touch notes.txt.bak; sleep 0.01", {}),
    ],
)
def test_right(command: str, reference: str, fields: dict[str, str]) -> None:
    """Another way to the same effect is right."""
    assert score(command, reference, **fields) == scoring.RIGHT


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("command", "reference", "fields", "why"),
    [
        ("", "ls", {}, "no command"),
        ("ls bin | sort -r", "ls bin", {"in_order": True}, "line 1 is 'hello' instead of 'backup'"),
        ("ls bin | head -1", "ls bin", {"in_order": True}, "1 lines instead of 2"),
        ("ls bin bin", "ls bin", {}, "too many"),
        ("cat notes.txt", "grep TODO notes.txt", {}, "2 lines too many"),
        ("grep bank notes.txt", "grep TODO notes.txt", {}, "2 lines missing"),
        ("grep -Q x y", "ls bin", {}, "status 2 instead of 0"),
        ("rm notes.txt", "rm notes.txt.bak", {}, "files: notes-hard.txt|files: notes.txt"),
        ("chmod +x bin/backup", "chmod 700 bin/backup", {}, "files: bin/backup"),
        ("cp notes.txt new; echo x >> new", "cp notes.txt new", {}, "files: new"),
        ("mv notes.txt.bak old/", "cp notes.txt.bak old/", {}, "files: notes.txt.bak"),
        ("ln -s notes.txt n", "ln -s docs n", {}, "files: n"),
        ("tar -cf a.tgz bin", "tar -czf a.tgz bin", {}, "files: a.tgz"),
        ("touch -d yesterday notes.txt.bak", "touch notes.txt.bak", {}, "files: notes.txt.bak"),
        ("yes", "ls bin", {}, "limit of output"),
    ],
)
def test_wrong(command: str, reference: str, fields: dict[str, bool], why: str) -> None:
    """Another effect is wrong, and the reason names what differs."""
    result = score(command, reference, **fields)

    assert not result.right
    assert any(part in result.why for part in why.split("|")), result.why


@pytest.mark.usefixtures("sandboxed")
def test_the_commit_made_is_what_counts() -> None:
    """Two ways to a commit, a stage or a branch are equal; other messages and files are not."""
    fields = {"tree": "git-project", "check": "files"}

    assert score("git add notes.py && git commit -m x", "git commit -am x", **fields).right
    assert score("git switch -c fix", "git checkout -b fix", **fields).right
    assert score("git reset todo.md", "git restore --staged todo.md", **fields).right
    assert not score("git commit -am y", "git commit -am x", **fields).right
    assert not score("git add scratch.txt", "git add .", **fields).right


@pytest.mark.parametrize(
    ("command", "is_right"),
    [
        ("systemctl restart nginx", True),
        ("systemctl  restart 'nginx'", True),
        ("service nginx restart", True),
        ("systemctl start nginx", False),
    ],
)
def test_by_text(command: str, is_right: bool) -> None:
    """What cannot run here is compared with the reference and its other forms."""
    also = ("service nginx restart",)
    assert score(command, "systemctl restart nginx", check="text", also=also).right is is_right


def test_accepted_text_is_right_without_a_run() -> None:
    """A command may be right although its effect differs."""
    assert score("cal 2025", "date +%Y", accept_text=("cal '2025'",)) == scoring.RIGHT


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ls  -l   'a'", 'ls -l "a"', True),
        ("a|b&&c;d", "a | b && c ; d", True),
        ("cmd >  out 2>&1", "cmd >out 2>&1", True),
        ("cat my\\ file", "cat 'my file'", True),
        ("""echo "it's" """, "echo 'it'\\''s'", True),
        ("ls;", "ls", True),
        ("awk '{print $1}'", 'awk "{print $1}"', False),
        ("echo '*'", "echo *", False),
        ("echo 'a  b'", "echo 'a b'", False),
        ("echo a b", "echo ab", False),
        ("echo '|' x", "echo | x", False),
        ('echo "$HOME"', "echo '$HOME'", False),
    ],
)
def test_texts_differ_only_where_it_means_something(one: str, other: str, is_same: bool) -> None:
    """Blanks between words and needless quotes do not count; those that mean something do."""
    assert (normalized(one) == normalized(other)) is is_same


@pytest.mark.usefixtures("sandboxed")
def test_the_figures_are_per_difficulty_and_utility(tmp_path: Path) -> None:
    """The command line prints a table, what is wrong and why, and what has no task."""
    tasks = tmp_path / "t.toml"
    form = "[[task]]\nid = '{}'\nrequest = '{}'\ncommand = '{}'\nutility = '{}'\n"
    form += "difficulty = {}\ntree = 'messy-home'\n"
    rows = [("a", "one", "ls bin", "ls", 1), ("b", "two", "wc -l notes.txt", "wc", 2)]
    rows += [("c", "three", "ls old", "ls", 1)]
    tasks.write_text("".join(form.format(*row) for row in rows))
    predictions = tmp_path / "p.jsonl"
    answers = {"a": "ls -1 bin", "b": "wc -c notes.txt", "z": "ls"}
    predictions.write_text(
        "".join(json.dumps({"id": name, "command": it}) + "\n" for name, it in answers.items())
    )

    shown = (
        CliRunner()
        .invoke(scoring.main, [str(predictions), "--tasks", str(tasks), "--wrong", "--jobs", "2"])
        .output.splitlines()
    )

    assert ["all", "1", "of", "3", "0.333"] in map(str.split, shown)
    assert ["utility", "ls", "1", "of", "2", "0.500"] in map(str.split, shown)
    assert ["difficulty", "2", "0", "of", "1", "0.000"] in map(str.split, shown)
    assert shown[0] == "b: two"
    assert "c: three" in shown
    assert "1 predictions are for no task, 'z' first" in shown
