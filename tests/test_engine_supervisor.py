"""The queue in front of the engine, while there is none: who waits, who is refused, who leaves."""

import asyncio
import contextlib

import pytest

from eidos.engine_messages import EngineSettings, Job
from eidos.engine_supervisor import EngineSupervisor
from eidos.errors import RequestRefused

SETTINGS = EngineSettings(
    model_path="", tokenizer_path="", threads=1, max_tokens=8, log_level="info"
)


def test_who_gives_up_leaves_the_place_to_the_next_one() -> None:
    """A full queue refuses; once a waiting request is past its deadline there is room again."""

    async def scenario() -> None:
        supervisor = EngineSupervisor(SETTINGS, queue_size=2, job_timeout_s=1)
        first, second = [
            asyncio.ensure_future(supervisor.generate(Job(name, "list files", 1)))
            for name in ("first", "second")
        ]
        await asyncio.sleep(0)
        with pytest.raises(RequestRefused, match="2 requests are waiting already"):
            await supervisor.generate(Job("third", "list files", 1))

        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first

        assert supervisor.queue_length == 1
        third = asyncio.ensure_future(supervisor.generate(Job("third", "list files", 1)))
        await asyncio.sleep(0)
        assert supervisor.queue_length == 2
        second.cancel()
        third.cancel()

    asyncio.run(scenario())
