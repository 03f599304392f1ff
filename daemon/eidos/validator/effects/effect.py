"""A question about one command, which the rule of the same name in `table/` asks."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from eidos.validator.commands import Command, Word

REDIRECTED: Final = 1
"""It has redirections."""
ASSIGNING: Final = 2
"""It sets variables."""
FED: Final = 4
"""It reads what other commands of the line print, or runs it."""
REPEATED: Final = 8
"""It runs in a loop, in a function, or beside others."""
UNPLAIN: Final = 16
"""What it calls is no plain name: a path, an address, a variable."""
WRITING: Final = 32
"""It writes to a file that may matter, by itself or by a redirection."""
ANY: Final = 64
"""Every command has it."""
ALL_TRAITS: Final = 127

FILE_VARIABLE: Final = "mapfile["
"""`mapfile[/etc/hosts]=text` writes the file in zsh, once its module is loaded."""


class Effect(msgspec.Struct, frozen=True):
    """Whether a command does what the rule *rule* minds.

    It is asked of the programs it names and of commands with a trait it names, whatever they are:
    to ask every effect of every command took a third of the time of a verdict.
    """

    rule: str
    applies: Callable[[Command], bool]
    programs: frozenset[str] = frozenset()
    """Names or families of programs."""
    when: int = 0
    """The sum of the traits."""


def aims_at(words: Iterable[Word], *tests: Callable[[Word], bool]) -> bool:
    """Whether one of *words* passes one of *tests*."""
    return any(test(word) for word in words for test in tests)
