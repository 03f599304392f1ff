"""Which variants are worth aligning with a request: about what each would cost, all at once."""

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np

from eidos.retrieval.alignment import MOST_LOST, SLACK, Request, matched, pattern, spans_of
from eidos.retrieval.index import GLUED, LEAST_WEIGHT, OPEN, Index, Losses
from eidos.retrieval.kinds import reader_of
from eidos.retrieval.listed import spoken
from eidos.retrieval.spans import Reader

_NEVER: Final = 1e9


class _Taking(NamedTuple):
    """Some words that a slot may take."""

    gain: float
    places: int
    """A bit for each."""


class Shortlist:
    """Finds the variants that a request may be read as."""

    def __init__(self, index: Index) -> None:
        """Search *index*."""
        self._index = index
        kinds = index.takers.kinds
        self._signatures = index.takers.signatures
        self._readers = {n: reader_of(kind.removeprefix(OPEN)) for n, kind in enumerate(kinds)
                         if kind and not kind.startswith(GLUED)}  # fmt: skip
        self._glued = [(n, pattern(k[1:])) for n, k in enumerate(kinds) if k.startswith(GLUED)]
        self._longest = max((each.count(" ") + 1 for each in index.takers.phrases), default=0)
        width = max(map(len, self._signatures), default=0)
        always = len(kinds)
        self._kinds = np.array(
            [(*each, *[always] * (width - len(each))) for each in self._signatures], dtype=np.intp
        )

    def candidates(self, request: Request, count: int) -> list[tuple[int, float]]:
        """Return up to *count* variants with about what each would cost, the cheapest first.

        The cost is seldom more than what aligning them finds, and often less.
        """
        told = [
            (likeness, weight)
            for likeness, weight in zip(request.likenesses, request.weights, strict=True)
            if weight > LEAST_WEIGHT
        ]
        variants, costs = self._index.scored(told, self._losses(request))
        near = np.flatnonzero(costs < MOST_LOST * request.weight + SLACK)
        if len(near) > count:
            near = near[np.argpartition(costs[near], count - 1)[:count]]
        near = near[np.argsort(costs[near], kind="stable")]
        return list(zip(variants[near].tolist(), costs[near].tolist(), strict=True))

    def _losses(self, request: Request) -> Losses:
        """Return for each signature the weight of *request* that its slots cannot take."""
        takings = self._takings(request)
        found = np.full(len(self._signatures), _NEVER)
        total = sum(weight for weight in request.weights if weight > LEAST_WEIGHT)
        can_take = np.zeros(len(self._index.takers.kinds) + 1, dtype=np.bool_)
        can_take[[*takings, -1]] = True
        for number in np.flatnonzero(can_take[self._kinds].all(axis=1)).tolist():
            found[number] = total - _gain([takings[kind] for kind in self._signatures[number]])
        return found

    def _takings(self, request: Request) -> dict[int, list[_Taking]]:
        """Return what a slot of each kind may take, by number of the kind, the most first."""
        said = request.words
        found: defaultdict[int, list[_Taking]] = defaultdict(list)
        by_reader = {read: _read(request, read) for read in set(self._readers.values())}
        for kind, read in self._readers.items():
            if by_reader[read]:
                found[kind] += by_reader[read]
        for place in range(len(said)):
            for length in range(1, min(self._longest, len(said) - place) + 1):
                for kind in self._index.takers.phrases.get(
                    spoken(said[place : place + length]), ()
                ):
                    found[kind].append(_taking(request, place, length, 0.0))
            # In every form something besides letters stands around the slots, or is in them.
            for kind, form in () if said[place].text.isalpha() else self._glued:
                if matched(form, said[place].text):
                    found[kind].append(_taking(request, place, 1, 0.0))
        return {kind: sorted(taken, reverse=True) for kind, taken in found.items()}


def _read(request: Request, reader: Reader) -> list[_Taking]:
    return [
        _taking(request, place, span.length, span.cost)
        for place in range(len(request.words))
        for span in spans_of(request, reader, reader, place)
    ]


def _taking(request: Request, place: int, length: int, cost: float) -> _Taking:
    weights = request.weights[place : place + length]
    gain = sum(weight for weight in weights if weight > LEAST_WEIGHT) - cost
    return _Taking(gain, ((1 << length) - 1) << place)


def _gain(slots: list[list[_Taking]]) -> float:
    """Return what *slots* take together, the choosiest first, no word twice."""
    found, used = 0.0, 0
    for takings in sorted(slots, key=len) if len(slots) > 1 else slots:
        best = next((each for each in takings if not each.places & used), None)
        if best is None:
            return -_NEVER
        found += best.gain
        used |= best.places
    return found
