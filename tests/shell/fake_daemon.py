"""A daemon for tests: it speaks the real protocol on a real ZeroMQ socket, and has no model.

In a test, `FakeDaemon` runs in a thread and can hold its answers back:

    daemon.answer_with(suggest("ls -la"))
    daemon.hold()
    ...press keys...
    daemon.release()

As a program, `python fake_daemon.py SOCKET COMMAND` answers COMMAND to every request. Tests give
it to a shell as the daemon that `$EIDOS_CTL start` starts.
"""

import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import zmq

from eidos.errors import ProtocolError
from eidos.frames import decode_request, encode_reply, request_id
from eidos.protocol import (
    CancelRequest,
    Candidate,
    Certainty,
    ErrorCode,
    Failure,
    Level,
    Suggestions,
    SuggestRequest,
    TakeRequest,
)

Frames = list[bytes]
Behaviour = Callable[[SuggestRequest], Frames | None]
"""What to answer to a request; None is silence."""

_POLL_MS = 5


def candidate(
    command: str,
    level: Level = Level.OK,
    reason: str = "",
    certainty: Certainty = Certainty.SURE,
) -> Candidate:
    """Return a candidate; ok, sure and without a reason unless said otherwise."""
    return Candidate(command=command, verdict=level, reason=reason, score=0.5, certainty=certainty)


def suggest(*candidates: Candidate | str) -> Behaviour:
    """Answer the first `count` of *candidates*; a text stands for an ok candidate."""
    full = tuple(candidate(c) if isinstance(c, str) else c for c in candidates)

    def behaviour(request: SuggestRequest) -> Frames:
        return encode_reply(Suggestions(request.id, 1.0, full[: request.count]))

    return behaviour


def refuse(code: ErrorCode, message: str) -> Behaviour:
    """Answer with an error."""
    return lambda request: encode_reply(Failure(request.id, code, message))


def raw(*frames: bytes) -> Behaviour:
    """Answer exactly *frames*; the frame ``b"<id>"`` becomes the id of the request."""

    def behaviour(request: SuggestRequest) -> Frames:
        return [request.id.encode() if frame == b"<id>" else frame for frame in frames]

    return behaviour


def raw_command(
    command: bytes, verdict: bytes = b"ok", reason: bytes = b"", certainty: bytes = b"sure"
) -> Behaviour:
    """Answer one candidate whose bytes no encoder and no validator has seen."""
    fields = (command, verdict, reason, b"0.5", certainty)
    return raw(b"eidos/2", b"suggestions", b"<id>", b"1.0", *fields)


def silence(_request: SuggestRequest) -> None:
    """Never answer."""


class FakeDaemon:
    """A ROUTER socket at *path* in a thread, which answers as the test says."""

    picked: tuple[bytes, bytes, bytes] | None = None
    """What was picked in a chat: a command, its verdict and the reason, seen by no encoder."""
    knows_take = True
    """Whether it is as new as that."""

    def __init__(
        self,
        path: Path,
        behaviour: Behaviour = silence,
        *,
        heartbeat_ms: int = 0,
        patience_ms: int = 60_000,
        listener: socket.socket | None = None,
    ) -> None:
        self.path = path
        self.requests: list[SuggestRequest] = []
        self.cancelled: list[str] = []
        """The ids of the requests that clients called off."""
        self.answers = 0
        """How many answers were sent."""
        self.takes = 0
        """How often it was asked for what was picked in a chat."""
        self._behaviour = behaviour
        self._open_gate = threading.Event()
        self._open_gate.set()
        self._stop = threading.Event()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        if heartbeat_ms:
            self._socket.setsockopt(zmq.HEARTBEAT_IVL, heartbeat_ms)
            self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, patience_ms)
        make_private_folder(path.parent)
        if listener is not None:
            self._socket.setsockopt(zmq.USE_FD, listener.detach())
        _bind(self._socket, path)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def answer_with(self, behaviour: Behaviour) -> None:
        """Answer requests that come from now on by *behaviour*."""
        self._behaviour = behaviour

    def hold(self) -> None:
        """Keep answers back until `release`."""
        self._open_gate.clear()

    def release(self) -> None:
        """Send the answers that were held back, and hold no more."""
        self._open_gate.set()

    def until_asked(self, times: int = 1, timeout_s: float = 10) -> SuggestRequest:
        """Return the request that makes it *times* in all; it need not be answered yet."""
        deadline_s = time.monotonic() + timeout_s
        while len(self.requests) < times:
            if time.monotonic() > deadline_s:
                message = f"{len(self.requests)} of {times} requests within {timeout_s:g} s"
                raise AssertionError(message)
            time.sleep(0.005)
        return self.requests[times - 1]

    def die(self) -> None:
        """Close every connection and remove the socket, as a daemon that is killed and cleaned."""
        self._stop.set()
        self._thread.join(timeout=10)
        self._socket.close()
        self._context.term()
        self.path.unlink(missing_ok=True)

    def _serve(self) -> None:
        held: list[tuple[bytes, Frames]] = []
        while not self._stop.is_set():
            if self._socket.poll(_POLL_MS):
                peer, *frames = self._socket.recv_multipart()
                answer = self._answer(frames)
                held += [(peer, answer)] if answer is not None else []
            if self._open_gate.is_set():
                for peer, answer in held:
                    self._socket.send_multipart([peer, *answer])
                    self.answers += 1
                held.clear()

    def _answer(self, frames: Frames) -> Frames | None:
        try:
            request = decode_request(frames)
        except ProtocolError as exc:  # as the real daemon answers what it cannot take
            return encode_reply(Failure(request_id(frames), ErrorCode(exc.code), str(exc)))
        if isinstance(request, CancelRequest):
            self.cancelled.append(request.id)
            return None
        if isinstance(request, TakeRequest):
            return self._take(request)
        assert isinstance(request, SuggestRequest), "widgets send nothing else"
        self.requests.append(request)
        return self._behaviour(request)

    def _take(self, request: TakeRequest) -> Frames:
        self.takes += 1
        if not self.knows_take:
            said = "unknown request 'take'; known: suggest, ping"
            return encode_reply(Failure(request.id, ErrorCode.BAD_MESSAGE, said))
        if self.picked is None:
            said = "nothing was picked"
            return encode_reply(Failure(request.id, ErrorCode.EMPTY, said))
        command, verdict, reason = self.picked
        self.picked = None
        head = [b"eidos/2", b"suggestions", request.id.encode(), b"0.1"]
        return [*head, command, verdict, reason, b"1.0", b"sure"]


class WedgedDaemon:
    """A listener at *path* that takes connections and never says a word."""

    def __init__(self, path: Path) -> None:
        make_private_folder(path.parent)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()


class RudeDaemon:
    """A listener at *path* that says *words* to each connection, whatever it asks, and hangs up."""

    def __init__(self, path: Path, words: bytes) -> None:
        make_private_folder(path.parent)
        self._words = words
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept, as close does not
        self._thread.join(timeout=10)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    connection.sendall(self._words)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):  # unread bytes would take our words with them
                        pass


def make_private_folder(folder: Path) -> None:
    """Create *folder* for this user alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _bind(router: "zmq.Socket[bytes]", path: Path) -> None:
    before = os.umask(0o177)
    try:
        router.bind(f"ipc://{path}")
    finally:
        os.umask(before)


def _keep_waiting(path: Path, wait_s: float) -> socket.socket:
    """Listen on *path*, and let whoever connects wait, as a daemon on a busy machine does."""
    make_private_folder(path.parent)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(path))
    listener.listen()
    select.select([listener], [], [])
    time.sleep(wait_s)
    return listener


def main(argv: list[str]) -> None:
    """Serve until the folder of the socket is removed, which ends the test."""
    path, command, wait_s = Path(argv[1]), argv[2], float(argv[3])
    listener = _keep_waiting(path, wait_s) if wait_s else None
    with FakeDaemon(path, suggest(command), listener=listener):
        while path.parent.is_dir():
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv)
