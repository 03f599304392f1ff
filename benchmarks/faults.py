"""Do each fault of tests/faults to a real daemon under load, for longer than a test may take.

    python benchmarks/faults.py                    prints the table
    python benchmarks/faults.py --write            writes it into docs/faults.md as well
    python benchmarks/faults.py engine socket      only faults with one of these words in their name
    python benchmarks/faults.py frames             only the frames made up by chance

Root's tests: some faults need a mount, or a process without root's rights. 15 minutes. Ends with 1
where a request was lost, or an answer afterwards was not right.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.measuring import REPOSITORY, machine, write_section
from benchmarks.surviving import FAULTS, MEMORY, Row, run, run_frames, run_memory

PAGE: Final = REPOSITORY / "docs" / "faults.md"


def main() -> int:
    """Do the faults that are asked for; return 1 where one was not survived."""
    words = [each for each in sys.argv[1:] if not each.startswith("-")]
    load_before = os.getloadavg()[0]
    rows: list[Row] = []
    for act in _chosen(words):
        begin_s = time.monotonic()
        rows.append(act())
        print(f"{rows[-1].line()}   ({time.monotonic() - begin_s:.0f} s)", flush=True)
    frames = run_frames() if not words or "frames" in words else ""
    print(frames)
    if "--write" in sys.argv[1:] and not words:
        write_section(PAGE, "## Figures", _page(rows, frames, machine(load_before)))
    return int(any(row.is_failure for row in rows))


def _chosen(words: Sequence[str]) -> list[Callable[[], Row]]:
    all_of_them = [(fault.name, lambda fault=fault: run(fault)) for fault in FAULTS]
    all_of_them += [(name, lambda name=name: run_memory(name)) for name in MEMORY]
    return [act for name, act in all_of_them if not words or any(each in name for each in words)]


def _page(rows: Sequence[Row], frames: str, where: str) -> list[str]:
    return [
        where,
        "",
        "| fault | sent | answered | refused | lost | back after, s |",
        "|---|---|---|---|---|---|",
        *(row.line() for row in rows),
        "",
        frames,
    ]


if __name__ == "__main__":
    sys.exit(main())
