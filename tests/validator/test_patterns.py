"""Patterns: what `re` would say, and nothing compiled before it is asked."""

import gc
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from eidos.validator import patterns, validation
from eidos.validator.budget import Clock
from eidos.validator.patterns import Pattern

TEXT = "one TWO  three"
QUESTIONS: dict[str, Callable[[Pattern | re.Pattern[str]], object]] = {
    "match": lambda pattern: pattern.match(TEXT),
    "match in a part": lambda pattern: pattern.match(TEXT, 4, 6),
    "fullmatch": lambda pattern: pattern.fullmatch(TEXT),
    "search": lambda pattern: pattern.search(TEXT, 3),
    "finditer": lambda pattern: [match.span() for match in pattern.finditer(TEXT)],
    "findall": lambda pattern: pattern.findall(TEXT),
    "split": lambda pattern: pattern.split(TEXT, maxsplit=1),
    "sub": lambda pattern: pattern.sub(r"<\g<0>>", TEXT, count=2),
    "sub by a function": lambda pattern: pattern.sub(lambda match: match[0][::-1], TEXT),
    "subn": lambda pattern: pattern.subn("-", TEXT),
}
AT_IMPORT = """
from eidos.validator import patterns

def fail(pattern, name):
    raise SystemExit(f"compiled by the import: {pattern.pattern}")

patterns.Pattern.__getattr__ = fail
import eidos.validator.validation
from eidos.validator.rules import rows_of
raise SystemExit(rows_of.cache_info().currsize and "rules are read by the import")
"""


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("flags", [0, re.IGNORECASE])
def test_pattern_answers_as_the_compiled_one(
    question: Callable[[Pattern | re.Pattern[str]], object], flags: int
) -> None:
    """The first answer and the second are those of `re`."""
    expected = re.compile(r"[a-z]+", flags)
    pattern = Pattern(r"[a-z]+", flags)

    answers = [question(pattern), question(pattern)]

    assert [str(answer) for answer in answers] == [str(question(expected))] * 2


def test_pattern_has_no_other_methods() -> None:
    """What no pattern is asked is an error at once."""
    with pytest.raises(AttributeError, match="scanner"):
        _ = getattr(Pattern("a"), "scanner")  # noqa: B009 - the type has no such name


def test_import_compiles_no_pattern_and_reads_no_rule() -> None:
    """What a command does not ask costs the start of the daemon nothing."""
    done = subprocess.run(
        [sys.executable, "-c", AT_IMPORT], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_every_pattern_compiles() -> None:
    """A mistake in a pattern is found here, not by the first command that asks it."""
    assert validation.RULES
    found = [each for each in gc.get_objects() if type(each) is Pattern]

    compiled = [re.compile(each.pattern) for each in found]

    assert len(compiled) > 500


def test_compiling_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a command does not run while a pattern is compiled for it."""
    clock = Clock(iter([10.0, 11.0, 16.0, 17.0]).__next__)
    monkeypatch.setattr(patterns, "CLOCK", clock)
    began = clock.now()

    assert Pattern("a+").match("aa")

    assert clock.now() - began == 2
