"""Standard input: whole, or line by line as it comes."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

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


def is_given() -> bool:
    """Say whether standard input is a pipe or a file: no terminal, and not /dev/null."""
    kind = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISFIFO(kind) or stat.S_ISREG(kind) or stat.S_ISSOCK(kind)


def open_closed() -> None:
    """Have /dev/null stand for each standard stream that the caller closed (`<&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - it stays open
            setattr(sys, name, stream)


def read_lines() -> Iterator[bytes]:
    """Yield lines as they come, each without its end."""
    for line in iter(sys.stdin.buffer.readline, b""):
        yield line.rstrip(b"\r\n")
