"""What the engine said of late, kept for who asks the same again; and one answer for all who wait.

What is kept are drafts, which depend on nothing but the engine and the job. Everything else is
done anew for each request: looking around, judging under the policy in force, ranking. So no
verdict is older than its request, and each use of an override is in the audit log.

A start of any engine empties the cache, whatever its reason: another model, another index and
another version all begin with one, and no list of what an answer depends on can be incomplete.
Nothing is written to a disk or a log.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, get_args

import msgspec

from eidos.context import Field
from eidos.engine_messages import Draft, Job, Loaded
from eidos.finished import Account

log = logging.getLogger(__name__)

MAX_BYTES: Final = 4 << 20
"""However many answers may be kept; an ordinary one takes about 1 kB."""
_ENTRY_BYTES: Final = 400
"""Of Python's own for each answer: 306 to 378 by tracemalloc."""
_EVERYTHING: Final[tuple[Field, ...]] = get_args(Field)

_encode = msgspec.msgpack.Encoder().encode
_drafts: Final = msgspec.msgpack.Decoder(list[Draft])


class Engine(Protocol):
    """Whatever turns a job into drafts, and says which model does: the supervisor here."""

    @property
    def loaded(self) -> Loaded | None:
        """What the engine started last has loaded: another object after each start of one."""
        ...

    async def generate(self, job: Job, account: Account | None = None) -> list[Draft]:
        """Return the drafts for *job*, likeliest first, and note in *account* what it took."""
        ...


class CacheStatus(msgspec.Struct, frozen=True):
    """How often the engine was spared, and what is kept; `hit_rate` is from 0 to 1."""

    hits: int
    """Jobs answered with what was kept."""
    shared: int
    """Jobs answered together with the same one that was under way."""
    misses: int
    """Jobs that the engine was asked."""
    hit_rate: float
    entries: int
    size: int
    """How many may be kept."""
    bytes: int


@dataclass(frozen=True, slots=True)
class _Entry:
    drafts: bytes
    """As MessagePack: a third of what the objects take, and its size is known."""
    made_s: float

    @property
    def size_bytes(self) -> int:
        return len(self.drafts) + _ENTRY_BYTES


@dataclass(slots=True)
class _Flight:
    """A job that the engine has, and how many wait for it."""

    answer: asyncio.Task[list[Draft]]
    waiting: int = 0


class AnswerCache:
    """The engine behind a memory of at most *size* answers, each kept for *max_age_s*.

    With a *size* of 0 nothing is kept; equal jobs still share one answer.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        size: int,
        max_age_s: float,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._size = size
        self._max_age_s = max_age_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._kept: OrderedDict[bytes, _Entry] = OrderedDict()
        self._kept_bytes = 0
        self._life: Loaded | None = None
        self._wishes_to_forget = 0
        self._flights: dict[bytes, _Flight] = {}
        self._hits = self._shared = self._misses = 0

    async def generate(self, job: Job, account: Account | None = None) -> list[Draft]:
        """Return the drafts for *job*, likeliest first, without the engine where they are known.

        What the engine took is noted in the *account* of the request that it was asked for.
        Who gives up waiting takes the job from the engine only if nobody else waits for it.

        Raises:
            RequestRefused, EngineError: as the engine does; neither is kept.
        """
        self.expire()
        key = self._key(job)
        entry = self._kept.get(key)
        if entry is not None:
            self._hits += 1
            self._kept.move_to_end(key)
            log.debug("request=%s is answered from the cache", job.id)
            return _drafts.decode(entry.drafts)
        flight = self._flights.get(key)
        if flight is None:
            self._misses += 1
            answer = self._ask(job, account, self._wishes_to_forget)
            flight = self._take_off(key, answer)
        else:
            self._shared += 1
            log.debug("request=%s waits for the answer to an equal one", job.id)
        return await self._wait(key, flight)

    def expire(self) -> None:
        """Forget what is too old, and all that another life of the engine said."""
        if self._engine.loaded is not self._life:
            self._life = self._engine.loaded
            self._forget_all()
        oldest_s = self._clock() - self._max_age_s
        for key in [key for key, entry in self._kept.items() if entry.made_s <= oldest_s]:
            self._forget(key)

    def forget(self) -> int:
        """Forget all that is kept, and do not keep what is under way; return how many that is.

        Who waits for an answer gets it.
        """
        self._wishes_to_forget += 1
        return self._forget_all() + len(self._flights)

    def status(self) -> CacheStatus:
        """Return the counts until now."""
        spared = self._hits + self._shared
        return CacheStatus(
            hits=self._hits,
            shared=self._shared,
            misses=self._misses,
            hit_rate=round(spared / max(1, spared + self._misses), 4),
            entries=len(self._kept),
            size=self._size,
            bytes=self._kept_bytes,
        )

    def _forget_all(self) -> int:
        count = len(self._kept)
        self._kept.clear()
        self._kept_bytes = 0
        return count

    def _key(self, job: Job) -> bytes:
        """Return what stands for all of *job* that its answer depends on.

        A digest, so that no request is kept. What the model is not told is not in it: a shell's
        last command changes with each request. The shell always is, since a known command may
        have a form for it. Until it is known what the model is told, everything counts.
        """
        loaded = self._engine.loaded
        told = _EVERYTHING if loaded is None else ("shell", *loaded.told)
        return hashlib.sha256(_encode((job.text, job.count, job.context.only(told)))).digest()

    def _take_off(self, key: bytes, answer: Coroutine[Any, Any, list[Draft]]) -> _Flight:
        flight = _Flight(asyncio.create_task(answer, name="answer"))
        self._flights[key] = flight
        flight.answer.add_done_callback(lambda _: self._land(key, flight))
        return flight

    async def _wait(self, key: bytes, flight: _Flight) -> list[Draft]:
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.answer)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0:
                self._land(key, flight)  # at once: nobody may join what is being cancelled
                flight.answer.cancel()

    def _land(self, key: bytes, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    async def _ask(self, job: Job, account: Account | None, wishes: int) -> list[Draft]:
        drafts = await self._engine.generate(job, account)
        self.expire()  # an engine that was started meanwhile may be the one that answered
        if wishes == self._wishes_to_forget:
            self._keep(self._key(job), _Entry(_packed(drafts), self._clock()))
        return drafts

    def _keep(self, key: bytes, entry: _Entry) -> None:
        self._forget(key)
        self._kept[key] = entry
        self._kept_bytes += entry.size_bytes
        while len(self._kept) > self._size or self._kept_bytes > self._max_bytes:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: bytes) -> None:
        if entry := self._kept.pop(key, None):
            self._kept_bytes -= entry.size_bytes


def _packed(drafts: list[Draft]) -> bytes:
    # A copy: msgspec's own bytes still have all of the buffer in which they were written.
    return bytes(memoryview(_encode(drafts)))
