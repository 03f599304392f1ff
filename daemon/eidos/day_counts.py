"""What is counted of each day: numbers alone, in the state's tables `days` and `runs`.

A day is one of UTC. Its items are `requests COMMAND OUTCOME`, and these of `Item`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from eidos.state import State

if TYPE_CHECKING:
    from eidos.database import Connection

REQUESTS: Final = "requests"
_NOT_OURS: Final = frozenset(
    {"bad-message", "version", "empty", "too-long", "control-character", "invalid-utf8"}
)
"""Outcomes that say something of the request, and nothing of the daemon."""


class Item(StrEnum):
    """What is counted beside requests."""

    STARTS = "starts"
    ENGINE_RESTARTS = "engine-restarts"
    UNCLEAN_ENDS = "unclean-ends"
    """Daemons that went without saying so, noticed by the next one of the same boot."""
    UP_S = "seconds-up"
    DOWN_S = "seconds-down"
    """From the last sign of life of such a daemon to the next start, on the day of that start."""


class Day(msgspec.Struct, frozen=True):
    """The counts of one day by their items."""

    day: str
    items: dict[str, float]

    def amount(self, item: Item) -> float:
        """Return how much there was of *item*."""
        return self.items.get(item, 0)

    @property
    def outcomes(self) -> dict[str, int]:
        """How many requests for commands ended in which way."""
        head = f"{REQUESTS} suggest "
        found = {name: n for name, n in self.items.items() if name.startswith(head)}
        return {name.removeprefix(head): int(number) for name, number in found.items()}

    @property
    def answered(self) -> int:
        """How many requests were answered."""
        return self.outcomes.get("ok", 0)

    @property
    def failed(self) -> int:
        """How many were not, and the daemon is to blame."""
        excused = {"ok", "cancelled", *_NOT_OURS}
        return sum(number for name, number in self.outcomes.items() if name not in excused)


class Run(msgspec.Struct, frozen=True):
    """The latest daemon: when it was last seen, on the monotonic clock of which boot."""

    boot: str
    seen_s: float
    clean: bool


def add(connection: "Connection", day: str, counts: Mapping[str, float]) -> None:
    """Add *counts* to those of *day*, written as in `2026-11-23`."""
    query = (
        "INSERT INTO days VALUES (?, ?, ?) "
        "ON CONFLICT (day, item) DO UPDATE SET amount = amount + excluded.amount"
    )
    connection.executemany(query, [(day, item, amount) for item, amount in counts.items()])


def latest_run(connection: "Connection") -> Run | None:
    """Return what was last noted of a daemon, if that can be read."""
    row = connection.execute("SELECT boot, seen_s, clean FROM runs").fetchone()
    try:
        boot, seen_s, clean = row
        return msgspec.convert({"boot": boot, "seen_s": seen_s, "clean": clean == 1}, Run)
    except (TypeError, msgspec.ValidationError):
        return None


def note_run(connection: "Connection", run: Run) -> None:
    """Note *run* in place of what was last noted."""
    query = "INSERT OR REPLACE INTO runs VALUES (1, ?, ?, ?)"
    connection.execute(query, (run.boot, run.seen_s, int(run.clean)))


def read_days(state: State, *, since: str = "") -> list[Day]:
    """Return the days, from *since* on, the oldest first; none where nothing was ever counted.

    Raises:
        EidosError: the state cannot be read.
    """
    if not state.exists():
        return []
    query = "SELECT day, item, amount FROM days WHERE day >= ? ORDER BY day"
    rows = state.look(lambda connection: connection.execute(query, (since,)).fetchall())
    days: dict[str, dict[str, float]] = {}
    for day, item, amount in rows:
        if isinstance(amount, float):  # a damaged file may hold anything
            days.setdefault(str(day), {})[str(item)] = amount
    return [Day(day, items) for day, items in days.items()]


def prune_days(state: State, *, before: str, most: int = 2) -> int:
    """Delete the days *before* one, at *most* so many at once; return how many counts went.

    Raises:
        EidosError: nothing could be written, and nothing was deleted.
    """
    if not state.exists():
        return 0
    query = (
        "DELETE FROM days WHERE day IN "
        "(SELECT DISTINCT day FROM days WHERE day < ? ORDER BY day LIMIT ?)"
    )
    return state.change(lambda connection: connection.execute(query, (before, most)).rowcount)
