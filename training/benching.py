"""How good a model is: `eidosctl model bench` runs this from a clone's root.

    python -m training.benching [--model MODEL] [--greedy] [--limit N] [--json OUT]

Every task of the development set is put to a running engine, behind the daemon's own pipeline, and
each answer is judged in the sandbox (training/scoring.py). Nothing is run outside of it. What is
not installed here makes tasks that cannot be judged: these are left out, and named.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

import click
import msgspec
from click._termui_impl import ProgressBar

from eidos import model_files
from eidos.engine_messages import Loaded
from eidos.errors import EidosError, ModelError
from eidos.tokenizer import Tokenizer
from training import answers, report, sandbox, scoring, tasks, trees, walls

SEED: Final = 1
"""Of the sample that --limit takes: the same tasks for every model."""
_MISSING_STATUS: Final = 127
_MISSING: Final = re.compile(rb"command not found|Unknown command")
"""What bash, zsh and fish say of a program that is not installed, anywhere in a pipeline."""

Pair = tuple[tasks.Task, answers.Answer]


class Asking(msgspec.Struct, frozen=True):
    """What is asked, and how: *model_path* is empty for the embedded model."""

    model_path: str
    is_greedy: bool
    tasks: tuple[tasks.Task, ...]


class Answered(msgspec.Struct, frozen=True):
    """The answers to the tasks, in their order, and what was loaded to give them."""

    loaded: Loaded
    rss_bytes: int
    answers: tuple[answers.Answer, ...]


def sample(wanted: Sequence[tasks.Task], limit: int | None) -> tuple[tasks.Task, ...]:
    """Return at most *limit* tasks, the same ones each time, in the order of *wanted*."""
    if limit is None or limit >= len(wanted):
        return tuple(wanted)
    chosen = Random(SEED).sample(range(len(wanted)), limit)
    return tuple(wanted[place] for place in sorted(chosen))


def require_sandbox(wanted: Sequence[tasks.Task]) -> None:
    """Return if the commands of *wanted* can be judged on this machine.

    Raises:
        SandboxError: A program, a shell or a right is missing; the message says how to get it.
    """
    run = [task for task in wanted if task.check != "text"]
    if run and walls.FAKETIME is None:
        raise sandbox.SandboxError("no libfaketime; try: apt-get install faketime")
    for shell, tree in {(task.shell, task.tree) for task in run}:
        if not shutil.which(shell):
            raise sandbox.SandboxError(f"{shell} is not installed; try: apt-get install {shell}")
        trees.load(tree)
    if run:
        sandbox.run("true", trees.load(run[0].tree))


async def ask(asking: Asking) -> Answered:
    """Return an answer to each task, given one after the other; progress goes to stderr.

    Raises:
        ModelError: The model cannot be used.
    """
    async with answers.engine(asking.model_path) as asked:
        one = asked.greedy if asking.is_greedy else asked.as_the_daemon
        with _progress(len(asking.tasks), "asking") as bar:
            given: list[answers.Answer] = []
            for task in asking.tasks:
                given.append(await one(task))
                bar.update(1)
        return Answered(asked.loaded, asked.rss_bytes, tuple(given))


def judge(pairs: Sequence[Pair], *, jobs: int) -> list[tuple[scoring.Score, bool]]:
    """Return for each answer its score, and whether it can be judged here."""
    if jobs == 1:
        return [_judge(pair) for pair in pairs]
    pool = ProcessPoolExecutor(jobs)
    try:
        with _progress(len(pairs), "judging") as bar:
            found: list[tuple[scoring.Score, bool]] = []
            for result in pool.map(_judge, pairs):
                found.append(result)
                bar.update(1)
            return found
    finally:
        pool.shutdown(cancel_futures=True)  # else Ctrl-C would wait for all of them


def _judge(pair: Pair) -> tuple[scoring.Score, bool]:
    task, answer = pair
    result = scoring.score(task, answer.command)
    return result, task.check == "text" or not _is_missing(task)


def _is_missing(task: tasks.Task) -> bool:
    """Return whether a program of the reference is not installed: then any answer looks right."""
    wanted = scoring.reference(task)
    return wanted.status == _MISSING_STATUS or _MISSING.search(wanted.errors) is not None


def report_of(
    asking: Asking, answered: Answered, judged: Sequence[tuple[scoring.Score, bool]], *, of: int
) -> report.Report:
    """Return the figures of what was *answered*, as it was *judged*; *of* so many tasks."""
    scored = [
        (task, _row(task, answer, score), is_judged)
        for task, answer, (score, is_judged) in zip(
            asking.tasks, answered.answers, judged, strict=True
        )
    ]
    kept = [(task, row) for task, row, is_judged in scored if is_judged]
    times_ms = [row.elapsed_ms for _, row in kept]
    return report.Report(
        model=answered.loaded.model,
        path=answered.loaded.path,
        sha256=answered.loaded.sha256,
        asked="greedy" if asking.is_greedy else "pipeline",
        day=time.strftime("%Y-%m-%d"),
        cores=os.cpu_count() or 1,
        of=of,
        rows=report.rows(kept),
        p50_ms=report.quantile(times_ms, 0.5),
        p99_ms=report.quantile(times_ms, 0.99),
        median_command_tokens=_median_tokens(answered.loaded, [row.command for _, row in kept]),
        engine_rss_bytes=answered.rss_bytes,
        not_offered=sum(not row.command for _, row in kept),
        left_out=tuple(task.id for task, _, is_judged in scored if not is_judged),
        answers=tuple(row for _, row in kept),
    )


def _row(task: tasks.Task, answer: answers.Answer, score: scoring.Score) -> report.Judged:
    return report.Judged(
        id=task.id,
        request=task.request,
        command=answer.command,
        right=score.right,
        why=answer.fault or score.why,
        certainty=answer.certainty,
        elapsed_ms=round(answer.elapsed_s * 1000, 1),
    )


def _median_tokens(loaded: Loaded, commands: Sequence[str]) -> float:
    files = model_files.locate(loaded.path, "")
    tokenizer = Tokenizer(files.tokenizer, model_files.tokenizer_settings(files))
    return median([len(tokenizer.encode(command)) for command in commands if command] or [0])


def _progress(count: int, label: str) -> ProgressBar[int]:
    return click.progressbar(length=count, label=label, file=sys.stderr)


def bench(asking: Asking, *, jobs: int, of: int) -> report.Report:
    """Return how good the model is at the tasks; first of all whether they can be judged here.

    Raises:
        EidosError, SandboxError: It cannot be told here; the message says why.
    """
    require_sandbox(asking.tasks)
    answered = asyncio.run(ask(asking))
    pairs = list(zip(asking.tasks, answered.answers, strict=True))
    return report_of(asking, answered, judge(pairs, jobs=jobs), of=of)


@click.command()
@click.option("--model", default="", help="A model.onnx or its folder; default: the embedded one.")
@click.option("--greedy", is_flag=True, help="Ask the engine alone.")
@click.option("--tasks", "files", multiple=True, type=click.Path(exists=True, path_type=Path))
@click.option("--limit", type=click.IntRange(1), help="So many tasks, the same ones each time.")
@click.option("--jobs", default=scoring.JOBS, type=click.IntRange(1), show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Where to write all of it.")
@click.option("--wrong", is_flag=True, help="Print each wrong answer, and why it is.")
def main(  # noqa: PLR0913 - an option each
    *,
    model: str,
    greedy: bool,
    files: tuple[Path, ...],
    limit: int | None,
    jobs: int,
    out: Path | None,
    wrong: bool,
) -> None:
    """Print the development set's figures for a model."""
    # Whoever started this in the background of a script had it ignored; eidosctl passes it on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if model and not Path(model).exists():
            raise ModelError(f"there is no {model}; name a model.onnx, or the folder that it is in")
        known = tasks.load(files)
        asking = Asking(model, greedy, sample(known, limit))
        found = bench(asking, jobs=jobs, of=len(known))
        if wrong:
            click.echo(report.wrong(found.answers), nl=False)
        click.echo(f"{report.summary(found)}\n\n{report.table(found.rows)}")
        if out is not None:
            out.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    except EidosError as fault:
        click.echo(f"eidosctl: {fault}", err=True)
        sys.exit(fault.exit_code)
    except (tasks.TaskError, trees.TreeError, sandbox.SandboxError, OSError) as fault:
        click.echo(f"eidosctl: {fault}", err=True)
        sys.exit(EidosError.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)  # as of a program that Ctrl-C ends


if __name__ == "__main__":
    main(prog_name="eidosctl model bench")
