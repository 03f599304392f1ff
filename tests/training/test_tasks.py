"""The development set is whole, and each of its promises holds where it is run."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from training import checking, tasks
from training.tasks import Task, TaskError

pytest_plugins = ["sandboxed"]

GOOD = """
[[task]]
id = "{id}"
request = "{request}"
tree = "server-logs"
command = "{command}"
also = ['{also}']
utility = "grep"
difficulty = 1
"""


def write(folder: Path, name: str = "a.toml", **fields: str) -> Path:
    """Write a file of one task that is right but for *fields*."""
    known = {"id": "x", "request": "count", "command": "grep -c timeout app.log"}
    known |= {"also": "grep timeout app.log | wc -l"}
    path = folder / name
    path.write_text(GOOD.format(**(known | fields)))
    return path


def test_the_whole_set_can_be_read() -> None:
    """Every file of tasks/ keeps to the format, and no two tasks are the same."""
    found = tasks.load()

    assert len({task.id for task in found}) == len(found)


def test_there_are_enough_and_not_too_many_by_text() -> None:
    """What is only compared as text says less than what was run."""
    found = tasks.load()

    assert len(found) >= 400
    assert sum(task.check == "text" for task in found) <= len(found) / 4


@pytest.mark.usefixtures("sandboxed")
def test_references_hold_what_they_promise() -> None:
    """A sample of the references runs, does something, and the other commands do the same.

    `python -m training.tasks` does this for all of them, in a minute or two.
    """
    by_execution = [task for task in tasks.load() if task.check != "text"]
    usual = [task for task in by_execution if task.utility in checking.EVERYWHERE]
    here = [task for task in usual[::12] if shutil.which(task.shell)]

    assert [(task.id, checking.faults(task)) for task in here if checking.faults(task)] == []


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({}, {}, "id 'x' is there 2 times"),
        ({}, {"id": "y"}, "request 'count .bash.' is there 2 times"),
    ],
    ids=["id", "request"],
)
def test_a_task_is_there_once(
    tmp_path: Path, first: dict[str, str], second: dict[str, str], reason: str
) -> None:
    """A second task of the same id or words is named."""
    paths = [write(tmp_path, **first), write(tmp_path, "b.toml", **second)]

    with pytest.raises(TaskError, match=reason):
        tasks.load(paths)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[task]", "a.toml: "),
        ("[[task]]\nid = 'q'", r"task 1 \(q\).*missing required field"),
        (GOOD.replace("server-logs", "garden"), "no tree 'garden'"),
        (GOOD.replace("difficulty = 1", "difficulty = 4"), "difficulty"),
        (GOOD + "hurry = true", "unknown field `hurry`"),
    ],
    ids=["toml", "missing", "tree", "difficulty", "unknown"],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    """An author is told which task of which file, and what is wrong."""
    path = tmp_path / "a.toml"
    path.write_text(text)

    with pytest.raises(TaskError, match=reason):
        tasks.load([path])


def task(command: str, *also: str, check: str = "both", utility: str = "grep") -> Task:
    """Return a task of these commands."""
    return Task(
        id="x",
        request="x",
        command=command,
        also=also,
        utility=utility,
        difficulty=1,
        tree="server-logs",
        check=check,  # pyright: ignore[reportArgumentType] - one of the four
    )


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (task("ls nothing"), "status 2: ls: cannot access"),
        (task("touch new", check="output"), "`true` is right"),
        (task("true"), "`true` is right"),
        (task("echo $RANDOM $RANDOM $RANDOM"), "another thing each time"),
        (task("echo a", "echo b"), "also is wrong: echo b: output: 1 lines missing"),
        (task("yes"), "limit of output"),
    ],
    ids=["fails", "unseen", "nothing", "chance", "also", "endless"],
)
def test_a_broken_promise_is_told(one: Task, reason: str) -> None:
    """What an author must change is said in words."""
    assert reason in "\n".join(checking.faults(one))


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    "one",
    [
        task("grep -c timeout app.log", "grep timeout app.log | wc -l"),
        task("grep -q nothing app.log; echo $?"),
        task("diff app.log app.log.1", utility="diff"),
        task("find / -name app.log 2>/dev/null", utility="find"),
        task("systemctl restart nginx", check="text"),
    ],
)
def test_a_promise_that_holds_is_not_touched(one: Task) -> None:
    """Finding nothing, hiding errors and what cannot run here are no faults."""
    assert checking.faults(one) == []


@pytest.mark.usefixtures("sandboxed")
def test_the_command_line_fails_where_something_is_to_change(tmp_path: Path) -> None:
    """Whoever runs the check gets a list, and an exit status."""
    good = CliRunner().invoke(checking.main, [str(write(tmp_path)), "--jobs", "1"])
    bad = CliRunner().invoke(checking.main, [str(write(tmp_path, also="ls")), "--jobs", "1"])

    assert (good.exit_code, good.output) == (0, "1 tasks, 0 of them by text; 0 to change\n")
    assert bad.exit_code == 1
    assert "x: also is wrong: ls: " in bad.output
