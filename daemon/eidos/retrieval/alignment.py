"""How well a request says what a known phrasing says, and what it puts into the slots.

Both are read from left to right; the cheapest way to turn the one into the other is found by
dynamic programming. A word may be left out or put in for its weight, said otherwise for what the
words differ, and a slot takes the words that its reader takes.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate
from math import inf
from typing import Final, TypeGuard

import msgspec

from eidos.retrieval.index import FIRST_MARK, Intent, Item, Variant, Weights
from eidos.retrieval.listed import reader
from eidos.retrieval.spans import OTHER_FILES, FileReader, Reader, Span
from eidos.retrieval.words import Word, stem

MOST_LOST: Final = 0.55
"""Share of a request's weight that may be lost before it is another request."""
SLACK: Final = 0.4
"""What may be lost besides: short requests leave out much."""

_LONGEST_NAME: Final = 128
_ROUNDING: Final = 1e-9
"""More than the sums of costs are rounded by."""

_Captures = tuple["_Captures", str, Span] | None
"""What the slots took, the last one first."""


class Request(msgspec.Struct, frozen=True):
    """A request as it is compared with phrasings."""

    words: tuple[Word, ...]
    weights: tuple[float, ...]
    """Of each word: what it costs to leave it unheard."""
    likenesses: tuple[dict[int, float], ...]
    """For each word the words of the index that it may stand for, and how well: 1 is the same."""
    places: dict[int, list[tuple[int, float]]]
    """The same by word of the index: the places of the words that may stand for it."""
    names: tuple[int, ...]
    """The places of the words that may be names at all."""
    spans: dict[object, list[tuple[int, Span]]]
    """What was read already, by slot: the places and what is read there."""
    weight: float
    """The weight of all words."""


class Alignment(msgspec.Struct, frozen=True):
    """What it costs to read a request as a phrasing, and what the slots are then."""

    cost: float
    values: Mapping[str, Span]


class _Row(msgspec.Struct):
    """The cheapest readings of no word of a request, of the first one, and so on to all."""

    costs: list[float]
    captures: list[_Captures]


def align(
    request: Request, variant: Variant, intent: Intent, weights: Weights, *, limit: float
) -> Alignment | None:
    """Return the cheapest reading of *request* as *variant*, or none above *limit*.

    *weights* has the weight of each word of the index.
    """
    unsaid = sum(weights[item] for item in variant.items if _is_unsaid(item, request))
    row = _Row([0.0, *accumulate(request.weights)], [None] * (len(request.weights) + 1))
    for item in variant.items:
        # What no word of the request stands for is left out in every reading.
        if min(row.costs) + unsaid > limit + _ROUNDING:
            return None
        if isinstance(item, str):
            row = _glued(row, request, item, intent)
        elif item < 0:
            row = _slot(row, request, variant.intent, intent, ~item)
        else:
            weight = weights[item]
            unsaid -= weight if item not in request.places else 0.0
            row = _word(row, request, item, weight)
    cost = row.costs[-1]
    values = _values(row.captures[-1]) if cost <= limit else None
    return None if values is None else Alignment(cost, values)


def _is_unsaid(item: Item, request: Request) -> TypeGuard[int]:
    """Whether *item* is a word that no word of *request* stands for."""
    return not isinstance(item, str) and item >= 0 and item not in request.places


def _word(row: _Row, request: Request, number: int, weight: float) -> _Row:
    """Return the row behind a word: it is left out, or one of the request stands for it."""
    costs = [cost + weight for cost in row.costs]
    places = request.places.get(number)
    if places is None:
        return _Row(costs, row.captures)
    captures = row.captures.copy()
    for place, likeness in places:
        total = row.costs[place] + (1 - likeness) * (weight + request.weights[place]) / 2
        if total <= costs[place + 1]:
            costs[place + 1], captures[place + 1] = total, row.captures[place]
    return _unheard(costs, captures, request)


def _slot(row: _Row, request: Request, number: int, intent: Intent, slot: int) -> _Row:
    """Return the row behind *slot* of *intent*, whose number is *number*."""
    costs, captures = [inf] * len(row.costs), row.captures.copy()
    taken, name = intent.slots[slot], intent.names[slot]
    read = reader(taken)
    for place, span in spans_of(request, read, (number, slot) if taken.listed else None):
        total = row.costs[place] + span.cost
        end = place + span.length
        if total < costs[end]:
            costs[end], captures[end] = total, (row.captures[place], name, span)
    return _unheard(costs, captures, request)


def _glued(row: _Row, request: Request, item: str, intent: Intent) -> _Row:
    """Return the row behind a word with slots inside it, which takes one of the same form."""
    costs, captures = [inf] * len(row.costs), row.captures.copy()
    for place, word in enumerate(request.words):
        taken = _inside(item, intent, word.text)
        if taken is None:
            continue
        total = row.costs[place] + sum(span.cost for _, span in taken)
        if total < costs[place + 1]:
            grown = row.captures[place]
            for name, span in taken:
                grown = (grown, name, span)
            costs[place + 1], captures[place + 1] = total, grown
    return _unheard(costs, captures, request)


def _unheard(costs: list[float], captures: list[_Captures], request: Request) -> _Row:
    """Return the row with the words of the request that nothing of the phrasing stands for."""
    last = costs[0]
    for place, weight in enumerate(request.weights, 1):
        last += weight
        if last < costs[place]:
            costs[place], captures[place] = last, captures[place - 1]
        else:
            last = costs[place]
    return _Row(costs, captures)


def spans_of(request: Request, read: Reader, key: object = None) -> list[tuple[int, Span]]:
    """Return what *read* makes of *request*, and where; it is kept under *key*, or under *read*."""
    said, places = request.words, range(len(request.words))
    if isinstance(read, FileReader):
        places = request.names
        endings = read.endings
        if endings and not any(said[at].text.lower().endswith(endings) for at in places):
            read = OTHER_FILES  # one of sixty such readers
    found = request.spans.get(key or read)
    if found is None:
        found = request.spans[key or read] = [
            (place, span)
            for place in places
            for span in read(said, place)
            if place + span.length <= len(said)
        ]
    return found


def _inside(item: str, intent: Intent, text: str) -> list[tuple[str, Span]] | None:
    """Return what the slots inside *item* are if *text* is of its form, or nothing."""
    match = matched(pattern(item), text)
    if match is None:
        return None
    taken: list[tuple[str, Span]] = []
    for group, value in match.groupdict().items():
        number = int(group[1:])
        word = Word(value, stem(value), is_literal=True)
        spans = list(reader(intent.slots[number])((word,), 0))
        if not spans:
            return None
        taken.append((intent.names[number], min(spans, key=lambda span: span.cost)))
    return taken


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
