"""How many threads, and how long one that has nothing to do should spin: the graph alone.

    python benchmarks/threads.py [ROUNDS]

Prints the table that daemon/eidos/graph.py's options come from. All settings take turns, so that
whatever else the machine does strikes them all; run it on a quiet machine and on a busy one.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from unittest.mock import patch

import numpy as np
from msgspec import Struct

from benchmarks.measuring import machine, percentile
from eidos import graph
from eidos.model_files import locate
from eidos.packed_reader import PackedReader
from eidos.reading import Part

TOKENS = (1, 4, 16)
"""Of a pass; one is read with a second row, as the engine does it."""
BEFORE = 30
_FATAL = 4
_SPINNING = "session.intra_op.allow_spinning"
_DURATION = "session.intra_op.spin_duration_us"
SETTINGS: Mapping[str, tuple[int, Mapping[str, str]]] = {
    "1 thread": (1, {_SPINNING: "0"}),
    "2 threads, no spinning": (2, {_SPINNING: "0"}),
    "2 threads, 10 µs": (2, {_SPINNING: "1", _DURATION: "10"}),
    "2 threads, 30 µs": (2, {_SPINNING: "1", _DURATION: "30"}),
    "2 threads, 100 µs": (2, {_SPINNING: "1", _DURATION: "100"}),
    "2 threads, onnxruntime's own": (2, {_SPINNING: "1"}),
}


class Pass(Struct, frozen=True):
    """One pass: the time it took, and the CPU time of all threads."""

    ms: float
    cpu_ms: float


def reader(threads: int, entries: Mapping[str, str]) -> PackedReader:
    """Return a reader whose session has *entries* in place of what the engine chose."""
    options = graph.session_options(threads)
    options.log_severity_level = _FATAL  # it warns of entries that are there already
    for key, value in entries.items():
        options.add_session_config_entry(key, value)
    with patch.object(graph, "session_options", return_value=options):
        return PackedReader(graph.Graph(locate("", "").model, threads=threads))


def measure(rounds: int) -> dict[tuple[str, int], list[Pass]]:
    """Return the passes of each setting and each number of tokens."""
    readers = {name: reader(*setting) for name, setting in SETTINGS.items()}
    found: dict[tuple[str, int], list[Pass]] = {}
    ids = np.random.default_rng(0).integers(3, 20_000, BEFORE + max(TOKENS)).tolist()
    for number in range(rounds + 1):
        for tokens in TOKENS:
            for name, each in readers.items():
                trail = each.trail_for([])
                each.read([Part(trail, ids[:BEFORE])])
                begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
                each.read([Part(trail, ids[BEFORE : BEFORE + tokens], [0])])
                taken_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
                if number:  # the first round warms up
                    found.setdefault((name, tokens), []).append(Pass(taken_s * 1e3, cpu_s * 1e3))
    return found


def report(found: Mapping[tuple[str, int], list[Pass]]) -> Iterator[str]:
    """Yield the lines of the table: p50, p90 and CPU of each pass."""
    yield f"| ms: p50, p90 (CPU, p50) | {' | '.join(f'{n} tokens' for n in TOKENS)} |"
    yield f"|---{'|---' * len(TOKENS)}|"
    for name in SETTINGS:
        cells: list[str] = []
        for tokens in TOKENS:
            passes = found[name, tokens]
            times = [each.ms for each in passes]
            cpu = percentile([each.cpu_ms for each in passes], 50)
            cells.append(f"{percentile(times, 50):.1f}, {percentile(times, 90):.1f} ({cpu:.1f})")
        yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, and print the table."""
    load_before = os.getloadavg()[0]
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    print(machine(load_before))
    print("\n".join(report(found)))


if __name__ == "__main__":
    main()
