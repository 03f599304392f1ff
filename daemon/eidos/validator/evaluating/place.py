"""Where in a line a command stands: what surrounds it, and so holds for all inside it too."""

import msgspec

from eidos.validator.commands import Command, Machine, Redirect, Word
from eidos.validator.evaluating.mounts import Mount


class Place(msgspec.Struct, frozen=True):
    """The surroundings of a command."""

    upstream: tuple[Command, ...] = ()
    stdin: Word | None = None
    """The text on the standard input, as far as it is known."""
    redirects: tuple[Redirect, ...] = ()
    """Those of the blocks around it."""
    wrappers: tuple[str, ...] = ()
    inside: frozenset[str] = frozenset()
    machine: Machine = Machine.HOST
    mounts: tuple[Mount, ...] = ()
    """Folders of the host that the container sees."""
    is_parallel: bool = False
    is_background: bool = False
    in_loop: bool = False
    in_endless_loop: bool = False
    is_guess: bool = False
    source: str = ""
    """The text of the outermost simple command."""
    depth: int = 0
    """The scripts within scripts around it."""
