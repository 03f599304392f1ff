"""Who is next: clients take turns, so that one with many requests does not keep the others waiting.

It is a round robin over the clients that wait for anything: whoever comes new is served after at
most one request of each other client, however many each of them has here.
"""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items of clients, in an order that is fair to the clients; it keeps nothing of the absent."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Item]] = OrderedDict()
        """By client, in the order of their turns."""
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, client: str, item: Item) -> None:
        """Let *item* wait behind all others of *client*."""
        self._lines.setdefault(client, deque()).append(item)
        self._length += 1

    def pop(self) -> Item:
        """Return the item whose turn it is, and let its client wait behind the other clients.

        Raises:
            IndexError: nothing waits.
        """
        if not self._lines:
            raise IndexError("nothing waits in this queue")
        client, line = self._lines.popitem(last=False)
        item = line.popleft()
        self._length -= 1
        if line:
            self._lines[client] = line
        return item

    def remove(self, client: str, item: Item) -> None:
        """Take *item* out, wherever it stands; nothing happens if it is not here."""
        line = self._lines.get(client, deque[Item]())
        if item not in line:
            return
        line.remove(item)
        self._length -= 1
        if not line:
            del self._lines[client]

    def ahead_of(self, client: str) -> int:
        """Return how many items of now would go in front of one that *client* adds."""
        own = len(self._lines.get(client, ()))
        ahead, is_behind = 0, False
        for other, line in self._lines.items():
            is_behind = is_behind or other == client
            # Who stands in front of the client has had one turn more when the client's comes.
            ahead += own if other == client else min(len(line), own if is_behind else own + 1)
        return ahead

    def give_way(self, client: str) -> Item | None:
        """Remove and return the newest item of whoever has most, for one that *client* adds.

        None, and nothing is removed, where *client* would then have as many as that one.
        """
        if not self._lines:
            return None
        greediest, line = max(self._lines.items(), key=lambda pair: len(pair[1]))
        if len(line) <= len(self._lines.get(client, ())) + 1:
            return None
        self._length -= 1
        item = line.pop()
        if not line:
            del self._lines[greediest]
        return item
