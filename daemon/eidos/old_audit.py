"""The audit log as it was before the state: a JSON object a line in `audit.jsonl`, and hashes."""

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from eidos.audit_chain import Own, insert
from eidos.errors import EidosError

if TYPE_CHECKING:
    from eidos.database import Connection

_MOST: Final = 5000
"""Of a longer log the newest lines are taken over."""
_FIRST: Final = "0" * 64


def read_old(path: Path) -> bytes | None:
    """Return what the old log *path* holds, or None where there is none.

    Raises:
        EidosError: it is a link, somebody else's, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise EidosError(f"the old audit log {path} cannot be read: {exc.strerror}") from exc
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid():
            raise EidosError(f"the old audit log {path} is not a file of yours; remove it")
        return file.read()


def take_over(connection: "Connection", content: bytes) -> None:
    """Put the records of the old log *content* into the log, once, and whether they still held."""
    digest = hashlib.sha256(content).hexdigest()
    if _is_taken_over(connection, digest):
        return
    lines = content.splitlines()
    for number, line in list(enumerate(lines, 1))[-_MOST:]:
        fields = _fields(line)
        event, when = (_plain(fields.pop(name, "")) for name in ("event", "time"))
        insert(connection, event or "unreadable", {**fields, "old_line": str(number)}, when=when)
    fault = first_fault(lines)
    details = {"lines": str(len(lines)), "sha256": digest}
    if fault is not None:
        details["fault"] = f"line {fault} of it did not follow the one before"
    insert(connection, Own.TAKEN_OVER, details)


def first_fault(lines: list[bytes]) -> int | None:
    """Return the number of the first line, from 1, that does not follow the one before it."""
    expected = _FIRST
    for number, line in enumerate(lines, 1):
        if _fields(line, "previous").get("previous") != expected:
            return number
        expected = hashlib.sha256(line).hexdigest()
    return None


def _fields(line: bytes, *names: str) -> dict[str, str]:
    """Return the texts in *line*: those of *names*, or all but the hash; none of a damaged one."""
    try:
        found = msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError):
        return {}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, str) and (name in names if names else name != "previous")
    }


def _plain(text: str) -> str:
    return text[:40].encode("ascii", "replace").decode()


def _is_taken_over(connection: "Connection", digest: str) -> bool:
    query = "SELECT details FROM audit WHERE event = ?"
    return any(digest in details for (details,) in connection.execute(query, (Own.TAKEN_OVER,)))
