"""Train: `python -m training.train CORPUS.jsonl OUT/ --base BASE/`.

AdamW on batches of similar length, a cosine learning rate, and for the last part of the steps the
weights as the export will round them. All that chance decides comes from the recipe's seed; a run
that was interrupted goes on from its checkpoint as if it had not been, by the same command.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import json
import math
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import numpy as np
import torch
import transformers
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from training import base, batching
from training.batching import Batch, Corpus, Example, Indices
from training.learning import Evaluation, Training
from training.recipe import Recipe, Shape, as_dict, load, rate

_CHECKPOINT: Final = "checkpoint.pt"
_RECIPES: Final = Path(__file__).parent / "recipes"


def plan(examples: Sequence[Example], recipe: Recipe) -> list[Indices]:
    """Return every step's batch, as indices into *examples*: the same ones for the same seed."""
    rng = np.random.default_rng(recipe.seed)
    lengths = np.array([example.length for example in examples], np.int64)
    steps: list[Indices] = []
    for stage in recipe.stages:
        for _ in range(stage.epochs):
            chosen = batching.epoch(examples, stage.mix, rng)
            steps += batching.batched(lengths, chosen, batch_tokens=recipe.batch_tokens, rng=rng)
    return steps


def evaluation_batches(held: Sequence[Example], recipe: Recipe) -> list[Batch]:
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


class Run:
    """One training in its folder: what it prints and notes there, its checkpoint, its end."""

    def __init__(
        self, model: LlamaForCausalLM, recipe: Recipe, corpus: Corpus, folder: Path
    ) -> None:
        """Begin, or go on where *folder*'s checkpoint stopped.

        Raises:
            click.ClickException: the checkpoint is of another corpus or recipe.
        """
        self._folder = folder
        self._learnt = corpus.learnt
        self._identity = {"corpus": corpus.sha256, "recipe": as_dict(recipe)}
        self._plan = plan(corpus.learnt, recipe)
        self._training = Training(model, recipe, len(self._plan))
        device = self._training.device
        self._held = [batch.to(device) for batch in evaluation_batches(corpus.held, recipe)]
        click.echo(
            f"{len(corpus.learnt)} pairs, {len(corpus.held)} held out, "
            f"{len(self._plan)} steps on {device}"
        )
        self._resume()

    def go(self, deadline_s: float) -> bool:
        """Train until done or until time.monotonic() is *deadline_s*; return whether it is done."""
        training, recipe = self._training, self._training.recipe
        tokens, since_s = 0, time.monotonic()
        while training.step < training.steps:
            batch = batching.collated([self._learnt[int(i)] for i in self._plan[training.step]])
            loss, norm = training.advance(batch.to(training.device))
            tokens += batch.ids.numel()
            if training.step % recipe.report_steps == 0:
                speed = tokens / (time.monotonic() - since_s)
                self._note(loss=float(loss), norm=float(norm), tokens_per_s=round(speed))
                tokens, since_s = 0, time.monotonic()
            if training.step % recipe.evaluate_steps == 0:
                self.evaluate()
            is_late = time.monotonic() > deadline_s
            if is_late or training.step % recipe.checkpoint_steps == 0:
                self._save()
            if is_late:
                break
        return training.step == training.steps

    def evaluate(self) -> Evaluation | None:
        """Note how well the held-out pairs are known; None where there are none."""
        if not self._held:
            return None
        found = self._training.evaluate(self._held)
        self._note(held_loss=found.loss, exact=found.exact)
        return found

    def finish(self) -> LlamaForCausalLM:
        """Return the model with the weights to keep."""
        return self._training.finish()

    def _note(self, **values: float) -> None:
        """Print a line, and append it to progress.jsonl."""
        training = self._training
        step = max(0, training.step - 1)
        shown = {
            "step": training.step,
            "of": training.steps,
            "rate": rate(training.recipe, step, training.steps),
            "rounded": training.rounds,
            **values,
        }
        words = (f"{key} {value:.4g}" for key, value in shown.items() if key not in ("of", "step"))
        click.echo(f"{training.step}/{training.steps} {'  '.join(words)}")
        with (self._folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps(shown) + "\n")

    def _save(self) -> None:
        # Renamed when whole: an interruption here leaves the checkpoint before.
        part = self._folder / f"{_CHECKPOINT}.part"
        torch.save({"identity": self._identity, **self._training.state()}, part)
        part.replace(self._folder / _CHECKPOINT)

    def _resume(self) -> None:
        path = self._folder / _CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, map_location=self._training.device, weights_only=True)
        if state["identity"] != self._identity:
            raise click.ClickException(
                f"{path} is of another corpus or recipe: name another folder, or remove it"
            )
        self._training.load_state(state)
        click.echo(f"goes on at step {self._training.step} of {self._training.steps}")


def write_card(folder: Path, run: dict[str, Any]) -> None:
    """Write *run* with the commit and the versions it ran with into *folder*/card.json."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown"  # a copy of the tree without its history
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    card = {"commit": commit, "versions": versions, **run}
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


@click.command()
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--base", "start", type=click.Path(exists=True, path_type=Path), help="See training.base."
)
@click.option(
    "--recipe", default=_RECIPES / "first.toml", type=click.Path(exists=True, path_type=Path)
)
@click.option("--tokenizer", default=base.TOKENIZER, type=click.Path(exists=True, path_type=Path))
@click.option("--minutes", default=math.inf, help="Stop with a checkpoint after so long.")
def main(
    corpus: Path, out: Path, start: Path | None, recipe: Path, tokenizer: Path, minutes: float
) -> None:
    """Train on the pairs of CORPUS, and leave OUT/model and OUT/card.json."""
    began_s = time.monotonic()
    settings = load(recipe)
    out.mkdir(parents=True, exist_ok=True)
    words = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    pairs = batching.read(
        corpus, words, max_tokens=settings.max_tokens, held_share=settings.held_share
    )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = _start(start, settings, words.get_vocab_size())
    torch.nn.Module.to(model, device)
    run = Run(model, settings, pairs, out)
    if not run.go(began_s + minutes * 60):
        click.echo("stopped: the same command goes on from here")
        return
    found = run.evaluate()
    base.write(run.finish(), out / "model", tokenizer)
    facts = {
        "corpus_sha256": pairs.sha256,
        "pairs": len(pairs.learnt),
        "base": str(start),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "seconds": round(time.monotonic() - began_s),
        "held_out": None if found is None else msgspec.to_builtins(found),
        "recipe": as_dict(settings),
    }
    write_card(out, facts)
    click.echo(f"export it: python -m training.export {out} FOLDER")


def _start(source: Path | None, recipe: Recipe, vocabulary: int) -> LlamaForCausalLM:
    if source is not None and recipe.random is None:
        return base.read(source)
    if source is None and recipe.random is not None:
        return random_model(recipe.random, vocabulary, recipe.seed)
    raise click.UsageError("give --base, or a recipe with [random]: one of the two")


if __name__ == "__main__":
    main()
