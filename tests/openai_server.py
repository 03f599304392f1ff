"""A real HTTP server on loopback with OpenAI's interface, which does what a test tells it to."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from loopback_server import served


@dataclass(frozen=True)
class Seen:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    payload: dict[str, Any]


@dataclass
class OpenAiServer:
    """What it answers next, and what it was asked."""

    url: str = ""
    script: deque[Callable[["Handler"], None]] = field(default_factory=deque)
    """What is done with the next requests; behind them, `default`."""
    default: Callable[["Handler"], None] = field(default_factory=lambda: writes("ls"))
    seen: list[Seen] = field(default_factory=list)
    hung_up: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released for each client that closed its connection while it was kept waiting."""
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released for each request that is kept waiting."""
    go_on: threading.Event = field(default_factory=threading.Event)

    def reset(self, default: "Act") -> None:
        """Forget what was, and answer with *default* from now on."""
        self.default = default
        self.script.clear()
        self.seen.clear()
        self.go_on.clear()
        for counted in (self.waiting, self.hung_up):
            while counted.acquire(blocking=False):
                pass

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What was asked."""
        return [each.payload for each in self.seen]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    owner: OpenAiServer
    payload: dict[str, Any]

    def do_POST(self) -> None:
        """Note the request and do what is next in the script."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # The script first: who has seen a request may rely on its being answered.
        act = self.owner.script.popleft() if self.owner.script else self.owner.default
        self.payload = json.loads(body)
        self.owner.seen.append(Seen(self.path, dict(self.headers), self.payload))
        act(self)

    def reply(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        """Send *body*; underscores in *headers* are hyphens."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Be quiet."""


Act = Callable[[Handler], None]


def writes(text: str, *logprobs: float, finish_reason: str = "stop", status: int = 200) -> Act:
    """Answer with *text* and the probabilities of its tokens, in the form that was asked for."""

    def act(handler: Handler) -> None:
        told: object = {"token_logprobs": logprobs} if logprobs else None
        choice: dict[str, object] = {"index": 0, "finish_reason": finish_reason, "text": text}
        if handler.path.endswith("/chat/completions"):
            told = {"content": [{"logprob": each} for each in logprobs]} if logprobs else None
            del choice["text"]
            choice["message"] = {"role": "assistant", "content": text}
        body = json.dumps({"object": "any", "choices": [{**choice, "logprobs": told}]})
        handler.reply(body.encode(), status=status)

    return act


def sends(body: bytes, *, status: int = 200, **headers: str) -> Act:
    """Answer with *body*, whatever that is."""
    return lambda handler: handler.reply(body, status=status, **headers)


def fails(status: int, **headers: str) -> Act:
    """Answer with *status* and words that quote the request, as servers do."""

    def act(handler: Handler) -> None:
        quoted = json.dumps({"error": str(handler.payload)})
        handler.reply(quoted.encode(), status=status, **headers)

    return act


def hangs_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def waits(handler: Handler) -> None:
    """Answer when the test says so; notice if the client goes away meanwhile."""
    handler.owner.waiting.release()
    handler.connection.settimeout(0.02)
    while not handler.owner.go_on.is_set():
        try:
            if not handler.connection.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        handler.connection.settimeout(None)
        writes("waited")(handler)
        return
    handler.owner.hung_up.release()
    handler.close_connection = True


def pours(handler: Handler) -> None:
    """Answer without an end; notice when the client has had enough."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" " * 65536)
    except OSError:
        handler.owner.hung_up.release()
    handler.close_connection = True


@contextmanager
def openai_server(*, tls: bool = False) -> Generator[OpenAiServer]:
    """Run a server on a free port of loopback."""
    owner = OpenAiServer()
    handler = type("OwnHandler", (Handler,), {"owner": owner})
    with served(handler, owner.go_on, tls=tls) as owner.url:
        yield owner
