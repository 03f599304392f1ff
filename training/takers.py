"""What the slots of variants take: kept once, for all variants with slots of the same kinds."""

from collections import defaultdict
from collections.abc import Iterable

from eidos.retrieval import index
from training import phrasing


class Takers:
    """What the slots of variants take, each kind once."""

    def __init__(self) -> None:
        self._kinds: dict[str | frozenset[str], int] = {}
        self._signatures: dict[tuple[int, ...], int] = {}
        self._phrases: defaultdict[str, set[int]] = defaultdict(set)

    def signature(self, items: Iterable[str], intent: index.Intent) -> int:
        """Return the number of the combination of slots that *items* have."""
        kinds: list[int] = []
        for item in items:
            if len(marks := phrasing.IS_MARK.findall(item)) and len(item) > 1:
                kinds.append(self._kind(index.GLUED + _renumbered(item, marks)))
            elif marks:
                kinds.append(self._listed(intent.slots[ord(item) - index.FIRST_MARK]))
        return self._signatures.setdefault(tuple(sorted(kinds)), len(self._signatures))

    def packed(self) -> index.Takers:
        """Return them as the index has them."""
        kinds = tuple(kind if isinstance(kind, str) else "" for kind in self._kinds)
        phrases = {text: tuple(sorted(kinds)) for text, kinds in sorted(self._phrases.items())}
        return index.Takers(kinds, phrases, tuple(self._signatures))

    def _listed(self, slot: index.Slot) -> int:
        if not slot.listed:
            return self._kind(slot.kind)
        number = self._kind(index.OPEN + slot.kind if slot.kind else frozenset(slot.listed))
        for phrase in slot.listed:
            self._phrases[phrase].add(number)
        return number

    def _kind(self, kind: str | frozenset[str]) -> int:
        return self._kinds.setdefault(kind, len(self._kinds))


def _renumbered(item: str, marks: Iterable[str]) -> str:
    """Return *item* with its slots numbered from 0 on: forms of words are alike in many intents."""
    order = {ord(mark): index.FIRST_MARK + n for n, mark in enumerate(dict.fromkeys(marks))}
    return item.translate(order)
