"""What is kept of the engine's answers, for whom, how long, and who waits for which."""

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec

import msgspec
import pytest
from real_daemon import RealDaemon

from eidos.answer_cache import MAX_BYTES, AnswerCache
from eidos.context import Context
from eidos.engine_messages import Draft, Job, Loaded
from eidos.errors import EngineError
from eidos.finished import Account
from eidos.pipeline import Pipeline
from eidos.protocol import Level, Shell, Suggestions, SuggestRequest
from eidos.ranking import load_weights
from eidos.surroundings import Host
from eidos.validator.policy import BALANCED, Policy

Arguments = ParamSpec("Arguments")

JOB = Job("a", "list files", 1)
TOY = Loaded("toy", "/toy", "ab", 0.1)
TOLD_ALL = Loaded("toy", "/toy", "ab", 0.1, ("shell", "os", "last", "files"))


class NumberingEngine:
    """Answers each job with its number; holds answers back while `is_open` is not set."""

    def __init__(self, loaded: Loaded | None = TOY, says: str = "echo {}") -> None:
        self.loaded = loaded
        self._says = says
        self.jobs: list[Job] = []
        self.given_up: list[str] = []
        self.fails = False
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def generate(self, job: Job, _account: Account | None = None) -> list[Draft]:
        """Return one draft that no other job gets."""
        self.jobs.append(job)
        number = len(self.jobs)
        try:
            await self.is_open.wait()
        except asyncio.CancelledError:
            self.given_up.append(job.id)
            raise
        if self.fails:
            raise EngineError("it does not feel well")
        return [Draft(self._says.format(number), -0.25, 3, similarity=0.5)]


class Events(list[dict[str, str]]):
    """An audit log that is a list."""

    def record(self, event: str, **details: str) -> None:
        """Remember *event*."""
        self.append({"event": event, **details})


class Clock:
    """A clock that goes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def in_a_loop(
    test: Callable[Arguments, Coroutine[Any, Any, None]],
) -> Callable[Arguments, None]:
    """Run *test* in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def cache_of(
    engine: NumberingEngine,
    *,
    size: int = 8,
    max_bytes: int = MAX_BYTES,
    clock: Callable[[], float] = time.monotonic,
) -> AnswerCache:
    """Return a cache in front of *engine* that keeps answers for a minute."""
    return AnswerCache(engine, size=size, max_age_s=60, max_bytes=max_bytes, clock=clock)


def texts(engine: NumberingEngine) -> list[str]:
    """Return what *engine* was asked."""
    return [job.text for job in engine.jobs]


async def settled(*awaitables: Awaitable[object]) -> list[asyncio.Future[Any]]:
    """Start *awaitables*, and return them when each has gone as far as it can."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(each) for each in awaitables]
    for _ in range(10):
        await asyncio.sleep(0)
    return tasks


@in_a_loop
async def test_the_same_request_is_generated_once() -> None:
    """Whoever asks again gets the very same drafts, and the engine is not asked."""
    engine = NumberingEngine()
    cache = cache_of(engine)

    first = await cache.generate(JOB)
    again = await cache.generate(msgspec.structs.replace(JOB, id="b"))

    assert again == first
    assert len(engine.jobs) == 1
    assert cache.status().hits == cache.status().misses == 1
    assert cache.status().hit_rate == 0.5


@pytest.mark.parametrize(
    "change",
    [
        {"text": "List files"},
        {"count": 2},
        {"context": Context("fish")},
        {"context": Context(files=("a.txt",))},
        {"context": Context(last="make", status=2)},
    ],
    ids=["text", "count", "shell", "files", "last"],
)
@in_a_loop
async def test_what_an_answer_depends_on_makes_another_one(change: dict[str, Any]) -> None:
    """Other words, another count, another shell, or other things told: the engine is asked."""
    engine = NumberingEngine(TOLD_ALL)
    cache = cache_of(engine)

    await cache.generate(JOB)
    await cache.generate(msgspec.structs.replace(JOB, **change))

    assert len(engine.jobs) == 2


@pytest.mark.parametrize(
    ("shell", "asked"), [("bash", 1), ("fish", 2)], ids=["the same shell", "another shell"]
)
@in_a_loop
async def test_what_the_model_is_not_told_makes_no_difference(shell: str, asked: int) -> None:
    """A model that reads the request alone has one answer for it in all folders of a shell."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    context = Context(shell=shell, last="ls", status=0, files=("a.txt",))

    await cache.generate(JOB)
    await cache.generate(msgspec.structs.replace(JOB, context=context))

    assert len(engine.jobs) == asked


@in_a_loop
async def test_before_it_is_known_what_the_model_is_told_everything_counts() -> None:
    """Requests that come while the model loads share an answer only if all of them is equal."""
    engine = NumberingEngine(loaded=None)
    cache = cache_of(engine)

    await cache.generate(JOB)
    await cache.generate(msgspec.structs.replace(JOB, context=Context(files=("a.txt",))))

    assert len(engine.jobs) == 2


@in_a_loop
async def test_nothing_survives_a_restart_of_the_engine() -> None:
    """After each start the engine is asked anew, even if it says that it is the same model."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    await cache.generate(JOB)

    engine.loaded = msgspec.structs.replace(TOY)
    await cache.generate(JOB)

    assert len(engine.jobs) == 2
    assert cache.status().entries == 1


@in_a_loop
async def test_an_answer_is_kept_for_the_engine_that_gave_it() -> None:
    """A request that was tried again on another engine is kept as that one's answer."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    engine.is_open.clear()
    (waiting,) = await settled(cache.generate(JOB))

    engine.loaded = TOLD_ALL
    engine.is_open.set()
    await waiting

    await cache.generate(JOB)
    assert len(engine.jobs) == 1


@in_a_loop
async def test_the_least_recently_asked_goes_first() -> None:
    """A full cache forgets what nobody asked for the longest time."""
    engine = NumberingEngine()
    cache = cache_of(engine, size=2)

    for text in ("a", "b", "a", "c", "a", "b"):
        await cache.generate(msgspec.structs.replace(JOB, text=text))

    assert texts(engine) == ["a", "b", "c", "b"]
    assert cache.status().entries == 2


@in_a_loop
async def test_what_is_under_way_is_not_kept_when_all_is_to_be_forgotten() -> None:
    """Who waits for an answer gets it, and nobody finds it in the cache afterwards."""
    engine = NumberingEngine()
    cache = cache_of(engine)

    answer = asyncio.create_task(cache.generate(JOB))
    await asyncio.sleep(0)
    assert cache.forget() == 1
    assert await answer

    assert cache.status().entries == 0
    await cache.generate(JOB)
    assert cache.status().entries == 1


@in_a_loop
async def test_bytes_are_bounded_whatever_the_number_of_answers() -> None:
    """However much room `size` leaves, what is kept stays below the bytes that are allowed."""
    engine = NumberingEngine()
    cache = cache_of(engine, size=1000, max_bytes=5000)

    for number in range(100):
        await cache.generate(msgspec.structs.replace(JOB, text=f"{number}"))
        assert cache.status().bytes <= 5000

    assert 0 < cache.status().entries < 20


@in_a_loop
async def test_an_answer_larger_than_all_bytes_is_not_kept() -> None:
    """It is given, and forgotten."""
    cache = cache_of(NumberingEngine(), max_bytes=10)

    assert await cache.generate(JOB)

    assert (cache.status().entries, cache.status().bytes) == (0, 0)


@in_a_loop
async def test_an_old_answer_is_forgotten_unasked() -> None:
    """Its age counts from when it was made, however often it was asked for since."""
    engine, clock = NumberingEngine(), Clock()
    cache = cache_of(engine, clock=clock)
    await cache.generate(JOB)
    clock.now_s += 59
    await cache.generate(JOB)
    assert len(engine.jobs) == 1

    clock.now_s += 1
    cache.expire()

    assert (cache.status().entries, cache.status().bytes) == (0, 0)


@in_a_loop
async def test_with_a_size_of_zero_nothing_is_kept() -> None:
    """The engine answers each request."""
    engine = NumberingEngine()
    cache = cache_of(engine, size=0)

    await cache.generate(JOB)
    await cache.generate(JOB)

    assert len(engine.jobs) == 2
    assert cache.status().bytes == 0


@in_a_loop
async def test_a_failure_is_not_kept() -> None:
    """What the engine could not do once it is asked again."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    engine.fails = True
    with pytest.raises(EngineError):
        await cache.generate(JOB)

    engine.fails = False

    assert await cache.generate(JOB)


@in_a_loop
async def test_equal_requests_at_one_time_share_one_answer() -> None:
    """The engine is asked once, and everyone gets what it said."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    engine.is_open.clear()
    waiting = await settled(*(cache.generate(JOB) for _ in range(3)))

    engine.is_open.set()
    answers = await asyncio.gather(*waiting)

    assert answers[0] == answers[1] == answers[2]
    assert len(engine.jobs) == 1
    assert (cache.status().misses, cache.status().shared) == (1, 2)


@in_a_loop
async def test_equal_requests_at_one_time_share_one_failure() -> None:
    """Everyone is told, and the next one is a new try."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    engine.is_open.clear()
    engine.fails = True
    waiting = await settled(cache.generate(JOB), cache.generate(JOB))

    engine.is_open.set()
    failures = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(failure) for failure in failures] == [EngineError, EngineError]


@pytest.mark.parametrize("leaves", [0, 1], ids=["the first leaves", "the second leaves"])
@in_a_loop
async def test_who_leaves_does_not_take_the_others_answer(leaves: int) -> None:
    """A deadline or a Ctrl-C of one client is no business of another one's."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    engine.is_open.clear()
    waiting = await settled(cache.generate(JOB), cache.generate(JOB))

    waiting[leaves].cancel()
    await settled()
    engine.is_open.set()

    assert await waiting[1 - leaves]
    assert engine.given_up == []


@in_a_loop
async def test_what_nobody_waits_for_is_taken_from_the_engine() -> None:
    """When the last one leaves, the job goes; who asks then is served by a new one."""
    engine = NumberingEngine()
    cache = cache_of(engine)
    engine.is_open.clear()
    waiting = await settled(cache.generate(JOB), cache.generate(JOB))

    for each in waiting:
        each.cancel()
    (late,) = await settled(cache.generate(JOB))
    assert engine.given_up == ["a"]
    engine.is_open.set()

    assert await late
    assert len(engine.jobs) == 2


@in_a_loop
async def test_no_request_and_no_command_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Hits are logged at debug level with the request's id, and nothing else of it."""
    caplog.set_level(logging.DEBUG)
    cache = cache_of(NumberingEngine())

    await cache.generate(JOB)
    await cache.generate(msgspec.structs.replace(JOB, id="b"))

    assert "request=b" in caplog.text
    assert "list files" not in caplog.text
    assert "echo" not in caplog.text


@in_a_loop
async def test_what_is_kept_is_judged_anew_and_each_override_is_on_record() -> None:
    """The policy of the request counts, not that of the one before; the audit log misses none."""
    engine = NumberingEngine(says="git reset --hard HEAD~{}")
    cache, audit = cache_of(engine), Events()
    lax = Policy.build("balanced", {"git-reset-hard": "ok"})
    pipelines = [
        Pipeline(cache, policy, audit, Host(""), load_weights()) for policy in (BALANCED, lax, lax)
    ]

    verdicts: list[Level] = []
    for number, pipeline in enumerate(pipelines):
        request = SuggestRequest(id=f"{number}", shell=Shell.BASH, count=1, text="undo a commit")
        verdicts += [candidate.verdict for candidate in await pipeline.suggest(request)]

    assert verdicts == [Level.WARN, Level.OK, Level.OK]
    assert len(engine.jobs) == 1
    assert [event["request"] for event in audit] == ["1", "2"]


@pytest.mark.model
def test_a_daemon_that_is_asked_again_answers_the_same_and_says_so(running: RealDaemon) -> None:
    """Through socket and engine the second answer is the first one; `status` counts the hit."""
    first = running.ask("show the size of canary-cache.log")
    before = running.status()["cache"]

    again = running.ask("show the size of canary-cache.log")

    assert isinstance(first, Suggestions)
    assert isinstance(again, Suggestions)
    assert again.candidates == first.candidates
    after = running.status()["cache"]
    assert (after["hits"], after["misses"]) == (before["hits"] + 1, before["misses"])
