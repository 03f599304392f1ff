"""A model of eight tokens whose choices are drawn, always the same behind the same text.

It shows what no real model can: what a decoding reads, pass by pass, and that drafts, branches and
scores are right to the last bit, numbers not being rounded here.
"""

import math
import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Final

from eidos.reading import Part, Row, Trail

TOKENS: Final = 8
END: Final = 0
CHOICES: Final = 5


def log_probabilities(text: Sequence[int]) -> list[float]:
    """Return for each token how likely it follows *text*, as a logarithm."""
    drawn = random.Random(repr(list(text)))
    weights = [math.exp(drawn.gauss(0, 2)) for _ in range(TOKENS)]
    return [math.log(weight / sum(weights)) for weight in weights]


def likeliest(text: Sequence[int]) -> int:
    """Return what follows *text*."""
    chances = log_probabilities(text)
    return max(range(TOKENS), key=lambda token: chances[token])


def greedy(prompt: Sequence[int], max_tokens: int) -> list[int]:
    """Return what the model writes behind *prompt*, without the end."""
    written: list[int] = []
    while len(written) < max_tokens:
        token = likeliest([*prompt, *written])
        if token == END:
            break
        written.append(token)
    return written


def score(prompt: Sequence[int], ids: Sequence[int]) -> float:
    """Return how likely *ids* are behind *prompt*."""
    text = [*prompt, *ids]
    begin = len(prompt)
    return sum(log_probabilities(text[:at])[text[at]] for at in range(begin, len(text)))


@dataclass(slots=True)
class Dice:
    """What the decoder must know of the eight tokens."""

    end_ids: frozenset[int] = frozenset({END})

    def word_start_ids(self) -> frozenset[int]:
        """Return half of them."""
        return frozenset({1, 2, 3, 4})


@dataclass(slots=True)
class DiceReader:
    """A reader that remembers how many tokens it read for each part of each pass."""

    slots: int = 8
    passes: list[list[int]] = field(default_factory=list[list[int]])

    def keep(self, prefix: Sequence[int]) -> None:
        """Do nothing."""

    def trail_for(self, prompt: Sequence[int]) -> Trail:  # noqa: ARG002 - a Reader's
        """Return a new trail without tokens."""
        return Trail()

    def fork(self, trail: Trail, length: int) -> Trail:
        """Return a new trail with the first *length* tokens of *trail*."""
        return Trail(trail.ids[:length])

    def read(self, parts: Sequence[Part]) -> list[list[Row]]:
        """Read *parts*; fail where one of them has a token that there is not."""
        if any(token not in range(TOKENS) for part in parts for token in part.ids):
            raise IndexError("no such token")
        self.passes.append([len(part.ids) for part in parts])
        return [_read(part) for part in parts]


def asking(
    passes: int, result: str, tokens: Sequence[int] = (1,)
) -> Generator[list[Part], list[list[Row]], str]:
    """Ask for *tokens* in each of so many *passes*, then return *result*."""
    trail = Trail()
    for _ in range(passes):
        yield [Part(trail, tokens)]
    return result


def _read(part: Part) -> list[Row]:
    part.trail.ids.extend(part.ids)
    begin = len(part.trail.ids) - len(part.targets)
    return [
        _row(part.trail.ids[: begin + number + 1], target)
        for number, target in enumerate(part.targets)
    ]


def _row(text: Sequence[int], target: int) -> Row:
    chances = log_probabilities(text)
    tokens = sorted(range(TOKENS), key=lambda token: -chances[token])[:CHOICES]
    return Row(tokens, [chances[token] for token in tokens], chances[target])
