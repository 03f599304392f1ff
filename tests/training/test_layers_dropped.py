"""Layers that change little are found, and what is left is a model that can be trained."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny_models import torch, write_pairs, write_tokenizer
from tokenizers import Tokenizer

from training import base
from training.layers import influences, least, main, sample, without
from training.recipe import Shape
from training.train import random_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A base of three layers, of which the middle one does next to nothing."""
    rows = write_pairs(tmp_path / "pairs.jsonl", count=2000)
    tokenizer = write_tokenizer(tmp_path / "tokenizer", rows)
    size = Tokenizer.from_file(str(tokenizer / "tokenizer.json")).get_vocab_size()
    made = random_model(Shape(layers=3, width=32, heads=1), size, seed=1)
    with torch.no_grad():
        for part in (made.model.layers[1].self_attn.o_proj, made.model.layers[1].mlp.down_proj):
            part.weight.zero_()
    base.write(made, tmp_path / "base", tokenizer)
    return tmp_path / "base"


def drop(model: Path, *options: str) -> str:
    """Run the command on *model*; return what it printed."""
    files = [str(model.with_name("pairs.jsonl")), str(model), str(model.with_name("smaller"))]
    result = CliRunner().invoke(main, [*files, *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_layer_that_changes_nothing_has_no_influence(model: Path) -> None:
    """Its influence is 0, and that of a layer that turns its input is not."""
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    batches = sample(model.with_name("pairs.jsonl"), tokenizer, pairs=8)

    first, middle, last = influences(base.read(model), batches)

    assert middle == pytest.approx(0, abs=1e-6)
    assert min(first, last) > 1e-4


def test_the_least_influential_layer_is_dropped(model: Path) -> None:
    """The command takes out the idle layer, and the loss on held-out pairs stays what it was."""
    said = re.search(r"dropped (.+): loss (.+) before, (.+) now", drop(model, "--count", "1"))

    assert said is not None
    assert said[1] == "[1]"
    assert said[2] == said[3]


def test_named_layers_are_dropped(model: Path) -> None:
    """What is left are the other layers in their order, and transformers reads it."""
    drop(model, "--drop", "0,1", "--pairs", "8")

    found = base.read(model.with_name("smaller"))

    weight = base.read(model).model.layers[2].mlp.up_proj.weight
    assert found.config.num_hidden_layers == 1
    assert torch.equal(found.model.layers[0].mlp.up_proj.weight, weight)


def test_what_is_left_decodes_with_a_cache(model: Path) -> None:
    """The layers are counted anew: each finds its own keys and values."""
    ids = torch.tensor([[3, 4, 5, 6]])
    smaller = without(base.read(model).eval(), [0])

    found = smaller.generate(ids, max_new_tokens=4, do_sample=False)

    with torch.no_grad():
        again = smaller(found, use_cache=False).logits.argmax(-1)
    assert found[0, 4:].tolist() == again[0, 3:-1].tolist()


def test_the_smallest_are_named_in_order() -> None:
    """The layers to drop are counted from 0, however small their influence is."""
    assert least([0.3, 0.1, 0.5, 0.05], 2) == [1, 3]
