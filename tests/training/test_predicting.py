"""What a model answers to the development set."""

import pytest

from eidos.engine import Engine
from eidos.engine_messages import EngineSettings
from training import tasks
from training.predicting import predict


def task(**fields: object) -> tasks.Task:
    """Return a task that asks for the largest files, but for *fields*."""
    given = {"id": "largest", "request": "find all files larger than 100 MB under /var/log"}
    rest = {"command": "find /var/log -type f -size +100M", "utility": "find", "difficulty": 1}
    return tasks.Task(**{**given, **rest, **fields})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The embedded model, loaded as the daemon loads it."""
    return Engine(
        EngineSettings(
            model_path="", tokenizer_path="", threads=1, max_tokens=32, log_level="warning"
        )
    )


@pytest.mark.model
def test_each_task_has_the_answer_of_the_daemons_own_engine(engine: Engine) -> None:
    """One prediction a task, in their order, under its name."""
    asked = (task(), task(id="again"))

    found = list(predict(engine, asked))

    assert [(one.id, one.command) for one in found] == [
        ("largest", "find /var/log -type f -size +100M"),
        ("again", "find /var/log -type f -size +100M"),
    ]
