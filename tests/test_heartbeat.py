"""Whether inference works, by what the engine said last and by a probe where that is long ago."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from eidos.errors import EngineError
from eidos.heartbeat import (
    LOADING_PATIENCE_S,
    PATIENCE_S,
    PROBE_AFTER_S,
    PROBE_AGAIN_S,
    Heartbeat,
)


class Model:
    """A Serving whose model answers probes or does not, at a time that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.endpoint: object = None
        self.engine = SimpleNamespace(loaded=object(), pid=1, last_answer_s=None)
        self.answers = True
        self.probes = 0

    async def probe(self) -> None:
        """Answer, or fail."""
        self.probes += 1
        if not self.answers:
            raise EngineError("it does not feel well")
        self.engine.last_answer_s = self.now_s


async def beats(model: Model, heartbeat: Heartbeat, seconds: float) -> None:
    """Let time go by, with a beat each second."""
    for _ in range(int(seconds)):
        model.now_s += 1
        heartbeat.beat()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def follow(story: Callable[[Model, Heartbeat], Any], model: Model | None = None) -> None:
    """Tell *story* with a model and its heartbeat."""
    told = model or Model()

    async def tell() -> None:
        heartbeat = Heartbeat(told, clock=lambda: told.now_s)  # pyright: ignore[reportArgumentType]
        await story(told, heartbeat)
        heartbeat.close()

    asyncio.run(tell())


def test_an_idle_model_is_asked_now_and_then() -> None:
    """In an hour without requests there are about as many probes as intervals, and all is well."""

    async def story(model: Model, heartbeat: Heartbeat) -> None:
        await beats(model, heartbeat, 3600)
        assert model.probes == 3600 // PROBE_AFTER_S
        assert heartbeat.works
        assert not heartbeat.fails

    follow(story)


def test_a_model_that_is_used_is_never_asked() -> None:
    """Answers to people are proof enough."""

    async def story(model: Model, heartbeat: Heartbeat) -> None:
        for _ in range(20):
            await beats(model, heartbeat, PROBE_AFTER_S - 10)
            model.engine.last_answer_s = model.now_s
        assert model.probes == 0

    follow(story)


def test_a_model_that_fails_is_asked_again_soon_and_given_up_in_a_minute() -> None:
    """The watchdog starves only after several probes failed, and not at the first."""

    async def story(model: Model, heartbeat: Heartbeat) -> None:
        model.answers = False
        await beats(model, heartbeat, PROBE_AFTER_S + 2)
        assert heartbeat.fails
        assert heartbeat.works
        await beats(model, heartbeat, PATIENCE_S)
        assert not heartbeat.works
        assert model.probes >= PATIENCE_S // PROBE_AGAIN_S

    follow(story)


def test_a_model_that_answers_again_works_again() -> None:
    """One answer, to a probe or to a person, ends the failure."""

    async def story(model: Model, heartbeat: Heartbeat) -> None:
        model.answers = False
        await beats(model, heartbeat, PROBE_AFTER_S + PATIENCE_S + 5)
        assert not heartbeat.works
        model.answers = True
        await beats(model, heartbeat, PROBE_AGAIN_S + 2)
        assert heartbeat.works
        assert not heartbeat.fails

    follow(story)


@pytest.mark.parametrize("was_loaded", [True, False])
def test_an_engine_that_loads_has_the_time_that_a_cold_disk_takes(*, was_loaded: bool) -> None:
    """While no engine has a model, at the start or after a crash, the patience is longer."""

    async def story(model: Model, heartbeat: Heartbeat) -> None:
        model.engine.loaded = object() if was_loaded else None
        model.engine.pid = None
        await beats(model, heartbeat, LOADING_PATIENCE_S - 2)
        assert heartbeat.works
        assert model.probes == 0
        await beats(model, heartbeat, 4)
        assert not heartbeat.works

    follow(story)


def test_an_engine_that_is_loaded_again_works_once_it_answers() -> None:
    """After a crash the next probe or request ends the failure."""

    async def story(model: Model, heartbeat: Heartbeat) -> None:
        model.engine.last_answer_s = model.now_s
        model.engine.pid = None
        await beats(model, heartbeat, 5)
        assert heartbeat.fails
        model.engine.pid = 2
        await beats(model, heartbeat, PROBE_AGAIN_S + 2)
        assert not heartbeat.fails

    follow(story)


def test_a_server_in_the_models_place_is_never_probed() -> None:
    """A probe may cost money there, and a new start here does not mend what is down there."""
    model = Model()
    model.endpoint = object()

    async def story(model: Model, heartbeat: Heartbeat) -> None:
        await beats(model, heartbeat, 3 * PROBE_AFTER_S)
        assert model.probes == 0
        assert heartbeat.works

    follow(story, model)
