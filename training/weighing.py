"""What the words of phrasings say: how much each weighs, and which may stand for which."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import log
from typing import Final

from eidos.retrieval.words import stem
from training import phrasing
from training.intents import Intent
from training.noise import SYNONYMS

_HEAVIEST: Final = 8.0
_LIGHTEST: Final = 0.3
_STRONG: Final = frozenset(
    map(
        stem,
        "not without except excluding only never reverse recursively but unless "
        "delete remove erase wipe kill overwrite".split(),
    )
)
"""Words that turn the meaning of a request."""
_WEAK: Final = frozenset(
    map(
        stem,
        "the a an of please me my i you can could would want need to is are do does for that all "
        "how what show give us with it".split(),
    )
)
"""Words that requests have or lack alike."""
_OPPOSITES: Final = frozenset(
    frozenset(map(stem, pair.split("/")))
    for pair in (
        "encrypt/decrypt encode/decode encrypt/decode encode/decrypt "
        "add/remove add/delete create/delete create/remove "
        "make/delete make/remove start/stop start/kill enable/disable compress/extract "
        "compress/decompress pack/unpack zip/unzip lock/unlock mount/unmount push/pull first/last "
        "older/newer bigger/smaller larger/smaller largest/smallest biggest/smallest "
        "upload/download accessed/modified accessed/changed import/export ascending/descending "
        "show/hide show/delete show/remove list/delete list/remove print/delete print/remove "
        "find/delete find/remove on/off up/down before/after with/without more/less most/least "
        "copy/move copy/delete move/delete rename/delete rename/remove uppercase/lowercase "
        "newest/oldest head/tail install/remove install/uninstall insert/delete kill/list "
        "change/delete change/remove copy/remove keep/delete keep/remove files/folders "
        "files/directories file/folder file/directory lines/words lines/characters memory/cpu "
        "incoming/outgoing begin/end start/end starting/ending hour/day day/week minute/hour "
        "highest/lowest minimum/maximum min/max longest/shortest fastest/slowest read/write "
        "attach/detach open/close public/private local/remote rows/columns row/column "
    ).split()
)
"""Words that one group may offer, and that ask for different things."""
_ALIKE: Final = 0.85
_SIMILAR: Final = 0.6
_SURE_COUNT: Final = 3
_SURE_SHARE: Final = 0.2
_LEAST_SHARE: Final = 0.1
"""Of the groups with the rarer of two words: as many must have both."""


def weights(variants: Sequence[tuple[int, tuple[str, ...]]]) -> dict[str, float]:
    """Return the weight of each word, from 0 to about 1: how much it says, as rare words do."""
    counts = Counter(w for _, items in variants for w in set(items) if not phrasing.marks(w))
    found: dict[str, float] = {}
    for word, count in counts.items():
        rarity = log((len(variants) + 1) / (count + 0.5))
        weight = min(_HEAVIEST, max(_LIGHTEST, rarity)) / _HEAVIEST
        if word in _WEAK:
            weight = min(weight, 0.12)
        found[word] = max(weight, 0.8) * 1.3 if word in _STRONG else weight
    return found


def likenesses(known: Iterable[Intent]) -> dict[str, dict[str, float]]:
    """Return which words may stand for which: those that phrasings often offer in one group.

    A pair in `noise.SYNONYMS` is sure; one of `_OPPOSITES` never stands for the other.
    """
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    groups: Counter[str] = Counter()
    for intent in known:
        for way in intent.phrasings:
            for group in way.groups():
                alternatives = _alternatives(group)
                groups.update(alternatives)
                for word in alternatives:
                    pairs[word].update(alternatives - {word})
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for word, others in pairs.items():
        for other, count in others.items():
            likeness = _likeness(count, min(groups[word], groups[other]))
            if likeness and frozenset((word, other)) not in _OPPOSITES:
                found[word][other] = likeness
    for word, other in _synonyms():
        found[word][other] = found[other][word] = _ALIKE
    return found


def _synonyms() -> Iterator[tuple[str, str]]:
    for word, others in SYNONYMS.items():
        yield from ((stem(word), stem(other)) for other in others.split() if "_" not in other)


def _likeness(count: int, groups: int) -> float:
    """Return how well words stand for each other that share *count* of the rarer's *groups*."""
    share = count / groups
    if count >= _SURE_COUNT and share >= _SURE_SHARE:
        return _ALIKE
    return _SIMILAR if share >= _LEAST_SHARE else 0.0


def _alternatives(group: phrasing.Choice) -> set[str]:
    """Return the stems of the alternatives that are one word."""
    single = [each[0] for each in group.alternatives if len(each) == 1]
    return {stem(text) for text in single if isinstance(text, str) and text.strip().isalpha()}
