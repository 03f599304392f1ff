"""What the model learns from: the daemon's own prompts, batches within bounds, nothing held out."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_models import torch, write_pairs
from tokenizers import Tokenizer

from eidos.prompt import load_template
from training import base, batching
from training.batching import IGNORED, Corpus, Example


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The embedded model's own tokenizer."""
    return Tokenizer.from_file(str(base.TOKENIZER / "tokenizer.json"))


def corpus(path: Path, tokenizer: Tokenizer, *rows: dict[str, object]) -> Corpus:
    """Return *rows* as the training reads them, nothing held out."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return batching.read(path, tokenizer, max_tokens=100, held_share=0)


def examples(*lengths: int) -> list[Example]:
    """Return examples of so many tokens, of the source "intent"."""
    return [Example(np.zeros(n - 2, np.uint16), np.ones(2, np.uint16), "intent") for n in lengths]


def test_a_prompt_is_what_the_daemon_shows_the_model(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """Token by token, the prompt of a pair is the daemon's for that request."""
    found = corpus(tmp_path / "x", tokenizer, {"request": "list files", "command": "ls"})

    settings = json.loads((base.TOKENIZER / "tokenizer_config.json").read_text())
    prompt = load_template(base.TOKENIZER, settings).render("list files")
    expected = tokenizer.encode(prompt, add_special_tokens=False).ids
    assert found.learnt[0].prompt.tolist() == expected


def test_the_context_stands_before_the_request(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """Shell and files that a pair speaks of are in its prompt."""
    row = {"request": "list them", "command": "ls", "shell": "zsh"}
    row["context"] = {"shell": "zsh", "files": ["notes.txt"]}
    found = corpus(tmp_path / "x", tokenizer, row)

    text = tokenizer.decode(found.learnt[0].prompt.tolist())
    assert "[zsh] [files: notes.txt] list them" in text


def test_only_the_command_is_learnt(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """The labels are the command and the end token, each where the token before it is seen."""
    pairs = write_pairs(tmp_path / "pairs", count=3)
    found = batching.read(tmp_path / "pairs", tokenizer, max_tokens=100, held_share=0)
    batch = batching.collated(found.learnt)

    for (_, command), ids, labels in zip(pairs, batch.ids, batch.labels, strict=True):
        learnt = labels != IGNORED
        assert tokenizer.decode(labels[learnt].tolist(), skip_special_tokens=False) == (
            f"{command}<|im_end|>"
        )
        places = learnt.nonzero().flatten()
        assert torch.equal(ids[places[1:]], labels[places[:-1]])


def test_batches_stay_within_their_tokens() -> None:
    """Padded, no batch is larger than asked; every pair is in exactly one."""
    pairs = examples(*range(3, 60), 200)
    lengths = np.array([pair.length for pair in pairs])
    rng = np.random.default_rng(1)

    batches = batching.batched(lengths, np.arange(len(pairs)), batch_tokens=128, rng=rng)

    assert sorted(np.concatenate(batches).tolist()) == list(range(len(pairs)))
    assert all(len(b) * lengths[b].max() <= 128 for b in batches if len(b) > 1)


def test_a_mix_repeats_and_thins_sources() -> None:
    """A weight of 2.5 is two and a half times a pair; of 0, none; of none named, one."""
    kinds = ["tldr"] * 400 + ["fig"] * 100 + ["intent"] * 100
    pairs = [Example(np.zeros(1, np.uint16), np.zeros(1, np.uint16), kind) for kind in kinds]

    chosen = batching.epoch(pairs, {"tldr": 2.5, "fig": 0}, np.random.default_rng(1))

    counts = {kind: sum(kinds[i] == kind for i in chosen) for kind in set(kinds)}
    assert counts["intent"] == 100
    assert counts["fig"] == 0
    assert counts["tldr"] == pytest.approx(1000, abs=50)


def test_a_held_out_request_is_never_learnt(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """Whatever its case, its command or its place in the file, a request is on one side only."""
    rows = [
        {"request": text.format(n), "command": f"echo {n}"}
        for n in range(300)
        for text in ("show number {}", "Show  Number {}")
    ]
    path = tmp_path / "pairs"
    path.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)))

    found = batching.read(path, tokenizer, max_tokens=100, held_share=0.2)

    numbers = [
        {tokenizer.decode(pair.answer.tolist()) for pair in side}
        for side in (found.learnt, found.held)
    ]
    assert not numbers[0] & numbers[1]
    assert 30 < len(numbers[1]) < 90


def test_too_long_a_pair_is_left_out(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """A pair of more tokens than a batch row may have is not cut: it would teach half a command."""
    row = {"request": "say it", "command": "echo " + "word " * 120}

    assert corpus(tmp_path / "x", tokenizer, row).learnt == ()
