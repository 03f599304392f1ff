"""What a command has beside a name that effects may be about: the sum of its traits."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import (
    ANY,
    ASSIGNING,
    FED,
    REDIRECTED,
    REPEATED,
    UNPLAIN,
    WRITING,
)
from eidos.validator.effects.writing import writes


def traits_of(command: Command) -> int:
    """Return the sum of the traits of *command*."""
    traits = ANY
    if command.redirects:
        traits |= REDIRECTED
    if command.assignments:
        traits |= ASSIGNING
    if writes(command):
        traits |= WRITING
    if command.reads or command.upstream or command.program_from:
        traits |= FED
    if command.in_loop or command.is_parallel or command.is_background or command.inside:
        traits |= REPEATED
    if not command.words or not _SYMBOLS.isdisjoint(command.words[0].text):
        traits |= UNPLAIN
    return traits


_SYMBOLS: Final = frozenset("/:@[{}$`(+~*?= ")
