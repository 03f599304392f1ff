"""A training in its folder: its steps, what it prints and notes, its checkpoint, its card."""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import json
import math
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import numpy as np
import torch
import transformers

from training import base, batching
from training.batching import Batch, Indices, Learnable
from training.learning import Evaluation, Training
from training.recipe import Recipe, as_dict, rate

_CHECKPOINT: Final = "checkpoint.pt"


def plan(examples: Sequence[Learnable], recipe: Recipe) -> list[Indices]:
    """Return every step's batch, as indices into *examples*: the same ones for the same seed."""
    rng = np.random.default_rng(recipe.seed)
    lengths = np.array([example.length for example in examples], np.int64)
    steps: list[Indices] = []
    for stage in recipe.stages:
        for _ in range(stage.epochs):
            chosen = batching.epoch(examples, stage.mix, rng)
            batches = batching.batched(lengths, chosen, batch_tokens=recipe.batch_tokens, rng=rng)
            # They are in random order: the first ones are a fair sample of their epoch.
            steps += batches[: math.ceil(recipe.share * len(batches))]
    return steps


class Work(msgspec.Struct, frozen=True):
    """What a training is to learn from: every step's batch, those held out, and what they are of.

    A run goes on from a checkpoint of the same *identity* alone.
    """

    steps: Sequence[Indices]
    collated: Callable[[Indices], Batch]
    held: Sequence[Batch]
    identity: dict[str, Any]


class Run:
    """One training in its folder: what it prints and notes there, its checkpoint, its end."""

    def __init__(self, training: Training, work: Work, folder: Path) -> None:
        """Begin, or go on where *folder*'s checkpoint stopped.

        Raises:
            click.ClickException: the checkpoint is of other work.
        """
        self._folder = folder
        self._work = work
        self._training = training
        self._began_s = time.monotonic()
        click.echo(f"{training.steps} steps on {training.device}")
        self._resume()

    def go(self, deadline_s: float) -> bool:
        """Train until done or until time.monotonic() is *deadline_s*; return whether it is done.

        What was stopped goes on by the same command.
        """
        training, recipe = self._training, self._training.recipe
        tokens, since_s = 0, time.monotonic()
        while training.step < training.steps:
            batch = self._work.collated(self._work.steps[training.step])
            loss, norm = training.advance(batch)
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
        is_done = training.step == training.steps
        if not is_done:
            click.echo("stopped: the same command goes on from here")
        return is_done

    def evaluate(self) -> Evaluation | None:
        """Note how well the held-out pairs are known; None where there are none."""
        if not self._work.held:
            return None
        found = self._training.evaluate(self._work.held)
        more = {} if found.preferred is None else {"preferred": found.preferred}
        self._note(held_loss=found.loss, exact=found.exact, **more)
        return found

    def complete(self, tokenizer: Path, facts: dict[str, Any]) -> None:
        """Evaluate, and write the model, its *tokenizer* and a card of *facts* into the folder."""
        found = self.evaluate()
        training = self._training
        base.write(training.finish(), self._folder / "model", tokenizer)
        on_gpu = training.device.type == "cuda"
        run = {
            "device": torch.cuda.get_device_name() if on_gpu else "cpu",
            "seconds": round(time.monotonic() - self._began_s),
            "held_out": None if found is None else msgspec.to_builtins(found),
            "recipe": as_dict(training.recipe),
        }
        _write_card(self._folder, facts | run)

    def _note(self, **values: float) -> None:
        """Print a line, and append it to progress.jsonl."""
        training = self._training
        step = max(0, training.step - 1)
        shown = {
            "step": training.step,
            "of": training.steps,
            "rate": rate(training.recipe, step, training.steps),
            "rounded": training.rounds,
            "seconds": round(time.monotonic() - self._began_s, 1),
            **values,
        }
        words = (f"{key} {value:.4g}" for key, value in shown.items() if key not in ("of", "step"))
        click.echo(f"{training.step}/{training.steps} {'  '.join(words)}")
        with (self._folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps(shown) + "\n")

    def _save(self) -> None:
        # Renamed when whole: an interruption here leaves the checkpoint before.
        part = self._folder / f"{_CHECKPOINT}.part"
        facts = {"identity": self._work.identity, "seconds": time.monotonic() - self._began_s}
        torch.save({**facts, **self._training.state()}, part)
        part.replace(self._folder / _CHECKPOINT)

    def _resume(self) -> None:
        path = self._folder / _CHECKPOINT
        if not path.is_file():
            return
        state = torch.load(path, map_location=self._training.device, weights_only=True)
        if state["identity"] != self._work.identity:
            raise click.ClickException(
                f"{path} is of another corpus or recipe: name another folder, or remove it"
            )
        self._training.load_state(state)
        self._began_s -= state.get("seconds", 0.0)  # what was spent before the stop
        click.echo(f"goes on at step {self._training.step} of {self._training.steps}")


def usual_device() -> torch.device:
    """Return the GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _write_card(folder: Path, run: dict[str, Any]) -> None:
    """Write *run* with the commit and the versions it ran with into *folder*/card.json."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown"  # a copy of the tree without its history
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    card = {"commit": commit, "versions": versions, **run}
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")
