"""Who may wait for an engine: as many as there is room for, and nobody whose turn comes too late.

A request that cannot be answered in time is refused at once: its user can act on that, and those
who wait behind it do not wait for an answer that nobody reads.
"""

from typing import Generic

from eidos.errors import RequestRefused
from eidos.fair_queue import FairQueue, Item
from eidos.protocol import ErrorCode

_NEWEST = 0.2
"""Weight of the newest service time in the average: the last ten make up nine tenths of it."""


class Admission(Generic[Item]):
    """The queue of those who were let in, and the reasons why others are not."""

    def __init__(self, *, queue_size: int, deadline_s: float) -> None:
        self.queue: FairQueue[Item] = FairQueue()
        self.queue_size = queue_size
        self._deadline_s = deadline_s
        self._service_s: float | None = None
        self.full = 0
        """How many were refused, or sent away for others, because the queue was full."""
        self.late = 0
        """How many were refused because their answer would have come too late."""

    def served(self, service_s: float) -> None:
        """Learn that a job took *service_s* from its engine's hands to its answer."""
        known_s = service_s if self._service_s is None else self._service_s
        self._service_s = known_s + _NEWEST * (service_s - known_s)

    def admit(self, client: str, item: Item, *, slots: int) -> Item | None:
        """Let *item* of *client* wait for one of *slots*; return who has to leave for it.

        That is the newest of whoever has most in a full queue, and nobody in one with room.

        Raises:
            RequestRefused: the queue is full, or moves too slowly for *item*.
        """
        self._refuse_if_late(client, slots)
        leaving = None
        if len(self.queue) >= self.queue_size:
            leaving = self.queue.give_way(client)
            self.full += 1
            if leaving is None:
                raise self.too_many()
        self.queue.push(client, item)
        return leaving

    def too_many(self) -> RequestRefused:
        """Return what a client is told for whom there is no room."""
        message = f"{self.queue_size} requests are waiting already; try again in a moment"
        return RequestRefused(message, code=ErrorCode.BUSY)

    def _refuse_if_late(self, client: str, slots: int) -> None:
        ahead = self.queue.ahead_of(client)
        if not ahead or self._service_s is None:
            return
        wait_s = ahead * self._service_s / max(1, slots)
        if wait_s + self._service_s <= self._deadline_s:
            return
        self.late += 1
        message = (
            f"the requests ahead of this one ({ahead}) take about {wait_s:.1f} s, too long for "
            f"deadline_s = {self._deadline_s:g}; try again when there are fewer"
        )
        raise RequestRefused(message, code=ErrorCode.BUSY)
