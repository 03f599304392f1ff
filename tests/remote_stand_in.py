"""A process like `eidos-remote` for tests: it speaks its protocol, and opens no connection.

Its answers come from a function of the test, since a provider's faults are tests/remote's subject.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import zmq

from eidos_remote.messages import (
    AnsweredRequest,
    Cancel,
    Code,
    Failure,
    Redacted,
    Reply,
    Sending,
    Suggest,
    Suggested,
    Translate,
    Translation,
    decode_request,
    encode,
)

Behaviour = Callable[[AnsweredRequest], list[Reply]]
"""The replies to a request; none is silence."""
_POLL_MS = 5
HOST = "api.example.org"


def translates(text: str, *redacted: Redacted) -> Behaviour:
    """Answer each Translate with *text*."""

    def behaviour(request: AnsweredRequest) -> list[Reply]:
        assert isinstance(request, Translate)
        provider = f"libretranslate ({HOST})"
        sending = Sending(id=request.id, provider="libretranslate", host=HOST, redacted=redacted)
        answer = Translation(
            id=request.id, text=text, source=request.source, to=request.to, provider=provider
        )
        return [sending, answer]

    return behaviour


def suggests(command: str) -> Behaviour:
    """Answer each Suggest with *command*."""

    def behaviour(request: AnsweredRequest) -> list[Reply]:
        assert isinstance(request, Suggest)
        sending = Sending(id=request.id, provider="openai", host=HOST)
        answer = Suggested(id=request.id, command=command, provider="openai", host=HOST)
        return [sending, answer]

    return behaviour


def fails(code: Code, message: str) -> Behaviour:
    """Answer with a failure."""
    return lambda request: [Failure(id=request.id, code=code, message=message)]


def is_silent(_request: AnsweredRequest) -> list[Reply]:
    """Never answer."""
    return []


class RemoteStandIn:
    """A ROUTER socket at *path* in a thread; `requests` and `cancelled` are what came."""

    def __init__(self, path: Path, behaviour: Behaviour) -> None:
        self.requests: list[AnsweredRequest] = []
        self.cancelled: list[str] = []
        self.behaviour = behaviour
        self._path = path
        self._stop = threading.Event()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = os.umask(0o177)
        try:
            self._socket.bind(f"ipc://{path}")
        finally:
            os.umask(before)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def die(self, *, is_replaced: bool = False) -> None:
        """Close every connection and remove the socket, unless it is another one's by now."""
        self._stop.set()
        self._thread.join(timeout=10)
        self._socket.close()
        self._context.term()
        if not is_replaced:
            self._path.unlink(missing_ok=True)

    def until_cancelled(self, timeout_s: float = 20) -> None:
        """Return once a request was called off."""
        deadline_s = time.monotonic() + timeout_s
        while not self.cancelled:
            assert time.monotonic() < deadline_s, "nothing was called off"
            time.sleep(0.01)

    def _serve(self) -> None:
        while not self._stop.is_set():
            if not self._socket.poll(_POLL_MS):
                continue
            peer, *frames = self._socket.recv_multipart()
            request = decode_request(frames)
            if isinstance(request, Cancel):
                self.cancelled.append(request.id)
                continue
            self.requests.append(request)
            with suppress(zmq.ZMQError):
                for reply in self.behaviour(request):
                    self._socket.send_multipart([peer, *encode(reply)])
