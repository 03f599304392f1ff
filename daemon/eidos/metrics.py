"""Counters and latencies of one daemon's life, for `eidosctl status`."""

from collections import Counter, deque
from typing import Final

import msgspec

_WINDOW: Final = 1000
"""Percentiles are over this many of the latest answered requests."""


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in milliseconds over `count` answers; zeros where there are none."""

    p50: float
    p95: float
    p99: float
    count: int


class Requests(msgspec.Struct, frozen=True):
    """How many suggestions were asked for, and what became of them."""

    total: int
    ok: int
    failed: int
    errors: dict[str, int]
    """Failed requests by error code of the protocol."""
    cancelled: int
    """Those that nobody waited for any more; they are part of the total."""


class Metrics:
    """Counts requests as they end."""

    def __init__(self) -> None:
        self._errors: Counter[str] = Counter()
        self._latencies_ms: deque[float] = deque(maxlen=_WINDOW)
        self._ok = 0
        self._cancelled = 0

    def answered(self, latency_ms: float) -> None:
        """Count a request that got suggestions, or the word that there are none."""
        self._ok += 1
        self._latencies_ms.append(latency_ms)

    def failed(self, code: str) -> None:
        """Count a request that got the error *code*."""
        self._errors[code] += 1

    def cancelled(self) -> None:
        """Count a request that was stopped because nobody waited for it any more."""
        self._cancelled += 1

    def requests(self) -> Requests:
        """Return the counts until now."""
        failed = self._errors.total()
        total = self._ok + failed + self._cancelled
        return Requests(total, self._ok, failed, dict(self._errors), self._cancelled)

    def latency(self) -> Latency:
        """Return the percentiles over the latest answers."""
        ordered = sorted(self._latencies_ms)
        if not ordered:
            return Latency(0.0, 0.0, 0.0, 0)
        p50, p95, p99 = (ordered[int(q * (len(ordered) - 1))] for q in (0.50, 0.95, 0.99))
        return Latency(p50, p95, p99, len(ordered))
