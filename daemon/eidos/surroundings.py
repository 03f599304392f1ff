"""What stands around a request on this machine: the files in its folder, the programs in PATH.

Everything here reads folders, and a folder on a network that is gone may hold its reader for
minutes. So a thread reads it, nobody waits longer than PATIENCE_S, and few such threads may hang.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from eidos.context import Context, that_matter
from eidos.protocol import Shell, SuggestRequest

PATIENCE_S: Final = 0.02
MAX_NAMES: Final = 2000
"""Names of one folder that are read; a folder has them in no order."""
MAX_READERS: Final = 8
"""Threads that may hang in a folder at a time; beyond, folders count as empty."""

Value = TypeVar("Value")

_COMMON: Final = (
    ". : [ alias bg break builtin case cd command continue dirs disown echo else end eval exec "
    "exit export false fg for function history if jobs kill popd printf pushd pwd read return set "
    "source suspend test time true type ulimit umask wait while"
)
_SH: Final = (
    f"{_COMMON} ! [[ declare do done elif enable esac fc fi getopts hash let local logout readonly "
    "select shift then times trap typeset unalias unset until {"
)
_BUILTINS: Final = {
    Shell.BASH: frozenset(
        f"{_SH} bind caller compgen complete compopt coproc help mapfile readarray shopt".split()
    ),
    Shell.ZSH: frozenset(
        f"{_SH} - autoload bindkey bye chdir coproc disable emulate float foreach functions "
        "integer limit noglob nocorrect print private pushln rehash repeat sched setopt ttyctl "
        "unfunction unhash unlimit unsetopt vared whence where which zle zmodload zparseopts "
        "zstyle".split()
    ),
    Shell.FISH: frozenset(
        f"{_COMMON} ! _ abbr and argparse begin bind block breakpoint cdh commandline complete "
        "contains count diff dirh emit fish_add_path fish_config funced funcsave functions help "
        "isatty la ll ls math nextd not open or prevd psub random realpath seq setenv set_color "
        "status string switch trap vared".split()
    ),
}
"""What runs in a shell without being a program, but for what only completions and widgets use."""


class Surroundings(Struct, frozen=True):
    """What one request can be held against; what could not be read in time is not in it."""

    shell: Shell
    files: frozenset[str] = frozenset()
    """The names in the request's folder, hidden ones too."""
    programs: frozenset[str] | None = None
    """The names of the programs in the daemon's PATH, None where nobody knows them yet."""

    def has_program(self, name: str) -> bool:
        """Return whether *name* can be run: a program, a builtin of the shell, or a path."""
        if "/" in name or self.programs is None:
            return True
        return name in self.programs or name in _BUILTINS[self.shell]


class Host:
    """This machine, as the daemon sees it; keeps the programs in *path*, as $PATH is written."""

    def __init__(self, path: str) -> None:
        self._folders = tuple(folder for folder in path.split(os.pathsep) if folder[:1] == "/")
        self._changed_ns: tuple[int, ...] = ()
        self._programs: frozenset[str] | None = None
        self._readers = threading.BoundedSemaphore(MAX_READERS)

    async def surroundings_of(self, request: SuggestRequest) -> Surroundings:
        """Return what stands around *request*, within PATIENCE_S and without holding the loop."""
        files, programs = await asyncio.gather(
            self._read(lambda: read_names(request.cwd), frozenset[str]()),
            self._read(self._find_programs, self._programs),
        )
        return Surroundings(request.shell, files, programs)

    async def _read(self, read: Callable[[], Value], otherwise: Value) -> Value:
        """Return what *read* does in a thread, or *otherwise* where it takes too long."""
        if not self._readers.acquire(blocking=False):
            return otherwise
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Value] = loop.create_future()

        def deliver(value: Value) -> None:
            if not answer.done():
                answer.set_result(value)

        def run() -> None:
            try:
                value = read()
            finally:
                self._readers.release()
            with suppress(RuntimeError):  # the daemon has ended meanwhile, and its loop with it
                loop.call_soon_threadsafe(deliver, value)

        # No executor: its threads would be waited for when the daemon ends.
        threading.Thread(target=run, name="reader", daemon=True).start()
        try:
            return await asyncio.wait_for(answer, PATIENCE_S)
        except TimeoutError:
            return otherwise

    def _find_programs(self) -> frozenset[str]:
        """Return the names in the folders of PATH, read again where one of them has changed."""
        changed_ns = tuple(_changed_ns(folder) for folder in self._folders)
        if self._programs is None or changed_ns != self._changed_ns:
            names = (name for folder in self._folders for name in _names(folder))
            self._programs, self._changed_ns = frozenset(names), changed_ns
        return self._programs


def context_of(request: SuggestRequest, surroundings: Surroundings) -> Context:
    """Return what a model may be told beside *request*; the status of nothing is nothing."""
    is_known = bool(request.last) and request.status is not None
    return Context(
        shell=request.shell.value,
        os="macos" if sys.platform == "darwin" else "linux",
        last=request.last if is_known else None,
        status=request.status if is_known else None,
        files=that_matter(surroundings.files, request.text),
    )


def read_names(folder: str) -> frozenset[str]:
    """Return at most MAX_NAMES of the names in *folder*; none where there is none to read.

    Names that are not UTF-8 are left out: nobody can type them. May block.
    """
    return frozenset(islice(_names(folder), MAX_NAMES)) if folder else frozenset()


def _names(folder: str) -> Iterator[str]:
    # As bytes: a locale in which names are spelt otherwise does not matter.
    try:
        with os.scandir(folder.encode(errors="surrogateescape")) as entries:
            for entry in entries:
                with suppress(UnicodeDecodeError):
                    yield entry.name.decode()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return


def _changed_ns(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0
