"""A stand-in for eidosd in a thread: the real frames, and answers made up by the test."""

import json
import threading
from pathlib import Path
from typing import Any, Self

import zmq

from eidos.frames import decode_request, encode_reply
from eidos.protocol import (
    CancelRequest,
    Candidate,
    Certainty,
    ErrorCode,
    Failure,
    Health,
    HealthRequest,
    Level,
    PingRequest,
    Pong,
    Reply,
    Status,
    StatusRequest,
    Suggestions,
    SuggestRequest,
)

IDLE: dict[str, Any] = {
    "pid": 1,
    "version": "0.1.0",
    "uptime_s": 93784.0,
    "socket": "/run/x",
    "rss_bytes": 32 << 20,
    "cpu_percent": 0.1,
    "model": {
        "name": "toy",
        "path": "/m",
        "sha256": "ab",
        "load_time_s": 0.5,
        "slot": "embedded",
        "fault": "",
    },
    "engines": [
        {
            "pid": 2,
            "state": "idle",
            "slots": 8,
            "slots_in_use": 0,
            "restarts": 0,
            "rss_bytes": 64 << 20,
            "cpu_percent": 1,
        }
    ],
    "requests": {"total": 3, "ok": 2, "failed": 1, "errors": {"busy": 1}, "cancelled": 0},
    "latency_ms": {"p50": 10.0, "p95": 20.0, "p99": 30.0, "count": 2},
    "queue": {"length": 0, "size": 32},
    "refused": {"full": 0, "late": 0, "rate": 0},
    "cache": {
        "hits": 2,
        "shared": 1,
        "misses": 9,
        "hit_rate": 0.25,
        "entries": 8,
        "size": 256,
        "bytes": 4096,
    },
}


def candidate(
    command: str,
    verdict: Level = Level.OK,
    reason: str = "",
    certainty: Certainty = Certainty.SURE,
) -> Candidate:
    """Return a candidate with a score that does not matter."""
    return Candidate(command, verdict, reason, 0.5, certainty)


class AnsweringDaemon:
    """Answers suggestions with `says`: candidates, or a failure's code and message, or nothing."""

    def __init__(self, socket: Path) -> None:
        self.says: list[Candidate] | tuple[Any, str] | None = []
        self.status = IDLE
        self.health: dict[str, Any] = {"condition": "ok", "checks": []}
        self.version = "0.1.0"
        self.asked: list[SuggestRequest] = []
        self.cancelled: list[str] = []
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
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
            router.linger = 0
            router.bind(f"ipc://{self._socket}")
            self._bound.set()
            while not self._stop.is_set():
                if router.poll(20):
                    sender, *frames = router.recv_multipart()
                    reply = self._reply(frames)
                    if reply is not None:
                        router.send_multipart([sender, *encode_reply(reply)])

    def _reply(self, frames: list[bytes]) -> Reply | None:
        request = decode_request(frames)
        match request:
            case PingRequest():
                return Pong(request.id, self.version)
            case StatusRequest():
                return Status(request.id, json.dumps(self.status).encode())
            case HealthRequest():
                return Health(request.id, json.dumps(self.health).encode())
            case CancelRequest():
                self.cancelled.append(request.id)
                return None
            case SuggestRequest():
                self.asked.append(request)
                return self._suggestions(request)
            case _:
                return Failure(request.id, ErrorCode.BAD_MESSAGE, "unknown request")

    def _suggestions(self, request: SuggestRequest) -> Reply | None:
        if self.says is None:
            return None
        if isinstance(self.says, tuple):
            return Failure(request.id, *self.says)
        return Suggestions(request.id, 12.5, tuple(self.says[: request.count]))
