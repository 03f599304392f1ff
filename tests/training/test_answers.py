"""What is asked of the daemon's parts, and what counts as their answer."""

import asyncio
from pathlib import Path

import pytest
from msgspec import structs

from eidos.context import Context
from eidos.engine_messages import Draft, Job, Loaded
from eidos.errors import EngineError
from eidos.finished import Account
from eidos.protocol import Certainty
from training import trees
from training.answers import Answering, job_of, names_of, request_of
from training.tasks import Task

TASK = Task(
    id="x", request="list files", command="ls", utility="ls", difficulty=1, tree="messy-home"
)
LOADED = Loaded("tiny", "/tiny", "0", 0.1)


class FakeEngine:
    """An engine that gives the same drafts to everybody, or fails."""

    pid = None

    def __init__(self, *drafts: str, fault: str = "") -> None:
        self.drafts = [Draft(text, -0.5, 5) for text in drafts]
        self.fault = fault

    async def generate(self, job: Job, _account: Account | None = None) -> list[Draft]:
        """Return the drafts."""
        if self.fault:
            raise EngineError(self.fault)
        return self.drafts[: job.count]


def asked(tmp_path: Path, *drafts: str, fault: str = "") -> Answering:
    """Return what puts tasks to an engine with these *drafts*."""
    return Answering(FakeEngine(*drafts, fault=fault), LOADED, tmp_path)  # pyright: ignore[reportArgumentType]


def test_greedy_is_the_likeliest_draft_judged_by_nobody(tmp_path: Path) -> None:
    """Even what the validator would withhold is the model's answer."""
    answer = asyncio.run(asked(tmp_path, "rm -rf /", "ls").greedy(TASK))

    assert (answer.command, answer.certainty) == ("rm -rf /", None)


def test_the_daemons_answer_is_what_may_be_offered(tmp_path: Path) -> None:
    """What would stand in the prompt, and how sure the daemon is of it."""
    answer = asyncio.run(asked(tmp_path, "ls").as_the_daemon(TASK))

    assert answer.command == "ls"
    assert answer.certainty in list(Certainty)


def test_what_is_withheld_is_no_answer(tmp_path: Path) -> None:
    """The command is empty, and the fault is the validator's reason."""
    answer = asyncio.run(asked(tmp_path, "rm -rf /").as_the_daemon(TASK))

    assert answer.command == ""
    assert answer.fault


@pytest.mark.parametrize("way", ["greedy", "as_the_daemon"])
def test_a_failure_of_the_engine_is_no_answer(tmp_path: Path, way: str) -> None:
    """One request that cannot be answered does not end the measurement."""
    answer = asyncio.run(getattr(asked(tmp_path, fault="it died"), way)(TASK))

    assert (answer.command, answer.fault) == ("", "it died")


def test_the_daemon_finds_the_names_of_the_tree_and_nothing_in_them(tmp_path: Path) -> None:
    """Every file of the tree is there by its name, empty, at the place where the user would be."""
    grove = trees.load("messy-home")

    root = names_of("messy-home", tmp_path)

    assert root == tmp_path / "messy-home" / grove.root
    made = {
        str(path.relative_to(tmp_path / "messy-home"))
        for path in (tmp_path / "messy-home").rglob("*")
    }
    assert {item.path for item in grove.items} <= made
    assert not any(path.stat().st_size for path in root.rglob("*") if path.is_file())
    assert names_of("messy-home", tmp_path) == root


def test_the_engine_is_told_what_the_daemon_would_tell_it(tmp_path: Path) -> None:
    """The shell, the last command and its status, and the names of the files where one is."""
    task = structs.replace(TASK, shell="fish", last="cp -r a", status=1)  # noqa: S604 - a field

    job = job_of(request_of(task, tmp_path))

    assert (job.context.shell, job.context.last, job.context.status) == ("fish", "cp -r a", 1)
    assert "notes.txt" in job.context.files


def test_of_a_task_without_a_tree_no_files_are_told(tmp_path: Path) -> None:
    """Absent context is absent, and the request is all there is."""
    job = job_of(request_of(structs.replace(TASK, tree=""), tmp_path))

    assert job.context == Context()
    assert job.text == TASK.request
