"""The training learns, goes on where it stopped, and says what it did."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tiny_models import RECIPES, prepare, torch, train

from training import batching
from training.recipe import Recipe, Stage, load, rate
from training.train import main, plan

SHORT = """
seed = 3
batch_tokens = 512
report_steps = 1
checkpoint_steps = 4
held_most = 20
held_share = 0.1
evaluate_steps = 5
average = 0.9
[[stages]]
epochs = 2
[random]
width = 32
"""


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A recipe of a few steps, and pairs to learn beside it."""
    prepare(tmp_path)
    recipe = tmp_path / "short.toml"
    recipe.write_text(SHORT)
    return recipe


def losses(folder: Path) -> list[float]:
    """Return the loss of every step that *folder*'s progress tells of."""
    lines = (folder / "run" / "progress.jsonl").read_text().splitlines()
    return [line["loss"] for line in map(json.loads, lines) if "loss" in line]


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(short: Path, tmp_path: Path) -> None:
    """Stopped after a step and begun again, it has the losses and weights of one that ran on."""
    options = ["--recipe", str(short)]
    train(tmp_path, *options)
    whole = torch.load(tmp_path / "run" / "checkpoint.pt")
    expected = losses(tmp_path)
    (tmp_path / "run").rename(tmp_path / "before")

    assert "stopped" in train(tmp_path, *options, "--minutes", "0")
    assert "goes on at step 1" in train(tmp_path, *options)

    assert losses(tmp_path) == expected
    resumed = torch.load(tmp_path / "run" / "checkpoint.pt")
    assert all(map(torch.equal, resumed["weights"], whole["weights"]))
    assert all(map(torch.equal, resumed["average"], whole["average"]))


def test_the_time_before_a_stop_counts(short: Path, tmp_path: Path) -> None:
    """The card of a run that was stopped has the seconds of all its parts."""
    train(tmp_path, "--recipe", str(short), "--minutes", "0")
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    torch.save(torch.load(checkpoint) | {"seconds": 5_000.0}, checkpoint)

    train(tmp_path, "--recipe", str(short))

    assert json.loads((tmp_path / "run" / "card.json").read_text())["seconds"] >= 5_000


def test_a_checkpoint_of_another_recipe_is_refused(short: Path, tmp_path: Path) -> None:
    """A run does not go on under other settings than it began with."""
    train(tmp_path, "--recipe", str(short), "--minutes", "0")
    short.write_text(SHORT.replace("seed = 3", "seed = 4"))

    arguments = [tmp_path / "pairs.jsonl", tmp_path / "run", "--recipe", short]
    arguments += ["--tokenizer", tmp_path / "tokenizer"]
    result = CliRunner().invoke(main, list(map(str, arguments)))

    assert result.exit_code == 1
    assert "another corpus or recipe" in result.output


def test_the_card_says_what_a_run_was(short: Path, tmp_path: Path) -> None:
    """The corpus' checksum, the settings, the commit and the held-out figures are in card.json."""
    train(tmp_path, "--recipe", str(short))

    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert re.fullmatch(r"[0-9a-f]{64}", card["corpus_sha256"])
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", card["commit"])
    assert card["recipe"]["seed"] == 3
    assert card["held_out"]["loss"] > 0


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    """Batches and their order depend on the pairs and the recipe alone."""
    examples = [
        batching.Example(np.zeros(n % 9 + 1, np.uint16), np.zeros(3, np.uint16), "fig")
        for n in range(50)
    ]
    recipe = Recipe(batch_tokens=40, stages=(Stage(epochs=2),))

    plans = [plan(examples, recipe) for _ in range(2)]

    assert [step.tolist() for step in plans[0]] == [step.tolist() for step in plans[1]]
    assert len({tuple(step) for step in plans[0]}) > 10


def test_stages_have_their_own_mix() -> None:
    """A source with weight 0 in a stage is not learnt in it: that is a curriculum."""
    tokens = np.zeros(2, np.uint16)
    examples = [batching.Example(tokens, tokens, name) for name in ("fig", "intent")]
    recipe = Recipe(batch_tokens=4, stages=(Stage(mix={"intent": 0}), Stage(mix={"fig": 0})))

    assert [step.tolist() for step in plan(examples, recipe)] == [[0], [1]]


def test_a_share_of_a_plan_is_a_share_of_each_epoch() -> None:
    """Where the time is short every stage gives up as much, so that a curriculum stays one."""
    tokens = np.zeros(2, np.uint16)
    examples = [batching.Example(tokens, tokens, name) for name in ("fig", "intent") * 10]
    stages = (Stage(mix={"intent": 0}), Stage(mix={"fig": 0}))

    steps = plan(examples, Recipe(batch_tokens=4, stages=stages, share=0.3))

    assert [examples[int(step[0])].source for step in steps] == ["fig"] * 3 + ["intent"] * 3


def test_the_rate_rises_and_falls() -> None:
    """It reaches the peak after the warm-up and ends at its least share."""
    recipe = Recipe(peak_rate=1.0, warmup_share=0.1, final_rate_share=0.05)
    rates = [rate(recipe, step, 100) for step in range(100)]

    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == 1.0
    assert rates[99] == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_can_be_read(path: Path) -> None:
    """A recipe that ships has no setting that is unknown."""
    assert load(path).stages


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    """A misspelt setting is refused with its name: it would silently be the default."""
    (tmp_path / "wrong.toml").write_text("peek_rate = 1e-3\n")

    with pytest.raises(Exception, match="peek_rate"):
        load(tmp_path / "wrong.toml")


def test_a_tiny_model_learns_its_pairs(learnt: Path) -> None:
    """Two layers of random weights know 200 pairs by heart, with their weights rounded."""
    reached = losses(learnt)

    assert reached[0] > 3
    assert reached[-1] < 0.1
