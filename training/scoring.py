"""Right or wrong, by execution: a command is right if it does what the reference does.

    python -m training.scoring PREDICTIONS.jsonl [--wrong] [--tasks FILE…]

A prediction is a line {"id": …, "command": …}. A task without one counts as wrong.
"""

import functools
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click
import msgspec

from training import changes, report, sandbox, tasks, trees
from training.normalizing import normalized

SHOWN = 160  # characters of a reason: one line for people
JOBS = 2


class Score(msgspec.Struct, frozen=True):
    """Whether a command is right; if it is not, *why* says so in words."""

    right: bool
    why: str = ""


class Prediction(msgspec.Struct, frozen=True):
    """What a model answered to the task *id*."""

    id: str
    command: str


RIGHT = Score(right=True)


def score(task: tasks.Task, command: str) -> Score:
    """Return whether *command* does what the reference of *task* does.

    Same exit status class (zero or not), same output (the lines in any order unless the task asks
    for one; blanks at their ends do not count), same changes of files; of these, what the task's
    `check` names.
    """
    if not command.strip():
        return Score(right=False, why="no command")
    texts = {task.command, *task.accept_text, *(task.also if task.check == "text" else ())}
    if normalized(command) in map(normalized, texts):
        return RIGHT
    if task.check == "text":
        return Score(right=False, why=f"not the text of {task.command}")
    got = outcome(task, command)
    found = compare(task, reference(task), got)
    return RIGHT if any(compare(task, other, got).right for other in _others(task)) else found


def _others(task: tasks.Task) -> Iterator[sandbox.Outcome]:
    """Yield what else is right: `wc -l < f` prints less than `wc -l f`, as its like will."""
    others = (_reference(text, task.tree, task.shell) for text in task.accept_text)
    failed = bool(reference(task).status)
    return (other for other in others if bool(other.status) == failed)


def compare(task: tasks.Task, wanted: sandbox.Outcome, got: sandbox.Outcome) -> Score:
    """Return whether *got* is as good as *wanted*, in what *task* counts."""
    why = _status_fault(wanted, got)
    if not why and task.check != "files":
        why = _output_fault(_lines(wanted.output), _lines(got.output), in_order=task.in_order)
    if not why and task.check != "output":
        why = _change_fault(wanted.changes, got.changes)
    return Score(right=False, why=why) if why else RIGHT


def outcome(task: tasks.Task, command: str) -> sandbox.Outcome:
    """Return what *command* does in the tree of *task*, in its shell."""
    return sandbox.run(command, trees.load(task.tree), shell=task.shell)


@functools.lru_cache(maxsize=2048)
def _reference(command: str, tree: str, shell: str) -> sandbox.Outcome:
    return sandbox.run(command, trees.load(tree), shell=shell)


def reference(task: tasks.Task) -> sandbox.Outcome:
    """Return what the reference of *task* does; it is run once."""
    return _reference(task.command, task.tree, task.shell)


def score_all(pairs: Sequence[tuple[tasks.Task, str]], *, jobs: int = JOBS) -> list[Score]:
    """Score each command for its task, in several processes, in the order given."""
    if jobs == 1 or len(pairs) < jobs:
        return [score(task, command) for task, command in pairs]
    with ProcessPoolExecutor(jobs) as pool:
        chunk = max(1, min(32, len(pairs) // (4 * jobs)))
        return list(pool.map(_score_pair, pairs, chunksize=chunk))


def _score_pair(pair: tuple[tasks.Task, str]) -> Score:
    return score(*pair)


def _lines(output: bytes) -> list[str]:
    """Return the lines; `find .` and `find` name the same files."""
    text = output.decode(errors="replace").rstrip()
    return [line.rstrip().removeprefix("./") for line in text.splitlines()]


def _status_fault(wanted: sandbox.Outcome, got: sandbox.Outcome) -> str:
    if got.cut:
        return f"ended by the limit of {got.cut}"
    if bool(wanted.status) == bool(got.status):
        return ""
    said = got.errors.decode(errors="replace").strip().splitlines()[-1:] or ["nothing said"]
    return f"status {got.status} instead of {wanted.status}: {said[0]}"[:SHOWN]


def _output_fault(wanted: list[str], got: list[str], *, in_order: bool) -> str:
    if in_order:
        for number, (line, other) in enumerate(zip(wanted, got, strict=False), start=1):
            if line != other:
                return f"output: line {number} is {other!r} instead of {line!r}"[:SHOWN]
        if len(wanted) != len(got):
            return f"output: {len(got)} lines instead of {len(wanted)}"
        return ""
    missing, extra = Counter(wanted) - Counter(got), Counter(got) - Counter(wanted)
    faults = [
        f"{sum(lines.values())} lines {word}, as {next(iter(lines))!r}"
        for lines, word in ((missing, "missing"), (extra, "too many"))
        if lines
    ]
    return f"output: {'; '.join(faults)}"[:SHOWN] if faults else ""


def _change_fault(wanted: Mapping[str, changes.Change], got: Mapping[str, changes.Change]) -> str:
    for path in sorted(wanted.keys() | got.keys()):
        if wanted.get(path) != got.get(path):
            here = changes.described(path, got[path]) if path in got else "left as it was"
            there = changes.described(path, wanted[path]) if path in wanted else "left as it was"
            return f"files: {path}: {here} instead of {there}"[:SHOWN]
    return ""


@click.command()
@click.argument("predictions", type=click.Path(exists=True, path_type=Path))
@click.option("--tasks", "files", multiple=True, type=click.Path(exists=True, path_type=Path))
@click.option("--wrong", is_flag=True, help="Print each wrong answer, and why it is.")
@click.option("--jobs", default=JOBS, show_default=True)
def main(predictions: Path, files: tuple[Path, ...], wrong: bool, jobs: int) -> None:
    """Score PREDICTIONS, a JSON line for each task, and print the figures."""
    try:
        wanted = tasks.load(files)
        lines = predictions.read_bytes().splitlines()
        given = {
            it.id: it.command
            for it in (msgspec.json.decode(line, type=Prediction) for line in lines)
        }
        pairs = [(task, given.get(task.id, "")) for task in wanted]
        results = score_all(pairs, jobs=jobs)
    except (tasks.TaskError, trees.TreeError, sandbox.SandboxError, msgspec.DecodeError) as fault:
        raise click.ClickException(str(fault)) from fault
    scored = [
        (task, report.Judged(task.id, task.request, command, result.right, result.why))
        for (task, command), result in zip(pairs, results, strict=True)
    ]
    if wrong:
        click.echo(report.wrong(answer for _, answer in scored), nl=False)
    click.echo(report.table(report.rows(scored, fewest=1)))
    if unknown := given.keys() - {task.id for task in wanted}:
        click.echo(
            f"{len(unknown)} predictions are for no task, {min(unknown)!r} first", file=sys.stderr
        )


if __name__ == "__main__":
    main()
