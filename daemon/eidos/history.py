"""What a daemon counts of its days, added to the state twice a minute, and what is too old."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from eidos.audit import AuditLog
from eidos.database import timestamp
from eidos.day_counts import REQUESTS, Item, Run, add, latest_run, note_run, prune_days
from eidos.errors import EidosError
from eidos.finished import Finished
from eidos.state import State

if TYPE_CHECKING:
    from eidos.database import Connection

log = logging.getLogger(__name__)

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_DAY_S: Final = 86_400


def boot_id() -> str:
    """Return what names this boot of the machine, or "" where that is unknown."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class Retention:
    """Deletes from the state what is older than the configuration keeps it, once a day."""

    def __init__(
        self,
        audit: AuditLog,
        keep_days: Callable[[], int],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*keep_days* is asked each time: the configuration may have been read again."""
        self._audit = audit
        self._keep_days = keep_days
        self._clock = clock
        self._monotonic = monotonic
        self._done_s: float | None = None

    def prune(self) -> None:
        """Delete what is too old, unless that was done within a day; wait for the disk.

        What cannot be deleted is reported to the log, and is tried again the next day.
        """
        if self._done_s is not None and self._monotonic() - self._done_s < _DAY_S:
            return
        self._done_s = self._monotonic()
        days = self._keep_days()
        before = timestamp(self._clock() - days * _DAY_S)
        try:
            records = self._audit.prune(older_than=before)
            counts = prune_days(self._audit.state, before=before[:10])
        except EidosError as exc:
            log.warning("what is older than %d days cannot be deleted: %s", days, exc)
            return
        if records or counts:
            log.info("deleted %d audit records and %d counts of old days", records, counts)


class History:
    """An observer of requests that adds to the counts of the day."""

    def __init__(
        self, state: State, *, boot: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin to count; *boot* is this boot's `boot_id`."""
        self._state = state
        self._boot = boot
        self._monotonic = monotonic
        self._began_s = self._flushed_s = monotonic()
        self._restarts = 0
        self._is_noted = False
        self._fault = ""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        """The last flush may come while the thread of another one still waits for the disk."""

    def observe(self, finished: Finished) -> None:
        """Count *finished*."""
        with self._lock:
            self._counts[f"{REQUESTS} {finished.command} {finished.outcome}"] += 1

    def flush(self, *, engine_restarts: int = 0, clean: bool = False) -> None:
        """Add what was counted since the last time to the state; wait for the disk.

        *engine_restarts* counts from the daemon's start; *clean* says that it ends now. What cannot
        be written is kept for the next time, and reported once.
        """
        with self._flushing:
            self._flush(engine_restarts, is_clean=clean)

    def _flush(self, engine_restarts: int, *, is_clean: bool) -> None:
        now_s = self._monotonic()
        with self._lock:
            counts, self._counts = self._counts, Counter()
        taken: dict[str, float] = {**counts, Item.UP_S: now_s - self._flushed_s}
        if engine_restarts > self._restarts:
            taken[Item.ENGINE_RESTARTS] = engine_restarts - self._restarts
        run = Run(self._boot, now_s, is_clean)
        try:
            self._state.change(lambda connection: self._keep(connection, taken, run))
        except EidosError as exc:
            with self._lock:
                self._counts.update(counts)
            self._report(str(exc))
            return
        self._report("")
        self._flushed_s, self._restarts, self._is_noted = now_s, engine_restarts, True

    def _keep(self, connection: "Connection", taken: dict[str, float], run: Run) -> None:
        if not self._is_noted:
            before = latest_run(connection)
            taken = {**taken, Item.STARTS: 1}
            # Another boot: the machine went, and took the daemon along.
            if before is not None and not before.clean and before.boot == self._boot:
                taken[Item.UNCLEAN_ENDS] = 1
                taken[Item.DOWN_S] = max(0.0, self._began_s - before.seen_s)
        add(connection, timestamp()[:10], taken)
        note_run(connection, run)

    def _report(self, fault: str) -> None:
        if fault and fault != self._fault:
            log.warning("the counts of the day cannot be written: %s", fault)
        elif self._fault and not fault:
            log.info("the counts of the day are written again")
        self._fault = fault
