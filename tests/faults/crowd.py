"""The clients under whose eyes a fault happens: a process of several, started by load.py.

    python crowd.py SOCKET CLIENTS REQUESTS_A_SECOND NUMBER_OF_THE_FIRST

Each asks one request after the other, all different, as eidosctl does: it looks whether the daemon
is alive, then asks. Prints an Outcome in JSON for each request, until its stdin ends.
"""

import itertools
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import msgspec

from eidos.client import ask, ping
from eidos.errors import (
    DaemonSilent,
    DaemonUnavailable,
    EidosError,
    ProtocolError,
    RequestRefused,
    RuntimeDirError,
)
from eidos.protocol import Failure, Shell, Suggestions, SuggestRequest

ANSWERED: Final = "answered"
LOST: Final = "lost"
PONG_TIMEOUT_S: Final = 5.0
"""As in eidosctl/asking.py, and so is the next."""
ANSWER_TIMEOUT_S: Final = 60.0
REQUESTS: Final = Path(__file__).parents[2] / "benchmarks" / "requests.txt"


class Outcome(msgspec.Struct, frozen=True):
    """What came of one request."""

    sent_s: float
    """In seconds of CLOCK_MONOTONIC, which is one for all processes, as is the next."""
    ended_s: float
    said: str
    """ANSWERED, LOST, or the code of the error that the client got."""
    detail: str = ""
    """Why it counts as lost."""


def texts() -> list[str]:
    """Return the requests of the benchmarks."""
    lines = REQUESTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def request(number: int, lines: list[str]) -> SuggestRequest:
    """Return the request *number*, whose words no other one has."""
    times, which = divmod(number, len(lines))
    text = lines[which] + (f" under /srv/part{times}" if times else "")
    return SuggestRequest(id=f"crowd-{number}", shell=list(Shell)[number % 3], count=1, text=text)


def outcome(socket: Path, asked: SuggestRequest) -> Outcome:
    """Ask and return what came of it, whatever happens."""
    sent_s = time.monotonic()
    detail = ""
    try:
        said, detail = _ask(socket, asked)
    except Exception as exc:  # noqa: BLE001 - what is no error of ours, no user should ever see
        said, detail = LOST, repr(exc)
    return Outcome(sent_s, time.monotonic(), said, detail)


def _ask(socket: Path, asked: SuggestRequest) -> tuple[str, str]:
    """Return how the request ended, and why where it is lost."""
    is_alive = False
    try:
        ping(socket, timeout_s=PONG_TIMEOUT_S)
        is_alive = True
        reply = ask(asked, socket=socket, timeout_s=ANSWER_TIMEOUT_S)
    except DaemonSilent as exc:
        return (LOST, str(exc)) if is_alive else ("silent", "")
    except EidosError as exc:
        return _code(exc), ""
    match reply:
        case Suggestions(id=asked.id):
            return ANSWERED, ""
        case Failure():
            return reply.code, ""
        case _:
            return LOST, f"a {type(reply).__name__} for another request"


def _code(exc: EidosError) -> str:
    match exc:
        case ProtocolError() | RequestRefused():
            return exc.code
        case DaemonUnavailable():
            return "no daemon"
        case RuntimeDirError():
            return "unsafe folder"
        case _:
            return type(exc).__name__


class Client(threading.Thread):
    """One client, which asks at the times of *clock* until *ended*."""

    def __init__(
        self, socket: Path, numbers: Iterator[int], *, offset_s: float, pause_s: float
    ) -> None:
        super().__init__(daemon=True)
        self._socket = socket
        self._numbers = numbers
        self._offset_s = offset_s
        self._pause_s = pause_s
        self.ended = threading.Event()

    def run(self) -> None:
        """Ask at the times that are this client's, and at once where it is behind."""
        lines = texts()
        next_s = time.monotonic() + self._offset_s
        while not self.ended.wait(max(0.0, next_s - time.monotonic())):
            next_s = max(next_s + self._pause_s, time.monotonic() - self._pause_s)
            found = outcome(self._socket, request(next(self._numbers), lines))
            say(found, sys.stdout)


def say(found: Outcome, output: TextIO) -> None:
    """Write *found* as one line, whole among those of other threads."""
    output.write(msgspec.json.encode(found).decode() + "\n")
    output.flush()


def main(socket: str, clients: str, per_s: str, first: str) -> None:
    """Have them ask until stdin ends, then wait for what is still under way."""
    numbers = itertools.count(int(first))
    crowd = [
        Client(
            Path(socket),
            numbers,
            offset_s=number / float(per_s),
            pause_s=int(clients) / float(per_s),
        )
        for number in range(int(clients))
    ]
    for client in crowd:
        client.start()
    sys.stdin.read()
    for client in crowd:
        client.ended.set()
    for client in crowd:
        client.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
