"""How much may be logged: a bucket of bytes that fills at a constant rate, and one for errors.

A log that fills the disk is worse than one that lacks lines, whoever makes the daemon write.
"""

import time
from collections.abc import Callable
from typing import Final

_DAY_S: Final = 86_400.0
_BURST: Final = 0.01
"""The share of a day's bytes that may be written at once; the rest comes evenly."""
_SHARES: Final = (0.2, 0.8)
"""What errors have to themselves, so that a flood of other lines hides none; and what all share."""
_NOTICE_INTERVAL_S: Final = 60.0


class ByteBudget:
    """Bytes that one process may log: at most so many a day, and one line more."""

    def __init__(self, bytes_per_day: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bytes_per_day = bytes_per_day
        self._urgent, self._common = (_Bucket(share * bytes_per_day) for share in _SHARES)
        self._filled_s = clock()
        self._noticed_s = -_NOTICE_INTERVAL_S
        self._dropped = 0
        self.dropped = 0
        """Lines that were dropped, ever."""

    def limit(self, bytes_per_day: float) -> None:
        """Allow *bytes_per_day* from now on; what was used up before stays used up."""
        if bytes_per_day != self._bytes_per_day:
            self._fill()
            self._bytes_per_day = bytes_per_day
            for bucket, share in zip((self._urgent, self._common), _SHARES, strict=True):
                bucket.resize(share * bytes_per_day)

    def admits(self, *, is_urgent: bool) -> bool:
        """Return whether a line may be written; one that may not be is counted as dropped."""
        self._fill()
        if self._common.bytes > 0 or (is_urgent and self._urgent.bytes > 0):
            return True
        self.drop()
        return False

    def drop(self) -> None:
        """Count a line that was not written."""
        self._dropped += 1
        self.dropped += 1

    def spend(self, line_bytes: int, *, is_urgent: bool) -> None:
        """Take what a line cost: its length is known only when it is written."""
        bucket = self._urgent if is_urgent and self._common.bytes <= 0 else self._common
        bucket.bytes -= line_bytes

    def due(self) -> int:
        """Return how many dropped lines are to be spoken of now; at most once a minute any."""
        has_room = self._common.bytes > 0 or self._urgent.bytes > 0
        now_s = self._clock()
        if not self._dropped or not has_room or now_s - self._noticed_s < _NOTICE_INTERVAL_S:
            return 0
        self._noticed_s = now_s
        told, self._dropped = self._dropped, 0
        return told

    def _fill(self) -> None:
        now_s = self._clock()
        for bucket in (self._urgent, self._common):
            bucket.fill(now_s - self._filled_s)
        self._filled_s = now_s


class _Bucket:
    def __init__(self, bytes_per_day: float) -> None:
        self.bytes = 0.0
        self.resize(bytes_per_day)
        self.bytes = self._size

    def resize(self, bytes_per_day: float) -> None:
        # Full at the day's begin, and filled through the day: together no more than its bytes.
        self._size = _BURST * bytes_per_day
        self._rate = (1 - _BURST) * bytes_per_day / _DAY_S
        self.bytes = min(self.bytes, self._size)

    def fill(self, time_s: float) -> None:
        self.bytes = min(self._size, self.bytes + time_s * self._rate)
