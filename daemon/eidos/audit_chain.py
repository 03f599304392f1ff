"""The records of the audit log as rows that follow one another, and whether they still do.

Records are numbered without gaps. Each holds the SHA-256 of its own content and that of the record
before it, so that one that was changed, removed, put in between or moved shows.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from eidos.audit_head import Head
from eidos.database import timestamp
from eidos.errors import EidosError
from eidos.state import AUDIT_KEPT

if TYPE_CHECKING:
    from eidos.database import Connection

NOTHING: Final = Head(0, "0" * 64)
"""What the first record follows."""
_MAX_VALUE_CHARS: Final = 8000
_ROW_BYTES: Final = 300
"""About what a row needs beside its details: two hashes, a time, and SQLite's own."""
_COLUMNS: Final = "seq, time, event, details, previous, hash"


class Own(StrEnum):
    """The events that are about the log itself; in each, `through` and `hash` name a record."""

    PRUNE = "prune"
    """The records up to that one were deleted because of their age, or for want of room."""
    PURGE = "purge-audit"
    """They were deleted because the user said so."""
    MISSING = "records-missing"
    """They, or the last of them, were gone when this one was written."""
    TAKEN_OVER = "taken-over"
    """The records before this one come from the log of an older Eidos."""


class Record(msgspec.Struct, frozen=True):
    """One record as it is stored; `details` is canonical JSON, an object of strings."""

    seq: int
    time: str
    event: str
    details: str
    previous: str
    hash: str

    @property
    def values(self) -> dict[str, str]:
        """The details by their names; none where they cannot be read."""
        try:
            return msgspec.json.decode(self.details, type=dict[str, str])
        except (msgspec.MsgspecError, UnicodeError):
            return {}

    @property
    def head(self) -> Head:
        """What is noted of it elsewhere."""
        return Head(self.seq, self.hash)


def records(connection: "Connection", *, since: str = "") -> list[Record]:
    """Return the records, the oldest first; *since* is a timestamp, or the beginning of one.

    Raises:
        EidosError: something else than numbers and texts is stored.
    """
    query = f"SELECT {_COLUMNS} FROM audit WHERE time >= ? ORDER BY seq"  # noqa: S608 - ours
    names = _COLUMNS.split(", ")
    rows = connection.execute(query, (since,))
    try:
        return [msgspec.convert(dict(zip(names, row, strict=True)), Record) for row in rows]
    except msgspec.ValidationError as exc:
        raise EidosError(f"a record was changed: {exc}") from exc


def first_fault(chain: Iterable[Record]) -> str | None:
    """Return what is wrong with the first record that is not what was written, or None."""
    before: Record | None = None
    for record in chain:
        name = f"record {record.seq}"
        if before is not None and record.seq != before.seq + 1:
            return f"{name} follows record {before.seq}: what was between them is gone"
        if record.hash != _digest(record):
            return f"{name} was changed"
        if before is not None and record.previous != before.hash:
            return f"{name} does not follow the record before it"
        before = record
    return None


def foundation(chain: list[Record]) -> Head | None:
    """Return the record that the first one follows, if the chain itself accounts for it."""
    first = chain[0]
    base = Head(first.seq - 1, first.previous)
    if base == NOTHING:
        return base
    told = (record.values for record in chain if record.event in list(Own))
    names = (
        {"through": str(base.seq), "hash": base.hash}.items() <= values.items() for values in told
    )
    return base if any(names) else None


def last(connection: "Connection") -> Head:
    """Return the newest record's head, or NOTHING."""
    query = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    return Head(int(row[0]), str(row[1])) if row else NOTHING


def has(connection: "Connection", head: Head) -> bool:
    """Tell whether the record *head* is in the chain, or was deleted from its front."""
    query = "SELECT seq, previous, hash FROM audit WHERE seq >= ? ORDER BY seq LIMIT 1"
    row = connection.execute(query, (head.seq,)).fetchone()
    if row is None:
        return head == NOTHING
    seq, previous, digest = row
    if seq == head.seq:
        return bool(digest == head.hash)
    return seq > head.seq + 1 or bool(previous == head.hash)


def insert(
    connection: "Connection",
    event: str,
    details: Mapping[str, str],
    *,
    after: Head | None = None,
    when: str = "",
) -> Head:
    """Add a record behind the newest one, or *after* that which is named; return its head."""
    base = after or last(connection)
    text = _canonical({key: value[:_MAX_VALUE_CHARS] for key, value in details.items()})
    record = Record(base.seq + 1, when or timestamp(), event, text, base.hash, "")
    record = msgspec.structs.replace(record, hash=_digest(record))
    query = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - ours
    connection.execute(query, msgspec.structs.astuple(record))
    return record.head


def delete_through(connection: "Connection", seq: int) -> int:
    """Delete the records up to *seq*, which another one must name; return how many there were."""
    connection.execute("DROP TRIGGER IF EXISTS audit_kept")
    count = connection.execute("DELETE FROM audit WHERE seq <= ?", (seq,)).rowcount
    connection.execute(AUDIT_KEPT)
    return count


def last_old(connection: "Connection", older_than: str, most: int) -> int:
    """Return the number of the last of the records at the front that are *older_than* that.

    They are at *most* so many. One from the future goes with an old one behind it: the clock was
    wrong. Where all of them tell of deleted records it is 0: to delete those would make another.
    """
    query = "SELECT seq, event, time FROM audit ORDER BY seq LIMIT ?"
    rows = connection.execute(query, (most,)).fetchall()
    count = 0
    for place, (seq, _, when) in enumerate(rows):
        if seq != rows[0][0] + place or older_than <= str(when) <= timestamp():
            break
        if str(when) < older_than:
            count = place + 1
    if all(event == Own.PRUNE for _, event, _ in rows[:count]):
        return 0
    return int(rows[count - 1][0])


def last_beyond(connection: "Connection", cap_bytes: int) -> int:
    """Return the number of the newest record that has no room in *cap_bytes*, or 0."""
    total = 0
    query = "SELECT seq, length(details) FROM audit ORDER BY seq DESC"
    for seq, length in connection.execute(query):
        total += int(length) + _ROW_BYTES
        if total > cap_bytes:
            return int(seq)
    return 0


def _digest(record: Record) -> str:
    """Return the hash of a record's content; the details stand in it as the text that is stored."""
    content = msgspec.structs.asdict(record)
    del content["hash"]
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _canonical(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
