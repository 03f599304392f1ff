"""One engine process with several jobs: whose answer is whose, and what ends it."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager

import pytest
from fake_engine import PROGRAM, SETTINGS

from eidos.engine_messages import Done, Job
from eidos.engine_process import EngineProcess, EngineUnusable
from eidos.errors import EngineError


@asynccontextmanager
async def engine(*options: str) -> AsyncGenerator[EngineProcess]:
    """Run a fake engine with four slots."""
    process = await EngineProcess.start(SETTINGS, (*PROGRAM, "4", *options))
    try:
        yield process
    finally:
        await process.end()


def ask(process: EngineProcess, text: str, name: str = "a") -> asyncio.Task[Done | str]:
    """Give *process* the job *text*."""
    return asyncio.create_task(process.ask(Job(name, text, 1), timeout_s=30))


async def number_of(answer: Awaitable[Done | str]) -> int:
    """Return the number of the job that *answer* is for."""
    done = await answer
    assert isinstance(done, Done)
    return int(done.drafts[0].text.split()[1])


def test_jobs_of_one_id_are_under_way_at_once_and_answered_in_any_order() -> None:
    """A later job is answered while an earlier one is worked on; each answer finds its asker."""

    async def scenario() -> None:
        async with engine() as process:
            held = [ask(process, "hold") for _ in range(2)]
            assert await number_of(ask(process, "say")) == 3

            os.kill(process.pid, signal.SIGUSR1)
            assert await number_of(held[0]) == 1
            os.kill(process.pid, signal.SIGUSR1)
            assert await number_of(held[1]) == 2

    asyncio.run(scenario())


def test_a_job_that_fails_says_why_and_the_next_one_is_answered() -> None:
    """A failure is an answer in words; a job that was stopped unasked is one as well."""

    async def scenario() -> None:
        async with engine() as process:
            assert await ask(process, "fail") == "no wish to"
            assert await ask(process, "stop") == "the engine stopped this request"
            assert await number_of(ask(process, "say")) == 3

    asyncio.run(scenario())


def test_who_gives_up_ends_when_the_engine_has_stopped() -> None:
    """A cancelled job is cancelled in the engine too, and its neighbour of the same id is not."""

    async def scenario() -> None:
        async with engine() as process:
            first, second = ask(process, "hold"), ask(process, "hold")
            await number_of(ask(process, "say"))

            first.cancel()
            await asyncio.wait([first])

            assert first.cancelled()
            os.kill(process.pid, signal.SIGUSR1)
            assert await number_of(second) == 2

    asyncio.run(scenario())


def test_who_gave_up_has_no_part_in_the_engine_s_death(caplog: pytest.LogCaptureFixture) -> None:
    """An engine that dies while it stops a job leaves nothing that asyncio complains of."""

    async def scenario() -> None:
        async with engine() as process:
            stubborn = ask(process, "mute")
            await number_of(ask(process, "say"))
            stubborn.cancel()
            os.kill(process.pid, signal.SIGKILL)
            await asyncio.wait([stubborn])
            assert stubborn.cancelled()

    asyncio.run(scenario())
    gc.collect()

    assert caplog.text == ""


def test_a_job_that_cannot_be_sent_costs_no_engine() -> None:
    """Half a letter is no text: who asks that is told, and nobody waits for an answer to it."""

    async def scenario() -> None:
        async with engine() as process:
            with pytest.raises(UnicodeEncodeError):
                await process.ask(Job("a", "\udc80", 1), timeout_s=0.01)
            assert await number_of(ask(process, "say")) == 1
            with pytest.raises(EngineError, match="signal 9"):
                await asyncio.gather(process.ask(Job("b", "hold", 1), timeout_s=30), kill(process))

    async def kill(process: EngineProcess) -> None:
        os.kill(process.pid, signal.SIGKILL)

    asyncio.run(scenario())


def test_who_gives_up_on_an_engine_that_does_not_stop_waits_for_its_end() -> None:
    """A slot is never free while the engine may still work in it."""

    async def scenario() -> None:
        async with engine() as process:
            stubborn = ask(process, "mute")
            await number_of(ask(process, "say"))
            stubborn.cancel()
            await number_of(ask(process, "say"))
            assert not stubborn.done()

            await process.end()

            await asyncio.wait([stubborn])
            assert stubborn.cancelled()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("die", "it ended with status 3"),
        ("garbage", "what is no message"),
        ("huge", "4294967295 bytes"),
        ("stray", "Done that answers nothing"),
        ("early", "Loaded that answers nothing"),
    ],
)
def test_an_engine_that_breaks_takes_all_its_jobs_with_it(text: str, reason: str) -> None:
    """Everybody who waits is told what became of the engine, and so is who asks later."""

    async def scenario() -> None:
        async with engine() as process:
            held = ask(process, "hold")
            broken = ask(process, text)

            assert reason in str(await process.death())
            for task in (held, broken, ask(process, "say")):
                with pytest.raises(EngineError, match=reason):
                    await task

    asyncio.run(scenario())


def test_an_engine_silent_about_one_job_is_given_up_with_all() -> None:
    """Past the timeout of one job the engine is dead, though others have time left."""

    async def scenario() -> None:
        async with engine() as process:
            held = ask(process, "hold")
            with pytest.raises(EngineError, match=r"no answer in 0\.05 s"):
                await process.ask(Job("b", "mute", 1), timeout_s=0.05)
            with pytest.raises(EngineError, match=r"no answer in 0\.05 s"):
                await held

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("first", "error", "reason"),
    [
        ("unusable", EngineUnusable, "there is no file; get one"),
        ("die", EngineError, "it died while it loaded its model"),
        ("garbage", EngineUnusable, "of another version than this daemon"),
    ],
)
def test_an_engine_that_does_not_load_is_none(
    first: str, error: type[EngineError], reason: str
) -> None:
    """The reason is in the error, and no process is left behind."""

    async def scenario() -> None:
        with pytest.raises(error, match=reason):
            async with engine("--first", first):
                pass

    asyncio.run(scenario())


def test_a_killed_engine_is_noticed_while_it_has_nothing_to_do() -> None:
    """Its death comes with the signal that it died of."""

    async def scenario() -> None:
        async with engine() as process:
            os.kill(process.pid, signal.SIGKILL)
            assert str(await process.death()) == "signal 9 killed it"

    asyncio.run(scenario())
