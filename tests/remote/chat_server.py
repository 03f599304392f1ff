"""A real server on loopback with OpenAI's interface for chats, streamed; whole, or broken."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from faulty_server import SECRET_OF_SERVER, Act, FaultyServer, Handler, faulty_server

MODELS = ("nomic-embed-text", "small-model", "other-model")


def event(content: str | None = None, finish_reason: str | None = None) -> bytes:
    """Return one event of a stream."""
    delta = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    body = {"object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
ERROR = f'data: {{"error": {{"message": "{SECRET_OF_SERVER}"}}}}\n\n'.encode()


def streams(*parts: bytes) -> Act:
    """Answer with *parts*, each as a chunk of its own, properly ended."""

    def act(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in [*parts, b""]:
            handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            handler.wfile.flush()

    return act


def says(*pieces: str, finish_reason: str = "stop") -> Act:
    """Answer with *pieces*, one event for each; asked for models, name some."""

    def act(handler: Handler) -> None:
        if handler.path.endswith("/models"):
            lists(MODELS)(handler)
            return
        events = [event(piece) for piece in pieces]
        streams(event(""), *events, event(finish_reason=finish_reason), DONE)(handler)

    return act


def breaks_off(*parts: bytes, is_silent: bool = False) -> Act:
    """Begin as `streams`; then hang up in the middle, or say nothing more."""

    def act(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            handler.wfile.flush()
        if is_silent:
            handler.wait()
        handler.close_connection = True

    return act


def drips(piece: str, *, pause_s: float = 0.02) -> Act:
    """Answer with *piece* again and again, until the client goes away or the test says so."""

    def act(handler: Handler) -> None:
        handler.begin(Content_Type="text/event-stream")
        owner = handler.owner
        owner.waiting.release()
        try:
            while not owner.go_on.wait(pause_s):
                handler.wfile.write(event(piece))
                handler.wfile.flush()
        except OSError:
            owner.hung_up.release()

    return act


def lists(names: Sequence[str]) -> Act:
    """Answer that these models are there."""

    def act(handler: Handler) -> None:
        data = [{"id": name, "object": "model", "created": n} for n, name in enumerate(names)]
        body = json.dumps({"object": "list", "data": data})
        handler.reply(body.encode(), Content_Type="application/json")

    return act


@contextmanager
def chat_server(default: Act | None = None, *, tls: bool = False) -> Generator[FaultyServer]:
    """Run a server that answers each chat with *default*: two words, unless told otherwise."""
    with faulty_server(default or says("two ", "words"), tls=tls) as server:
        yield server
