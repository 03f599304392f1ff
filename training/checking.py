"""Whether the development set keeps its promises: every reference and every `also` is run."""

import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from training import sandbox, scoring, tasks, trees

# Programs that say with 1 that they found nothing, or a difference.
MAY_SAY_ONE = frozenset("grep egrep zgrep rg diff cmp comm test [ pgrep git fish bash zsh".split())
# Programs of every Debian: what a test may run anywhere.
EVERYWHERE = frozenset(
    "awk basename cat chmod comm cp cut date diff du find grep gzip head join ln ls md5sum "
    "mkdir mv nl paste printf rm sed seq sha256sum sort split stat tac tail tar tee touch tr uniq "
    "wc xargs for while".split()
)


def faults(task: tasks.Task) -> list[str]:
    """Return what is wrong with *task*, in words for its author; nothing, if all is well."""
    return list(_faults(task))


def _faults(task: tasks.Task) -> Iterator[str]:
    if task.check == "text":
        return
    wanted = scoring.reference(task)
    said = wanted.errors.decode(errors="replace").strip().splitlines()[:1]
    if wanted.cut:
        yield f"the reference ran into the limit of {wanted.cut}"
    is_hidden = not said and re.search(r"2>|&>| -s\b", task.command)
    is_answer = not said and wanted.status == 1 and task.utility in MAY_SAY_ONE
    if wanted.status and not is_hidden and not is_answer:
        reason = " ".join(said) or "it says nothing"
        yield f"the reference ends with status {wanted.status}: {reason}"
    has_output = bool(wanted.output.strip()) and task.check != "files"
    has_changes = bool(wanted.changes) and task.check != "output"
    if not has_output and not has_changes:
        yield f"the reference does nothing that check = {task.check!r} could see: `true` is right"
    again = scoring.compare(task, wanted, scoring.outcome(task, task.command))
    if not again.right:
        yield f"the reference does another thing each time: {again.why}"
    for command in task.also:
        result = scoring.compare(task, wanted, scoring.outcome(task, command))
        if not result.right:
            yield f"also is wrong: {command}: {result.why}"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--jobs", default=scoring.JOBS, show_default=True)
def main(files: tuple[Path, ...], jobs: int) -> None:
    """Check the tasks of FILES, or all of them, and print what their authors must change."""
    try:
        wanted = tasks.load(files)
        with ProcessPoolExecutor(jobs) as pool:
            found = list(pool.map(faults, wanted, chunksize=4))
    except (tasks.TaskError, trees.TreeError, sandbox.SandboxError) as fault:
        raise click.ClickException(str(fault)) from fault
    for task, words in zip(wanted, found, strict=True):
        for fault in words:
            click.echo(f"{task.id}: {fault}")
    wrong = sum(map(bool, found))
    by_text = sum(task.check == "text" for task in wanted)
    click.echo(f"{len(wanted)} tasks, {by_text} of them by text; {wrong} to change")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
