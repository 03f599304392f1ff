"""A smaller vocabulary changes nothing for the text that it was made for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from served import last_logits
from tiny_models import torch, write_pairs, write_tokenizer
from tokenizers import Tokenizer

from training import base
from training.export import Form, export_gguf, export_onnx
from training.recipe import Shape
from training.train import random_model
from training.vocabulary import Merges, main

PROMPT = "<|im_start|>user\ncount the lines in notes3.txt<|im_end|>\n<|im_start|>assistant\n"
STRANGE = "Zähle naïve 日本 files, quickly! 🐟"


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model and a tokenizer of all words of 200 pairs."""
    folder = tmp_path_factory.mktemp("whole")
    words = write_tokenizer(folder / "tokenizer", write_pairs(folder / "pairs.jsonl"))
    base.write(random_model(Shape(), tokenizer(words).get_vocab_size(), 1), folder, words)
    return folder


@pytest.fixture(scope="session")
def smaller(whole: Path) -> Path:
    """The same model with the tokens of some of its pairs alone."""
    write_pairs(whole / "few.jsonl", count=30)
    arguments = [whole / "few.jsonl", whole, whole / "smaller", "--first", "0"]
    result = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return whole / "smaller"


def tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer in *folder*."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def stored(folder: Path) -> dict[str, Any]:
    """Return the content of tokenizer.json in *folder*."""
    return json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))


def test_tokens_that_no_pair_needs_are_gone(whole: Path, smaller: Path) -> None:
    """Vocabulary and embedding are smaller, and of one size."""
    before = tokenizer(whole).get_vocab_size()
    model = base.read(smaller)

    now = tokenizer(smaller).get_vocab_size()

    assert now < before
    assert len(model.get_input_embeddings().weight) == model.config.vocab_size == now


def test_the_corpus_has_the_same_tokens_as_before(whole: Path, smaller: Path) -> None:
    """What the vocabulary was made for is cut into the very same pieces."""
    before, now = tokenizer(whole), tokenizer(smaller)
    rows = [json.loads(line) for line in (whole / "few.jsonl").read_text().splitlines()]

    for text in (text for row in rows for text in (row["request"], row["command"])):
        assert now.encode(text).tokens == before.encode(text).tokens


@pytest.mark.parametrize("wanted", [range(0), range(300), range(2, 20_000, 7)])
def test_text_in_kept_tokens_is_cut_as_before(wanted: range) -> None:
    """In the embedded model's own vocabulary too, whichever tokens are asked for."""
    whole = stored(base.TOKENIZER)
    merges = Merges(whole)
    kept = merges.needed(wanted)
    before = tokenizer(base.TOKENIZER)
    now = Tokenizer.from_str(json.dumps(merges.pruned(kept)))
    words = (Path(base.__file__).parent / "README.md").read_text().split()

    same = [word for word in words if {*before.encode(word).ids} <= {*kept}]

    assert same
    assert all(now.encode(word).tokens == before.encode(word).tokens for word in same)


def test_other_text_is_never_lost(smaller: Path) -> None:
    """Letters of any script and symbols are written in bytes, and read back as they were."""
    found = tokenizer(smaller)

    assert found.decode(found.encode(STRANGE).ids) == STRANGE


def test_special_tokens_stay_whole(smaller: Path) -> None:
    """The prompt's marks are one token each, and the model's end is the tokenizer's."""
    found = tokenizer(smaller)
    config = base.read(smaller).config

    assert found.encode("<|im_end|>").ids == [config.eos_token_id]
    assert found.encode("<|im_start|>").ids == [config.bos_token_id]


def test_the_smaller_model_says_the_same(whole: Path, smaller: Path) -> None:
    """For kept text the logits of the kept tokens are those of the whole model."""
    names = tokenizer(smaller).get_vocab()
    rows = [tokenizer(whole).token_to_id(name) for name in sorted(names, key=names.__getitem__)]

    with torch.no_grad():
        expected = base.read(whole)(prompt(whole)).logits[..., rows]
        found = base.read(smaller)(prompt(smaller)).logits

    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_the_smaller_model_is_exported(smaller: Path, tmp_path: Path) -> None:
    """The daemon's graph gives the logits of torch, and GGUF has the same vocabulary."""
    model = base.read(smaller)
    export_onnx(smaller, tmp_path, Form("fp32"))
    export_gguf(model, smaller, tmp_path / "few.gguf", "F16")

    found = last_logits(tmp_path, prompt(tmp_path)[0].tolist())

    with torch.no_grad():
        expected = model(prompt(smaller)).logits[0, -1].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert base.read(tmp_path / "few.gguf").config.vocab_size == model.config.vocab_size
    words = tokenizer(base.tokenizer_of(tmp_path / "few.gguf"))
    assert words.get_vocab() == tokenizer(smaller).get_vocab()


def prompt(folder: Path) -> Any:
    """Return PROMPT in the tokens of *folder*'s tokenizer."""
    return torch.tensor([tokenizer(folder).encode(PROMPT).ids])
