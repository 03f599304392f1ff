"""Fitting the ranking: what is found in planted cases, and what the figures promise."""

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from eidos.engine_messages import Draft
from eidos.ranking import Weights, load_weights
from training import scoring, tasks, tuning
from training.tuning import Asked, Case, cases, fit, probability, validate


def case(
    task: int, signal: float, *, right: bool, is_generated: bool = True, noise: float = 0.0
) -> Case:
    """Return a candidate of *task* of which two things are known."""
    found = {"bias": 1.0, "signal": signal, "noise": noise}
    return Case(task, is_generated, found, right)


def planted(count: int, *, slope: float, seed: int = 1) -> list[Case]:
    """Return one candidate for each of *count* tasks, right by chance as `signal` has it."""
    rng = random.Random(seed)
    values = [rng.uniform(-2, 2) for _ in range(count)]
    return [
        case(
            number,
            value,
            right=rng.random() < 1 / (1 + math.exp(-slope * value)),
            is_generated=bool(number % 2),
            noise=rng.uniform(-1, 1),
        )
        for number, value in enumerate(values)
    ]


def constant(value: float) -> Weights:
    """Return weights that find each candidate as likely to be right as *value*."""
    bias = {"bias": math.log(value / (1 - value)), "signal": 0.0, "noise": 0.0}
    return Weights(generated=bias, known=bias, sure=0.5)


def fitting(weights: Weights) -> Callable[[Sequence[Case]], Weights]:
    """Return what takes the place of fitting and always finds *weights*."""
    return lambda _found: weights


def test_fitting_finds_a_planted_signal() -> None:
    """What decides gets its weight back, what does not gets next to none, in both models."""
    weights = fit(planted(4000, slope=1.5))

    for found in (weights.generated, weights.known):
        assert found["signal"] == pytest.approx(1.5, abs=0.2)
        assert found["noise"] == pytest.approx(0, abs=0.2)
        assert found["bias"] == pytest.approx(0, abs=0.2)


def test_each_kind_of_candidate_has_its_own_weights() -> None:
    """What the model wrote and what is known are fitted apart."""
    found = [
        case(n, n % 2, right=bool(n % 2) == is_generated, is_generated=is_generated)
        for n in range(200)
        for is_generated in (True, False)
    ]

    weights = fit(found)

    assert weights.generated["signal"] > 1
    assert weights.known["signal"] < -1


def test_a_feature_that_never_changes_gets_no_weight() -> None:
    """Nothing can be learnt from it, and nothing divides by its spread."""
    weights = fit(planted(200, slope=1.0))
    still = fit([case(n, 3.0, right=n % 3 == 0) for n in range(90)])

    assert all(map(math.isfinite, weights.generated.values()))
    assert still.generated["signal"] == pytest.approx(0, abs=1e-6)
    (found,) = {probability(still, case(0, 3.0, right=True))}
    assert found == pytest.approx(1 / 3, abs=1e-3)


@pytest.mark.parametrize("right", [True, False])
def test_where_all_are_right_or_none_the_weights_are_finite(*, right: bool) -> None:
    """A development set that is too easy or too hard breaks nothing."""
    weights = fit([case(n, n / 10, right=right) for n in range(30)])

    assert all(map(math.isfinite, weights.generated.values()))
    assert (probability(weights, case(0, 1.0, right=right)) > 0.9) is right


def test_without_known_candidates_the_model_is_fitted_alone() -> None:
    """Where nothing was close enough there are no weights for what is known."""
    weights = fit([case(n, n % 2, right=bool(n % 2)) for n in range(40)])

    assert weights.known == {}
    assert weights.generated["signal"] > 0


def test_no_task_is_judged_by_weights_that_have_seen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In each fold the held tasks are out of the fit with all their candidates."""
    found = [case(n // 2, n / 7, right=n % 3 == 0, is_generated=n % 2 == 0) for n in range(40)]
    seen: list[set[int]] = []
    held: list[int] = []

    def remember(fitted: list[Case]) -> Weights:
        seen.append({each.task for each in fitted})
        return constant(0.5)

    def check(weights: Weights, each: Case) -> float:
        assert each.task not in seen[-1]
        held.append(each.task)
        return probability(weights, each)

    monkeypatch.setattr(tuning, "fit", remember)
    monkeypatch.setattr(tuning, "probability", check)
    validate(found, 20)

    assert sorted(held) == sorted(list(range(20)) * 2 * tuning.ROUNDS)
    assert all(len(tasks) < 20 for tasks in seen)


def test_ranking_gains_what_a_planted_signal_allows() -> None:
    """Where the second candidate is right and the features say so, it is chosen."""
    found = [
        case(task, float(is_right), right=is_right) for task in range(80)
        for is_right in ((False, True) if task % 2 else (True, False))
    ]  # fmt: skip

    figures = validate(found, 80)

    assert figures.greedy == 0.5
    assert figures.ranked == figures.best_possible == 1
    assert figures.sure == figures.sure_right == 1


def test_a_task_without_an_answer_counts_as_wrong() -> None:
    """Where all was withheld nothing is right, and nothing is sure."""
    figures = validate([case(n, 1.0, right=True) for n in range(40)], 80)

    assert figures.ranked == figures.greedy == figures.best_possible == 0.5
    assert figures.sure == 0.5
    assert figures.unsure_right == 0


def test_of_two_candidates_alike_the_first_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tie is broken as the daemon breaks it, and never in favour of the figures."""
    monkeypatch.setattr(tuning, "fit", fitting(constant(0.7)))
    found = [case(n, 0.0, right=right) for n in range(20) for right in (False, True)]

    figures = validate(found, 20)

    assert figures.ranked == 0
    assert figures.best_possible == 1


@pytest.mark.parametrize(
    ("value", "rights", "error"),
    [(0.75, 3, 0.0), (0.25, 1, 0.0), (0.75, 1, 0.5), (1 - 1e-12, 4, 0.0), (1 - 1e-12, 0, 1.0)],
)
def test_the_calibration_error_is_what_is_expected_less_what_comes(
    monkeypatch: pytest.MonkeyPatch, value: float, rights: int, error: float
) -> None:
    """Of four answers that are as sure as *value*, so many are right."""
    monkeypatch.setattr(tuning, "fit", fitting(constant(value)))
    found = [case(n, 0.0, right=n % 4 < rights) for n in range(40)]

    assert validate(found, 40).calibration_error == pytest.approx(error, abs=1e-9)


def test_a_perfectly_calibrated_model_has_hardly_any_error() -> None:
    """Fitted on what it is made for, the expected is what comes."""
    assert validate(planted(3000, slope=1.5), 3000).calibration_error < 0.03


def test_a_candidate_that_is_withheld_is_no_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the daemon would never offer is neither judged nor fitted."""
    task = next(task for task in tasks.load() if task.shell == "bash")
    judged: list[str] = []

    def score_all(pairs: list[tuple[tasks.Task, str]], *, jobs: int) -> list[scoring.Score]:
        assert jobs == 1
        judged.extend(command for _, command in pairs)
        return [scoring.Score(right=command == "ls", why="") for _, command in pairs]

    monkeypatch.setattr(scoring, "score_all", score_all)
    drafts = [Draft("rm -rf /", -0.1, 4), Draft("ls", -1.0, 2), Draft("echo 'open", -2.0, 3)]
    drafts += [Draft("pwd", -3.0, 2, is_generated=False, similarity=0.5)]

    found = cases([Asked(task.id, drafts)], jobs=1)

    assert judged == ["ls", "pwd"]
    assert [(each.task, each.is_generated, each.is_right) for each in found] == [
        (0, True, True),
        (0, False, False),
    ]
    assert found[0].features["other"] == 0.5


def test_weights_are_written_where_they_are_asked_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`fit` says the figures; with --write the daemon can read the weights, figures included."""
    out, drafts = tmp_path / "ranking.json", tmp_path / "drafts.jsonl"
    some = [task.id for task in tasks.load()[:20]]
    drafts.write_bytes(b"".join(msgspec.json.encode(Asked(name, [])) + b"\n" for name in some))
    monkeypatch.setattr(tuning, "FILE", out)

    def planted_cases(asked: list[Asked]) -> list[Case]:
        return planted(len(asked), slope=1.0)

    monkeypatch.setattr(tuning, "cases", planted_cases)

    shown = CliRunner().invoke(tuning.main, ["fit", str(drafts)], catch_exceptions=False)
    assert "ranked" in shown.output
    assert not out.exists()

    CliRunner().invoke(tuning.main, ["fit", str(drafts), "--write"], catch_exceptions=False)
    weights = load_weights(out)
    assert weights.sure == tuning.LEAST_SURE
    assert set(weights.measured) == set(tuning.Figures.__struct_fields__)
