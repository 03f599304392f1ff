"""Clients take turns: in which order, how many are ahead, and who gives way."""

import random

import pytest

from eidos.fair_queue import FairQueue


def filled(*items: str) -> FairQueue[str]:
    """Return a queue with *items*, the first letter of each being its client."""
    queue: FairQueue[str] = FairQueue()
    for item in items:
        queue.push(item[0], item)
    return queue


def drained(queue: FairQueue[str]) -> list[str]:
    """Return all that waits, in the order of service."""
    return [queue.pop() for _ in range(len(queue))]


def test_one_client_is_served_in_its_own_order() -> None:
    """Alone, nobody takes turns."""
    assert drained(filled("a1", "a2", "a3")) == ["a1", "a2", "a3"]


def test_who_comes_late_waits_for_one_item_of_each_other_client() -> None:
    """A hundred items of one client cost another one a single turn."""
    queue = filled(*(f"a{number}" for number in range(100)), "b1", "c1", "b2")

    assert drained(queue)[:6] == ["a0", "b1", "c1", "a1", "b2", "a2"]


def test_who_was_served_goes_behind_the_others() -> None:
    """Leaving and coming back at once wins no turn."""
    queue = filled("a1", "b1", "c1")
    assert queue.pop() == "a1"
    queue.push("a", "a2")

    assert drained(queue) == ["b1", "c1", "a2"]


def test_an_item_is_removed_wherever_it_stands_and_only_once() -> None:
    """The others keep their order; what is not here is no error."""
    queue = filled("a1", "a2", "b1")
    for _ in range(2):
        queue.remove("a", "a1")
        queue.remove("b", "b1")

    assert len(queue) == 1
    assert drained(queue) == ["a2"]


def test_an_empty_queue_has_nothing_to_give() -> None:
    """Asking it for an item is an error, asking who gives way is not."""
    queue = filled()

    assert queue.give_way("a") is None
    with pytest.raises(IndexError, match="nothing waits"):
        queue.pop()


def test_those_ahead_are_counted_as_they_will_be_served() -> None:
    """Whatever waits, an item that is added now is served after just as many others."""
    chance = random.Random(5)
    for _ in range(300):
        items = [f"{chance.choice('abcd')}{number}" for number in range(chance.randrange(12))]
        queue = filled(*items)
        for _ in range(chance.randrange(len(items) + 1)):
            queue.pop()
        client = chance.choice("abcde")
        expected = queue.ahead_of(client)
        queue.push(client, "new")

        assert drained(queue).index("new") == expected


def test_the_newest_of_whoever_has_most_gives_way() -> None:
    """A client with fewer gets its place; one that would then have as many does not."""
    queue = filled("a1", "a2", "a3", "b1")

    assert queue.give_way("a") is None
    assert queue.give_way("c") == "a3"
    assert queue.give_way("b") is None
    assert queue.give_way("c") == "a2"
    assert queue.give_way("c") is None
    assert drained(queue) == ["a1", "b1"]


def test_clients_that_left_are_forgotten() -> None:
    """A thousand clients that were served, removed or pushed out leave nothing behind."""
    queue: FairQueue[int] = FairQueue()
    for number in range(1000):
        queue.push(str(number), number)
        queue.push(str(number), -number)
    for number in range(0, 1000, 2):
        queue.remove(str(number), number)
        queue.remove(str(number), -number)
    while len(queue):
        queue.pop()

    assert queue._lines == {}  # pyright: ignore[reportPrivateUsage]
