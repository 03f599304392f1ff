"""Many readings on one reader: fair, and none the worse for its neighbours' faults."""

import pytest
from dice_reader import TOKENS, DiceReader, asking

from eidos.reading import Part, Reading, Trail
from eidos.scheduler import Finished, Scheduler

NO_TOKEN = TOKENS
"""A token that the reader fails at."""


@pytest.fixture
def reader() -> DiceReader:
    """A reader that shows its passes."""
    return DiceReader(slots=3)


@pytest.fixture
def scheduler(reader: DiceReader) -> Scheduler[str]:
    """A scheduler of readings that say their names."""
    return Scheduler(reader)


def ends(scheduler: Scheduler[str]) -> list[Finished[str]]:
    """Return what ends, in its order, until nothing is under way."""
    finished: list[Finished[str]] = []
    while len(scheduler):
        finished += scheduler.step()
    return finished


def test_a_short_one_ends_before_a_long_one_that_began_first(
    scheduler: Scheduler[str], reader: DiceReader
) -> None:
    """Each pass serves all: nobody waits for a neighbour's end."""
    scheduler.add("long", asking(9, "l"))
    scheduler.step()
    scheduler.add("short", asking(2, "s"))

    found = ends(scheduler)

    assert found == [Finished("short", "s"), Finished("long", "l")]
    assert [len(parts) for parts in reader.passes if parts] == [1, 2, 2, 1, 1, 1, 1, 1, 1]


def test_a_reading_that_asks_for_nothing_ends_at_once(scheduler: Scheduler[str]) -> None:
    """Its result comes with the next step."""
    scheduler.add("a", asking(0, "nothing"))

    assert scheduler.step() == [Finished("a", "nothing")]
    assert len(scheduler) == 0


def test_a_step_without_readings_does_nothing(scheduler: Scheduler[str]) -> None:
    """It is no fault to have nothing to do."""
    assert scheduler.step() == []


def test_it_is_full_when_the_reader_says_so(scheduler: Scheduler[str]) -> None:
    """As many are under way as the reader has slots; one that ends or is cancelled makes room."""
    found: list[bool] = []
    for name, passes in (("a", 1), ("b", 5), ("c", 5)):
        scheduler.add(name, asking(passes, name))
        found.append(scheduler.is_full)
    assert found == [False, False, True]

    scheduler.step()
    scheduler.step()
    assert not scheduler.is_full
    scheduler.add("d", asking(5, "d"))
    assert scheduler.is_full
    scheduler.cancel("b")
    assert not scheduler.is_full


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_cancelling_closes_the_reading_and_frees_its_slot(
    scheduler: Scheduler[str], reader: DiceReader, steps: int
) -> None:
    """What was begun is cleaned up, nothing more of it is read, and the others go on."""
    closed: list[str] = []

    def careful() -> Reading[str]:
        try:
            yield from asking(20, "never", tokens=(1, 1, 1))
        finally:
            closed.append("careful")
        return "never"

    reading = careful()
    scheduler.add("a", reading)
    scheduler.add("b", asking(4, "b"))
    for _ in range(steps):
        scheduler.step()
    before = len(reader.passes)

    assert scheduler.cancel("a")

    assert closed == ["careful"] * (steps > 0)  # what never began has nothing to clean up
    assert ends(scheduler) == [Finished("b", "b")]
    assert all(3 not in parts for parts in reader.passes[before:])


def test_cancelling_what_is_not_there_does_nothing(scheduler: Scheduler[str]) -> None:
    """It says that there was none, and leaves the others alone."""
    scheduler.add("a", asking(1, "a"))

    assert not scheduler.cancel("b")

    assert ends(scheduler) == [Finished("a", "a")]
    assert not scheduler.cancel("a")


@pytest.mark.parametrize("passes", [0, 1, 2])
def test_a_fault_in_one_reading_ends_that_one_alone(scheduler: Scheduler[str], passes: int) -> None:
    """It ends with its exception, and its neighbours with their results."""
    fault = ValueError("out of luck")

    def failing() -> Reading[str]:
        yield from asking(passes, "")
        raise fault

    scheduler.add("a", asking(4, "a"))
    scheduler.add("bad", failing())
    scheduler.add("b", asking(1, "b"))

    found = {finished.id: finished.result for finished in ends(scheduler)}

    assert found == {"a": "a", "bad": fault, "b": "b"}


def test_a_fault_in_the_reader_ends_all_under_way_and_no_more(
    scheduler: Scheduler[str],
) -> None:
    """Whose fault it was cannot be told; what ended before has its result, the next ones work."""
    scheduler.add("done", asking(1, "done"))
    scheduler.add("a", asking(9, "a"))
    scheduler.step()
    scheduler.add("bad", asking(1, "", tokens=(NO_TOKEN,)))

    found = {finished.id: finished.result for finished in scheduler.step()}

    assert found.pop("done") == "done"
    assert {name: type(result) for name, result in found.items()} == {
        "a": IndexError,
        "bad": IndexError,
    }
    scheduler.add("next", asking(2, "n"))
    assert ends(scheduler) == [Finished("next", "n")]


def test_each_reading_gets_its_own_rows(scheduler: Scheduler[str]) -> None:
    """Parts of several readings are read in one pass and sorted out again."""

    def lengths(*counts: int) -> Reading[str]:
        rows = yield [Part(Trail(), [1] * (n + 1), [0] * n) for n in counts]
        return str([len(each) for each in rows])

    scheduler.add("a", lengths(1, 0, 2))
    scheduler.add("none", lengths())
    scheduler.add("b", lengths(3))

    found = {finished.id: finished.result for finished in ends(scheduler)}

    assert found == {"a": "[1, 0, 2]", "none": "[]", "b": "[3]"}


def test_the_more_are_under_way_the_less_is_drafted() -> None:
    """A token read in vain takes time from the neighbours: with many, none is guessed."""
    scheduler = Scheduler[str](DiceReader())
    found = [scheduler.draft_tokens()]
    for number in range(8):
        scheduler.add(str(number), asking(2, ""))
        found.append(scheduler.draft_tokens())

    assert found == sorted(found, reverse=True)
    assert found[1] > 0
    assert found[-1] == 0
    for number in range(8):
        scheduler.cancel(str(number))
    assert scheduler.draft_tokens() == found[0]
