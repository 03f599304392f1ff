"""The preference step makes right commands likelier than wrong ones; it goes on after a stop."""

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny_models import torch

from training import asked as asking
from training import base, preference
from training.judging import Preference
from training.recipe import Preferring, Recipe, load

SHORT = """
seed = 2
batch_tokens = 512
peak_rate = 1e-3
warmup_share = 0.1
held_share = 0.2
report_steps = 1
checkpoint_steps = 3
evaluate_steps = 1000
[[stages]]
epochs = 1
[preferring]
beta = 0.5
"""


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Files to be sorted, and never counted, in the words of the tiny corpus; a recipe beside."""
    rows = [
        Preference(f"x:{n}", f"list{n}.txt", f"sort -u list{n}.txt", f"wc -l list{n}.txt", "text")
        for n in range(60)
    ]
    asking.write_lines(tmp_path / "pairs.jsonl", rows)
    (tmp_path / "short.toml").write_text(SHORT)
    return tmp_path / "pairs.jsonl"


def prefer(pairs: Path, learnt: Path, name: str, *options: str) -> list[dict[str, float]]:
    """Run `training.preference` into the folder *name*; return the lines of its progress."""
    out = pairs.parent / name
    files = [
        str(pairs),
        str(learnt / "run"),
        str(out),
        "--recipe",
        str(pairs.parent / "short.toml"),
    ]
    result = CliRunner().invoke(preference.main, [*files, *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in (out / "progress.jsonl").read_text().splitlines()]


def test_right_commands_become_likelier_than_wrong_ones(pairs: Path, learnt: Path) -> None:
    """Of requests never seen, more have their right command before the wrong one than at first."""
    lines = prefer(pairs, learnt, "out")

    judged = [line for line in lines if "preferred" in line]
    assert judged[-1]["preferred"] > judged[0]["preferred"]
    assert judged[-1]["held_loss"] < judged[0]["held_loss"]
    card = json.loads((pairs.parent / "out" / "card.json").read_text())
    assert card["held_out"]["preferred"] == judged[-1]["preferred"]


def test_the_first_step_knows_no_difference_yet(pairs: Path, learnt: Path) -> None:
    """Compared with itself, the model has the loss of a coin, and the right commands' own."""
    lines = prefer(pairs, learnt, "out")

    first = next(line for line in lines if "loss" in line)
    known = next(line for line in lines if "held_loss" in line)
    assert first["loss"] == pytest.approx(math.log(2) + 0.2 * known["held_loss"], rel=0.2)
    assert all(line["rounded"] for line in lines)


def test_a_stopped_step_goes_on_as_if_it_had_not(pairs: Path, learnt: Path) -> None:
    """Stopped after a step and begun again, it has the losses and weights of one that ran on."""
    whole = [line["loss"] for line in prefer(pairs, learnt, "whole") if "loss" in line]

    prefer(pairs, learnt, "parts", "--minutes", "0")
    parts = [line["loss"] for line in prefer(pairs, learnt, "parts") if "loss" in line]

    assert parts == whole
    weights = [base.read(pairs.parent / name / "model").state_dict() for name in ("whole", "parts")]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_a_batch_in_pieces_has_the_same_gradients(pairs: Path, learnt: Path) -> None:
    """However many pieces a batch is run in, no pair is parted and the step is the same."""
    found: list[tuple[float, float]] = []
    for pieces in (1, 3):
        recipe = Recipe(pieces=pieces, held_share=0, preferring=Preferring())
        tokenizer = preference.Tokenizer.from_file(str(learnt / "run/model/tokenizer.json"))
        learnable, _ = preference.read(pairs, tokenizer, recipe)
        training = preference.PreferenceTraining(
            base.read(learnt / "run" / "model"), recipe, 10, Preferring()
        )
        work = preference.work_of(training, learnable[:7], (), "x")
        loss, norm = training.advance(work.collated(preference.np.arange(7)))
        found.append((float(loss), float(norm)))

    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_a_run_keeps_the_grid_that_it_was_trained_for(tmp_path: Path) -> None:
    """What the card of a training says of rounding holds behind it too, from the first step."""
    rounding = {"share": 0.5, "matrices": {"bits": 4, "block_size": 64}}
    (tmp_path / "card.json").write_text(json.dumps({"recipe": {"rounding": rounding}}))

    kept = preference.as_trained(Recipe(), tmp_path).rounding

    assert (kept.share, kept.matrices.block_size, kept.embedding.block_size) == (1.0, 64, 32)


def test_a_recipe_without_preferences_is_refused(pairs: Path, learnt: Path) -> None:
    """The recipe of a training is no recipe for this step, and the message names one that is."""
    arguments = [pairs, learnt / "run", pairs.parent / "out", "--recipe"]
    recipe = preference.RECIPE.with_name("first.toml")

    result = CliRunner().invoke(preference.main, list(map(str, [*arguments, recipe])))

    assert result.exit_code == 1
    assert "recipes/preference.toml" in result.output


def test_the_recipe_that_ships_rounds_every_step() -> None:
    """It has its settings for this step, and goes over the pairs once."""
    recipe = load(preference.RECIPE)

    assert recipe.preferring is not None
    assert [stage.epochs for stage in recipe.stages] == [1]
