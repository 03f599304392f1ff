"""A real HTTP server on loopback that does what a test tells it to, however wrong that is."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from loopback_server import served

SECRET_OF_SERVER = "words-of-the-server"
"""It stands in whatever a fault writes; no message may have it."""


@dataclass(frozen=True)
class Seen:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    payload: dict[str, Any]


@dataclass
class FaultyServer:
    """What it answers next, and what it was asked."""

    default: "Act"
    """What is done with a request behind the script."""
    url: str = ""
    script: deque["Act"] = field(default_factory=deque)
    """What is done with the next requests."""
    seen: list[Seen] = field(default_factory=list)
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released for each request that is kept waiting."""
    hung_up: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released for each client that closed its connection while it was kept waiting."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """Set, it ends all waiting."""

    @property
    def host(self) -> str:
        """Its host with its port."""
        return self.url.split("://")[1]

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What was asked."""
        return [each.payload for each in self.seen]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    owner: FaultyServer
    payload: dict[str, Any]

    def do_GET(self) -> None:
        """As a POST without a body."""
        self.do_POST()

    def do_POST(self) -> None:
        """Note the request and do what is next in the script."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        # The script first: who has seen a request may rely on its being answered.
        act = self.owner.script.popleft() if self.owner.script else self.owner.default
        self.payload = json.loads(body) if body else {}
        self.owner.seen.append(Seen(self.command, self.path, dict(self.headers), self.payload))
        act(self)

    def reply(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        """Send *body*; underscores in *headers* are hyphens."""
        self.begin(status, Content_Length=str(len(body)), **headers)
        self.wfile.write(body)

    def begin(self, status: int = 200, **headers: str) -> None:
        """Send a status and headers; without a length the end of the connection ends the body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if "Content_Length" not in headers:
            self.close_connection = True

    def wait(self) -> bool:
        """Wait for `go_on` or for the client to go away; tell whether it is still there."""
        self.owner.waiting.release()
        self.connection.settimeout(0.02)
        while not self.owner.go_on.is_set():
            try:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            self.connection.settimeout(None)
            return True
        self.owner.hung_up.release()
        self.close_connection = True
        return False

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Be quiet."""


Act = Callable[[Handler], None]


def sends(body: bytes, *, status: int = 200, **headers: str) -> Act:
    """Answer with *body*, whatever that is."""
    return lambda handler: handler.reply(body, status=status, **headers)


def fails(status: int, **headers: str) -> Act:
    """Answer with *status* and words that quote the request and its key, as servers do."""

    def act(handler: Handler) -> None:
        said = {"error": f"{SECRET_OF_SERVER} {handler.payload} {handler.headers}"}
        handler.reply(json.dumps(said).encode(), status=status, **headers)

    return act


def wants_a_pause(pause_s: int, *, as_date: bool = False) -> Act:
    """Answer that there are too many requests, and when to come back."""

    def act(handler: Handler) -> None:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=pause_s), usegmt=True)
        fails(429, Retry_After=until if as_date else str(pause_s))(handler)

    return act


def hangs_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def waits(handler: Handler) -> None:
    """Say nothing; when the test says so, what `default` says."""
    if handler.wait():
        handler.owner.default(handler)


def pours(handler: Handler) -> None:
    """Answer without an end; notice when the client has had enough."""
    handler.begin(Content_Type="text/event-stream")
    try:
        while True:
            handler.wfile.write((b": " + b"x" * 1021 + b"\n") * 64)
    except OSError:
        handler.owner.hung_up.release()


@contextmanager
def faulty_server(default: Act, *, tls: bool = False) -> Generator[FaultyServer]:
    """Run a server on a free port of loopback."""
    owner = FaultyServer(default)
    handler = type("OwnHandler", (Handler,), {"owner": owner})
    with served(handler, owner.go_on, tls=tls) as owner.url:
        yield owner
