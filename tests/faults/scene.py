"""One fault, done to a real daemon while clients ask it: what is shared by all of them."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from real_daemon import private_folders

from faults.harmed_daemon import HarmedDaemon, right
from faults.load import Load, Tally

_CHECKS: Final = 3
"""Requests whose answers must be right afterwards."""


@dataclass(frozen=True)
class Scene:
    """A loaded daemon, the clients that ask it, and how long what lasts should last."""

    daemon: HarmedDaemon
    load: Load
    lasting_s: float
    repeats: int
    """How often what takes a moment is done."""
    cleanup: ExitStack
    """What is to be undone when all is over."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong; `inject` does it, and mends what has to be mended from outside."""

    name: str
    inject: Callable[[Scene], None]
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """More of the daemon's environment; the test is quick with it, the benchmark without."""
    ends_daemon: bool = False
    """Whether the daemon may end of it, to be started again."""
    needs_root: bool = False
    long_s: float = 15.0
    """How long it lasts in the benchmark, where it lasts at all."""
    wrapper: tuple[str, ...] = ()
    """A program in which the daemon runs, and its clients too."""
    prepare: Callable[[dict[str, str], ExitStack], None] = lambda environ, cleanup: None  # noqa: ARG005
    """What is changed in the daemon's environment before it starts."""


def undergo(
    fault: Fault, *, lasting_s: float, repeats: int, calm: int, is_quick: bool
) -> tuple[Tally, HarmedDaemon]:
    """Do *fault* to a daemon of its own, with *calm* answers before it and behind it.

    The last requests are asked by one more client, alone; an answer that is not right is an
    AssertionError.
    """
    with private_folders() as folders, ExitStack() as cleanup:
        environ = {**folders, **(fault.settings if is_quick else {})}
        fault.prepare(environ, cleanup)
        daemon = HarmedDaemon(environ, wrapper=fault.wrapper)
        with daemon.kept():
            with Load(daemon.socket, wrapper=fault.wrapper) as load:
                load.until_answered(calm, log=lambda: daemon.log)
                scene = Scene(daemon, load, lasting_s, repeats, cleanup)
                fault.inject(scene)
                load.until_answered(calm, log=lambda: daemon.log)
            assert fault.ends_daemon or not daemon.ends, f"ended: {daemon.ends}\n{daemon.log}"
            found = [daemon.command(number) for number in range(201, 201 + _CHECKS)]
            assert found == [right(number) for number in range(201, 201 + _CHECKS)], daemon.log
            return load.tally(), daemon
