"""The audit log as the daemon writes it: from a thread, and bounded in what overrides may add.

A record waits for the disk (8 ms and more), and the loop must not. A rule whose level was changed
may count in every answer: of its uses within an hour the first is on record, and the number of the
others in the record after it.
"""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from eidos.audit import AuditLog

log = logging.getLogger(__name__)

USE: Final = "rule-override"
_APART_S: Final = 3600.0
"""Between two records of the same rule."""
_DAY_S: Final = 86_400.0
_MOST_USES_A_DAY: Final = 200
"""Fewer than may be pruned in a day, so that the log does not grow with its age."""
_MOST_WAITING: Final = 100
_CLOSE_TIMEOUT_S: Final = 5.0


class AuditQueue:
    """Puts records into *log*, in order, without ever waiting for it."""

    def __init__(self, log: AuditLog, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._uses = _Uses(clock)
        self._waiting: queue.Queue[tuple[str, dict[str, str]] | None] = queue.Queue()
        self._lost = 0
        self._thread: threading.Thread | None = None

    def record(self, event: str, **details: str) -> None:
        """Add *event*; of a rule's overrides the first of each hour, with the number before it."""
        if event == USE:
            uses = self._uses.take(details.get("rule", ""))
            if uses is None:
                return
            details["uses_before"] = str(uses)
        self._put(event, details)

    def close(self) -> None:
        """Write what is left to be written, within 5 seconds; nothing may be added after this."""
        for rule, count in self._uses.rest():
            self._put(USE, {"rule": rule, "uses_before": str(count)})
        if self._thread is None:
            return
        self._waiting.put(None)
        self._thread.join(_CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            log.warning("the disk is too slow: %d audit records are lost", self._waiting.qsize())

    def _put(self, event: str, details: dict[str, str]) -> None:
        if self._thread is None:
            # A daemon thread: a disk that hangs must not keep the process from ending.
            self._thread = threading.Thread(target=self._write, name="audit", daemon=True)
            self._thread.start()
        if self._waiting.qsize() >= _MOST_WAITING:
            if self._lost == 0:
                log.warning("the disk is too slow for the audit log; records are lost")
            self._lost += 1
            return
        self._waiting.put((event, details))
        if self._lost:
            log.warning("%d audit records were lost; they are written again", self._lost)
            self._lost = 0

    def _write(self) -> None:
        while (item := self._waiting.get()) is not None:
            event, details = item
            try:
                self._log.record(event, **details)
            except Exception:  # whatever it is, the next record is to be written
                log.exception("%s is not in the audit log", event)


class _Uses:
    """How often each rule counted since it was last put on record."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recorded_s: dict[str, float] = {}
        self._unrecorded: Counter[str] = Counter()
        self._day_began_s = clock()
        self._left = _MOST_USES_A_DAY

    def take(self, rule: str) -> int | None:
        """Return how many uses of *rule* there were before this one, or None: count it only."""
        now_s = self._clock()
        if now_s - self._day_began_s >= _DAY_S:
            self._day_began_s, self._left = now_s, _MOST_USES_A_DAY
        if self._left == 0 or now_s - self._recorded_s.get(rule, -_APART_S) < _APART_S:
            self._unrecorded[rule] += 1
            return None
        self._left -= 1
        self._recorded_s[rule] = now_s
        return self._unrecorded.pop(rule, 0)

    def rest(self) -> list[tuple[str, int]]:
        """Return the rules whose latest uses are not on record yet, and how many these are."""
        found = list(self._unrecorded.items())
        self._unrecorded.clear()
        return found
