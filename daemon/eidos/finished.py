"""What is known of a request that has ended: metrics, logs and traces are all made from this.

Nothing in it was typed by anybody: no text, no command, no folder.
"""

import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

import msgspec


class PhaseName(StrEnum):
    """The parts of answering a request, in the order in which they begin."""

    TRANSLATE = "translate"
    """Waiting for the translation of a request in another language."""
    LOOK = "look"
    """Looking around: the names in the folder, the programs there are."""
    QUEUE = "queue"
    """Waiting in the daemon for a place in an engine."""
    RETRIEVE = "retrieve"
    """In the engine: finding known commands."""
    PROMPT = "prompt"
    """In the engine: waiting for the next pass, and the pass that reads the prompt."""
    GENERATE = "generate"
    """In the engine: all passes behind that one."""
    VALIDATE = "validate"
    """Ranking the drafts and judging each."""
    ASK = "ask"
    """Waiting for a command from elsewhere, where the model is not sure."""


class Phase(msgspec.Struct, frozen=True):
    """When a part of a request began and ended, in seconds of CLOCK_MONOTONIC.

    That clock is one for all processes of a machine, so the engine's phases fit the daemon's.
    """

    name: PhaseName
    begin_s: float
    end_s: float


class Tokens(msgspec.Struct, frozen=True):
    """What an answer cost the model; zeros where it was asked nothing."""

    prompt: int = 0
    generated: int = 0
    drafted: int = 0
    """Of `generated`: those that were guessed before, and cost no pass of their own."""


class Account:
    """What answering one request takes, noted while it is answered."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self.tokens = Tokens()

    @contextmanager
    def phase(self, name: PhaseName) -> Generator[None]:
        """Have what the block takes as the phase *name*, however it ends."""
        begin_s = time.monotonic()
        try:
            yield
        finally:
            self.phases.append(Phase(name, begin_s, time.monotonic()))

    def add(self, phases: Iterable[Phase], tokens: Tokens) -> None:
        """Note what the engine says of its part; a second look adds to the first."""
        self.phases += phases
        self.tokens = Tokens(
            self.tokens.prompt + tokens.prompt,
            self.tokens.generated + tokens.generated,
            self.tokens.drafted + tokens.drafted,
        )


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A request that has been answered, refused or called off."""

    id: str
    command: str
    """Its kind: suggest, status, ping, …; `unknown` where it could not be read."""
    outcome: str
    """ok, cancelled, or the ErrorCode of its reply."""
    begin_s: float
    """When it arrived, in seconds of CLOCK_MONOTONIC."""
    end_s: float
    shell: str = ""
    phases: tuple[Phase, ...] = ()
    tokens: Tokens = Tokens()
    verdicts: tuple[str, ...] = ()
    """What the validator said of each candidate in the reply: ok, warn or block."""

    @property
    def duration_s(self) -> float:
        """How long it took, from its arrival to its reply."""
        return self.end_s - self.begin_s


class Observer(Protocol):
    """Whatever wants to know of each request that ends; it must not raise, nor take long."""

    def observe(self, finished: Finished) -> None:
        """Take note of *finished*."""
        ...
