"""The profile "strict": the ancestor's refusals, all kept, and the few commands it lets through."""

from pathlib import Path

import pytest

from eidos.protocol import Level, Shell
from eidos.validator.policy import Policy
from eidos.validator.validation import check

STRICT = Policy.build("strict", {})
REFUSED = (Path(__file__).parent / "data" / "ancestor.txt").read_text().splitlines()
READING = [
    "ls -la",
    "cat notes.txt",
    "grep -rn todo src",
    "df -h",
    "du -sh src",
    "ps aux",
    "git status",
    "git log --oneline",
    "find src -name main.c",
    "sort -n numbers.txt",
    "head -n 5 README.md",
    "wc -l README.md",
    "date -u",
    "whoami",
    "ls /var/log",
]


@pytest.mark.parametrize("command", REFUSED)
def test_the_ancestors_patterns_are_refused(command: str) -> None:
    """Each thing that the ancestor looked for keeps a command from the prompt."""
    assert check(command, Shell.BASH, STRICT).level is Level.BLOCK


@pytest.mark.parametrize("command", READING)
def test_programs_that_only_read_are_let_through(command: str) -> None:
    """A plain call of a program that reads is what remains."""
    assert check(command, Shell.BASH, STRICT).level is Level.OK


def test_at_least_sixty_patterns_are_kept() -> None:
    """The production checklist asks for sixty."""
    assert len(set(REFUSED)) >= 60
