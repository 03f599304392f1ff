"""The development set: what people ask for, and commands known to be right.

python -m training.tasks [FILE…]     checks every task, by running it (training/checking.py)
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from training import trees

FOLDER = Path(__file__).parent / "tasks"


class TaskError(Exception):
    """A file of tasks that cannot be read; the message names the file, the task and the fault."""


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One request with its reference *command*, and examples of other commands that are right.

    Those of *also* score right by execution. Those of *accept_text* are right although their effect
    differs; what has their text or their effect is right too. *last* and *status* are the command
    before, where the request speaks of it. *check* says what counts: what is printed, what becomes
    of the files, both, or, where the command cannot run in a sandbox, its text.
    """

    id: str
    request: str
    command: str
    utility: str
    difficulty: Literal[1, 2, 3]
    tree: str = ""
    also: tuple[str, ...] = ()
    accept_text: tuple[str, ...] = ()
    shell: Literal["bash", "zsh", "fish"] = "bash"
    in_order: bool = False
    check: Literal["both", "output", "files", "text"] = "both"
    last: str = ""
    status: int | None = None


def load(files: Sequence[Path] = ()) -> tuple[Task, ...]:
    """Read *files*, or all files of tasks/ where none is named.

    Raises:
        TaskError: A task is not as `Task` says, names no tree that is there, or is there twice.
    """
    paths = files or sorted(FOLDER.glob("*.toml"))
    tasks = tuple(task for path in paths for task in _read(path))
    ids = Counter(task.id for task in tasks)
    requests = Counter(f"{task.request} ({task.shell})" for task in tasks)
    for field, counts in (("id", ids), ("request", requests)):
        for value, count in counts.items():
            if count > 1:
                raise TaskError(f"{field} {value!r} is there {count} times: change or remove one")
    return tasks


def _read(path: Path) -> tuple[Task, ...]:
    try:
        table = msgspec.toml.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as fault:
        raise TaskError(f"{path.name}: {fault}") from fault
    tasks: list[Task] = []
    for number, entry in enumerate(table.get("task", ()), start=1):
        called = f"{path.name}: task {number} ({entry.get('id', 'no id')})"
        try:
            task = msgspec.convert(entry, Task)
        except msgspec.ValidationError as fault:
            raise TaskError(f"{called}: {fault}") from fault
        if task.check != "text" and task.tree not in trees.names():
            raise TaskError(
                f"{called}: no tree {task.tree!r}: there are {', '.join(trees.names())}"
            )
        tasks.append(task)
    return tuple(tasks)


if __name__ == "__main__":
    from training.checking import main

    main()
