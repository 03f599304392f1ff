"""Write measured figures into docs/model-figures.md: python docs/model_figures.py FILE.

FILE is what `eidosctl model bench --json FILE` writes over the whole set; each one that is named
becomes a column.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from training.report import GROUPS, Report, Row

PAGE = Path(__file__).with_name("model-figures.md")
MARK = "## Figures\n"
"""What stands before this line is written by hand."""
_HOW: Final = {"greedy": "the model alone, greedy", "pipeline": "what the daemon offers"}


def page(text: str, reports: Sequence[Report]) -> str:
    """Return *text*, the page as it is, with a column for each of *reports*."""
    by_hand = text.partition(MARK)[0]
    return "\n".join([by_hand + MARK, *_facts(reports), *_shares(reports)])


def _facts(reports: Sequence[Report]) -> Iterator[str]:
    yield from _header("", [_HOW[report.asked] for report in reports])
    facts = [
        ("measured", [f"{report.day}, {report.cores} cores" for report in reports]),
        ("model", [f"{report.model}, sha256 {report.sha256[:16]}…" for report in reports]),
        ("not offered", [str(report.not_offered) for report in reports]),
        ("left out", [str(len(report.left_out)) for report in reports]),
        ("tokens a command, median", [f"{r.median_command_tokens:g}" for r in reports]),
        (
            "resident memory of the engine",
            [f"{r.engine_rss_bytes / 2**20:.0f} MB" for r in reports],
        ),
    ]
    for name, cells in facts:
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""


def _shares(reports: Sequence[Report]) -> Iterator[str]:
    columns = [{(row.group, row.name): row for row in report.rows} for report in reports]
    keys = dict.fromkeys(key for column in columns for key in column)
    for group in GROUPS:
        names = [name for kind, name in keys if kind == group]
        if not names:
            continue
        yield from _header(f"{group} | tasks", [_HOW[report.asked] for report in reports])
        for name in names:
            found = [column.get((group, name)) for column in columns]
            tasks = " / ".join(dict.fromkeys(str(row.tasks) for row in found if row is not None))
            yield f"| {name} | {tasks} | {' | '.join(_cell(row) for row in found)} |"
        yield ""


def _header(first: str, names: Sequence[str]) -> Iterator[str]:
    yield f"| {first} | {' | '.join(names)} |"
    yield "|---" * (len(names) + 1 + first.count("|")) + "|"


def _cell(row: Row | None) -> str:
    return f"{row.right} ({row.share:.3f})" if row is not None else "-"


if __name__ == "__main__":
    given = [msgspec.json.decode(Path(name).read_bytes(), type=Report) for name in sys.argv[1:]]
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), given), encoding="utf-8")
