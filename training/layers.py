"""Fewer layers: `python -m training.layers CORPUS.jsonl BASE/ SMALLER/ --count 4`.

A layer that gives back nearly what it was given is missed least. Its influence is 1 less the
cosine between the two, where the tokens of a command are chosen, over some hundred pairs. What is
left must be trained (healed): SMALLER/ is a base for training.train.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from training import base, batching
from training.batching import IGNORED, Batch

_BATCH_TOKENS = 2_048
_MAX_TOKENS = 192
_HELD_SHARE = 0.01
"""As the recipes have it: these pairs are of those that training does not see."""


@torch.no_grad()
def influences(model: LlamaForCausalLM, batches: Sequence[Batch]) -> list[float]:
    """Return each layer's influence on *batches*: 0 for one that changes nothing."""
    layers: Any = model.model.layers
    passed: list[tuple[Tensor, Tensor]] = []

    def note(_: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        passed.append((given[0], made))

    hooks = [layer.register_forward_hook(note) for layer in layers]
    sums, tokens = torch.zeros(len(layers)), 0
    for batch in batches:
        model.model(input_ids=batch.ids, use_cache=False)
        chosen = batch.labels != IGNORED
        cosines = [nn.functional.cosine_similarity(a[chosen], b[chosen], -1) for a, b in passed]
        sums += (1 - torch.stack(cosines)).sum(dim=1)
        tokens += int(chosen.sum())
        passed.clear()
    for hook in hooks:
        hook.remove()
    return [float(total) / tokens for total in sums]


@torch.no_grad()
def loss(model: LlamaForCausalLM, batches: Sequence[Batch]) -> float:
    """Return the mean loss of *model* on the commands' tokens of *batches*."""
    losses: list[Tensor] = []
    for batch in batches:
        chosen = batch.labels != IGNORED
        hidden = model.model(input_ids=batch.ids, use_cache=False).last_hidden_state
        logits = model.lm_head(hidden[chosen])
        losses.append(nn.functional.cross_entropy(logits, batch.labels[chosen], reduction="none"))
    return float(torch.cat(losses).mean())


def without(model: LlamaForCausalLM, dropped: Collection[int]) -> LlamaForCausalLM:
    """Take the layers *dropped* (from 0) out of *model*; return it."""
    layers: Any = model.model.layers
    kept = [layer for at, layer in enumerate(layers) if at not in dropped]
    for at, layer in enumerate(kept):
        layer.self_attn.layer_idx = at
    model.model.layers = nn.ModuleList(kept)
    model.config.num_hidden_layers = len(kept)
    return model


def least(values: Sequence[float], count: int) -> list[int]:
    """Return the indices of the *count* smallest of *values*, in order."""
    return sorted(sorted(range(len(values)), key=values.__getitem__)[:count])


def sample(corpus: Path, tokenizer: Tokenizer, pairs: int) -> list[Batch]:
    """Return *pairs* of those pairs of *corpus* that training holds out, the same each time."""
    found = batching.read(corpus, tokenizer, max_tokens=_MAX_TOKENS, held_share=_HELD_SHARE).held
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(found))[:pairs]
    lengths = np.array([example.length for example in found], np.int64)
    batches = batching.batched(lengths, chosen, batch_tokens=_BATCH_TOKENS, rng=rng)
    return [batching.collated([found[int(i)] for i in batch]) for batch in batches]


@click.command()
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("source", metavar="BASE", type=click.Path(exists=True, path_type=Path))
@click.argument("out", metavar="SMALLER", type=click.Path(file_okay=False, path_type=Path))
@click.option("--count", default=0, help="Drop so many, those of least influence.")
@click.option("--drop", default="", metavar="N,N…", help="Drop these, counted from 0.")
@click.option("--pairs", default=300, show_default=True, help="Pairs to measure on.")
def main(corpus: Path, source: Path, out: Path, count: int, drop: str, pairs: int) -> None:
    """Write the model of BASE without some layers into SMALLER, and say what they did."""
    tokenizer = base.tokenizer_of(source)
    batches = sample(corpus, Tokenizer.from_file(str(tokenizer / "tokenizer.json")), pairs)
    model = base.read(source).eval()
    found = influences(model, batches)
    for at, influence in enumerate(found):
        click.echo(f"layer {at:>2}: influence {influence:.4f}")
    dropped = [int(number) for number in drop.split(",") if number] or least(found, count)
    before = loss(model, batches)
    after = loss(without(model, dropped), batches)
    click.echo(f"dropped {dropped}: loss {before:.3f} before, {after:.3f} now")
    base.write(model, out, tokenizer)


if __name__ == "__main__":
    main()
