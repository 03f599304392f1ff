"""Which answers are wrong, and which ones people would call the same."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from training import asked as asking
from training import selftraining
from training.asked import Asked, Sampled
from training.equality import is_same_text
from training.expanding import Pair
from training.judging import Preference, main, preferences

pytest_plugins = ["sandboxed"]


def sampled(command: str, *answers: str, request: str = "do it", shell: str = "bash") -> Sampled:
    """Return *answers*, each drawn once, to a request that *command* answers."""
    pair = Pair(request, command, shell, "linux", "intent", "x:1", "")
    return Sampled(Asked(pair, (("file", "notes.txt"),)), tuple((text, 1) for text in answers))


def found(given: Sampled, by: str = "text") -> list[tuple[str, str]]:
    """Return the wrong answers of *given*, and how each shows."""
    return [(each.rejected, each.how) for each in preferences(given, by=by, most=9)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ls -la x", "ls -al x"),
        ("ls x -a -l", "ls -la x"),
        ("grep 'a' x", 'grep "a" x'),
        ("sort  x | uniq -c", "sort x|uniq -c"),
        ("du --si --all x", "du --all --si x"),
    ],
)
def test_options_may_stand_in_any_order(one: str, other: str) -> None:
    """Commands that differ in their spelling alone are the same."""
    assert is_same_text(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cp a b", "cp b a"),
        ("ls -l x", "ls -a x"),
        ("sort x | uniq", "uniq x | sort"),
        ("a && b", "a || b"),
        ("head -n 5 x", "head -n 6 x"),
        ("tar -cf x y", "tar -cf y x"),
    ],
)
def test_words_may_not(one: str, other: str) -> None:
    """Commands whose operands or parts stand in another order are others."""
    assert not is_same_text(one, other)


def test_by_text_an_answer_is_wrong_that_says_something_else() -> None:
    """The likeliest wrong answers come first; what does not parse is known as such."""
    given = sampled("sort -u notes.txt", "sort notes.txt", "sort -u 'notes.txt'", "sort 'notes", "")

    assert found(given) == [("sort notes.txt", "text"), ("sort 'notes", "syntax")]
    assert len(preferences(given, by="text", most=1)) == 1


def test_a_blocked_answer_is_wrong() -> None:
    """What the validator never lets through is no answer to a harmless request."""
    given = sampled("rm notes.txt", "rm -rf /")

    assert found(given) == [("rm -rf /", "blocked")]
    assert found(sampled("rm -rf /", "rm -rf /*")) == [("rm -rf /*", "text")]


@pytest.mark.usefixtures("sandboxed")
def test_by_execution_an_answer_is_right_that_does_the_same() -> None:
    """Other words with the same output are no wrong answer; another output is."""
    given = sampled(
        "wc -l notes.txt", "grep -c '' notes.txt", "wc -l < notes.txt", "wc -w notes.txt"
    )
    same = sampled("sort -r notes.txt", "sort notes.txt | tac")

    assert ("wc -w notes.txt", "execution") in found(given, "execution")
    assert found(same, "execution") == []
    assert found(same, "text") == [("sort notes.txt | tac", "text")]


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize("command", ["cat /root/secret", "true", "shuf -i 1-9999 -n 9"])
def test_what_shows_nothing_is_judged_by_its_words(command: str) -> None:
    """A command that fails here, does nothing or differs each time tells nothing of others."""
    assert found(sampled(command, "ls"), "execution") == [("ls", "text")]


def test_the_command_line_writes_what_the_training_reads(tmp_path: Path) -> None:
    """From samples to preferences, with their counts."""
    samples, out = tmp_path / "samples", tmp_path / "out"
    asking.write_lines(samples, [sampled("ls", "ls -a"), sampled("pwd", "pwd")])

    result = CliRunner().invoke(main, [str(samples), str(out), "--by", "text", "--jobs", "1"])

    assert result.exit_code == 0, result.output
    assert "wrong ones of 1: 1 by text" in result.output
    assert asking.read_lines(out, Preference) == [Preference("x:1", "do it", "ls", "ls -a", "text")]


def votes(request: str, *answers: tuple[str, int], known: str = "") -> Sampled:
    """Return a request and how often each answer was drawn."""
    pair = Pair(request, known, "bash", "linux", "self", "self:1", "")
    return Sampled(Asked(pair), answers)


def agreed(given: Sampled, by: str = "text") -> str | None:
    """Return the command that six answers agree on."""
    pair = selftraining.agreed(given, by=by, least=6)
    return None if pair is None else pair.command


def test_an_answer_is_kept_on_which_most_agree() -> None:
    """Spellings of one command count together; fewer votes than asked for give no pair."""
    most = votes("list notes.txt in long form", ("ls -la notes.txt", 4), ("ls -al notes.txt", 2))
    few = votes("list notes.txt in long form", ("ls -la notes.txt", 5), ("ls notes.txt", 3))

    assert agreed(most) == "ls -la notes.txt"
    assert agreed(few) is None


@pytest.mark.parametrize(
    ("request_text", "command"),
    [
        ("show the first line of report.txt", "head -n 1 other.txt"),
        ("clean up", "rm -rf /"),
        ("say it's done", "echo 'it"),
    ],
)
def test_agreement_is_not_enough(request_text: str, command: str) -> None:
    """What invents a name, is blocked or does not parse gives no pair, however many agree."""
    assert agreed(votes(request_text, (command, 8))) is None


def test_where_the_command_is_known_the_answer_must_be_it() -> None:
    """A request with slips gives a pair; a model that agrees on a mistake gives none."""
    given = votes("cuont the lines of a.txt", ("wc -l a.txt", 8), known="wc -l a.txt")
    mistaken = votes("cuont the lines of a.txt", ("wc -w a.txt", 8), known="wc -l a.txt")

    assert agreed(given) == "wc -l a.txt"
    assert agreed(mistaken) is None


@pytest.mark.usefixtures("sandboxed")
def test_answers_agree_that_do_the_same() -> None:
    """By execution other words count for the first answer where they do what it does."""
    given = votes("sort notes.txt backwards", ("sort -r notes.txt", 5), ("sort notes.txt | tac", 3))

    assert agreed(given) is None
    assert agreed(given, "execution") == "sort -r notes.txt"


def test_a_request_gives_one_pair_of_the_source_self() -> None:
    """The pairs have the corpus' own form: a recipe's mix names their source."""
    given = [votes(text, ("who", 8)) for text in ("who is here", "Who is here")]

    (pair,) = selftraining.found(given, by="text", least=6, jobs=1)

    assert (pair.source, pair.tool, pair.command) == ("self", "who", "who")
