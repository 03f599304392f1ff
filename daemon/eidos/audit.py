"""The audit log: what was done to Eidos on this account, and what made its validator less strict.

It is the table `audit` of the state. Commands and requests are never in it; the request's id leads
to the daemon's own log.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eidos import audit_chain
from eidos.audit_chain import NOTHING, Own
from eidos.audit_head import Head, read_head, tell_journal, write_head
from eidos.errors import EidosError
from eidos.old_audit import read_old, take_over
from eidos.paths import audit_head_file, state_file
from eidos.state import State

if TYPE_CHECKING:
    from eidos.database import Connection

log = logging.getLogger(__name__)

CAP_BYTES: Final = 4 << 20
"""About the room that the audit log may take: 10,000 records and more."""
MOST_A_DAY: Final = 250
"""How many records may go in a day because of their age: not fewer than the daemon makes."""


class AuditLog:
    """Adds to the log in the state file *path*; any number of processes may do so at a time."""

    def __init__(self, path: Path, head: Path | None = None) -> None:
        """*head* is the file that notes the newest record.

        By default it is in the user's data folder; of a log that is not the user's own, beside it.
        """
        self.state = State(path)
        own = audit_head_file() if path == state_file() else path.with_name(audit_head_file().name)
        self.head = head or own
        self._old = path.with_name("audit.jsonl")

    def record(self, event: str, **details: str) -> None:
        """Add *event*; what cannot be written is reported to the daemon's own log instead."""
        try:
            self.add(event, **details)
        except EidosError as exc:
            log.warning("%s is not in the audit log: %s", event, exc)

    def add(self, event: str, **details: str) -> None:
        """Add *event*.

        Raises:
            EidosError: it could not be written.
        """
        self.take_over()
        change = self.state.change(lambda connection: self._append(connection, event, details))
        self._publish(*change, event)

    def restart(self, **details: str) -> int:
        """Delete all records but a new one that names the last of them; return how many went.

        Raises:
            EidosError: nothing could be written, and nothing was deleted.
        """
        return self._cut(Own.PURGE, details, lambda connection: audit_chain.last(connection).seq)

    def prune(self, *, older_than: str, cap_bytes: int = CAP_BYTES, most: int = MOST_A_DAY) -> int:
        """Delete the oldest records: those *older_than* a timestamp, and those beyond the cap.

        A record of this stands in for them, so that the chain still holds. Of the old ones at
        *most* so many go at once: a clock that is wrong for a day costs no more. Return how many
        were deleted.

        Raises:
            EidosError: nothing could be written, and nothing was deleted.
        """
        if not self.state.exists():
            return 0

        def through(connection: "Connection") -> int:
            old = audit_chain.last_old(connection, older_than, most)
            return max(old, audit_chain.last_beyond(connection, cap_bytes))

        return self._cut(Own.PRUNE, {"older_than": older_than}, through)

    def take_over(self) -> None:
        """Move what an older Eidos wrote into this log, if there is any left.

        Raises:
            EidosError: it cannot be read, or this log cannot be written.
        """
        content = read_old(self._old)
        if content is not None:
            self.state.change(lambda connection: take_over(connection, content))
            self._old.unlink(missing_ok=True)

    def _append(
        self, connection: "Connection", event: str, details: Mapping[str, str]
    ) -> tuple[Head, Head | None]:
        """Add a record; return its head, and what the head's file noted before."""
        noted = self._account_for_head(connection)
        return audit_chain.insert(connection, event, details), noted

    def _account_for_head(self, connection: "Connection") -> Head | None:
        """Return what the head's file notes; where that record is gone, put this on record."""
        try:
            noted = read_head(self.head)
        except EidosError as exc:
            details = {"through": "0", "hash": NOTHING.hash, "why": str(exc)}
            audit_chain.insert(connection, Own.MISSING, details)
            return None
        if noted is not None and not audit_chain.has(connection, noted):
            found = audit_chain.last(connection)
            details = {"through": str(noted.seq), "hash": noted.hash, "found": str(found.seq)}
            # An empty log goes on with the number that comes next, so that the journal's still fit.
            after = noted if found == NOTHING else None
            audit_chain.insert(connection, Own.MISSING, details, after=after)
        return noted

    def _cut(
        self, event: Own, details: Mapping[str, str], through: "Callable[[Connection], int]"
    ) -> int:
        def change(connection: "Connection") -> tuple[int, tuple[Head, Head | None]] | None:
            if not through(connection):
                return None
            noted = self._account_for_head(connection)
            seq = through(connection)
            query = "SELECT hash FROM audit WHERE seq = ?"
            (digest,) = connection.execute(query, (seq,)).fetchone()
            named = {**details, "through": str(seq), "hash": str(digest)}
            head = audit_chain.insert(connection, event, named)
            return audit_chain.delete_through(connection, seq), (head, noted)

        cut = self.state.change(change)
        if cut is None:
            return 0
        count, appended = cut
        self._publish(*appended, event)
        return count

    def _publish(self, head: Head, noted: Head | None, event: str) -> None:
        """Note the newest record where the log is not: in its file, and in the journal."""
        log.info("audit: record=%d event=%s hash=%s", head.seq, event, head.hash)
        tell_journal(self.state.path, head, event)
        try:
            write_head(self.head, head, instead_of=noted)
        except OSError as exc:
            log.warning("%s cannot note the newest audit record: %s", self.head, exc.strerror)
