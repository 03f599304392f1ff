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
"""Its redirections, or an assignment to `mapfile[file]` of zsh, write to a file."""
ANY: Final = 64
"""Every command has it."""
ALL_TRAITS: Final = 127

FILE_VARIABLE: Final = "mapfile["
"""`mapfile[/etc/hosts]=text` writes the file in zsh, once its module is loaded."""

_SYMBOLS: Final = frozenset("/:@[{}$`(+~*?= ")


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


def traits_of(command: Command) -> int:
    """Return the sum of the traits of *command*."""
    traits = ANY
    if command.redirects:
        traits |= REDIRECTED
        if any(r.target.text != "/dev/null" and (r.writes or r.appends) for r in command.redirects):
            traits |= WRITING
    if command.assignments:
        traits |= ASSIGNING
        if any(each.name.startswith(FILE_VARIABLE) for each in command.assignments):
            traits |= WRITING
    if command.reads or command.upstream or command.program_from:
        traits |= FED
    if command.in_loop or command.is_parallel or command.is_background or command.inside:
        traits |= REPEATED
    if not command.words or not _SYMBOLS.isdisjoint(command.words[0].text):
        traits |= UNPLAIN
    return traits


def aims_at(words: Iterable[Word], *tests: Callable[[Word], bool]) -> bool:
    """Whether one of *words* passes one of *tests*."""
    return any(test(word) for word in words for test in tests)
