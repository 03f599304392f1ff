"""What one request costs inside the engine, part by part."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec import Struct

from eidos.config import Config
from eidos.drafting import Drafter
from eidos.engine import Engine
from eidos.engine_messages import EngineSettings, Job
from eidos.packed_reader import PackedReader
from eidos.retrieval.retriever import Retriever


class Call(Struct, frozen=True):
    """One call of a function: how long it took, and how long the list is that it returned."""

    ms: float
    returned: int


class Parts(Struct, frozen=True):
    """One request in the engine: its times, and the tokens of its answer, the end counted."""

    total_ms: float
    retrieve_ms: float
    prompt_ms: float
    """The first pass: the prompt, and what is drafted behind it."""
    step_ms: tuple[float, ...]
    """The passes behind it that write the answer, of one token and what is drafted behind it."""
    known_ms: float
    """The pass that reads a known command; 0 where none is read."""
    tokens: int
    drafted: int

    @property
    def accepted(self) -> int:
        """How many tokens cost no pass of their own."""
        return max(0, self.tokens - 1 - len(self.step_ms))


@contextmanager
def recorded(owner: type, name: str) -> Generator[list[Call]]:
    """Measure each call of the method *name* of *owner*; the list grows with them."""
    calls: list[Call] = []
    function = getattr(owner, name)

    def timed(self: object, *arguments: object) -> Any:  # noqa: ANN401
        begin_s = time.perf_counter()
        result = function(self, *arguments)
        calls.append(Call((time.perf_counter() - begin_s) * 1000, len(result)))
        return result

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
        recorded(PackedReader, "read") as reads,
        recorded(Drafter, "__call__") as drafts,
    ):
        begin_s = time.perf_counter()
        written = engine.generate(Job("one", text, 1)).drafts
        total_ms = (time.perf_counter() - begin_s) * 1000
    passes = [read for read in reads if read.returned]
    # Each pass that writes asks for a draft first; one that reads a known command does not.
    prompt, *steps = passes[: len(drafts)]
    return Parts(
        total_ms=total_ms,
        retrieve_ms=sum(call.ms for call in finds),
        prompt_ms=prompt.ms,
        step_ms=tuple(call.ms for call in steps),
        known_ms=sum(call.ms for call in passes[len(drafts) :]),
        tokens=min(written[0].tokens, Config().max_tokens),
        drafted=sum(draft.returned for draft in drafts),
    )
