"""The audit log: that a setting made the validator more or less strict, and each time it counted.

One JSON object a line, in `audit_file()`. Each holds the SHA-256 of the line before it, so that a
line that was changed, removed or put in between shows: `first_fault` finds it. Commands and
requests are never in it; the request's id leads to the daemon's own log.
"""

import hashlib
import json
import logging
import os
import time
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_FIRST: Final = "0" * 64
_TAIL_BYTES: Final = 4096
"""More than the longest line: ids, names and levels are bounded."""


class AuditLog:
    """Appends to one file; only one process may write it, which the daemon's lock sees to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._previous = ""

    def record(self, event: str, **details: str) -> None:
        """Append *event*; what cannot be written is reported to the daemon's own log instead."""
        log.info("audit: %s %s", event, details)
        try:
            self._previous = self._previous or _last_hash(self._path)
            line = _line(self._previous, event, details)
            _append(self._path, line)
            self._previous = _hash(line)
        except OSError as exc:
            log.warning("the audit log %s cannot be written: %s", self._path, exc.strerror)


def first_fault(path: Path) -> int | None:
    """Return the number of the first line, from 1, that does not follow the one before it.

    Raises:
        OSError: the file cannot be read.
    """
    expected = _FIRST
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            previous = json.loads(line)["previous"]
        except (ValueError, TypeError, KeyError):
            return number
        if previous != expected:
            return number
        expected = _hash(line)
    return None


def _line(previous: str, event: str, details: dict[str, str]) -> bytes:
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"time": when, "event": event, **details, "previous": previous}).encode()


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _last_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return _FIRST
    return _hash(lines[-1]) if lines else _FIRST


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    try:
        os.write(handle, line + b"\n")
    finally:
        os.close(handle)
