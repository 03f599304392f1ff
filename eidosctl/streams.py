"""Standard input: whole, or line by line as it comes."""

import sys
from collections.abc import Iterator

from eidos.errors import RequestRefused
from eidos.protocol import ErrorCode


def read_text() -> str:
    """Return all of standard input.

    Raises:
        RequestRefused: it is not UTF-8.
    """
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as exc:
        raise RequestRefused("standard input is not UTF-8", code=ErrorCode.INVALID_UTF8) from exc


def read_lines() -> Iterator[bytes]:
    """Yield lines as they come, each without its end."""
    for line in iter(sys.stdin.buffer.readline, b""):
        yield line.rstrip(b"\r\n")
