"""What a model answers to the development set: `python -m training.predicting OUT.jsonl`.

Greedy answers of the daemon's own engine, so the model is what would ship, decoded as it would be.
With --context the model is told what the daemon will know (`expanding.conditioned`); a model that
was not trained so is better asked without.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from eidos.config import Config
from eidos.engine import Engine
from eidos.engine_messages import EngineSettings, Job
from training import tasks
from training.expanding import Context, conditioned
from training.scoring import Prediction

_THREADS: Final = 2


def context_of(task: tasks.Task) -> Context:
    """Return what the daemon would know beside the request of *task*."""
    return Context(shell=task.shell, last=task.last or None, status=task.status)


def predict(
    engine: Engine, asked: tuple[tasks.Task, ...], *, is_told: bool
) -> Iterator[Prediction]:
    """Yield the likeliest command for each task; none where the model has none."""
    for task in asked:
        text = conditioned(task.request, context_of(task)) if is_told else task.request
        drafts = engine.generate(Job(id=task.id, text=text, count=1)).drafts
        yield Prediction(task.id, drafts[0].text if drafts else "")


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--model", default="", help="An ONNX export; the embedded one if none is named.")
@click.option("--context", "is_told", is_flag=True, help="Tell shell, last command and status.")
def main(out: Path, model: str, is_told: bool) -> None:
    """Write a prediction for each task of the development set to OUT."""
    settings = EngineSettings(
        model_path=model,
        tokenizer_path="",
        threads=_THREADS,
        max_tokens=Config().max_tokens,
        log_level="warning",
    )
    lines = map(msgspec.json.encode, predict(Engine(settings), tasks.load(), is_told=is_told))
    out.write_bytes(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    main()
