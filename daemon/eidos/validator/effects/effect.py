"""A question about one command, which the rule of the same name in `table/` asks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from eidos.validator.commands import Command, Word


@dataclass(frozen=True, slots=True)
class Effect:
    """Whether a command does what the rule *rule* minds."""

    rule: str
    applies: Callable[[Command], bool]
    programs: frozenset[str] = frozenset()
    """Names or families of programs that are asked; none: every command is."""


def aims_at(words: Iterable[Word], *tests: Callable[[Word], bool]) -> bool:
    """Whether one of *words* passes one of *tests*."""
    return any(test(word) for word in words for test in tests)
