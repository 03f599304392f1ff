"""What goes wrong in an engine costs its own request, and keeps neither memory nor neighbours."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import embedded_model
import pytest
from dice_reader import TOKENS, DiceReader, asking

from eidos import packed_reader
from eidos.engine_loop import MOST_BYTES, serve
from eidos.engine_messages import LENGTH_BYTES, Done, Draft, Job, body_bytes, pack, unpack_answer
from eidos.packed_reader import PLACES, PackedReader
from eidos.reading import Part, Reader, Reading, Row, Trail
from eidos.scheduler import Scheduler


class Whole(BytesIO):
    """What an engine reads; `is_read` when the engine has all of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.is_read = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; who asks for more than there are has put the last ones away."""
        found = super().read(size)
        if not found:
            self.is_read.set()
        return found


class Patient(DiceReader):
    """A reader that begins when all jobs have come."""

    def __init__(self, jobs: Whole) -> None:
        super().__init__()
        self._jobs = jobs

    def read(self, parts: Sequence[Part]) -> list[list[Row]]:
        """Read *parts* as soon as it may."""
        assert self._jobs.is_read.wait(30)
        return super().read(parts)


class Worker:
    """A worker for whose jobs the number in their text says how many passes they take."""

    def __init__(self, reader: Patient) -> None:
        self.reader: Reader = reader

    def work(self, job: Job, *, drafted: Callable[[], int]) -> Reading[Done]:  # noqa: ARG002 - a Worker's
        """Take as many passes as *job* says."""
        yield from asking(int(job.text), "")
        return Done(job.id, [Draft(job.id, 0.0, 1)])


def order_of(*jobs: Job) -> list[str]:
    """Return the ids of *jobs*, which come all at once, in the order of their answers."""
    inbox, answers = Whole(b"".join(map(pack, jobs))), BytesIO()
    serve(Worker(Patient(inbox)), inbox, answers)
    answers.seek(0)
    found: list[str] = []
    while header := answers.read(LENGTH_BYTES):
        answer = unpack_answer(answers.read(body_bytes(header)))
        assert isinstance(answer, Done)
        found.append(answer.id)
    return found


def test_a_short_request_is_answered_beside_one_beyond_all_bounds_and_before_those_behind() -> None:
    """Two requests of 1,000 letters of four bytes, which take seconds, keep nobody waiting."""
    long = "9".rjust(2 * MOST_BYTES, "0")

    found = order_of(Job("a", long, 1), Job("b", long, 1), Job("short", "1", 1))

    assert found == ["short", "a", "b"]


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Python's search for cycles, which comes at any time, does not come."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("fails", ["reading", "reader"])
def test_a_reading_that_failed_keeps_no_trail(fails: str) -> None:
    """What its tokens took is free for the next pass, while its error is still being told."""
    trails: list[weakref.ref[Trail]] = []

    def reading() -> Reading[str]:
        trail = Trail()
        trails.append(weakref.ref(trail))
        yield [Part(trail, [1])]
        if fails == "reading":
            raise ValueError
        yield [Part(trail, [TOKENS])]
        return ""

    scheduler = Scheduler[str](DiceReader())
    scheduler.add("a", reading())
    assert scheduler.step() == []

    finished = scheduler.step()

    assert [type(each.result) for each in finished] == [
        ValueError if fails == "reading" else IndexError
    ]
    assert trails[0]() is None


@pytest.mark.model
def test_a_reader_without_memory_for_more_goes_on_with_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One request that does not fit fails; the others read on as if it had never been there."""
    reader, other = (PackedReader(embedded_model.graph()) for _ in range(2))
    trail, same = (each.trail_for([5, 6, 7]) for each in (reader, other))
    reader.read([Part(trail, [5, 6])])
    other.read([Part(same, [5, 6])])

    def fail(_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(packed_reader, "on_top_of", fail)
        with pytest.raises(MemoryError):
            reader.read([Part(Trail(), [5] * (PLACES + 1))])

    assert reader.read([Part(trail, [7], [8])]) == other.read([Part(same, [7], [8])])
