"""Right answers over wrong ones: `python -m training.preference PAIRS.jsonl RUN/ OUT/`.

Direct preference optimization (DPO) on what the model of RUN got wrong (`training.judging`). The
model is compared with what it was at first; what that gave each pair is worked out once, before the
first step, so that no second model is in memory. The right command's own loss is added: without it
both commands become unlikely. Weights are rounded from the first step, as RUN's export rounds them.
OUT is a folder as `training.train` writes it, and goes on after a stop as one of that does.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import hashlib
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from training import base, batching
from training.asked import read_lines
from training.batching import IGNORED, Batch, Example, Indices
from training.judging import Preference
from training.learning import Evaluation, Training
from training.recipe import Preferring, Recipe, as_dict, load, rounding_of
from training.runs import Run, Work, plan, usual_device

RECIPE: Final = Path(__file__).parent / "recipes" / "preference.toml"


class Choice(msgspec.Struct, frozen=True):
    """A right and a wrong command for one request, as token ids."""

    chosen: Example
    rejected: Example
    source: str

    @property
    def length(self) -> int:
        """Tokens of both in a batch, where the longer one sets the width."""
        return 2 * max(self.chosen.length, self.rejected.length)


class PreferenceTraining(Training):
    """A model that learns to prefer the first row of each pair of rows to the second."""

    def __init__(
        self, model: LlamaForCausalLM, recipe: Recipe, steps: int, settings: Preferring
    ) -> None:
        """Begin to train *model* for so many *steps*."""
        super().__init__(model, recipe, steps)
        self._settings = settings

    @torch.no_grad()
    def margins(self, batch: Batch) -> Tensor:
        """Return by how much each pair's first command is likelier than its second, in logs."""
        return _margins(self._run(batch, {}).of_rows(len(batch.ids)))

    @torch.no_grad()
    def evaluate(self, batches: Sequence[Batch]) -> Evaluation:
        """Return how well right commands are known, and how many are likelier than wrong ones."""
        loss, tokens, exact, preferred, pairs = 0.0, 0, 0, 0, 0
        for batch in batches:
            found = self._run(batch, self._kept_by_name())
            scores = found.of_rows(len(batch.ids))
            loss -= float(scores[::2].sum())
            tokens += int((batch.labels[::2] != IGNORED).sum())
            exact += int(found.are_exact(len(batch.ids))[::2].sum())
            preferred += int((_margins(scores) > 0).sum())
            pairs += len(batch.ids) // 2
        shares = exact / max(1, pairs), preferred / max(1, pairs)
        return Evaluation(loss / max(1, tokens), *shares)

    def _loss(self, piece: Batch, whole: Batch) -> Tensor:
        assert piece.margins is not None  # noqa: S101 - these batches are pairs
        scores = self._run(piece, {}).of_rows(len(piece.ids))
        gained = _margins(scores) - self._moved(piece.margins)
        losses = -nn.functional.logsigmoid(self._settings.beta * gained)
        tokens = int((whole.labels[::2] != IGNORED).sum())
        likely = -scores[::2].sum() / tokens
        return losses.sum() * 2 / len(whole.ids) + self._settings.chosen * likely


def _margins(scores: Tensor) -> Tensor:
    return scores[::2] - scores[1::2]


def collated(choices: Sequence[Choice]) -> Batch:
    """Return *choices* as one batch, each right command with its wrong one behind it."""
    return batching.collated([each for pair in choices for each in (pair.chosen, pair.rejected)])


def read(
    path: Path, tokenizer: Tokenizer, recipe: Recipe
) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """Return the pairs in *path* to learn from, and those that are held out by their request."""
    rows = read_lines(path, Preference)
    texts = [batching.PROMPT.format(row.request) for row in rows]
    prompts = batching.encoded(tokenizer, texts)
    chosen = batching.encoded(tokenizer, [row.chosen + batching.END for row in rows])
    rejected = batching.encoded(tokenizer, [row.rejected + batching.END for row in rows])
    learnt: list[Choice] = []
    held: list[Choice] = []
    for row, prompt, right, wrong in zip(rows, prompts, chosen, rejected, strict=True):
        sides = [Example(prompt, answer, row.how) for answer in (right, wrong)]
        choice = Choice(sides[0], sides[1], row.how)
        if choice.length <= 2 * recipe.max_tokens:
            (held if batching.is_held(row.request, recipe.held_share) else learnt).append(choice)
    return tuple(learnt), tuple(held)


def work_of(
    training: PreferenceTraining, learnt: Sequence[Choice], held: Sequence[Choice], sha256: str
) -> Work:
    """Return what is to be done to learn *learnt*, with what the model gives each pair as it is."""
    recipe = training.recipe
    margins = torch.zeros(len(learnt))
    for batch in _in_order(learnt, recipe):
        pairs = collated([learnt[int(i)] for i in batch])
        margins[torch.from_numpy(batch)] = training.margins(pairs).cpu()

    def batch_of(chosen: Indices) -> Batch:
        batch = collated([learnt[int(i)] for i in chosen])
        return msgspec.structs.replace(batch, margins=margins[torch.from_numpy(chosen)])

    looked_at = [held[int(i)] for batch in _in_order(held, recipe) for i in batch]
    return Work(
        steps=plan(learnt, recipe),
        collated=batch_of,
        held=[collated(looked_at[i : i + 64]) for i in range(0, len(looked_at), 64)],
        identity={"corpus": sha256, "recipe": as_dict(recipe)},
    )


def _in_order(choices: Sequence[Choice], recipe: Recipe) -> list[Indices]:
    """Return all of *choices* in batches of similar length."""
    lengths = np.array([choice.length for choice in choices], np.int64)
    everything = np.arange(len(choices))
    rng = np.random.default_rng(0)
    return batching.batched(lengths, everything, batch_tokens=recipe.batch_tokens, rng=rng)


@click.command()
@click.argument("pairs", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--recipe", default=RECIPE, type=click.Path(exists=True, path_type=Path))
@click.option("--minutes", default=math.inf, help="Stop with a checkpoint after so long.")
def main(pairs: Path, run: Path, out: Path, recipe: Path, minutes: float) -> None:
    """Train the model of RUN on PAIRS (training.judging); leave OUT/model and OUT/card.json."""
    deadline_s = time.monotonic() + minutes * 60
    settings = as_trained(load(recipe), run)
    if settings.preferring is None:
        raise click.ClickException(f"{recipe} has no [preferring]: see recipes/preference.toml")
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(run / "model" / "tokenizer.json"))
    learnt, held = read(pairs, tokenizer, settings)
    if not learnt:
        raise click.ClickException(f"{pairs} has no pair to learn from: draw more answers")
    click.echo(f"{len(learnt)} pairs, {len(held)} held out")
    model = base.read(run / "model")
    torch.nn.Module.to(model, usual_device())
    steps = len(plan(learnt, settings))
    training = PreferenceTraining(model, settings, steps, settings.preferring)
    sha256 = _sha256([pairs, *sorted((run / "model").glob("*.safetensors"))])
    work = work_of(training, learnt, held, sha256)
    process = Run(training, work, out)
    if not training.step:
        process.evaluate()  # what it was, to compare with
    if process.go(deadline_s):
        facts: dict[str, Any] = {"pairs": len(learnt), "base": str(run), "sha256": sha256}
        facts |= _kept_facts(run)
        process.complete(run / "model", facts)
        click.echo(f"export it: python -m training.export {out} FOLDER")


def as_trained(recipe: Recipe, run: Path) -> Recipe:
    """Return *recipe* with every step rounded, on the grids that *run* was trained for."""
    rounding = msgspec.structs.replace(rounding_of(run), share=1.0)
    return msgspec.structs.replace(recipe, rounding=rounding)


def _kept_facts(run: Path) -> dict[str, Any]:
    """Return what holds of *run* and of what is trained on from it: what it has learnt to read."""
    path = run / "card.json"
    card: dict[str, Any] = msgspec.json.decode(path.read_bytes()) if path.is_file() else {}
    return {name: card[name] for name in ("context",) if name in card}


def _sha256(paths: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


if __name__ == "__main__":
    main()
