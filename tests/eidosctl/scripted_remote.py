"""A stand-in for eidos-remote in a thread: the real messages, and answers made up by the test."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import zmq

from eidos_remote.messages import (
    Allow,
    Cancel,
    Chat,
    Code,
    Done,
    End,
    Failure,
    Notice,
    Piece,
    Purpose,
    Redacted,
    Reply,
    Request,
    Sending,
    decode_request,
    encode,
)

NOTICE = Notice(Purpose.CHAT, "openai", "api.test", "Your text goes to api.test.\nKeys stay here.")


class ScriptedRemote:
    """Answers a Chat with `pieces` and then `finish`, or with `failure`, as the test sets them."""

    def __init__(self, socket: Path) -> None:
        self.pieces: Sequence[str] = ("hello",)
        self.finish: Literal["stop", "length", "filtered"] = "stop"
        self.failure: tuple[Code, str] | None = None
        """Comes behind the pieces, in place of an end."""
        self.notice: Notice | None = None
        """Comes before anything, until it is allowed."""
        self.redacted: tuple[Redacted, ...] = ()
        self.is_holding = False
        """Whether the end of an answer is held back until it is False."""
        self.asked: list[Chat] = []
        self.allowed: list[Allow] = []
        self.cancelled: list[str] = []
        self._held: dict[bytes, str] = {}
        self._socket = socket
        self._stop = threading.Event()
        self._bound = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        self._thread.start()
        assert self._bound.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Go away, in the middle of whatever is asked."""
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
            router.linger = 0
            router.bind(f"ipc://{self._socket}")
            self._bound.set()
            while not self._stop.is_set():
                if router.poll(10):
                    sender, *frames = router.recv_multipart()
                    for reply in self._replies(sender, decode_request(frames)):
                        router.send_multipart([sender, *encode(reply)])
                for sender in [] if self.is_holding else list(self._held):
                    router.send_multipart([sender, *encode(self._end(self._held.pop(sender)))])

    def _replies(self, sender: bytes, request: Request) -> list[Reply]:
        match request:
            case Cancel():
                self.cancelled.append(request.id)
                self._held.pop(sender, None)
                return []
            case Allow():
                self.allowed.append(request)
                self.notice = None
                return [Done(id=request.id, message="allowed")]
            case Chat():
                self.asked.append(request)
                return self._answer(sender, request)
            case _:
                return [Failure(id=request.id, code=Code.BAD_MESSAGE, message="unknown")]

    def _answer(self, sender: bytes, request: Chat) -> list[Reply]:
        if self.notice:
            message = "ask first"
            return [Failure(id=request.id, code=Code.CONSENT, message=message, notice=self.notice)]
        sending = Sending(id=request.id, provider="openai", host="api.test", redacted=self.redacted)
        self._held[sender] = request.id
        return [sending, *(Piece(id=request.id, text=text) for text in self.pieces)]

    def _end(self, identity: str) -> Reply:
        if self.failure:
            code, message = self.failure
            return Failure(id=identity, code=code, message=message)
        return End(id=identity, finish=self.finish, provider_ms=1.0, total_ms=2.0)
