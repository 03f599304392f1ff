"""What became of every pair on its way into the corpus, and the report of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from training.expanding import Pair
from training.filters import Reason

_TOOLS: Final = 60
_SAMPLES: Final = 5
"""Pairs shown of each reason: the first of each source, so that a person can judge the reason."""


class Tally:
    """Counts by source, tool and reason."""

    def __init__(self) -> None:
        self._read = Counter[str]()
        self._dropped = Counter[tuple[str, Reason]]()
        self._samples: dict[tuple[str, Reason], list[Pair]] = {}
        self._contradicted = Counter[tuple[str, str]]()
        self._kept = Counter[str]()
        self._tools: dict[str, Counter[str]] = {}
        self._before = Counter[str]()
        self._shells = Counter[str]()

    def add(self, pair: Pair, reason: Reason | None) -> None:
        """Count *pair* as read, and as dropped for *reason* if there is one."""
        self._read[pair.source] += 1
        if reason is not None:
            self._dropped[pair.source, reason] += 1
            samples = self._samples.setdefault((pair.source, reason), [])
            if len(samples) < _SAMPLES:
                samples.append(pair)

    def contradict(self, winner: str, loser: Pair) -> None:
        """Count that a command of the source *winner* stands where *loser* has another one."""
        self._contradicted[winner, loser.source] += 1

    def keep(self, clean: Sequence[Pair], kept: Sequence[Pair]) -> None:
        """Count what balancing made of *clean*."""
        self._before.update(pair.tool for pair in clean)
        before = Counter(pair.source for pair in clean)
        for pair in kept:
            self._kept[pair.source] += 1
            self._tools.setdefault(pair.tool, Counter())[pair.source] += 1
            self._shells[f"{pair.shell} on {pair.os}"] += 1
        for source, count in before.items():
            self._dropped[source, Reason.BALANCE] += count - self._kept[source]

    def summary(self) -> str:
        """Return one line for each source, and the sum."""
        lines = [
            f"{source}: {self._kept[source]} of {count} pairs"
            for source, count in self._read.items()
        ]
        total = f"{self._kept.total()} pairs of {len(self._tools)} tools"
        return "\n".join([*lines, total])

    def report(self) -> str:
        """Return all of it as Markdown."""
        parts = [
            ["# The corpus", "", f"{self._kept.total()} pairs of {len(self._tools)} tools.", ""],
            self._by_source(),
            self._by_reason(),
            self._by_contradiction(),
            self._by_tool(),
            self._dropped_samples(),
        ]
        return "\n".join(line for part in parts for line in part)

    def _by_source(self) -> Iterable[str]:
        rows = [(s, n, self._kept[s], _share(self._kept[s], n)) for s, n in self._read.items()]
        yield from _table("Sources", ("source", "read", "kept", "share"), rows)
        yield from _table("Shells", ("shell", "pairs"), self._shells.most_common())

    def _by_reason(self) -> Iterable[str]:
        sources = list(self._read)
        rows = [
            (reason.value, *(_counted(self._dropped[s, reason], self._read[s]) for s in sources))
            for reason in Reason
        ]
        yield from _table("Left out, and why", ("reason", *sources), rows)

    def _by_contradiction(self) -> Iterable[str]:
        rows = [(*sources, n) for sources, n in self._contradicted.most_common()]
        yield from _table("Same request, other command", ("kept", "left out", "pairs"), rows)

    def _by_tool(self) -> Iterable[str]:
        sources = list(self._read)
        most = sorted(self._tools, key=lambda tool: (-self._tools[tool].total(), tool))
        rows = [
            (tool, counts.total(), *(counts[s] for s in sources), self._before[tool])
            for tool in most[:_TOOLS]
            for counts in [self._tools[tool]]
        ]
        header = ("tool", "pairs", *sources, "before balancing")
        yield from _table(f"The {_TOOLS} tools with most pairs", header, rows)
        counts = Counter(_size(self._tools[tool].total()) for tool in self._tools)
        yield from _table("Tools by pairs", ("pairs", "tools"), sorted(counts.items()))

    def _dropped_samples(self) -> Iterator[str]:
        for (source, reason), pairs in sorted(self._samples.items()):
            yield f"## {source}: {reason.value}"
            yield ""
            yield from (f"- {_code(pair.request)} → {_code(pair.command)}" for pair in pairs)
            yield ""


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _counted(part: int, whole: int) -> str:
    return f"{part} ({_share(part, whole)})" if part else "0"


def _size(count: int) -> str:
    digits = len(str(count))
    return f"{10 ** (digits - 1):>6} to {10**digits - 1}"


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{' ' if fence != '`' else ''}{text}{' ' if fence != '`' else ''}{fence}"
