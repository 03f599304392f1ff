"""A smaller vocabulary: `python -m training.vocabulary CORPUS.jsonl BASE/ SMALLER/`.

Kept are the special tokens, the bytes, the tokens that the corpus needs, and the first ones of the
vocabulary, which are plain English: a tokenizer learns its tokens most frequent first. Together
with a token stay all from which it is merged, so that text in kept tokens has the same tokens as
before; other text has more of them, and is never lost.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import copy
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from training import base, batching
from training.batching import Indices

_TOKENIZER: Final = base.TOKENIZER_FILES[0]
_ANY_LENGTH: Final = 1_000_000
"""Tokens of the longest pair that is counted: none is left out."""


class Merges:
    """The vocabulary of a byte-level tokenizer, and from which two tokens each is merged."""

    def __init__(self, stored: dict[str, Any]) -> None:
        """Read *stored*, the content of a tokenizer.json with a BPE model."""
        self._stored = stored
        model = stored["model"]
        self._ids: dict[str, int] = model["vocab"]
        self._merges = [
            tuple(merge.split(" ") if isinstance(merge, str) else merge)
            for merge in model["merges"]
        ]
        self._parts: dict[int, set[int]] = {}
        for left, right in self._merges:
            parts = self._parts.setdefault(self._ids[left + right], set())
            parts |= {self._ids[left], self._ids[right]}

    def needed(self, wanted: Iterable[int]) -> list[int]:
        """Return *wanted*, the special tokens, the bytes, and all that these are merged from."""
        kept = {*wanted, *(token["id"] for token in self._stored["added_tokens"])}
        kept |= {number for text, number in self._ids.items() if len(text) == 1}
        unread = list(kept)
        while unread:
            parts = self._parts.get(unread.pop(), set()) - kept
            kept |= parts
            unread += parts
        return sorted(kept)

    def pruned(self, kept: Sequence[int]) -> dict[str, Any]:
        """Return the content of a tokenizer.json with the tokens *kept* alone, numbered anew."""
        numbers = {old: new for new, old in enumerate(kept)}
        ids = {text: numbers[old] for text, old in self._ids.items() if old in numbers}
        smaller = copy.deepcopy(self._stored)
        smaller["model"]["vocab"] = dict(sorted(ids.items(), key=lambda item: item[1]))
        smaller["model"]["merges"] = [
            list(merge)
            for merge in self._merges
            if "".join(merge) in ids and {*merge} <= ids.keys()
        ]
        for token in smaller["added_tokens"]:
            token["id"] = numbers[token["id"]]
        return smaller


def counted(corpus: Path, tokenizer: Tokenizer) -> Indices:
    """Return how often *corpus* has each token, as training encodes it (vocabulary,)."""
    pairs = batching.read(corpus, tokenizer, max_tokens=_ANY_LENGTH, held_share=0.0).learnt
    ids = [part for pair in pairs for part in (pair.prompt, pair.answer)]
    return np.bincount(np.concatenate(ids), minlength=tokenizer.get_vocab_size())


def with_rows(model: LlamaForCausalLM, kept: Sequence[int]) -> LlamaForCausalLM:
    """Leave in *model* only the rows *kept* of its embedding and output; return it."""
    config: Any = model.config
    parts: tuple[Any, ...] = (model.model.embed_tokens, model.lm_head)
    for part in parts:
        part.weight = torch.nn.Parameter(part.weight.detach()[torch.tensor(kept)])
    model.model.embed_tokens.num_embeddings = model.lm_head.out_features = len(kept)
    model.tie_weights()
    for settings in (config, model.generation_config):
        for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
            old = getattr(settings, name)
            setattr(settings, name, None if old is None else kept.index(old))
    config.vocab_size = model.vocab_size = len(kept)
    return model


def prune(source: Path, tokenizer: Path, out: Path, kept: Sequence[int]) -> None:
    """Write the model of *source* with the tokens *kept* of *tokenizer* alone into *out*."""
    stored = json.loads((tokenizer / _TOKENIZER).read_text(encoding="utf-8"))
    base.write(with_rows(base.read(source), kept), out, tokenizer)
    pruned = Merges(stored).pruned(kept)
    smaller = json.dumps(pruned, ensure_ascii=False, separators=(",", ":"))
    (out / _TOKENIZER).write_text(smaller, encoding="utf-8")


@click.command()
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("source", metavar="BASE", type=click.Path(exists=True, path_type=Path))
@click.argument("out", metavar="SMALLER", type=click.Path(file_okay=False, path_type=Path))
@click.option("--least", default=1, show_default=True, help="Keep what CORPUS has so often.")
@click.option(
    "--first", default=16_384, show_default=True, help="Keep so many of the first tokens."
)
def main(corpus: Path, source: Path, out: Path, least: int, first: int) -> None:
    """Write the model of BASE into SMALLER with the tokens that CORPUS and English need."""
    tokenizer = base.tokenizer_of(source)
    file = tokenizer / _TOKENIZER
    counts = counted(corpus, Tokenizer.from_file(str(file)))
    wanted = {*np.flatnonzero(counts >= least).tolist(), *range(min(first, len(counts)))}
    kept = Merges(json.loads(file.read_text(encoding="utf-8"))).needed(wanted)
    prune(source, tokenizer, out, kept)
    before = int(counts.sum())
    after = int(counted(corpus, Tokenizer.from_file(str(out / _TOKENIZER))).sum())
    click.echo(f"tokens: {len(counts):,} before, {len(kept):,} now")
    click.echo(f"the corpus in tokens: {before:,} before, {after:,} now")
    click.echo(f"train on it: python -m training.train CORPUS.jsonl RUN --base {out}")


if __name__ == "__main__":
    main()
