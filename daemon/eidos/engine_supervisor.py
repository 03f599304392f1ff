"""Keep one engine process alive, and give it one job at a time.

A job whose engine dies under it is tried once more on the next engine; then its client gets an
error, because a request that kills two engines would kill the third. Jobs wait in a bounded
queue; one whose client gave up (its deadline passed) leaves it.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from eidos import engine_messages as messages
from eidos.engine_process import EngineProcess, EngineUnusable
from eidos.errors import EngineError, ModelError, RequestRefused
from eidos.protocol import ErrorCode

log = logging.getLogger(__name__)

RESTART_DELAYS_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Pause before the first, second, … start in a row without a served job between."""
_MAX_TRIES: Final = 2


@dataclass(slots=True, eq=False)
class _Ticket:
    """A job on its way, and the future its client waits on."""

    job: messages.Job
    answer: asyncio.Future[list[messages.Draft]]
    tries: int = 0


class EngineSupervisor:
    """The engine as the daemon sees it: a queue in front of a process that may die."""

    def __init__(
        self, settings: messages.EngineSettings, *, queue_size: int, job_timeout_s: float
    ) -> None:
        self._settings = settings
        self._job_timeout_s = job_timeout_s
        self._waiting: deque[_Ticket] = deque()
        self._news = asyncio.Event()  # a job has come, or the engine has died
        self.queue_size = queue_size
        self._under_way: _Ticket | None = None
        self._engine: EngineProcess | None = None
        self._failures = 0
        self.loaded: messages.Loaded | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The process id of the engine, None while there is none that can serve."""
        return self._engine.pid if self._engine else None

    @property
    def state(self) -> str:
        """One word: loading, idle or busy."""
        if self._engine is None:
            return "loading"
        return "busy" if self._under_way else "idle"

    @property
    def queue_length(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    async def generate(self, job: messages.Job) -> list[messages.Draft]:
        """Return the drafts for *job*, likeliest first.

        Raises:
            RequestRefused: too many jobs wait.
            EngineError: the model failed on it, or two engines died of it.
        """
        if len(self._waiting) >= self.queue_size:
            message = f"{self.queue_size} requests are waiting already; try again in a moment"
            raise RequestRefused(message, code=ErrorCode.BUSY)
        ticket = _Ticket(job, asyncio.get_running_loop().create_future())
        self._waiting.append(ticket)
        self._news.set()
        try:
            return await ticket.answer
        finally:
            with suppress(ValueError):  # usually the engine has taken it
                self._waiting.remove(ticket)

    async def run(self) -> None:
        """Keep an engine running until cancelled, then end it.

        Raises:
            ModelError: the very first engine cannot use its model; restarting will not help.
        """
        while True:
            await asyncio.sleep(RESTART_DELAYS_S[min(self._failures, len(RESTART_DELAYS_S) - 1)])
            try:
                await self._one_life()
            except EngineError as exc:
                if isinstance(exc, EngineUnusable) and self.loaded is None:
                    raise ModelError(str(exc)) from exc
                log.warning("the engine failed: %s; starting it again", exc)
                self._give_up_after_two_tries()
            self._failures += 1
            self.restarts += 1

    async def _one_life(self) -> None:
        """Start an engine and feed it jobs; end with the EngineError that ends its life."""
        engine, self.loaded = await EngineProcess.start(self._settings)
        self._engine = engine
        load_time_s = self.loaded.load_time_s
        log.info("the engine is ready: pid %d, model loaded in %.2f s", engine.pid, load_time_s)
        try:
            while True:
                self._under_way = self._under_way or await self._next_ticket(engine)
                if not self._under_way.answer.done():
                    await self._serve(engine, self._under_way)
                self._under_way = None
        finally:
            self._engine = None
            await engine.end()

    async def _next_ticket(self, engine: EngineProcess) -> _Ticket:
        """Wait for a job; an engine that dies meanwhile is noticed at once."""
        death = asyncio.ensure_future(engine.death())
        death.add_done_callback(lambda _: self._news.set())
        try:
            while not self._waiting:
                if death.done():
                    raise EngineError(f"it ended with status {death.result()} while idle")
                self._news.clear()
                await self._news.wait()
            return self._waiting.popleft()
        finally:
            death.cancel()

    async def _serve(self, engine: EngineProcess, ticket: _Ticket) -> None:
        ticket.tries += 1
        answer = await engine.ask(ticket.job, timeout_s=self._job_timeout_s)
        self._failures = 0
        if ticket.answer.done():
            return  # its deadline passed while the engine worked
        if isinstance(answer, str):
            ticket.answer.set_exception(EngineError(answer))
        else:
            ticket.answer.set_result(answer)

    def _give_up_after_two_tries(self) -> None:
        ticket = self._under_way
        if ticket is None or ticket.tries < _MAX_TRIES:
            return
        if not ticket.answer.done():
            message = f"the engine died {_MAX_TRIES} times on this request; try other words"
            ticket.answer.set_exception(EngineError(message))
        self._under_way = None
