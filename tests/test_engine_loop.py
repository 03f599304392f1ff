"""Jobs in, answers out: exactly one for each, whatever is cancelled, fails or ends in between.

The worker here has no model: a job's text says how many passes it takes. Passes wait until the
test lets them go, so that what arrives in the middle of one does so surely.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from queue import SimpleQueue

import pytest
from dice_reader import DiceReader, asking

from eidos.engine_loop import MOST_BYTES, serve
from eidos.engine_messages import (
    LENGTH_BYTES,
    Cancel,
    Cancelled,
    Done,
    Draft,
    Failed,
    FromEngine,
    Job,
    ToEngine,
    body_bytes,
    pack,
    unpack_answer,
)
from eidos.reading import Part, Reading, Row

TIMEOUT_S = 30
ENDLESS = 10**6
"""Passes of a job that ends by being cancelled alone."""


@dataclass
class Gate(DiceReader):
    """A reader whose passes wait to be let go."""

    slots: int = 3
    arrived: "SimpleQueue[None]" = field(default_factory=SimpleQueue)
    allowed: "SimpleQueue[None]" = field(default_factory=SimpleQueue)
    is_open: bool = False

    def read(self, parts: Sequence[Part]) -> list[list[Row]]:
        """Read as soon as the test says so."""
        if parts and not self.is_open:
            self.arrived.put(None)
            self.allowed.get(timeout=TIMEOUT_S)
        return super().read(parts)


@dataclass
class Counting:
    """A worker for jobs whose texts are numbers of passes; others fail."""

    # What it was asked and told, in its order: for the tests.

    reader: Gate = field(default_factory=Gate)
    begun: list[str] = field(default_factory=list[str])
    closed: list[str] = field(default_factory=list[str])
    drafted: list[int] = field(default_factory=list[int])

    def work(self, job: Job, *, drafted: Callable[[], int]) -> Reading[Done]:
        """Take as many passes as *job* says."""
        self.begun.append(job.id)
        try:
            for _ in range(int(job.text)):
                self.drafted.append(drafted())
                yield from asking(1, "")
            return Done(job.id, [Draft(job.id, 0.0, 1)])
        finally:
            self.closed.append(job.id)


class Inbox(BytesIO):
    """What the engine reads; `reached()` waits until all that was put in is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: SimpleQueue[bytes] = SimpleQueue()
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._rest = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next *size* bytes, or nothing at the end."""
        if not self._rest:
            self._asked.put(None)
            self._rest = self._messages.get()
        found, self._rest = self._rest[:size], self._rest[size or 0 :]
        return found

    def put(self, *messages: ToEngine) -> None:
        """Send *messages*, and wait until the engine has them."""
        for message in messages:
            self._asked.get(timeout=TIMEOUT_S)
            self._messages.put(pack(message))
        self._asked.get(timeout=TIMEOUT_S)  # it asks for more when it has put the last one away
        self._asked.put(None)

    def end(self) -> None:
        """Send no more."""
        self._messages.put(b"")


class Served:
    """An engine's loop on a thread, seen from both ends of its pipes."""

    def __init__(self, engine: Counting) -> None:
        self.engine = engine
        self.inbox = Inbox()
        self._answers = BytesIO()
        arguments = (engine, self.inbox, self._answers)
        self._thread = threading.Thread(target=serve, args=arguments, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until a pass wants to be let go."""
        self.engine.reader.arrived.get(timeout=TIMEOUT_S)

    def go(self, passes: int = 1) -> None:
        """Let a pass that waits go, and wait for the next one, so many times."""
        for _ in range(passes):
            self.engine.reader.allowed.put(None)
            self.wait()

    def open(self) -> None:
        """Let all passes go that wait or come."""
        self.engine.reader.is_open = True
        self.engine.reader.allowed.put(None)

    def finish(self) -> list[FromEngine]:
        """End the inbox; return all answers when the loop has ended."""
        self.inbox.end()
        self.open()
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive(), f"under way still: {self.engine.begun}"
        return self.answers()

    def answers(self) -> list[FromEngine]:
        """Return what was answered so far."""
        return unpacked(self._answers.getvalue())


def unpacked(data: bytes) -> list[FromEngine]:
    """Return the messages in *data*."""
    stream, found = BytesIO(data), list[FromEngine]()
    while header := stream.read(LENGTH_BYTES):
        found.append(unpack_answer(stream.read(body_bytes(header))))
    return found


def said(answers: Sequence[FromEngine]) -> list[tuple[type, str]]:
    """Return what became of which job, in the order of the answers."""
    return [(type(answer), getattr(answer, "id", "")) for answer in answers]


def outcomes(answers: Sequence[FromEngine]) -> dict[str, type]:
    """Return what became of each job, after checking that each was answered once."""
    found = {identity: kind for kind, identity in said(answers)}
    assert len(found) == len(answers)
    return found


@pytest.fixture
def served() -> Iterator[Served]:
    """A loop that is ended after the test, however it went."""
    loop = Served(Counting())
    yield loop
    loop.engine.reader.is_open = True
    loop.inbox.end()
    loop.open()


def answered(*messages: ToEngine) -> list[FromEngine]:
    """Return the answers to *messages*, which come all at once and end then."""
    answers = BytesIO()
    engine = Counting(Gate(is_open=True))
    serve(engine, BytesIO(b"".join(map(pack, messages))), answers)
    return unpacked(answers.getvalue())


def test_every_job_is_answered_before_the_loop_ends() -> None:
    """The end of stdin takes no answer from anybody, though more come than there are slots."""
    jobs = [Job(str(number), str(number % 5), 1) for number in range(20)]

    found = answered(*jobs)

    assert outcomes(found) == {job.id: Done for job in jobs}


def test_the_end_of_stdin_ends_an_idle_loop() -> None:
    """Nothing was asked, so nothing is answered."""
    assert answered() == []


def test_a_short_job_is_answered_before_a_long_one_that_came_first() -> None:
    """Jobs are done side by side, and answered as they end."""
    found = answered(Job("long", "9", 1), Job("short", "2", 1))

    assert said(found) == [(Done, "short"), (Done, "long")]


def test_jobs_begin_in_the_order_in_which_they_came(served: Served) -> None:
    """Those that find no free slot wait, the next one for the first that is free."""
    served.inbox.put(Job("a", "1", 1))
    served.wait()
    served.inbox.put(*(Job(name, "2", 1) for name in "bcde"))
    assert served.engine.begun == ["a"]

    served.go()
    assert served.engine.begun == ["a", "b", "c"]  # a has its slot until its answer is out

    served.go()
    assert served.engine.begun == ["a", "b", "c", "d"]
    assert said(served.answers()) == [(Done, "a")]
    assert outcomes(served.finish()) == dict.fromkeys("abcde", Done)


def test_a_failing_job_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    """It is told what kind of fault it was, and nothing else of it."""
    with caplog.at_level(logging.INFO):
        found = answered(Job("a", "3", 1), Job("bad", "remove my diary", 1), Job("b", "3", 1))

    assert outcomes(found) == {"a": Done, "b": Done, "bad": Failed}
    (failed,) = (each for each in found if isinstance(each, Failed))
    assert failed.message == "the model failed: ValueError"
    assert "request=bad failed in the engine" in caplog.messages


def test_a_job_under_way_is_cancelled_between_two_passes(served: Served) -> None:
    """Its work is ended and its slot is free; it has one answer, and its neighbour another."""
    served.inbox.put(Job("a", str(ENDLESS), 1), Job("b", str(ENDLESS), 1))
    served.wait()
    served.go()
    served.inbox.put(Cancel("a"))
    assert served.answers() == []

    served.go()

    assert said(served.answers()) == [(Cancelled, "a")]
    assert served.engine.closed == ["a"]
    served.inbox.put(Cancel("b"))
    assert said(served.finish()) == [(Cancelled, "a"), (Cancelled, "b")]


def test_a_waiting_job_is_cancelled_before_it_begins(served: Served) -> None:
    """It never begins, and those behind it move up."""
    served.inbox.put(Job("a", str(ENDLESS), 1))
    served.wait()
    served.inbox.put(*(Job(name, str(ENDLESS), 1) for name in "bcde"), Cancel("b"), Cancel("d"))

    served.go()

    assert said(served.answers()) == [(Cancelled, "b"), (Cancelled, "d")]
    assert served.engine.begun == ["a", "c", "e"]
    served.inbox.put(*(Cancel(name) for name in "ace"))
    assert said(served.finish())[2:] == [(Cancelled, name) for name in "ace"]
    assert served.engine.begun == ["a", "c", "e"]


def test_a_cancelled_job_makes_room_for_the_next(served: Served) -> None:
    """A slot that nobody needs any more is given away with the next pass."""
    served.inbox.put(*(Job(name, str(ENDLESS), 1) for name in "abcd"))
    served.wait()
    while len(served.engine.begun) < 3:  # those that came during the first pass
        served.go()
    assert served.engine.begun == ["a", "b", "c"]

    served.inbox.put(Cancel("b"))
    served.go()

    assert served.engine.begun == ["a", "b", "c", "d"]
    served.inbox.put(*(Cancel(name) for name in "acd"))
    served.finish()


def test_a_cancel_that_comes_too_late_is_ignored(served: Served) -> None:
    """Who was answered, or never asked, or was cancelled already gets no second answer."""
    served.inbox.put(Job("a", "1", 1), Job("b", "1", 1), Job("slow", str(ENDLESS), 1))
    served.wait()
    while len(served.answers()) < 2:
        served.go()
    served.inbox.put(Cancel("a"), Cancel("stranger"), Cancel("slow"), Cancel("slow"))
    served.inbox.put(Job("next", "1", 1))

    answers = served.finish()

    assert outcomes(answers[:2]) == {"a": Done, "b": Done}
    assert said(answers)[2:] == [(Cancelled, "slow"), (Done, "next")]


def test_an_idle_loop_takes_the_next_job(served: Served) -> None:
    """It waits for it without doing anything."""
    for name in "ab":
        served.inbox.put(Job(name, "1", 1))
        served.wait()
        served.engine.reader.allowed.put(None)

    assert said(served.finish()) == [(Done, "a"), (Done, "b")]


@pytest.mark.parametrize(
    ("length", "begun"),
    [(MOST_BYTES // 2, ["a", "b"]), (MOST_BYTES // 2 + 1, ["a"])],
    ids=["just enough", "too much"],
)
def test_long_requests_wait_for_each_other(served: Served, length: int, begun: list[str]) -> None:
    """What is under way at a time is bounded in bytes, not in jobs alone: it takes memory."""
    text = "9".rjust(length, "0")
    served.inbox.put(Job("first", "1", 1))
    served.wait()
    served.inbox.put(Job("a", text, 1), Job("b", text, 1))

    served.go(2)

    assert served.engine.begun == ["first", *begun]
    assert outcomes(served.finish()) == {"first": Done, "a": Done, "b": Done}


def test_a_request_longer_than_all_bounds_is_done_alone() -> None:
    """Nothing is too long to be begun where nothing else is under way."""
    text = "1".rjust(2 * MOST_BYTES, "0")

    assert said(answered(Job("a", text, 1), Job("b", text, 1))) == [(Done, "a"), (Done, "b")]


def test_a_job_is_told_how_much_may_be_drafted_now(served: Served) -> None:
    """Less with neighbours than without."""
    served.inbox.put(Job("a", "5", 1))
    served.wait()
    served.inbox.put(Job("b", "5", 1), Job("c", "5", 1))

    served.go()

    alone, *beside = served.engine.drafted
    assert alone > max(beside)
    assert len(beside) == 3


@pytest.mark.parametrize("rest", [b"\0", b"\0\0\0\xffdiary", b"\0\0\0\1\xc1"])
def test_a_message_that_is_none_ends_the_loop_as_the_end_does(
    rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A daemon that died in the middle of one leaves half of it: what is under way is finished."""
    answers = BytesIO()

    serve(Counting(Gate(is_open=True)), BytesIO(pack(Job("a", "3", 1)) + rest), answers)

    assert said(unpacked(answers.getvalue())) == [(Done, "a")]
    assert "no message of the daemon's" in caplog.text
    assert "diary" not in caplog.text
