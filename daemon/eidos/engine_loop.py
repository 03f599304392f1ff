"""The loop of the engine process: jobs come in while others are under way.

A thread reads stdin, so that a job or a Cancel that comes in the middle of a pass is there when
the pass is done; and what is known of the job has been looked up meanwhile. Everything else happens
on one thread, between passes.
"""

import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import msgspec

from eidos import engine_messages as messages
from eidos.errors import EidosError
from eidos.finished import Phase, PhaseName

if TYPE_CHECKING:
    from eidos.reading import Reader, Reading, Row

MOST_BYTES: Final = 2000
"""Of request text under way at a time, unless it is one request: a byte may be a token, and each
takes 46 kB of memory while it is under way."""
_MOST_COUNTED: Final = 1500
"""What one request counts for at most, so that short ones are answered beside the longest, which
takes seconds; what is even more tokens than this the engine refuses."""

log = logging.getLogger(__name__)


class Worker(Protocol):
    """What turns a job into drafts: an Engine."""

    reader: "Reader"

    def work(self, job: messages.Job, *, drafted: Callable[[], int]) -> "Reading[messages.Done]":
        """Return what reads for *job*, up to *drafted()* tokens guessed a pass, and its drafts.

        Called beside a pass, for one job after the other.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A job that has come, and what is to be read for it; or why that cannot be said."""

    job: messages.Job
    reading: "Reading[messages.Done] | Exception"
    begin_s: float
    """When its known commands began to be looked up; they were found at `end_s`."""
    end_s: float

    def timed(self, reading: "Reading[messages.Done]") -> "Reading[messages.Done]":
        """Do *reading*, and put its phases into what it returns."""
        read_s = 0.0
        rows: list[list[Row]] | None = None
        try:
            while True:
                parts = next(reading) if rows is None else reading.send(rows)
                rows = yield parts
                read_s = read_s or time.monotonic()
        except StopIteration as stop:
            done, end_s = stop.value, time.monotonic()
        finally:
            reading.close()
        phases = (
            Phase(PhaseName.RETRIEVE, self.begin_s, self.end_s),
            Phase(PhaseName.PROMPT, self.end_s, read_s or end_s),
            Phase(PhaseName.GENERATE, read_s or end_s, end_s),
        )
        return msgspec.structs.replace(done, phases=phases)


_Inbox = SimpleQueue[_Arrival | messages.Cancel | None]


def serve(engine: Worker, jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer every job that comes in, several at a time, until *jobs* ends and all are done."""
    inbox: _Inbox = SimpleQueue()
    loop = _Loop(engine, inbox, answers)
    receiver = threading.Thread(
        target=_receive, args=(jobs, inbox, loop.arrival), name="inbox", daemon=True
    )
    receiver.start()
    loop.run()


def _receive(jobs: BinaryIO, inbox: _Inbox, arrival: Callable[[messages.Job], _Arrival]) -> None:
    """Put what comes in into *inbox*, and None when it ends."""
    try:
        while header := jobs.read(messages.LENGTH_BYTES):
            message = messages.unpack_job(jobs.read(messages.body_bytes(header)))
            inbox.put(arrival(message) if isinstance(message, messages.Job) else message)
    except (struct.error, msgspec.MsgspecError):  # a daemon that died leaves half a message
        log.warning("what came in is no message of the daemon's; no more jobs are taken")
    finally:
        inbox.put(None)


class _Loop:
    def __init__(self, engine: Worker, inbox: _Inbox, answers: BinaryIO) -> None:
        from eidos.scheduler import Scheduler

        self._engine = engine
        self._inbox = inbox
        self._answers = answers
        self._scheduler = Scheduler[messages.Done](engine.reader)
        self._waiting: deque[_Arrival] = deque()
        self._under_way: dict[str, tuple[messages.Job, float]] = {}
        self._is_ended = False

    def arrival(self, job: messages.Job) -> _Arrival:
        """Return *job* with what is to be read for it; called on the thread of the inbox."""
        begin_s = time.monotonic()
        try:
            reading = self._engine.work(job, drafted=self._scheduler.draft_tokens)
        except Exception as exc:  # noqa: BLE001 - one bad request must not end the engine
            return _Arrival(job, exc, begin_s, time.monotonic())
        return _Arrival(job, reading, begin_s, time.monotonic())

    def run(self) -> None:
        while True:
            self._take_in()
            if not self._under_way and not self._waiting:
                return  # only at the end is there nothing to do
            self._begin()
            for finished in self._scheduler.step():
                self._answer(finished.id, finished.result)

    def _take_in(self) -> None:
        """Take in what has come; wait for something where there is nothing to do."""
        while not self._is_ended:
            is_idle = not self._under_way and not self._waiting
            try:
                message = self._inbox.get(block=is_idle)
            except Empty:
                return
            match message:
                case None:
                    self._is_ended = True
                case _Arrival():
                    self._waiting.append(message)
                case messages.Cancel():
                    self._cancel(message.id)

    def _begin(self) -> None:
        """Begin as many jobs as there is room for, in the order in which they came.

        A short one does not wait behind a long one for which there is no room.
        """
        for arrival in list(self._waiting):
            if self._scheduler.is_full:
                return
            job, reading = arrival.job, arrival.reading
            under_way = sum(_bytes(other) for other, _ in self._under_way.values())
            if self._under_way and under_way + _bytes(job) > MOST_BYTES:
                continue
            self._waiting.remove(arrival)
            self._under_way[job.id] = job, time.monotonic()
            if isinstance(reading, Exception):
                self._answer(job.id, reading)
            else:
                self._scheduler.add(job.id, arrival.timed(reading))

    def _cancel(self, identity: str) -> None:
        waiting = [arrival for arrival in self._waiting if arrival.job.id == identity]
        for arrival in waiting:
            self._waiting.remove(arrival)
        if self._under_way.pop(identity, None):
            self._scheduler.cancel(identity)
        elif not waiting:
            return  # it was answered before this came
        self._send(messages.Cancelled(identity))

    def _answer(self, identity: str, result: messages.Done | Exception) -> None:
        _, begun_s = self._under_way.pop(identity)
        if isinstance(result, EidosError):
            self._send(messages.Failed(identity, str(result)))
            return
        if isinstance(result, Exception):
            log.error("request=%s failed in the engine", identity, exc_info=result)
            self._send(messages.Failed(identity, f"the model failed: {type(result).__name__}"))
            return
        taken_ms = (time.monotonic() - begun_s) * 1000
        log.debug("request=%s generated in %.0f ms", identity, taken_ms)
        self._send(result)

    def _send(self, message: messages.FromEngine) -> None:
        self._answers.write(messages.pack(message))
        self._answers.flush()


def _bytes(job: messages.Job) -> int:
    return min(_MOST_COUNTED, len(job.text.encode(errors="replace")))
