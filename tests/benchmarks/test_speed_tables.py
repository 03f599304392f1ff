"""The tables of benchmarks/speed.py, from figures that were never measured."""

import pytest

from benchmarks.clients import Load, Waits
from benchmarks.loops import Answer
from benchmarks.recording import Parts
from benchmarks.speed_tables import DRAFTED, LLAMA, PLAIN, Figures, report

PARTS = Parts(
    total_ms=100,
    retrieve_ms=3,
    prompt_ms=40,
    step_ms=(8.0, 8.0),
    known_ms=20,
    tokens=10,
    drafted=14,
)
MEMORY = {"eidosd": (30.0, 20.0), "engine": (240.0, 230.0)}


def load(clients: int, taken_s: float) -> Load:
    """Four requests in *taken_s*."""
    waits = [Waits(client_ms=102, daemon_ms=100, engine_ms=90)] * 4
    return Load(clients, taken_s, waits, 1, 0, MEMORY, [2.0, 2.0])


@pytest.fixture
def lines() -> list[str]:
    """The report of a run in which llama.cpp took three times as long, and said one thing else."""
    loops = {
        PLAIN: [Answer([1], 20.0, 40.0), Answer([2], 20.0, 40.0)],
        DRAFTED: [Answer([1], 10.0, 40.0), Answer([2], 10.0, 40.0)],
        LLAMA: [Answer([1], 30.0, 40.0), Answer([3], 30.0, 40.0)],
    }
    loads = [load(1, 4.0), load(8, 0.5)]
    figures = Figures("a machine", 2, [PARTS] * 2, loops, loads, [900.0], [1500.0], ["No fp32"])
    return list(report(figures))


@pytest.mark.parametrize(
    "line",
    [
        "No fp32.",
        "| answers a second, best row below | at least 25 | 8.0 |",
        "| daemon and engine, resident | under 280 MB | 270 MB |",
        "| faster than llama.cpp | 2 times | 3.00 times |",
        "| `eidosctl suggest` without a daemon | under 2 s | 1.50 s |",
        "| reading a known command, for 2 of 2 | 20.0 ms | 20.0 ms |",
        "| the rest: tokenizer, drafting, text | 21.0 ms | 21.0 ms |",
        "| passes that write it | 3 | 3 |",
        (
            "14.0 tokens were drafted for an answer, of which 50 % were right; "
            "70 % of all tokens cost no pass of their own."
        ),
        f"| {LLAMA} | 30.0 ms | 30.0 ms | 0.67 | 40.0 ms | 1 of 2 |",
        "| client: two ways on the socket | 2.0 ms | 2.0 ms |",
        "| 8 | 8.0 | 102.0 ms | 102.0 ms | 10.0 ms | 1 | 0 |",
        "| together | 270 MB | 250 MB | 270 MB | 250 MB |",
    ],
)
def test_each_figure_is_said_once(lines: list[str], line: str) -> None:
    """Ratios, rates and sums follow from what was measured."""
    assert lines.count(line) == 1


def test_every_row_has_as_many_cells_as_its_head(lines: list[str]) -> None:
    """Each table is one that Markdown shows."""
    tables = "\n".join(lines).split("\n\n")[1:]

    for table in tables:
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1
