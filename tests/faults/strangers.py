"""Connections to the daemon that do not behave as its clients do, down to single bytes."""

import os
import socket as sockets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
READY: Final = b"\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"
_TIMEOUT_S: Final = 10


def dial(socket: Path) -> sockets.socket:
    """Return a plain connection to *socket*."""
    found = sockets.socket(sockets.AF_UNIX)
    found.settimeout(_TIMEOUT_S)
    try:
        found.connect(os.fspath(socket))
    except OSError:
        found.close()
        raise
    return found


def shake_hands(connection: sockets.socket) -> None:
    """Speak ZMTP until both sides are ready."""
    connection.sendall(GREETING + READY)
    received = b""
    while b"READY" not in received:
        found = connection.recv(4096)
        if not found:
            raise ConnectionError("the daemon hung up")
        received += found


def message(*frames: bytes) -> bytes:
    """Return *frames* as ZMTP has them on the wire."""
    heads = [bytes([frame is not frames[-1], len(frame)]) for frame in frames]
    return b"".join(head + frame for head, frame in zip(heads, frames, strict=True))


@contextmanager
def strangers(socket: Path, count: int) -> Generator[list[sockets.socket]]:
    """Keep up to *count* connections open that shook hands and say nothing; fewer if refused."""
    with ExitStack() as stack:
        found: list[sockets.socket] = []
        with suppress(OSError):
            for _ in range(count):
                found.append(stack.enter_context(dial(socket)))
                shake_hands(found[-1])
        yield found
