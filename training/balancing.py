"""How much of the corpus each tool gets: the rich give up most, and no intent vanishes."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

import msgspec

from training.expanding import Pair


class Shares(msgspec.Struct, frozen=True):
    """The share of one tool, by how many pairs it has: all up to `full`, then fewer and fewer."""

    full: int = 2000
    """A tool with so many pairs or fewer keeps them all; some thirty tools have more."""
    power: float = 0.75
    """Beyond, full * (n / full) ** power: a tool with sixteen times as many keeps eight times."""
    rare: int = 12
    """What one tool may have of each collection if it is not among the common commands: nobody
    asks for the eighty options of a tool that few have."""

    def of(self, count: int) -> int:
        """Return how many of *count* pairs of one tool are kept."""
        return count if count <= self.full else round(self.full * (count / self.full) ** self.power)


COLLECTIONS: Final = frozenset({"tldr", "nl2bash", "fig"})


def balanced(
    pairs: Iterable[Pair], shares: Shares, common: frozenset[str], seed: int
) -> Iterator[Pair]:
    """Yield what is kept of *pairs*, tool by tool; the same for the same pairs and *seed*.

    Each source of a tool gives up the same share. Within it every intent gives one pair before any
    gives a second one, so that what goes is the umpteenth phrasing.
    """
    by_tool = defaultdict[str, dict[str, list[Pair]]](dict)
    for pair in pairs:
        by_tool[pair.tool].setdefault(pair.source, []).append(pair)
    for tool in sorted(by_tool):
        limit = None if tool in common else shares.rare
        sources = {
            source: _in_turns(given, seed)[: limit if source in COLLECTIONS else None]
            for source, given in sorted(by_tool[tool].items())
        }
        total = sum(len(given) for given in sources.values())
        share = shares.of(total) / total
        for given in sources.values():
            yield from given[: math.ceil(share * len(given))]


def lot(pair: Pair, seed: int) -> bytes:
    """Return what decides by chance between pairs: it depends on the pair and *seed* alone."""
    text = f"{seed}\0{pair.request}\0{pair.command}\0{pair.shell}\0{pair.os}"
    return blake2b(text.encode(), digest_size=8).digest()


def _in_turns(pairs: list[Pair], seed: int) -> list[Pair]:
    """Return *pairs* so that the first of each intent come first, then the second of each."""
    drawn = sorted((lot(pair, seed), number) for number, pair in enumerate(pairs))
    seen = defaultdict[str, int](int)
    turns = list[tuple[int, int, int]]()
    for place, (_, number) in enumerate(drawn):
        origin = pairs[number].id
        turns.append((seen[origin], place, number))
        seen[origin] += 1
    return [pairs[number] for _, _, number in sorted(turns)]
