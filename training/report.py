"""The figures of the development set: how many of which tasks are right, for people and as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from eidos.protocol import Certainty
from training.tasks import Task

FEWEST: Final = 5
"""Of fewer tasks a share says nothing: their utilities stand in one row."""
REST: Final = "the rest"
GROUPS: Final = ("all", "difficulty", "shell", "judged by", "certainty", "utility")


class Row(msgspec.Struct, frozen=True):
    """How many *tasks* of one *name* in a *group* there are, and how many are *right*."""

    group: str
    name: str
    right: int
    tasks: int

    @property
    def share(self) -> float:
        """The share that is right, 0 to 1."""
        return self.right / self.tasks


class Judged(msgspec.Struct, frozen=True):
    """An answer to the task *id*, and what became of it; *why* says what is wrong with it."""

    id: str
    request: str
    command: str
    right: bool
    why: str = ""
    certainty: Certainty | None = None
    elapsed_ms: float = 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `eidosctl model bench` found; *left_out* are tasks that cannot be judged here."""

    model: str
    path: str
    sha256: str
    asked: Literal["pipeline", "greedy"]
    day: str
    cores: int
    of: int
    rows: tuple[Row, ...]
    p50_ms: float
    p99_ms: float
    median_command_tokens: float
    engine_rss_bytes: int
    not_offered: int
    left_out: tuple[str, ...]
    answers: tuple[Judged, ...]


def rows(scored: Sequence[tuple[Task, Judged]], *, fewest: int = FEWEST) -> tuple[Row, ...]:
    """Return the figures of every group, those of utilities by their number of tasks.

    Utilities with less than *fewest* tasks are one row, the last.
    """
    common = Counter(task.utility for task, _ in scored)
    counts: dict[tuple[int, int, str], list[bool]] = {}
    for task, answer in scored:
        utility = task.utility if common[task.utility] >= fewest else REST
        names = (
            "all",
            str(task.difficulty),
            task.shell,
            "text" if task.check == "text" else "execution",
            answer.certainty or "",
            utility,
        )
        for order, name in enumerate(names):
            size = -common[name] if order == len(names) - 1 else 0
            counts.setdefault((order, size, name), []).append(answer.right)
    return tuple(
        Row(GROUPS[order], name, sum(right), len(right))
        for (order, _, name), right in sorted(counts.items())
        if name
    )


def table(found: Iterable[Row]) -> str:
    """Return one line for each row, its share last."""
    lines = [
        (row.name if row.group in {"all", row.name} else f"{row.group} {row.name}", row)
        for row in found
    ]
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(
        f"{name:{width}} {row.right:4} of {row.tasks:4}  {row.share:.3f}" for name, row in lines
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest of *values* that at least *share* of them do not exceed; of none, 0."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else 0.0


def summary(report: Report) -> str:
    """Return what the figures are of, and what an answer takes, a line for each."""
    how = "what the daemon offers" if report.asked == "pipeline" else "the engine alone, greedy"
    lines = [
        ("model", report.model),
        ("", report.path),
        ("", f"sha256 {report.sha256}"),
        ("asked", f"{sum(r.tasks for r in report.rows[:1])} of {report.of} tasks: {how}"),
        ("time", f"p50 {report.p50_ms:.0f} ms, p99 {report.p99_ms:.0f} ms an answer"),
        ("", f"{report.median_command_tokens:g} tokens a command (median), {report.cores} cores"),
        ("memory", f"{report.engine_rss_bytes / 2**20:.0f} MB resident, the engine"),
        ("not offered", f"{report.not_offered} answers: withheld, or none came"),
    ]
    if report.left_out:
        lines.append(("left out", f"{len(report.left_out)} tasks: {', '.join(report.left_out)}"))
    return "\n".join(f"{name:12}{text}" for name, text in lines)


def wrong(answers: Iterable[Judged]) -> str:
    """Return each wrong answer of *answers*, and why it is, in three lines."""
    return "".join(
        f"{it.id}: {it.request}\n    {it.command}\n    {it.why}\n" for it in answers if not it.right
    )
