"""One engine that dies and comes back: how often it is tried, and when that is of no use."""

import asyncio
import os
import signal

import pytest
from fake_engine import PROGRAM, SETTINGS, eventually

from eidos.engine_messages import Job, Loaded
from eidos.engine_process import EngineUnusable
from eidos.kept_engine import KeptEngine


def kept(*options: str, is_required: bool = False) -> KeptEngine:
    """Return a fake engine with three slots, not started yet."""
    program = (*PROGRAM, "3", *options)
    return KeptEngine(SETTINGS, job_timeout_s=30, is_required=is_required, program=program)


def test_before_its_start_an_engine_has_no_slots_and_no_answer() -> None:
    """Whoever asks it is told that nobody is there, which is no death."""
    engine = kept()

    assert (engine.pid, engine.slots) == (None, 0)
    assert asyncio.run(engine.ask(Job("a", "say", 1))) is None


def test_an_engine_that_dies_is_started_again_and_each_start_is_told() -> None:
    """What was loaded is another object after each start; cancelled, it leaves no process."""

    async def scenario() -> None:
        engine, starts = kept(), list[Loaded]()
        life = asyncio.create_task(engine.run(starts.append))
        first = await eventually(lambda: engine.pid)
        assert engine.slots == 3

        os.kill(first, signal.SIGKILL)

        second = await eventually(lambda: engine.pid if engine.pid != first else None)
        assert engine.restarts == 1
        assert starts[0] == starts[1]
        assert starts[0] is not starts[1]
        life.cancel()
        await asyncio.wait([life])
        assert engine.pid is None
        with pytest.raises(ProcessLookupError):
            os.kill(second, 0)

    asyncio.run(scenario())


def test_an_engine_that_is_not_required_is_tried_again_whatever_it_says() -> None:
    """One of several may find no model for a while, as in an upgrade; the others serve."""

    async def scenario() -> None:
        engine = kept("--first", "unusable")
        life = asyncio.create_task(engine.run(lambda _: None))
        await eventually(lambda: engine.restarts == 2)
        life.cancel()
        await asyncio.wait([life])

    asyncio.run(scenario())


def test_an_engine_that_is_required_and_unusable_is_not_tried_again() -> None:
    """Its own words are the error."""
    with pytest.raises(EngineUnusable, match="there is no file; get one"):
        asyncio.run(kept("--first", "unusable", is_required=True).run(lambda _: None))


def test_an_engine_that_dies_at_every_start_is_said_to_be_unusable() -> None:
    """After three starts that brought none, those who ask are told, and it is tried again still."""

    async def scenario() -> None:
        engine = kept("--first", "die")
        life = asyncio.create_task(engine.run(lambda _: None))
        await eventually(lambda: engine.unusable)
        assert engine.restarts >= 2
        assert "the engine does not start: it died while it loaded its model" in engine.unusable
        life.cancel()
        await asyncio.wait([life])

    asyncio.run(scenario())
