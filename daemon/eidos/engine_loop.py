"""The loop of the engine process: jobs come in while others are under way.

A thread reads stdin, so that a job or a Cancel that comes in the middle of a pass is there when
the pass is done. Everything else happens on one thread, between passes.
"""

import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import msgspec

from eidos import engine_messages as messages

if TYPE_CHECKING:
    from eidos.reading import Reader, Reading

MOST_BYTES: Final = 2000
"""Of request text under way at a time, unless it is one request: a byte may be a token, and each
takes 46 kB of memory while it is under way."""
_MOST_COUNTED: Final = 1500
"""What one request counts for at most, so that short ones are answered beside the longest, which
takes seconds: 1,000 letters of 4 bytes are 4,000 tokens."""

log = logging.getLogger(__name__)


class Worker(Protocol):
    """What turns a job into drafts: an Engine."""

    reader: "Reader"

    def work(self, job: messages.Job, *, drafted: Callable[[], int]) -> "Reading[messages.Done]":
        """Read what *job* needs, up to *drafted()* tokens guessed a pass; return its drafts."""
        ...


def serve(engine: Worker, jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer every job that comes in, several at a time, until *jobs* ends and all are done."""
    inbox: SimpleQueue[messages.ToEngine | None] = SimpleQueue()
    threading.Thread(target=_receive, args=(jobs, inbox), name="inbox", daemon=True).start()
    _Loop(engine, inbox, answers).run()


def _receive(jobs: BinaryIO, inbox: "SimpleQueue[messages.ToEngine | None]") -> None:
    """Put what comes in into *inbox*, and None when it ends."""
    try:
        while header := jobs.read(messages.LENGTH_BYTES):
            inbox.put(messages.unpack_job(jobs.read(messages.body_bytes(header))))
    except (struct.error, msgspec.MsgspecError):  # a daemon that died leaves half a message
        log.warning("what came in is no message of the daemon's; no more jobs are taken")
    finally:
        inbox.put(None)


class _Loop:
    def __init__(
        self, engine: Worker, inbox: "SimpleQueue[messages.ToEngine | None]", answers: BinaryIO
    ) -> None:
        from eidos.scheduler import Scheduler

        self._engine = engine
        self._inbox = inbox
        self._answers = answers
        self._scheduler = Scheduler[messages.Done](engine.reader)
        self._waiting: deque[messages.Job] = deque()
        self._under_way: dict[str, tuple[messages.Job, float]] = {}
        self._is_ended = False

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
                case messages.Job():
                    self._waiting.append(message)
                case messages.Cancel():
                    self._cancel(message.id)

    def _begin(self) -> None:
        """Begin as many jobs as there is room for, in the order in which they came.

        A short one does not wait behind a long one for which there is no room.
        """
        for job in list(self._waiting):
            if self._scheduler.is_full:
                return
            under_way = sum(_bytes(other) for other, _ in self._under_way.values())
            if self._under_way and under_way + _bytes(job) > MOST_BYTES:
                continue
            self._waiting.remove(job)
            self._under_way[job.id] = job, time.monotonic()
            reading = self._engine.work(job, drafted=self._scheduler.draft_tokens)
            self._scheduler.add(job.id, reading)

    def _cancel(self, identity: str) -> None:
        waiting = [job for job in self._waiting if job.id == identity]
        for job in waiting:
            self._waiting.remove(job)
        if self._under_way.pop(identity, None):
            self._scheduler.cancel(identity)
        elif not waiting:
            return  # it was answered before this came
        self._send(messages.Cancelled(identity))

    def _answer(self, identity: str, result: messages.Done | Exception) -> None:
        _, begun_s = self._under_way.pop(identity)
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
