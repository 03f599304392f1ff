"""How well a request says what a known phrasing says, and what it puts into the slots.

Both are read from left to right; the cheapest way to turn the one into the other is found by
dynamic programming. A word may be left out or put in for its weight, said otherwise for what the
words differ, and a slot takes the words that its reader takes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from eidos.retrieval.index import FIRST_MARK, Intent, Variant, Weights
from eidos.retrieval.listed import reader
from eidos.retrieval.spans import Reader, Span
from eidos.retrieval.words import Word, stem

_IMPOSSIBLE: Final = 1e9
MOST_LOST: Final = 0.55
"""Share of a request's weight that may be lost before it is another request."""
SLACK: Final = 0.4
"""What may be lost besides: short requests leave out much."""

_LONGEST_NAME: Final = 128

_Captures = tuple["_Captures", str, Span] | None
"""What the slots took, the last one first."""
_Cell = tuple[float, "_Captures"]
_Row = list[_Cell]


class Request(msgspec.Struct, frozen=True):
    """A request as it is compared with phrasings."""

    words: tuple[Word, ...]
    weights: tuple[float, ...]
    """Of each word: what it costs to leave it unheard."""
    likenesses: tuple[dict[int, float], ...]
    """For each word the words of the index that it may stand for, and how well: 1 is the same."""
    spans: "dict[tuple[object, int], tuple[Span, ...]]"
    """What was read already, by slot and place."""
    weight: float
    """The weight of all words."""


class Alignment(msgspec.Struct, frozen=True):
    """What it costs to read a request as a phrasing, and what the slots are then."""

    cost: float
    values: Mapping[str, Span]


def align(request: Request, variant: Variant, intent: Intent, weights: Weights) -> Alignment | None:
    """Return the cheapest reading of *request* as *variant*, or none if too much would be lost.

    *weights* has the weight of each word of the index.
    """
    limit = MOST_LOST * request.weight + SLACK
    row: _Row = [(0.0, None)]
    for weight in request.weights:
        row.append((row[-1][0] + weight, None))
    for item in variant.items:
        if isinstance(item, str):
            row = _step(row, limit, request, _glued(item, intent, request))
        elif item < 0:
            row = _step(row, limit, request, _slot(~item, variant, intent, request))
        else:
            row = _word(row, limit, request, item, float(weights[item]))
        if min(cost for cost, _ in row) > limit:
            return None
    cost, captures = row[-1]
    values = _values(captures) if cost <= limit else None
    return None if values is None else Alignment(cost, values)


def _word(row: _Row, limit: float, request: Request, number: int, weight: float) -> _Row:
    """Return the row behind a word: it is left out, or one of the request stands for it."""
    following: _Row = [(_IMPOSSIBLE, None)] * len(row)
    last = len(row) - 1
    for place, (cost, captures) in enumerate(row):
        if cost > limit:
            continue
        if cost + weight < following[place][0]:
            following[place] = (cost + weight, captures)
        if place < last:
            likeness = request.likenesses[place].get(number)
            if likeness is not None:
                total = cost + (1 - likeness) * (weight + request.weights[place]) / 2
                if total < following[place + 1][0]:
                    following[place + 1] = (total, captures)
    return _unheard(following, request)


Taking = Callable[[int], Iterator[tuple[int, float, tuple[tuple[str, Span], ...]]]]


def _step(row: _Row, limit: float, request: Request, taking: Taking) -> _Row:
    """Return the row behind a slot, of which *taking* says what it takes from a place on."""
    following: _Row = [(_IMPOSSIBLE, None)] * len(row)
    for place, (cost, captures) in enumerate(row[:-1]):
        if cost > limit:
            continue
        for length, price, taken in taking(place):
            end = place + length
            if end < len(row) and cost + price < following[end][0]:
                grown: _Captures = captures
                for name, span in taken:
                    grown = (grown, name, span)
                following[end] = (cost + price, grown)
    return _unheard(following, request)


def _unheard(row: _Row, request: Request) -> _Row:
    """Return *row* with the words of the request that nothing of the phrasing stands for."""
    for place, weight in enumerate(request.weights):
        cost, captures = row[place]
        if cost + weight < row[place + 1][0]:
            row[place + 1] = (cost + weight, captures)
    return row


def _slot(number: int, variant: Variant, intent: Intent, request: Request) -> Taking:
    """Return what the slot *number* takes."""
    slot, name = intent.slots[number], intent.names[number]
    read = reader(slot)
    key = (variant.intent, number) if slot.listed else read

    def taking(place: int) -> Iterator[tuple[int, float, tuple[tuple[str, Span], ...]]]:
        for span in spans_of(request, read, key, place):
            yield span.length, span.cost, ((name, span),)

    return taking


def spans_of(request: Request, read: Reader, key: object, place: int) -> tuple[Span, ...]:
    """Return what *read* makes of *request* at *place*; it is kept under *key*."""
    spans = request.spans.get((key, place))
    if spans is None:
        spans = request.spans[key, place] = tuple(read(request.words, place))
    return spans


def _glued(item: str, intent: Intent, request: Request) -> Taking:
    """Return what a word with slots inside it takes: one word of the same form."""
    form = pattern(item)

    def taking(place: int) -> Iterator[tuple[int, float, tuple[tuple[str, Span], ...]]]:
        match = matched(form, request.words[place].text)
        if match is None:
            return
        taken: list[tuple[str, Span]] = []
        for group, text in match.groupdict().items():
            number = int(group[1:])
            word = Word(text, stem(text), is_literal=True)
            spans = list(reader(intent.slots[number])((word,), 0))
            if not spans:
                return
            taken.append((intent.names[number], min(spans, key=lambda span: span.cost)))
        yield 1, sum(span.cost for _, span in taken), tuple(taken)

    return taking


@lru_cache(maxsize=512)
def pattern(item: str) -> re.Pattern[str]:
    """Return the pattern of words of the form *item*; a slot that comes twice is the same twice."""
    text, seen = "", set[int]()
    for char in item:
        number = ord(char) - FIRST_MARK
        if not 0 <= number < 256:  # noqa: PLR2004 - as many as there are marks
            text += re.escape(char)
        elif number in seen:
            text += f"(?P=s{number})"
        else:
            seen.add(number)
            text += f"(?P<s{number}>.+)"
    return re.compile(text, re.IGNORECASE)


def matched(form: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return how *text* is of *form*; what is longer than any name is not even looked at.

    Three slots in a word are tried at all places: 1,000 dashes would take minutes.
    """
    return form.fullmatch(text) if len(text) <= _LONGEST_NAME else None


def _values(captures: _Captures) -> dict[str, Span] | None:
    """Return the values of the slots, or none if one was said twice, and differently."""
    values: dict[str, Span] = {}
    while captures is not None:
        captures, name, span = captures
        if name in values and values[name].value != span.value:
            return None
        values[name] = span
    return values
