"""How often one client may ask: a bucket of tokens for each, filled at a constant rate."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from eidos.errors import RequestRefused
from eidos.protocol import ErrorCode

BURST_S: Final = 2.0
"""A bucket holds what flows into it in this time, unless another is given."""
MAX_CLIENTS: Final = 1024
"""Buckets that are kept. Who floods the daemon from more processes than that in BURST_S gets full
buckets, as every new process does; the queue is fair all the same."""


class RateLimit:
    """Lets each client ask *per_s* times a second, and *burst_s* as often at once; 0: no limit."""

    def __init__(
        self,
        per_s: float,
        *,
        burst_s: float = BURST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_s = per_s
        self._most = per_s * burst_s
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Tokens and when they were counted, by client; who asked last stands last."""
        self.refused = 0

    def __len__(self) -> int:
        """Return how many clients are remembered."""
        return len(self._buckets)

    def take(self, client: str) -> None:
        """Count a request of *client*.

        Raises:
            RequestRefused: it asks too often.
        """
        if not self._per_s:
            return
        now_s = self._clock()
        tokens, counted_s = self._buckets.pop(client, (self._most, now_s))
        tokens = min(self._most, tokens + (now_s - counted_s) * self._per_s)
        is_within = tokens >= 1
        self._buckets[client] = (tokens - is_within, now_s)
        while len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if not is_within:
            self.refused += 1
            message = (
                f"this program asks more than {self._per_s:g} times a second; let it wait for "
                "its answers, or raise rate_limit_per_s"
            )
            raise RequestRefused(message, code=ErrorCode.BUSY)

    def give_back(self, client: str) -> None:
        """Let *client* have asked once less: it waited for that answer."""
        if found := self._buckets.get(client):
            tokens, counted_s = found
            self._buckets[client] = (tokens + 1, counted_s)
