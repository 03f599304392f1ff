"""The budget of the log: so many bytes a day, whatever happens, and a share for errors."""

from dataclasses import dataclass

import pytest

from eidos.log_budget import ByteBudget

DAY_S = 86_400
PER_DAY = 1_000_000


@dataclass
class Clock:
    """A clock that goes on when a test says so."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.now_s


def write(budget: ByteBudget, line_bytes: int, *, is_urgent: bool = False) -> int:
    """Log one line and return how many bytes of it came through."""
    if not budget.admits(is_urgent=is_urgent):
        return 0
    budget.spend(line_bytes, is_urgent=is_urgent)
    return line_bytes


def written(budget: ByteBudget, clock: Clock, line_bytes: int, times: int) -> int:
    """Log *times* lines through one day, every tenth of them an error; return the bytes."""
    total = 0
    for number in range(times):
        clock.now_s += DAY_S / times
        total += write(budget, line_bytes, is_urgent=number % 10 == 0)
        total += 100 if budget.due() and not budget.spend(100, is_urgent=True) else 0
    return total


@pytest.mark.parametrize("line_bytes", [50, 700])
def test_a_day_of_flood_stays_within_the_limit(line_bytes: int) -> None:
    """A day with ten times too many lines writes the limit, its notices counted, and no more."""
    clock = Clock()
    budget = ByteBudget(PER_DAY, clock)

    total = written(budget, clock, line_bytes, times=10 * PER_DAY // line_bytes)

    assert 0.9 * PER_DAY < total <= PER_DAY + 2 * line_bytes


def test_a_flood_of_info_leaves_room_for_errors() -> None:
    """When nothing else is written any more, an error still is."""
    budget = ByteBudget(PER_DAY, Clock())
    while write(budget, 100):
        pass

    assert write(budget, 100, is_urgent=True) == 100


def test_a_flood_of_errors_ends_too() -> None:
    """Errors have a share, not all that they want."""
    budget = ByteBudget(PER_DAY, Clock())

    total = sum(write(budget, 100, is_urgent=True) for _ in range(1000))

    assert total <= PER_DAY / 100 + 200


def test_what_is_dropped_is_said_once_a_minute() -> None:
    """The first notice comes at once, the next a minute later, each with what came in between."""
    clock = Clock()
    budget = ByteBudget(PER_DAY, clock)
    while write(budget, 100):
        pass
    noticed = [budget.due()]
    for _ in range(120):
        clock.now_s += 1
        write(budget, 100_000)
        write(budget, 100_000)
        noticed.append(budget.due())

    assert noticed[0] == 1
    assert sum(count > 0 for count in noticed) == 3
    assert sum(noticed) == budget.dropped - sum([budget.due()])


def test_a_new_limit_gives_no_new_bytes() -> None:
    """Who has the configuration read again and again does not get a fresh budget each time."""
    budget = ByteBudget(PER_DAY, Clock())
    while write(budget, 100):
        pass

    for _ in range(10):
        budget.limit(2 * PER_DAY)
        budget.limit(PER_DAY)

    assert write(budget, 100) == 0
