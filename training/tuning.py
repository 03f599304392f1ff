"""How candidates are ranked, fitted on the development set.

    python -m training.tuning ask DRAFTS.jsonl      what the engine offers for each task
    python -m training.tuning fit DRAFTS.jsonl      judge that, fit, say what it gives

Two logistic models, one for what the model wrote and one for what is known: the probability that a
candidate is right. All figures are of tasks that the weights have not seen (cross-validation).
"""

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np
import numpy.typing as npt

from eidos import ranking
from eidos.config import Config
from eidos.engine import Engine
from eidos.engine_messages import Draft
from eidos.protocol import Level, Shell
from eidos.ranking import FILE, Features, Weights, features
from eidos.validator.policy import Policy
from eidos.validator.validation import judge
from training import scoring, tasks
from training.answers import job_of, request_of, settings_for

FOLDS: Final = 8
ROUNDS: Final = 4
"""How often the tasks are dealt into folds anew: a single deal gives or takes a point."""
RIDGE: Final = 3.0
LEAST_SURE: Final = 0.4
"""Below, an answer is shown as unsure."""
_NEWTON_STEPS: Final = 30

Floats = npt.NDArray[np.float64]


class Asked(msgspec.Struct, frozen=True):
    """What was offered for one task."""

    id: str
    drafts: list[Draft]


class Case(msgspec.Struct, frozen=True):
    """One candidate: what is known of it, and whether it is right."""

    task: int
    is_generated: bool
    features: Features
    is_right: bool


class Figures(msgspec.Struct, frozen=True):
    """What a ranking gives, by tasks it has not seen."""

    greedy: float
    ranked: float
    best_possible: float
    """The share of tasks of which any candidate is right."""
    sure: float
    """The share of answers that are sure."""
    sure_right: float
    unsure_right: float
    calibration_error: float


def ask(model: str, count: int) -> Iterator[Asked]:
    """Yield what the engine offers for each task."""
    engine = Engine(settings_for(model))
    with tempfile.TemporaryDirectory(prefix="eidos-names-") as folder:
        for task in tasks.load():
            job = msgspec.structs.replace(job_of(request_of(task, Path(folder))), count=count)
            yield Asked(task.id, engine.generate(job, is_thorough=True).drafts)


def cases(asked: Sequence[Asked], *, jobs: int = scoring.JOBS) -> list[Case]:
    """Judge all candidates; those that the validator blocks are left out, as the daemon does."""
    by_id = {task.id: task for task in tasks.load()}
    policy = Policy.build(Config().profile, {})
    found: list[tuple[int, tasks.Task, Draft, list[Draft]]] = []
    for number, each in enumerate(asked):
        task = by_id[each.id]
        for draft in each.drafts:
            verdict = judge(draft.text, Shell(task.shell), policy)
            if verdict.level is not Level.BLOCK:
                found.append((number, task, draft, each.drafts))
    scores = scoring.score_all([(task, draft.text) for _, task, draft, _ in found], jobs=jobs)
    return [
        Case(number, draft.is_generated, features(task.request, draft, drafts), score.right)
        for (number, task, draft, drafts), score in zip(found, scores, strict=True)
    ]


def fit(found: Sequence[Case]) -> Weights:
    """Return the weights that make *found* likeliest, held small by RIDGE."""
    by_kind = [
        _logistic([case for case in found if case.is_generated is kind]) for kind in (True, False)
    ]
    return Weights(*by_kind, sure=LEAST_SURE)


def _logistic(found: Sequence[Case]) -> dict[str, float]:
    """Fit one model by Newton's method, on features brought to one scale."""
    if not found:  # such as of known commands, where none was close enough
        return {}
    names = sorted({name for case in found for name in case.features} - {"bias"})
    values = np.array([[case.features[name] for name in names] for case in found])
    right = np.array([case.is_right for case in found], float)
    middle, spread = values.mean(0), values.std(0) + 1e-9
    scaled: Floats = np.column_stack([np.ones(len(found)), (values - middle) / spread])
    weights = np.zeros(scaled.shape[1])
    ridge = np.eye(len(weights)) * RIDGE
    ridge[0, 0] = 0
    for _ in range(_NEWTON_STEPS):
        expected = 1 / (1 + np.exp(-scaled @ weights))
        slope = scaled.T @ (right - expected) - ridge @ weights
        curve = (scaled.T * (expected * (1 - expected))) @ scaled + ridge
        weights = weights + np.linalg.solve(curve, slope)
    slopes = weights[1:] / spread
    found_weights = dict(zip(names, slopes.tolist(), strict=True))
    return {"bias": float(weights[0] - slopes @ middle), **found_weights}


def probability(weights: Weights, case: Case) -> float:
    """Return how likely *case* is to be right."""
    return ranking.probability(weights, case.features, is_generated=case.is_generated)


def validate(found: Sequence[Case], count: int) -> Figures:
    """Return what ranking gives for *count* tasks, each by weights that have not seen it."""
    chosen: list[tuple[float, bool]] = []
    for seed in range(ROUNDS):
        order = list(range(count))
        random.Random(seed).shuffle(order)
        for fold in range(FOLDS):
            held = set(order[fold::FOLDS])
            weights = fit([case for case in found if case.task not in held])
            chosen += _chosen([case for case in found if case.task in held], held, weights)
    sure = [right for value, right in chosen if value >= LEAST_SURE]
    unsure = [right for value, right in chosen if value < LEAST_SURE]
    first = {case.task: case.is_right for case in reversed(found) if case.is_generated}
    return Figures(
        greedy=sum(first.values()) / count,
        ranked=_share([right for _, right in chosen]),
        best_possible=len({case.task for case in found if case.is_right}) / count,
        sure=len(sure) / len(chosen),
        sure_right=_share(sure),
        unsure_right=_share(unsure),
        calibration_error=_calibration_error(chosen),
    )


def _chosen(found: Sequence[Case], held: set[int], weights: Weights) -> list[tuple[float, bool]]:
    """Return for each task of *held* how sure its best candidate is, and whether it is right."""
    best: dict[int, tuple[float, bool]] = dict.fromkeys(held, (0.0, False))
    for case in found:
        value = probability(weights, case)
        if value > best[case.task][0]:  # of two alike the first, as in the daemon
            best[case.task] = (value, case.is_right)
    return list(best.values())


def _calibration_error(chosen: Sequence[tuple[float, bool]]) -> float:
    """Return how far what was expected is from what came, on average over ten equal steps."""
    error = 0.0
    for step in range(10):
        part = [(v, right) for v, right in chosen if min(9, int(v * 10)) == step]
        values, rights = [value for value, _ in part], [right for _, right in part]
        error += abs(sum(values) - sum(rights)) / len(chosen)
    return error


def _share(rights: Sequence[bool]) -> float:
    return sum(rights) / max(1, len(rights))


@click.group()
def main() -> None:
    """Fit the ranking of candidates on the development set."""


@main.command("ask")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--model", default="", help="An ONNX export; the embedded one if none is named.")
@click.option("--count", default=1, help="How many commands the model writes for each task.")
def ask_command(out: Path, model: str, count: int) -> None:
    """Write what the engine offers for each task to OUT."""
    out.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in ask(model, count)))


@main.command("fit")
@click.argument("drafts", type=click.Path(path_type=Path, exists=True))
@click.option("--write", is_flag=True, help="Keep the weights where the daemon has them.")
def fit_command(drafts: Path, *, write: bool) -> None:
    """Judge the candidates in DRAFTS, fit the weights and say what they give."""
    lines = drafts.read_bytes().splitlines()
    asked = [msgspec.json.decode(line, type=Asked) for line in lines]
    found = cases(asked)
    figures = msgspec.to_builtins(validate(found, len(asked)))
    for name, value in figures.items():
        click.echo(f"{name:18} {value:.3f}")
    weights = msgspec.structs.replace(fit(found), measured=figures)
    if write:
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(_rounded(weights))) + b"\n")


def _rounded(weights: Weights) -> Weights:
    def short(values: Mapping[str, float]) -> dict[str, float]:
        return {name: round(value, 4) for name, value in values.items()}

    return Weights(
        short(weights.generated), short(weights.known), weights.sure, short(weights.measured)
    )


if __name__ == "__main__":
    main()
