"""The budget: what reading a command may cost, and what does not count."""

import pytest

from eidos.validator.budget import FAIR_STEPS, MAX_STEPS, Budget, Clock, OverBudget


class _Wall:
    """A clock on the wall that is moved by hand."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_stopped_time_does_not_count() -> None:
    """What passes while the clock is stopped is left out, also where an error ends it."""
    wall = _Wall()
    clock = Clock(wall)
    wall.s += 1

    with pytest.raises(ZeroDivisionError), clock.stopped():
        wall.s += 5 / (wall.s - 101)

    assert clock.now() == 101


def test_nested_stops_count_once() -> None:
    """A stop inside of another does not turn the clock back."""
    wall = _Wall()
    clock = Clock(wall)

    with clock.stopped():
        wall.s += 1
        with clock.stopped():
            wall.s += 2
        wall.s += 4

    assert clock.now() == 100


def test_steps_run_out() -> None:
    """A command of more steps than allowed is refused, however quick they were."""
    budget = Budget.start(time_s=60)

    with pytest.raises(OverBudget, match="steps"):
        budget.spend(MAX_STEPS + 1)


def test_late_command_of_many_steps_is_refused() -> None:
    """Past its time a command is refused, but for one of so few steps that it cannot be slow."""
    budget = Budget.start(time_s=-1)
    budget.spend(FAIR_STEPS - 1)

    with pytest.raises(OverBudget, match="slow"):
        budget.spend()
