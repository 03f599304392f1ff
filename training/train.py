"""Train: `python -m training.train CORPUS.jsonl OUT/ --base BASE/`.

AdamW on batches of similar length, a cosine learning rate, and for the last part of the steps the
weights as the export will round them. All that chance decides comes from the recipe's seed; a run
that was interrupted goes on from its checkpoint as if it had not been, by the same command.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from training import base, batching
from training.batching import Batch, Corpus, Example
from training.learning import Training
from training.recipe import Recipe, Shape, as_dict, load
from training.runs import Run, Work, plan, usual_device

_RECIPES: Final = Path(__file__).parent / "recipes"


def work_of(corpus: Corpus, recipe: Recipe) -> Work:
    """Return what is to be done to learn *corpus* by *recipe*."""
    learnt = corpus.learnt
    return Work(
        steps=plan(learnt, recipe),
        collated=lambda chosen: batching.collated([learnt[int(i)] for i in chosen]),
        held=_held_batches(corpus.held, recipe),
        identity={"corpus": corpus.sha256, "recipe": as_dict(recipe)},
    )


def _held_batches(held: Sequence[Example], recipe: Recipe) -> list[Batch]:
    """Return the held-out pairs that evaluations look at, the same ones each time."""
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(held))[: recipe.held_most]
    lengths = np.array([example.length for example in held], np.int64)
    batches = batching.batched(lengths, chosen, batch_tokens=recipe.batch_tokens // 2, rng=rng)
    return [batching.collated([held[int(i)] for i in batch]) for batch in batches]


def random_model(shape: Shape, vocabulary: int, seed: int) -> LlamaForCausalLM:
    """Return a model of *shape* that knows nothing, made from *seed*."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=shape.width,
            intermediate_size=2 * shape.width,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.key_heads,
            head_dim=shape.width // shape.heads,
            max_position_embeddings=512,
            rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
        )
    )


@click.command()
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--base", "start", type=click.Path(exists=True, path_type=Path), help="See training.base."
)
@click.option(
    "--recipe", default=_RECIPES / "first.toml", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--tokenizer", type=click.Path(exists=True, path_type=Path), help="In place of the base's own."
)
@click.option("--minutes", default=math.inf, help="Stop with a checkpoint after so long.")
@click.option(
    "--share", type=click.FloatRange(0, 1, min_open=True), help="In place of the recipe's."
)
def main(  # noqa: PLR0913 - one for each option
    corpus: Path,
    out: Path,
    start: Path | None,
    recipe: Path,
    *,
    tokenizer: Path | None,
    minutes: float,
    share: float | None,
) -> None:
    """Train on the pairs of CORPUS, and leave OUT/model and OUT/card.json."""
    deadline_s = time.monotonic() + minutes * 60
    settings = load(recipe)
    if share is not None:
        settings = msgspec.structs.replace(settings, share=share)
    out.mkdir(parents=True, exist_ok=True)
    if tokenizer is None:
        tokenizer = base.tokenizer_of(start) if start else base.TOKENIZER
    words = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    pairs = batching.read(
        corpus, words, max_tokens=settings.max_tokens, held_share=settings.held_share
    )
    click.echo(f"{len(pairs.learnt)} pairs, {len(pairs.held)} held out")
    model = _start(start, settings, words.get_vocab_size())
    torch.nn.Module.to(model, usual_device())
    work = work_of(pairs, settings)
    run = Run(Training(model, settings, len(work.steps)), work, out)
    if run.go(deadline_s):
        facts = {"corpus_sha256": pairs.sha256, "pairs": len(pairs.learnt), "base": str(start)}
        run.complete(tokenizer, facts)
        click.echo(f"export it: python -m training.export {out} FOLDER")


def _start(source: Path | None, recipe: Recipe, vocabulary: int) -> LlamaForCausalLM:
    if source is not None and recipe.random is None:
        return base.read(source)
    if source is None and recipe.random is not None:
        return random_model(recipe.random, vocabulary, recipe.seed)
    raise click.UsageError("give --base, or a recipe with [random]: one of the two")


if __name__ == "__main__":
    main()
