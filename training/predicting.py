"""What a model answers to the development set: `python -m training.predicting OUT.jsonl`.

Greedy answers of the daemon's own engine, so the model is what would ship, decoded as it would be,
and told what the daemon would tell it: what the eidos.json beside it names, or nothing.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from eidos.engine import Engine
from training import tasks
from training.answers import job_of, request_of, settings_for
from training.scoring import Prediction


def predict(engine: Engine, asked: tuple[tasks.Task, ...]) -> Iterator[Prediction]:
    """Yield the likeliest command for each task; none where the model has none."""
    with tempfile.TemporaryDirectory(prefix="eidos-names-") as folder:
        for task in asked:
            drafts = engine.generate(job_of(request_of(task, Path(folder)))).drafts
            yield Prediction(task.id, drafts[0].text if drafts else "")


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--model", default="", help="An ONNX export; the embedded one if none is named.")
def main(out: Path, model: str) -> None:
    """Write a prediction for each task of the development set to OUT."""
    lines = map(msgspec.json.encode, predict(Engine(settings_for(model)), tasks.load()))
    out.write_bytes(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    main()
