"""The engines as the daemon sees them: one queue, and behind it processes that may die.

A job whose engine dies under it is tried once more, in front of all that wait; then its client
gets an error, because a request that kills two engines would kill the third. It is tried alone: so
a request that kills takes no other one along twice. Jobs whose client gave up leave the queue, or
are stopped in the engine.
"""

import asyncio
import logging
import math
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from eidos import engine_messages as messages
from eidos.admission import Admission
from eidos.engine_process import PROGRAM, EngineUnusable
from eidos.errors import EngineError, ModelError
from eidos.file_identity import Identity, identity_of, was_written_to
from eidos.finished import Account, Phase, PhaseName
from eidos.kept_engine import KeptEngine

log = logging.getLogger(__name__)

_MAX_TRIES: Final = 2


class EngineState(msgspec.Struct, frozen=True):
    """How one engine is; `state` is loading, idle or busy."""

    pid: int | None
    state: str
    slots: int
    """How many jobs it works on at a time; 0 while it loads."""
    slots_in_use: int
    restarts: int


@dataclass(slots=True, eq=False)
class _Ticket:
    """A job on its way, and the future its client waits on."""

    job: messages.Job
    answer: asyncio.Future[messages.Done]
    admitted_s: float = field(default_factory=time.monotonic)
    begun_s: float = 0.0
    """When an engine had it last."""
    deaths: int = 0
    serving: asyncio.Task[None] | None = None


class EngineSupervisor:
    """A queue in front of *engines* processes, each of which may take several jobs at once."""

    def __init__(
        self,
        settings: messages.EngineSettings,
        *,
        queue_size: int,
        job_timeout_s: float,
        deadline_s: float = math.inf,
        engines: int = 1,
        program: tuple[str, ...] = PROGRAM,
    ) -> None:
        self._admission: Admission[_Ticket] = Admission(
            queue_size=queue_size, deadline_s=deadline_s
        )
        self._returned: deque[_Ticket] = deque()
        """Jobs whose engine died, to be tried again."""
        self._under_way: dict[KeptEngine, set[_Ticket]] = {
            KeptEngine(
                settings, job_timeout_s=job_timeout_s, is_required=number == 0, program=program
            ): set()
            for number in range(engines)
        }
        self._is_loaded = asyncio.Event()
        # Another object after each start of any engine, which empties the cache of answers. Its
        # sha256 is of the model alone: after an upgrade in place the same model is asked with
        # other known commands and other words, so it cannot tell whether answers are still the
        # same. What one restart too many costs is a second look at some requests.
        self.loaded: messages.Loaded | None = None
        self.loaded_identity: Identity = ()
        """Of the model's file, when the engine started last began to serve."""
        self.last_answer_s: float | None = None
        """When an engine last answered a job with drafts, in seconds of CLOCK_MONOTONIC."""
        self._heir: EngineSupervisor | None = None

    @property
    def pid(self) -> int | None:
        """The process id of an engine that can serve, None while there is none."""
        return next((engine.pid for engine in self._under_way if engine.pid), None)

    @property
    def restarts(self) -> int:
        """How often an engine was started again."""
        return sum(engine.restarts for engine in self._under_way)

    @property
    def queue_length(self) -> int:
        """How many jobs wait."""
        return len(self._admission.queue) + len(self._returned)

    @property
    def admission(self) -> Admission[_Ticket]:
        """Who waits, and how many were refused."""
        return self._admission

    def engines(self) -> list[EngineState]:
        """Return how each engine is."""
        return [
            EngineState(
                pid=engine.pid,
                state="loading" if engine.pid is None else "busy" if tickets else "idle",
                slots=engine.slots,
                slots_in_use=len(tickets),
                restarts=engine.restarts,
            )
            for engine, tickets in self._under_way.items()
        ]

    async def generate(
        self, job: messages.Job, account: Account | None = None
    ) -> list[messages.Draft]:
        """Return the drafts for *job*, likeliest first; cancelled, it stops working on it.

        What it took is noted in *account*.

        Raises:
            RequestRefused: too many jobs wait, or its turn would come too late.
            EngineError: the model failed on it, two engines died of it, or none can load its model.
        """
        if self._heir is not None:
            return await self._heir.generate(job, account)
        if hopeless := self._hopeless():
            raise EngineError(hopeless)
        ticket = _Ticket(job, asyncio.get_running_loop().create_future())
        leaving = self._admission.admit(job.client, ticket, slots=self._slots())
        if leaving is not None and not leaving.answer.done():
            leaving.answer.set_exception(self._admission.too_many())
        self._hand_out()
        try:
            done = await ticket.answer
            if account is not None:
                queued = Phase(PhaseName.QUEUE, ticket.admitted_s, ticket.begun_s)
                account.add((queued, *done.phases), done.tokens)
            return done.drafts
        finally:
            self._let_go(ticket)

    async def run(self) -> None:
        """Keep the engines running until cancelled, then end them.

        Raises:
            ModelError: the very first engine cannot use its model; restarting will not help.
        """
        lives = [
            asyncio.create_task(self._keep(engine, is_first=number == 0), name=f"engine {number}")
            for number, engine in enumerate(self._under_way)
        ]
        try:
            done, _ = await asyncio.wait(lives, return_when=asyncio.FIRST_COMPLETED)
            for life in done:
                life.result()  # a life never ends but by an error: raise it
        except EngineUnusable as exc:
            raise ModelError(str(exc)) from exc
        finally:
            for life in lives:
                life.cancel()
            await asyncio.gather(*lives, return_exceptions=True)

    async def _keep(self, engine: KeptEngine, *, is_first: bool) -> None:
        if not is_first:  # the first answer comes sooner where only one engine loads
            await self._is_loaded.wait()
        await engine.run(self._on_start, self._on_failure)

    def _slots(self) -> int:
        """Return how many jobs can be worked on at a time, soon if not now."""
        slots = sum(engine.slots for engine in self._under_way)
        if not slots and self.loaded:  # all died at once: one of them is back in a moment
            return self.loaded.slots
        return slots

    def _on_start(self, loaded: messages.Loaded) -> None:
        self.loaded = loaded
        self.loaded_identity = identity_of(Path(loaded.path))
        self._is_loaded.set()
        self._hand_out()

    def _on_failure(self) -> None:
        """Have nobody wait for what will not come: each would be told of a deadline."""
        if not (hopeless := self._hopeless()):
            return
        waiting = [*self._returned]
        while self._admission.queue:
            waiting.append(self._admission.queue.pop())
        for ticket in waiting:
            if not ticket.answer.done():
                ticket.answer.set_exception(EngineError(hopeless))

    def _hopeless(self) -> str:
        """Return why no engine can load its model; empty where one may serve soon."""
        reasons = [engine.unusable for engine in self._under_way]
        return reasons[0] if all(reasons) else ""

    def hand_over(self, heir: "EngineSupervisor") -> None:
        """Have *heir* do what waits here and what will come: no engine can load this model."""
        self._heir = heir
        while self._admission.queue:
            ticket = self._admission.queue.pop()
            heir.admission.queue.push(ticket.job.client, ticket)

    def end_if_written_to(self) -> None:
        """End the engines if their model's file was written to: they have it mapped.

        What they would answer from then on is made of both. The next ones verify the file.
        """
        if self.loaded is None:
            return
        now = identity_of(Path(self.loaded.path))
        if was_written_to(self.loaded_identity, now):
            log.error("%s was written to while it was in use", self.loaded.path)
            self.loaded_identity = now
            for engine in self._under_way:
                engine.kill()

    def _hand_out(self) -> None:
        """Give jobs to engines while there are both."""
        while (chosen := self._next()) is not None:
            ticket, engine = chosen
            self._under_way[engine].add(ticket)
            ticket.serving = asyncio.create_task(self._serve(ticket, engine), name="job")
            # Not in a finally of the task's own: one that is cancelled at once never begins.
            ticket.serving.add_done_callback(lambda _, t=ticket, e=engine: self._free(t, e))

    def _next(self) -> tuple[_Ticket, KeptEngine] | None:
        free = [engine for engine, jobs in self._under_way.items() if len(jobs) < engine.slots]
        if self._returned and free:
            emptiest = self._freest(free)
            if not self._under_way[emptiest]:
                return self._returned.popleft(), emptiest
            free.remove(emptiest)  # it gets no more, so that it will be empty
        free = [e for e in free if not any(ticket.deaths for ticket in self._under_way[e])]
        if free and self._admission.queue:
            return self._admission.queue.pop(), self._freest(free)
        return None

    def _freest(self, engines: list[KeptEngine]) -> KeptEngine:
        return max(engines, key=lambda engine: engine.slots - len(self._under_way[engine]))

    def _free(self, ticket: _Ticket, engine: KeptEngine) -> None:
        self._under_way[engine].discard(ticket)
        self._hand_out()

    async def _serve(self, ticket: _Ticket, engine: KeptEngine) -> None:
        ticket.begun_s = time.monotonic()
        try:
            answer = await engine.ask(ticket.job)
        except EngineError:
            ticket.deaths += 1
            answer = None
        if ticket.answer.done():
            return  # nobody waits any more
        if answer is None:
            self._try_again(ticket)
        elif isinstance(answer, str):
            ticket.answer.set_exception(EngineError(answer))
        else:
            self.last_answer_s = time.monotonic()
            self._admission.served(self.last_answer_s - ticket.begun_s)
            ticket.answer.set_result(answer)

    def _try_again(self, ticket: _Ticket) -> None:
        if ticket.deaths < _MAX_TRIES:
            self._returned.append(ticket)
        else:
            message = f"the engine died {_MAX_TRIES} times on this request; try other words"
            ticket.answer.set_exception(EngineError(message))

    def _let_go(self, ticket: _Ticket) -> None:
        """Have nobody work on *ticket* any more; usually it is done, and nobody does."""
        self._admission.queue.remove(ticket.job.client, ticket)
        with suppress(ValueError):
            self._returned.remove(ticket)
        if ticket.serving is not None:
            ticket.serving.cancel()
