"""Conversations of `eidosctl chat`, kept in one SQLite file that its owner alone can read.

A turn is kept as it was sent, so without the secrets that were taken out of it. Each call opens the
file for one transaction, so that nothing of a conversation is lost with the process that has it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from eidos.database import Database, Schema, timestamp
from eidos.errors import EidosError
from eidos.paths import conversations_file
from eidos_remote.messages import Turn

if TYPE_CHECKING:
    from eidos.database import Connection

Ending = Literal["", "stopped", "broken", "cut"]
"""How an answer ended where it is not whole: by the person, by a failure, by the provider."""

_TABLES: Final = (
    """
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, begun TEXT NOT NULL, changed_s REAL NOT NULL
)""",
    """
CREATE TABLE turns (
    conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL, ending TEXT NOT NULL, PRIMARY KEY (conversation, number)
) WITHOUT ROWID""",
)
_SCHEMA: Final = Schema(
    (_TABLES,),
    frozenset({"conversations", "turns"}),
    without="no conversation is kept; use --no-history",
)
_TITLE_CHARS: Final = 60
_DAY_S: Final = 86_400
_LIST: Final = """
SELECT id, begun, (SELECT count(*) FROM turns WHERE conversation = id),
       coalesce((SELECT substr(text, 1, 200) FROM turns WHERE conversation = id AND number = 0), '')
FROM conversations ORDER BY changed_s DESC, id DESC
"""
_PRUNE: Final = """
DELETE FROM conversations WHERE changed_s < ? OR id NOT IN
    (SELECT id FROM conversations ORDER BY changed_s DESC, id DESC LIMIT ?)
"""


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A turn, and how it ended where it is not whole."""

    turn: Turn
    ending: Ending = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list says of a conversation."""

    id: int
    begun: str
    turns: int
    title: str


class Conversations:
    """The conversations in the file *path*, which is made when the first one is kept."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    @classmethod
    def ours(cls) -> "Conversations":
        """Return those of this user."""
        return cls(conversations_file())

    def add(self, conversation: int | None, turns: Sequence[KeptTurn]) -> int:
        """Add *turns* to a conversation, a new one where it is None or was deleted; return its id.

        A file that is damaged is set aside as NAME.damaged, and a new one begins.

        Raises:
            EidosError: the file is not ours alone, or nothing can be written.
        """
        return self._database.change(lambda connection: _add(connection, conversation, turns))

    def last(self) -> int | None:
        """Return the id of the conversation that was added to last.

        Raises:
            EidosError: the file cannot be read.
        """
        return next((summary.id for summary in self.summaries()), None)

    def read(self, conversation: int) -> list[KeptTurn]:
        """Return the turns of a conversation, in order.

        Raises:
            EidosError: there is none with this id, or the file cannot be read.
        """
        query = "SELECT role, text, ending FROM turns WHERE conversation = ? ORDER BY number"
        if self._database.exists():
            rows = self._database.look(lambda c: c.execute(query, (conversation,)).fetchall())
            if rows:
                return [KeptTurn(Turn(role, text), ending) for role, text, ending in rows]
        raise EidosError(f"no conversation {conversation}; see: eidosctl conversations list")

    def summaries(self) -> list[Summary]:
        """Return what there is, the newest first.

        Raises:
            EidosError: the file cannot be read.
        """
        if not self._database.exists():
            return []
        rows = self._database.look(lambda connection: connection.execute(_LIST).fetchall())
        return [Summary(id_, begun, turns, _title(text)) for id_, begun, turns, text in rows]

    def delete(self, conversation: int | None = None) -> int:
        """Delete a conversation, or all where it is None; return how many went.

        Raises:
            EidosError: the file cannot be written.
        """
        one = "DELETE FROM conversations WHERE ?1 IS NULL OR id = ?1"
        return self._delete(one, (conversation,))

    def prune(self, *, keep: int, days: int, now_s: float | None = None) -> int:
        """Delete all but the newest *keep*, and what is older than *days*; return how many went.

        Raises:
            EidosError: the file cannot be written.
        """
        oldest_s = (time.time() if now_s is None else now_s) - days * _DAY_S
        return self._delete(_PRUNE, (oldest_s, keep))

    def _delete(self, statement: str, values: Sequence[object]) -> int:
        if not self._database.exists():
            return 0
        return self._database.change(
            lambda connection: connection.execute(statement, values).rowcount
        )


def _add(connection: "Connection", known: int | None, turns: Sequence[KeptTurn]) -> int:
    change = "UPDATE conversations SET changed_s = ? WHERE id = ?"
    conversation = known or 0
    if not connection.execute(change, (time.time(), conversation)).rowcount:
        begin = "INSERT INTO conversations (begun, changed_s) VALUES (?, ?) RETURNING id"
        (conversation,) = connection.execute(begin, (timestamp(), time.time())).fetchone()
    count = "SELECT count(*) FROM turns WHERE conversation = ?"
    (first,) = connection.execute(count, (conversation,)).fetchone()
    rows = [
        (conversation, number, kept.turn.role, kept.turn.text, kept.ending)
        for number, kept in enumerate(turns, first)
    ]
    connection.executemany("INSERT INTO turns VALUES (?, ?, ?, ?, ?)", rows)
    return conversation


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TITLE_CHARS else line[: _TITLE_CHARS - 1] + "…"
