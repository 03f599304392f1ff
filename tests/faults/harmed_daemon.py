"""A real daemon that may be harmed: started in a wrapper, and again where it ends by itself."""

import os
import signal
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from real_daemon import EIDOSD, RealDaemon, until

from eidos.protocol import Suggestions

RESTART_S: Final = 1.0
"""RestartSec= of the unit."""
_STAYS_ENDED: Final = {0, 5, 78}
"""What the unit does not start again after."""
_LOOK_S: Final = 0.02


@dataclass
class HarmedDaemon(RealDaemon):
    """A daemon, and how often it ended by itself; `wrapper` is a program that runs others."""

    wrapper: tuple[str, ...] = ()
    ends: list[int] = field(default_factory=list[int], init=False)
    """The exit codes with which it ended, negative for a signal."""

    def start(self, **variables: str) -> "HarmedDaemon":
        """Start it, without waiting for anything."""
        self.process = self.another(**variables)
        return self

    def another(self, **variables: str) -> subprocess.Popen[bytes]:
        """Start one more like it, on the same socket and with the same log."""
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [*self.wrapper, EIDOSD],
                env={**self.environ, **variables},
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    @contextmanager
    def kept(self) -> Generator["HarmedDaemon"]:
        """Run it, and start it again a second after it failed, as systemd does."""
        self.start()
        is_over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(is_over,))
        keeper.start()
        try:
            self.until_loaded()
            yield self
        finally:
            is_over.set()
            keeper.join()
            self.stop()

    @property
    def engine(self) -> int:
        """The process id of its engine, 0 while there is none."""
        return self.status()["engines"][0]["pid"] or 0

    def kill_engine(self) -> int:
        """Kill its engine, as soon as there is one; return which process that was."""
        pid = until(lambda: self.engine, log=lambda: self.log)
        with suppress(ProcessLookupError):  # it has died of something else meanwhile
            os.kill(pid, signal.SIGKILL)
        return pid

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def command(self, number: int) -> str:
        """Ask for a command with *number* in it; return it, or the error in its place."""
        reply = self.ask(f"find all files larger than {number} MB under /var/log")
        return reply.candidates[0].command if isinstance(reply, Suggestions) else str(reply)

    def _keep(self, is_over: threading.Event) -> None:
        while not is_over.wait(_LOOK_S):
            assert self.process is not None
            code = self.process.poll()
            if code is None:
                continue
            self.ends.append(code)
            if code in _STAYS_ENDED or is_over.wait(RESTART_S):
                return
            self.start()


def right(number: int) -> str:
    """Return what `HarmedDaemon.command` has to be."""
    return f"find /var/log -type f -size +{number}M"
