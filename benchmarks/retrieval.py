"""Measure retrieval: how long the known requests are searched, and what memory the index takes.

    python benchmarks/retrieval.py [--write]

Asks the requests of requests.txt, and texts of 1,000 characters meant to be slow. Prints Markdown;
with --write it goes into its section of docs/benchmarks.md.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import REPOSITORY, machine, percentile, requests, write_section
from eidos.retrieval.index import Index
from eidos.retrieval.retriever import Retriever

PAGE: Final = REPOSITORY / "docs" / "benchmarks.md"
HEADING: Final = "## Figures of retrieval"
LONGEST: Final = 1000
"""Characters of a request; the widgets send no more."""
_CALLS: Final = 5
_PIECES: Final = (
    "x", "delete ", "find files in ", "!@#$%^&*(){}[]|\\:;\"'<>,.?/~`", "(a+)+$ (.*)*b ", '"',
    "a@b:c@d:", "{} {} {}", "\ue000\ue001", "12 ", "anywhere ", "anywhere in ", "in the my ",
    "list the last 5 lines of a.txt in /x named b of type c.py ", "a-b.c:d@e/f_g=h+1 ", "the ",
    "in the current working directory tree ", "files ending in the extension .py ",
)  # fmt: skip


def hostile_texts() -> list[str]:
    """Return each piece repeated up to the longest request."""
    return [(piece * LONGEST)[:LONGEST] for piece in _PIECES]


def cpu_ms(retriever: Retriever, text: str, count: int) -> float:
    """Return the median CPU time of searching *text*: another process takes none of it."""
    times_ms: list[float] = []
    for _ in range(_CALLS):
        began_s = time.process_time()
        retriever.find(text, "bash", count)
        times_ms.append((time.process_time() - began_s) * 1000)
    return median(times_ms)


def resident_mb() -> tuple[float, float]:
    """Return the memory of this process in MB (10^6 bytes): all of it, and what is in no file."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kib["Rss"] * 1024 / 1e6, kib["Anonymous"] * 1024 / 1e6


def row(name: str, times_ms: Sequence[float]) -> str:
    """Return a row of the table."""
    figures = (percentile(times_ms, 50), percentile(times_ms, 99), max(times_ms))
    return f"| {name} | {len(times_ms)} | " + " | ".join(f"{each:.1f}" for each in figures) + " |"


def report() -> list[str]:
    """Return the tables."""
    load, before_mb = os.getloadavg()[0], resident_mb()
    retriever = Retriever(Index())
    texts = requests()
    rows = [
        row(f"the requests, {name}", [cpu_ms(retriever, text, count) for text in texts])
        for name, count in (("the best one", 1), ("the best three", 3))
    ]
    total, own = (after - b for after, b in zip(resident_mb(), before_mb, strict=True))
    rows.append(row("1,000 characters", [cpu_ms(retriever, t, 3) for t in hostile_texts()]))
    return [
        machine(load),
        "",
        f"| CPU time, each the median of {_CALLS} | texts | p50 ms | p99 ms | worst ms |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Memory for it: {total:.1f} MB, {own:.1f} MB of them not of the mapped file.",
    ]


def main() -> None:
    """Print the tables, and write them if that is asked for."""
    lines = report()
    print("\n".join(lines))
    if "--write" in sys.argv[1:]:
        write_section(PAGE, HEADING, lines)


if __name__ == "__main__":
    main()
