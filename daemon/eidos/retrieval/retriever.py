"""From a request to the known commands for it, the best first."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import lru_cache
from itertools import zip_longest
from typing import Final

import msgspec

from eidos.retrieval.alignment import MOST_LOST, SLACK, Alignment, Request, align
from eidos.retrieval.filling import Hole, Raw, fill, fits
from eidos.retrieval.index import Form, Index, Variant
from eidos.retrieval.kinds import reader_of
from eidos.retrieval.shortlist import Shortlist
from eidos.retrieval.spans import named
from eidos.retrieval.words import Word, words

LITERAL_WEIGHT: Final = 1.2
"""Of a name, a number or a quoted text: a command that leaves it out does something else."""
UNKNOWN_WEIGHT: Final = 0.7
"""Of a word that no phrasing has."""
_SLIP_LIKENESS: Final = 0.8
_LEAST_SLIP: Final = 5
MAX_WORDS: Final = 60
"""Nobody asks for a command in more words, and what they cost grows with them."""
MAX_ALIGNED: Final = 64
"""How many variants are aligned."""
_PER_INTENT: Final = 6
"""How many of them are of one intent."""
_CANDIDATES: Final = 8 * MAX_ALIGNED
_SURE: Final = 0.3
"""A variant that is about to cost so much more than the worst of the best is not aligned."""
_KEPT: Final = 128
"""Intents that stay decoded."""
_DEFAULTS: Final = {"dir": "."}
"""What a command gets for a slot that a phrasing leaves out."""


_RARE: Final = 0.85
"""A word of this weight is in few phrasings: it may be the name of a program or a service."""


class Known(msgspec.Struct, frozen=True):
    """A known command for a request; `similarity` is 1 where it was asked for in known words."""

    command: str
    similarity: float
    intent: str
    is_own_form: bool
    """Whether it is for this shell alone."""


class Retriever:
    """Finds known intents in an index."""

    def __init__(self, index: Index) -> None:
        """Search *index*."""
        self._index = index
        self._shortlist = Shortlist(index)
        self._intent = lru_cache(maxsize=_KEPT)(index.intent)

    def find(self, text: str, shell: str, count: int) -> list[Known]:
        """Return up to *count* distinct commands for *shell* that *text* may ask for, best first.

        However long *text* is, no more than MAX_WORDS words of it are read, and no more than
        2 * MAX_ALIGNED variants are compared with it.
        """
        said = tuple(self._known(word) for word in words(text)[:MAX_WORDS])
        best: dict[str, Known] = {}
        for order in (said, _place_last(said)):
            if order:
                self._find(order, shell, count, best)
        return sorted(best.values(), key=_similarity, reverse=True)[:count]

    def _find(self, said: tuple[Word, ...], shell: str, count: int, best: dict[str, Known]) -> None:
        """Put what *said* may ask for into *best*, by command."""
        request = self.request(said)
        tried: Counter[int] = Counter()
        limit = MOST_LOST * request.weight + SLACK
        last, aligned = _last(best, count), 0
        for number, least in self._shortlist.candidates(request, _CANDIDATES):
            variant = self._index.variant(number)
            if tried[variant.intent] >= _PER_INTENT:
                continue
            if aligned >= MAX_ALIGNED or least > last * request.weight + _SURE:
                return
            tried[variant.intent] += 1
            aligned += 1
            known = self._read(request, variant, shell, limit)
            if known is not None:
                other = best.get(known.command)
                if other is None or known.similarity > other.similarity:
                    best[known.command] = known
                    last = _last(best, count)

    def _read(self, request: Request, variant: Variant, shell: str, limit: float) -> Known | None:
        """Return the command for *shell* if *request* can be read as *variant* within *limit*."""
        intent = self._intent(variant.intent)
        form = next((form for form in intent.forms if shell in form.shells), None)
        if form is None:
            return None
        alignment = align(request, variant, intent, self._index.weights, limit=limit)
        command = alignment and _command(form, alignment, shell)
        if not alignment or not command:
            return None
        similarity = max(0.0, 1 - alignment.cost / (request.weight or 1))
        return Known(command, similarity, intent.id, form.shells == (shell,))

    def _known(self, word: Word) -> Word:
        number = None if word.is_literal else self._index.number(word.stem)
        is_common = number is not None and self._index.weights[number] < _RARE
        return msgspec.structs.replace(word, is_common=True) if is_common else word

    def request(self, said: tuple[Word, ...]) -> Request:
        """Return the words *said* as they are compared with phrasings."""
        likenesses = tuple(self._likeness(word) for word in said)
        weights = tuple(map(self._weight, said))
        places: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        for place, alike in enumerate(likenesses):
            for number, likeness in alike.items():
                places[number].append((place, likeness))
        names = tuple(place for place in range(len(said)) if any(named(said, place)))
        return Request(said, weights, likenesses, dict(places), names, {}, sum(weights))

    def _weight(self, word: Word) -> float:
        if word.is_literal:
            return LITERAL_WEIGHT
        number = self._index.number(word.stem)
        return UNKNOWN_WEIGHT if number is None else self._index.weights[number]

    def _likeness(self, word: Word) -> dict[int, float]:
        stem = word.stem or word.text.lower()
        number = self._index.number(stem)
        if number is not None:
            return {**self._index.alike(number), number: 1.0}
        if len(stem) < _LEAST_SLIP or word.is_literal:
            return {}
        vocabulary = self._index.vocabulary
        close = (n for n in self._index.close(stem) if _is_slip(stem, vocabulary[n]))
        return dict.fromkeys(close, _SLIP_LIKENESS)


def _similarity(known: Known) -> float:
    return known.similarity


def _last(best: Mapping[str, Known], count: int) -> float:
    """Return the share of a request that the last of the *count* best commands leaves unread."""
    if len(best) < count:
        return 1.0
    return 1 - sorted(map(_similarity, best.values()), reverse=True)[count - 1]


def _command(form: Form, alignment: Alignment, shell: str) -> str | None:
    """Return the command of *form* with the values of *alignment*, or none if it lacks one."""
    sources: dict[str, str | Raw] = {}
    for part, after in zip_longest(form.parts, form.parts[1:], fillvalue=""):
        if not isinstance(part, Hole):
            continue
        span = alignment.values.get(part.name)
        value = span.value if span else _DEFAULTS.get(part.name)
        if value is None:
            return None
        is_source = span is not None and span.is_source
        if not is_source and not fits(
            value, part, shell, after=after if isinstance(after, str) else ""
        ):
            return None
        sources[part.name] = value if is_source else Raw(value)
    return fill(form.parts, sources, shell)


def _place_last(said: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return *said* with a place that stands first moved behind; nothing if there is none."""
    lengths = [span.length for span in reader_of("dir")(said, 0)] if said else []
    cut = max(lengths, default=0)
    return said[cut:] + said[:cut] if 0 < cut < len(said) else ()


def _is_slip(typed: str, known: str) -> bool:
    """Whether *typed* is *known* but for one letter changed, left out, added, or two swapped."""
    if not known or typed[0] != known[0] or abs(len(typed) - len(known)) > 1:
        return False
    if len(typed) == len(known):
        differ = [i for i, (a, b) in enumerate(zip(typed, known, strict=True)) if a != b]
        if len(differ) == 2:  # noqa: PLR2004 - two letters swapped
            first, second = differ
            is_pair = second == first + 1
            return is_pair and typed[first] == known[second] and typed[second] == known[first]
        return len(differ) == 1
    shorter, longer = sorted((typed, known), key=len)
    return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
