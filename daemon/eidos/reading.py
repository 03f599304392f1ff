"""What is asked of a model, pass by pass: read these tokens behind those, and say what follows.

A pass reads parts. Each part is a few tokens behind a trail, which is what was read before them and
what they see. Trails fork: a second candidate, or a known answer, shares what is common with the
first and costs its own tokens only. Decoding is a generator, a `Reading`: it yields the parts that
it wants read and is sent the rows that come out, so that one pass can serve many of them.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False, weakref_slot=True)
class Trail:
    """Tokens in their order, and for each where a reader keeps its keys and values."""

    ids: list[int] = field(default_factory=list[int])
    places: list[int] = field(default_factory=list[int])
    """Of the reader; no longer than `ids`, and empty where it keeps them in order."""

    def cut(self, length: int) -> None:
        """Forget all but the first *length* tokens."""
        del self.ids[length:]
        del self.places[length:]


@dataclass(frozen=True, slots=True)
class Part:
    """Read *ids* behind *trail*, which then has them too."""

    trail: Trail
    ids: Sequence[int]
    targets: Sequence[int] = ()
    """Rows are wanted behind the last `len(targets)` of the ids, each with the probability of its
    target."""


@dataclass(frozen=True, slots=True)
class Row:
    """What may follow one token: the likeliest first, and the target that was named."""

    tokens: Sequence[int]
    log_probabilities: Sequence[float]
    target: float
    """The logarithm of the target's probability."""


Reading = Generator[list[Part], list[list[Row]], T]


class Reader(Protocol):
    """A model that reads."""

    slots: int
    """How many readings may be under way at a time."""

    def keep(self, prefix: Sequence[int]) -> None:
        """Read *prefix* once, for all prompts that begin with it, if that is of use here."""
        ...

    def trail_for(self, prompt: Sequence[int]) -> Trail:
        """Return a new trail, which already has what is kept of *prompt*, never all of it."""
        ...

    def fork(self, trail: Trail, length: int) -> Trail:
        """Return a new trail with the first *length* tokens of *trail*."""
        ...

    def read(self, parts: Sequence[Part]) -> list[list[Row]]:
        """Read all *parts* in one pass; return the wanted rows of each."""
        ...


def together(readings: Sequence[Reading[T]]) -> Reading[list[T]]:
    """Do all *readings* side by side, each pass serving those under way; return the results."""
    results: dict[int, T] = {}
    waiting: dict[int, list[Part]] = {}
    answers: dict[int, list[list[Row]] | None] = dict.fromkeys(range(len(readings)))
    while answers:
        for number, answer in answers.items():
            try:
                reading = readings[number]
                waiting[number] = next(reading) if answer is None else reading.send(answer)
            except StopIteration as stop:
                waiting.pop(number, None)
                results[number] = stop.value
        if not waiting:
            break
        rows = yield [part for parts in waiting.values() for part in parts]
        taken = iter(rows)
        answers = {number: [next(taken) for _ in parts] for number, parts in waiting.items()}
    return [results[number] for number in range(len(readings))]


def finish(reader: Reader, reading: Reading[T]) -> T:
    """Do *reading* to its end, with nothing beside it."""
    rows: list[list[Row]] | None = None
    while True:
        try:
            parts = next(reading) if rows is None else reading.send(rows)
        except StopIteration as stop:
            return stop.value
        rows = reader.read(parts)
