"""Which variants are worth aligning with a request: about what each would cost, all at once."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from eidos.retrieval.alignment import MOST_LOST, SLACK, Request, matched, pattern, spans_of
from eidos.retrieval.index import GLUED, LEAST_WEIGHT, OPEN, Index, Losses
from eidos.retrieval.kinds import reader_of
from eidos.retrieval.listed import spoken
from eidos.retrieval.spans import Reader

_NEVER: Final = 1e9


_Taking = tuple[float, int]
"""Some words that a slot may take: what is gained, and a bit for the place of each."""


class Shortlist:
    """Finds the variants that a request may be read as."""

    def __init__(self, index: Index) -> None:
        """Search *index*."""
        self._index = index
        kinds = index.takers.kinds
        self._signatures = index.takers.signatures
        self._readers: defaultdict[Reader, list[int]] = defaultdict(list)
        self._glued: defaultdict[frozenset[str], list[tuple[int, re.Pattern[str]]]]
        self._glued = defaultdict(list)
        for number, kind in enumerate(kinds):
            if kind.startswith(GLUED):
                self._glued[_signs(kind[1:])].append((number, pattern(kind[1:])))
            elif kind:
                self._readers[reader_of(kind.removeprefix(OPEN))].append(number)
        self._longest: dict[str, int] = {}
        """By the first word of the listed phrases: words of the longest that begins with it."""
        for phrase in index.takers.phrases:
            first, *others = phrase.split(" ")
            self._longest[first] = max(self._longest.get(first, 0), 1 + len(others))
        width = max([1, *map(len, self._signatures)])
        padded = [(*each, *[len(kinds)] * (width - len(each))) for each in self._signatures]
        self._kinds = np.array(padded, dtype=np.intp).reshape(-1, width).T.copy()
        """For each combination of slots, in a column, the kinds, and behind them none."""

    def candidates(self, request: Request, count: int) -> list[tuple[int, float]]:
        """Return up to *count* variants with about what each would cost, the cheapest first.

        The cost is seldom more than what aligning them finds, and often less.
        """
        told = [
            (likeness, weight)
            for likeness, weight in zip(request.likenesses, request.weights, strict=True)
            if weight > LEAST_WEIGHT
        ]
        limit = MOST_LOST * request.weight + SLACK
        variants, costs = self._index.scored(told, self._losses(request), limit)
        near = np.flatnonzero(costs < limit)
        if len(near) > count:
            near = near[np.argpartition(costs[near], count - 1)[:count]]
        near = near[np.argsort(costs[near], kind="stable")]
        return list(zip(variants[near].tolist(), costs[near].tolist(), strict=True))

    def _losses(self, request: Request) -> Losses:
        """Return for each signature the weight of *request* that its slots cannot take."""
        takings, by_kind = self._takings(request)
        combinations = by_kind[self._kinds]
        fitting = np.flatnonzero((combinations >= 0).all(axis=0))
        # Many kinds take the same words: 300 signatures have 150 different combinations.
        rows: list[list[int]] = combinations[:, fitting].T.tolist()
        signed = [tuple(row) for row in rows]
        gains = {each: _gain([takings[n] for n in each if n]) for each in set(signed)}
        total = sum(weight for weight in request.weights if weight > LEAST_WEIGHT)
        found = np.full(len(self._signatures), _NEVER)
        found[fitting] = total - np.array([gains[each] for each in signed])
        return found

    def _takings(self, request: Request) -> tuple[list[list[_Taking]], npt.NDArray[np.intp]]:
        """Return what slots may take, the most first, and which of it those of each kind take.

        The first is for what is no slot; a kind that can take nothing has a number below zero.
        """
        heard = [weight if weight > LEAST_WEIGHT else 0.0 for weight in request.weights]
        takings: list[list[_Taking]] = [[]]
        by_kind = np.full(len(self._index.takers.kinds) + 1, -1)
        by_kind[-1] = 0
        numbers: dict[int, int] = {}
        for read, kinds in self._readers.items():
            if spans := spans_of(request, read):
                number = numbers.setdefault(id(spans), len(takings))
                by_kind[kinds] = number
                if number == len(takings):
                    taken = (_taking(heard, at, span.length, span.cost) for at, span in spans)
                    takings.append(sorted(taken, reverse=True))
        others: defaultdict[int, list[_Taking]] = defaultdict(list)
        for kind, place, length in (*self._phrases(request), *self._forms(request)):
            others[kind].append(_taking(heard, place, length, 0.0))
        for kind, taken in others.items():
            known = takings[max(int(by_kind[kind]), 0)]
            by_kind[kind] = len(takings)
            takings.append(sorted([*known, *taken], reverse=True))
        return takings, by_kind

    def _phrases(self, request: Request) -> Iterator[tuple[int, int, int]]:
        """Yield the listed phrases of *request*: the kind that lists it, its place and length."""
        texts = [spoken((word,)) for word in request.words]
        for place, text in enumerate(texts):
            longest = self._longest.get(text.partition(" ")[0], 0)
            for length in range(1, min(longest, len(texts) - place) + 1):
                phrase = " ".join(texts[place : place + length])
                for kind in self._index.takers.phrases.get(phrase, ()):
                    yield kind, place, length

    def _forms(self, request: Request) -> Iterator[tuple[int, int, int]]:
        """Yield the words of *request* that have slots inside them, as phrases are."""
        for place, word in enumerate(request.words):
            # In every form something besides letters stands around the slots, or is in them.
            if word.text.isalpha():
                continue
            for signs, forms in self._glued.items():
                if signs.issubset(word.text):
                    for kind, form in forms:
                        if matched(form, word.text):
                            yield kind, place, 1


def _signs(form: str) -> frozenset[str]:
    """Return what a word of *form* must have, but for letters, which may be large or small."""
    return frozenset(char for char in form if char.isascii() and not char.isalpha())


def _taking(heard: Sequence[float], place: int, length: int, cost: float) -> _Taking:
    return sum(heard[place : place + length]) - cost, ((1 << length) - 1) << place


def _gain(slots: list[list[_Taking]]) -> float:
    """Return what *slots* take together, the choosiest first, no word twice."""
    found, used = 0.0, 0
    for takings in sorted(slots, key=len) if len(slots) > 1 else slots:
        best = next((each for each in takings if not each[1] & used), None)
        if best is None:
            return -_NEVER
        found += best[0]
        used |= best[1]
    return found
