"""Tries recipes, unattended: `python -m training.trying TRIED/ --corpus CORPUS.jsonl --base BASE`.

For each recipe: train, export with the corpus' table of n-grams, answer the development set, and
score; with `--preference` also draw answers, judge them, train on what is wrong, and again. What is
there already is not made again, so after a stop the same command goes on. Without --corpus nothing
is trained: what came back from a GPU machine without a sandbox is scored, and the table printed.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from eidos import drafting
from training import recipe, sandbox, scoring, tasks, trees

_RECIPES: Final = Path(__file__).parent / "recipes"
_PROBE_MINUTES: Final = 0.4
_SLACK: Final = 0.8
"""Of the time there is: with rounded weights the later steps take longer than those of a probe."""


class Step(msgspec.Struct, frozen=True):
    """A command of this package, and the file that is there when it is done."""

    arguments: tuple[str, ...]
    result: Path


class Plan(msgspec.Struct, frozen=True):
    """What all recipes have in common."""

    corpus: Path
    base: Path | None
    minutes: float | None = None
    preference: bool = False
    by: str = "text"
    count: int = 8
    per_intent: int = 4


class StepFailedError(Exception):
    """A step ended badly; the message names it."""


def steps_of(path: Path, tried: Path, asked: Plan) -> Iterator[Step]:
    """Yield the steps of the recipe in *path*, each once the ones before it are done."""
    folder = tried / path.stem
    train = ["train", str(asked.corpus), str(folder / "run"), "--recipe", str(path)]
    train += ["--base", str(asked.base)] if asked.base else []
    result = folder / "run" / "card.json"
    if asked.minutes is not None and not result.exists():
        share = _share(train, folder, asked.minutes)
        click.echo(f"{path.stem}: {share:.2f} of the recipe fit {asked.minutes:g} minutes")
        train += ["--share", str(share)]
    yield Step(tuple(train), result)
    rounding = recipe.load(path).rounding
    yield from _ended(folder, rounding, asked.corpus)
    if asked.preference:
        preferred = tried / f"{path.stem}-preferred"
        yield from _preferred(folder / "run", preferred, asked)
        yield from _ended(preferred, rounding, asked.corpus)


def _preferred(run: Path, folder: Path, asked: Plan) -> Iterator[Step]:
    jobs = str(os.cpu_count() or 2)
    samples, pairs = folder / "samples.jsonl", folder / "preferences.jsonl"
    amounts = ("--count", str(asked.count), "--per-intent", str(asked.per_intent))
    yield Step(("sampling", str(run), str(samples), *amounts), samples)
    yield Step(("judging", str(samples), str(pairs), "--by", asked.by, "--jobs", jobs), pairs)
    result = folder / "run" / "card.json"
    yield Step(("preference", str(pairs), str(run), str(folder / "run")), result)


def _ended(folder: Path, rounding: recipe.Rounding, corpus: Path) -> Iterator[Step]:
    """Yield what is done with every model: export it as it was rounded, and ask it the tasks."""
    out, answers = folder / "export", folder / "predictions.jsonl"
    grid = rounding.matrices
    form = ("--block-size", str(grid.block_size), "--embedding-bits", str(rounding.embedding.bits))
    form += ("--symmetric" if grid.symmetric else "--asymmetric",)
    yield Step(("export", str(folder / "run"), str(out), *form), out / "SHA256SUMS")
    yield Step(("ngrams", str(corpus), str(out)), out / drafting.FILE)
    yield Step(("predicting", str(answers), "--model", str(out / "model.onnx")), answers)


def _share(train: Sequence[str], folder: Path, minutes: float) -> float:
    """Return the share of a recipe that *minutes* are enough for, kept as it was first measured."""
    kept = folder / "share.json"
    if not kept.exists():
        probe = folder / "probe"
        _run([*train[:2], str(probe), *train[3:], "--minutes", str(_PROBE_MINUTES)])
        if (probe / "card.json").exists():
            share = 1.0  # all of it fits a probe
        else:
            share = _share_of((probe / "progress.jsonl").read_text(), minutes)
        shutil.rmtree(probe)
        kept.write_text(json.dumps(share))
    return json.loads(kept.read_bytes())


def _share_of(progress: str, minutes: float) -> float:
    lines = [line for line in map(json.loads, progress.splitlines()) if "loss" in line]
    # The first line has the time until the GPU was warm in it.
    first, last = lines[0], lines[-1]
    if first["step"] == last["step"]:
        raise StepFailedError(f"too slow for --minutes: {last['step']} steps in a probe")
    step_s = (last["seconds"] - first["seconds"]) / (last["step"] - first["step"])
    return min(1.0, _SLACK * minutes * 60 / (step_s * last["of"]))


def _run(arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", f"training.{arguments[0]}", *arguments[1:]]
    click.echo(f"$ {' '.join(command[1:])}")
    if status := subprocess.run(command, check=False).returncode:
        raise StepFailedError(f"training.{arguments[0]} ended with status {status}")


def do(step: Step) -> None:
    """Run *step* unless its result is there.

    Raises:
        StepFailedError: It ended badly, or without its result.
    """
    if step.result.exists():
        return
    step.result.parent.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    _run(step.arguments)
    if not step.result.exists():
        raise StepFailedError(f"training.{step.arguments[0]} left no {step.result}")
    click.echo(f"training.{step.arguments[0]}: {time.monotonic() - began_s:.0f} s")


class _HeldOut(msgspec.Struct, frozen=True):
    exact: float


class _Card(msgspec.Struct, frozen=True):
    """What is read of a run's card.json."""

    seconds: float | None = None
    held_out: _HeldOut | None = None


class Row(msgspec.Struct, frozen=True):
    """What is known of one model."""

    name: str
    exact: float | None
    minutes: float | None
    right: float | None


def rows(tried: Path) -> Iterator[Row]:
    """Yield what is known of each model in *tried*, scoring answers that are not scored yet."""
    has_sandbox = _has_sandbox()
    for folder in sorted(path for path in tried.iterdir() if path.is_dir()):
        path = folder / "run" / "card.json"
        card = msgspec.json.decode(path.read_bytes(), type=_Card) if path.exists() else _Card()
        yield Row(
            name=folder.name,
            exact=card.held_out.exact if card.held_out else None,
            minutes=None if card.seconds is None else card.seconds / 60,
            right=_right(folder, has_sandbox=has_sandbox),
        )


def _right(folder: Path, *, has_sandbox: bool) -> float | None:
    """Return the share of the development set that *folder*'s answers have right."""
    kept, answers = folder / "score.json", folder / "predictions.jsonl"
    if not kept.exists() and answers.exists() and has_sandbox:
        lines = answers.read_bytes().splitlines()
        given = [msgspec.json.decode(line, type=scoring.Prediction) for line in lines]
        commands = {each.id: each.command for each in given}
        results = scoring.score_all([(task, commands.get(task.id, "")) for task in tasks.load()])
        kept.write_text(json.dumps(sum(result.right for result in results) / len(results)))
    return json.loads(kept.read_bytes()) if kept.exists() else None


def _has_sandbox() -> bool:
    try:
        sandbox.run("true", trees.load("server-logs"))
    except sandbox.SandboxError as fault:
        click.echo(f"not scored here: {fault}", err=True)
        return False
    return True


def table(found: Sequence[Row]) -> str:
    """Return *found* for people, the best first."""
    ordered = sorted(found, key=lambda row: -(row.right or 0))
    lines = ["| recipe | development set | exact, held out | minutes |", "|---|---|---|---|"]
    for row in ordered:
        cells = (_shown(row.right, ".3f"), _shown(row.exact, ".3f"), _shown(row.minutes, ".1f"))
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def trials() -> tuple[Path, ...]:
    """Return the recipes that train a base model: those tried where none is named."""
    paths = sorted(_RECIPES.glob("*.toml"))
    read = {path: recipe.load(path) for path in paths}
    return tuple(path for path in paths if not (read[path].random or read[path].preferring))


@click.command()
@click.argument("tried", type=click.Path(file_okay=False, path_type=Path))
@click.option("--corpus", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--base", type=click.Path(exists=True, path_type=Path), help="See training.base.")
@click.option("--recipe", "paths", multiple=True, type=click.Path(exists=True, path_type=Path))
@click.option("--minutes", type=float, help="Train on so much of each recipe as fits.")
@click.option("--preference", is_flag=True, help="Train each on its own wrong answers as well.")
@click.option("--by", type=click.Choice(("execution", "text")), default="text", show_default=True)
@click.option("--count", default=8, show_default=True, help="Answers drawn to each request.")
@click.option("--per-intent", default=4, show_default=True, help="Requests made of each intent.")
def main(
    tried: Path,
    *,
    corpus: Path | None,
    paths: tuple[Path, ...],
    **asked: Any,  # noqa: ANN401 - the other fields of Plan
) -> None:
    """Train by each recipe into TRIED, score each, and print a table."""
    tried.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for path in paths or trials():
        if corpus is None:
            break
        try:
            for step in steps_of(path, tried, Plan(corpus=corpus, **asked)):
                do(step)
        except StepFailedError as fault:
            # The next recipe may do better; nobody is there to ask.
            failed.append(path.stem)
            click.echo(f"{path.stem}: {fault}", err=True)
    click.echo(table(list(rows(tried))))
    if failed:
        raise click.ClickException(f"not finished: {', '.join(failed)}")


if __name__ == "__main__":
    main()
