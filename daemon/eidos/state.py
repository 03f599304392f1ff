"""The state: one SQLite file with the audit log and the counts of each day.

The daemon and eidosctl write it, each opening it for one transaction.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from eidos.database import Database, Schema, difference

if TYPE_CHECKING:
    from eidos.database import Connection

AUDIT_KEPT: Final = """
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
_STEPS: Final = (
    (
        """
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, time TEXT NOT NULL, event TEXT NOT NULL, details TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL
)""",
        """
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq >= NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        AUDIT_KEPT,
        """
CREATE TABLE days (
    day TEXT NOT NULL, item TEXT NOT NULL, amount REAL NOT NULL, PRIMARY KEY (day, item)
) WITHOUT ROWID""",
        """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL, seen_s REAL NOT NULL,
    clean INTEGER NOT NULL
)""",
    ),
)
_SCHEMA: Final = Schema(
    _STEPS, frozenset({"audit", "days", "runs"}), without="nothing is put on record"
)


class State(Database):
    """The state of one user."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)


def schema_fault(connection: "Connection") -> str | None:
    """Return what is not as we made it in the tables and triggers, or None."""
    return difference(connection, _SCHEMA)
