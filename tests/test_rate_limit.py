"""How often a client may ask, and what is kept of the clients."""

import pytest

from eidos.errors import RequestRefused
from eidos.protocol import ErrorCode
from eidos.rate_limit import MAX_CLIENTS, RateLimit


class Clock:
    """A clock that goes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def admitted(limit: RateLimit, client: str, tries: int) -> int:
    """Return how many of *tries* requests of *client* are let through."""
    count = 0
    for _ in range(tries):
        try:
            limit.take(client)
        except RequestRefused:
            continue
        count += 1
    return count


def test_a_burst_of_two_seconds_is_let_through_and_then_the_rate() -> None:
    """Twice the rate at once, then one more for each part of a second, and never a larger burst."""
    clock = Clock()
    limit = RateLimit(50, clock=clock)

    assert admitted(limit, "a", 300) == 100
    clock.now_s += 0.1
    assert admitted(limit, "a", 300) == 5
    clock.now_s += 3600
    assert admitted(limit, "a", 300) == 100
    assert limit.refused == 200 + 295 + 200


def test_one_client_does_not_use_up_what_another_may() -> None:
    """Each has its own count."""
    limit = RateLimit(1, clock=Clock())

    assert admitted(limit, "a", 9) == 2
    assert admitted(limit, "b", 9) == 2


def test_who_is_refused_is_told_what_to_do() -> None:
    """The error is `busy`, names the rate, and the key of the configuration."""
    limit = RateLimit(1, clock=Clock())
    admitted(limit, "a", 2)

    with pytest.raises(RequestRefused, match=r"more than 1 times a second.*rate_limit_per_s") as no:
        limit.take("a")
    assert no.value.code == ErrorCode.BUSY


def test_who_waits_for_each_answer_may_ask_on_and_saves_nothing_up() -> None:
    """What is given back counts as never asked, and fills no bucket beyond its measure."""
    clock = Clock()
    limit = RateLimit(1, clock=clock)
    for _ in range(9):
        limit.take("a")
        limit.give_back("a")
    limit.give_back("a")
    limit.give_back("stranger")

    assert admitted(limit, "a", 9) == 2
    assert len(limit) == 1


def test_without_a_limit_nobody_is_counted() -> None:
    """A rate of 0 lets everything through."""
    limit = RateLimit(0)

    assert admitted(limit, "a", 1000) == 1000
    assert len(limit) == 0


def test_memory_for_clients_is_bounded_and_who_asks_on_is_not_forgotten() -> None:
    """Of thousands the latest are kept; a client among them that asks too often stays refused."""
    limit = RateLimit(1, clock=Clock())
    admitted(limit, "greedy", 2)
    for number in range(3 * MAX_CLIENTS):
        limit.take(str(number))
        assert admitted(limit, "greedy", 1) == 0

    assert len(limit) == MAX_CLIENTS
