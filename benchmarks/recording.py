"""What one request costs inside the engine, part by part."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec import Struct

from eidos.config import Config
from eidos.engine import Engine
from eidos.engine_messages import EngineSettings, Job
from eidos.graph import GrowingCache, SharedCache
from eidos.retrieval.retriever import Retriever


class Call(Struct, frozen=True):
    """One call of a function: how long its first argument was, and how long it took."""

    length: int
    ms: float


class Parts(Struct, frozen=True):
    """One request in the engine: its times, and the tokens of its answer, the end counted."""

    total_ms: float
    retrieve_ms: float
    prompt_ms: float
    """The first pass: the prompt, and a known answer behind it."""
    step_ms: tuple[float, ...]
    """The passes behind it, one token each."""
    tokens: int
    is_known: bool
    """Whether a known answer was read with the prompt."""

    @property
    def accepted(self) -> int:
        """How many tokens were taken from the known answer: all that no pass of their own has."""
        return max(0, self.tokens - 1 - len(self.step_ms))


@contextmanager
def recorded(owner: type, name: str) -> Generator[list[Call]]:
    """Measure each call of the method *name* of *owner*; the list grows with them."""
    calls: list[Call] = []
    function = getattr(owner, name)

    def timed(self: object, first: Sequence[object], *others: object) -> Any:  # noqa: ANN401
        begin_s = time.perf_counter()
        try:
            return function(self, first, *others)
        finally:
            calls.append(Call(len(first), (time.perf_counter() - begin_s) * 1000))

    with patch.object(owner, name, timed):
        yield calls


def settings(threads: int) -> EngineSettings:
    """Return what a daemon without a configuration tells its engine, but for *threads*."""
    config = Config()
    return EngineSettings(
        model_path=config.model_path,
        tokenizer_path=config.tokenizer_path,
        threads=threads,
        max_tokens=config.max_tokens,
        log_level=config.log_level,
    )


def engine_parts(texts: Sequence[str], threads: int) -> list[Parts]:
    """Return what each of *texts* costs in an engine of this process, one candidate each."""
    engine = Engine(settings(threads))
    engine.generate(Job("warm", "show the date", 1))
    return [_parts(engine, text) for text in texts]


def _parts(engine: Engine, text: str) -> Parts:
    with (
        recorded(Retriever, "find") as finds,
        recorded(SharedCache, "run") as shared,
        recorded(GrowingCache, "run") as growing,
    ):
        begin_s = time.perf_counter()
        drafts = engine.generate(Job("one", text, 1)).drafts
        total_ms = (time.perf_counter() - begin_s) * 1000
    prompt, *steps = [*shared, *growing]
    return Parts(
        total_ms=total_ms,
        retrieve_ms=sum(call.ms for call in finds),
        prompt_ms=prompt.ms,
        step_ms=tuple(call.ms for call in steps),
        tokens=min(drafts[0].tokens, Config().max_tokens),
        is_known=any(draft.similarity for draft in drafts),
    )
