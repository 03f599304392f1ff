"""The settings of one training: a TOML file of recipes/; each has a default and a reason."""

import math
from pathlib import Path
from typing import Any

import click
import msgspec

from training.quantizing import Grid


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some epochs with the same mix: several stages are a curriculum."""

    epochs: int = 1
    mix: dict[str, float] = {}
    """How often a pair of each source is there in one epoch; 1 for a source not named."""


class Rounding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the last part of the training sees the weights: as the export will round them."""

    share: float = 0.55  # of the steps, as the first model; with 0 it lost 10 points
    matrices: Grid = Grid()
    embedding: Grid = Grid()  # the output's matrix as well: 8 bits add 14 MB to the model


class Preferring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The step behind the training (training.preference): right commands over wrong ones (DPO)."""

    beta: float = 0.1  # how dearly the model pays for leaving what it was; the usual value
    chosen: float = 0.2  # weight of the right command's own loss: without it both become unlikely


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model of random weights, in place of a base: for trials and tests."""

    layers: int = 2
    width: int = 64
    heads: int = 2  # of 32 each: the daemon's decoder tries usual sizes only
    key_heads: int = 1


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a training depends on beside its corpus and its base."""

    stages: tuple[Stage, ...] = (Stage(epochs=6),)  # as the first model
    random: Shape | None = None
    preferring: Preferring | None = None
    share: float = 1.0  # of each epoch's batches: less, where the time is short
    seed: int = 1

    batch_tokens: int = 32_768  # as the first model, on an H100
    pieces: int = 1  # a batch is run in so many pieces, for a GPU of less than 80 GB
    max_tokens: int = 192  # longer pairs are left out; without context the longest has 158

    peak_rate: float = 6e-4  # learning rate; what the first model was trained with
    warmup_share: float = 0.03  # of the steps: the base is trained already, it needs little
    final_rate_share: float = 0.05  # of the peak, at the end of the cosine
    weight_decay: float = 0.05  # of matrices alone; a guess, to be measured
    betas: tuple[float, float] = (0.9, 0.98)  # 0.999 remembers a third of so short a run
    clip: float = 1.0  # largest norm of a gradient
    smoothing: float = 0.0  # of the labels; to be measured
    average: float = 0.0  # decay of the weights' average, which is then kept; 0 is none

    rounding: Rounding = Rounding()

    held_share: float = 0.01  # of the requests, kept out of training
    held_most: int = 2_000  # held-out pairs that an evaluation looks at
    report_steps: int = 20
    evaluate_steps: int = 400
    checkpoint_steps: int = 400


def load(path: Path) -> Recipe:
    """Return the recipe in *path*.

    Raises:
        click.ClickException: it is no TOML, or a setting is unknown or of the wrong type.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Recipe)
    except (msgspec.DecodeError, ValueError) as exc:
        raise click.ClickException(f"{path}: {exc}") from exc


def rate(recipe: Recipe, step: int, steps: int) -> float:
    """Return the learning rate of *step* (from 0) of *steps*: a linear rise, then a cosine."""
    warmup = max(1, round(recipe.warmup_share * steps))
    if step < warmup:
        return recipe.peak_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    lowest = recipe.final_rate_share
    return recipe.peak_rate * (lowest + (1 - lowest) * cosine)


def rounding_of(run: Path) -> Rounding:
    """Return how the weights of *run* were rounded in their training; as always, without a card."""
    path = run / "card.json"
    if not path.is_file():
        return Rounding()
    recipe = msgspec.json.decode(path.read_bytes())["recipe"]
    return msgspec.convert(recipe["rounding"], Rounding)


def as_dict(recipe: Recipe) -> dict[str, Any]:
    """Return *recipe* as plain values, for a card or a checkpoint."""
    return msgspec.to_builtins(recipe)
