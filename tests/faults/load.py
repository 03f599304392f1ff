"""Clients that ask without pause while a fault happens, and the count of what came of it."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from real_daemon import until

from faults.crowd import ANSWERED, LOST, Outcome

CLIENTS: Final = 4
PER_S: Final = 5.0
_END_TIMEOUT_S: Final = 90
"""Above the 60 s that a client waits for an answer."""


@dataclass(frozen=True)
class Tally:
    """What came of the requests that were asked during a fault."""

    sent: int
    answered: int
    refused: Mapping[str, int]
    """How many got an error, by its code."""
    lost: tuple[str, ...]
    """Why each of these got neither an answer nor an error."""
    back_s: float | None
    """From the moment when the fault's cause was over to the first answer to a later request."""


@dataclass
class Load:
    """A process of clients of the daemon on *socket*, each of whose requests is another one.

    Its clients are started by *wrapper*, where there is one: a program that runs others.
    """

    socket: Path
    first: int = 0
    clients: int = CLIENTS
    per_s: float = PER_S
    wrapper: tuple[str, ...] = ()
    environ: Mapping[str, str] | None = None
    outcomes: list[Outcome] = field(default_factory=list[Outcome], init=False)
    mended_s: float | None = field(default=None, init=False)
    """When the cause of the fault was over."""

    def __enter__(self) -> Self:
        """Start the clients."""
        program = [sys.executable, Path(__file__).with_name("crowd.py"), self.socket]
        numbers = [str(self.clients), str(self.per_s), str(self.first)]
        self._process = subprocess.Popen(
            [*self.wrapper, *program, *numbers],
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the requests under way, then end the clients; after an error at once."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=0 if error else _END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            if error is None:
                raise
        finally:
            self._reader.join()
            assert self._process.stdout is not None
            self._process.stdout.close()

    @contextmanager
    def fault(self) -> Generator[None]:
        """Have the block be the fault; when it ends its cause is over."""
        yield
        self.mended_s = time.monotonic()

    def until_answered(self, count: int, *, log: Callable[[], str] = str) -> None:
        """Wait until *count* more requests were answered that are asked from now on."""
        now_s = time.monotonic()
        until(
            lambda: self._are_running() and self._answered_since(now_s) >= count,
            log=lambda: f"{Counter(each.said for each in list(self.outcomes))}\n{log()}",
            timeout_s=90,
        )

    def last(self, seconds: float) -> None:
        """Let the clients ask for *seconds*: for faults that take their time."""
        until_s = time.monotonic() + seconds
        until(lambda: self._are_running() and time.monotonic() >= until_s, timeout_s=seconds + 60)

    def tally(self) -> Tally:
        """Return the count of all requests; of a load that has ended."""
        said = Counter(each.said for each in self.outcomes)
        answered, _ = said.pop(ANSWERED, 0), said.pop(LOST, 0)
        return Tally(
            sent=len(self.outcomes),
            answered=answered,
            refused=dict(said.most_common()),
            lost=tuple(each.detail for each in self.outcomes if each.said == LOST),
            back_s=self._back_s(),
        )

    def _back_s(self) -> float | None:
        mended_s = self.mended_s
        if mended_s is None:
            return None
        ends = [
            each.ended_s
            for each in self.outcomes
            if each.said == ANSWERED and each.sent_s >= mended_s
        ]
        return min(ends) - mended_s if ends else None

    def _answered_since(self, moment_s: float) -> int:
        found = [each for each in list(self.outcomes) if each.sent_s >= moment_s]
        return sum(each.said == ANSWERED for each in found)

    def _are_running(self) -> bool:
        assert self._process.poll() is None, "the clients have ended"
        return True

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.outcomes.append(msgspec.json.decode(line, type=Outcome))
