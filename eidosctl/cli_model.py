"""`eidosctl model`: which model serves, how another one gets to, and how good one is."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import click

from eidos.errors import EidosError, ModelError
from eidosctl.output import printable, table
from eidosctl.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidos.model_files import FileCheck, ModelFiles
    from eidos.model_slots import Choice
    from eidosctl.switching import Switched

_FILE: Final = click.Path(exists=True, dir_okay=False)
_FORCE: Final = click.option(
    "--force",
    "is_forced",
    is_flag=True,
    help="Do not try the model first; a running daemon does so all the same.",
)


@click.group()
def model() -> None:
    """Look at the models, have another one serve, and measure how good one is."""


@model.command()
def show() -> None:
    """Show which model serves, and whether its files are as they were shipped.

    "told" is what it reads: the request, and what eidos.json beside it names.
    """
    from eidosctl.model_listing import facts

    click.echo("\n".join(table(facts(Place.find(os.environ)))))


@model.command("list")
def list_() -> None:
    """List the models there are: the embedded one, and those in the two slots."""
    from eidosctl.model_listing import listing

    click.echo("\n".join(table(listing(Place.find(os.environ)))))


@model.command()
def verify() -> None:
    """Compare the files of the models with the checksums they came with.

    That is the model that serves, and the one in each slot.
    """
    from eidos import model_files
    from eidosctl.model_listing import verdicts

    faults: list[tuple[ModelFiles, list[FileCheck]]] = []
    for files, checks in verdicts(Place.find(os.environ)):
        for check in checks:
            click.echo(printable(f"{'ok  ' if check.ok else 'FAIL'}  {check.path}"))
        faults.append((files, checks))
    for files, checks in faults:
        model_files.require_sound(files, checks)
        if files.sums is None:
            raise ModelError(f"there is no SHA256SUMS beside {files.model} to compare with")


@model.command()
@click.argument("wanted", metavar="PATH|embedded")
@_FORCE
def use(wanted: str, is_forced: bool) -> None:
    """Have another model serve, without a request lost.

    PATH is a model.onnx or its folder, which is copied; embedded is the one that ships with Eidos,
    and a or b the one that is in that slot. It is tried before anything is changed. A running
    daemon takes it over at once, and goes on with the old one where it does not answer.
    """
    from eidosctl import switching

    place = Place.find(os.environ)
    _tell(switching.use(place, wanted, is_forced=is_forced))


@model.command()
@_FORCE
def rollback(is_forced: bool) -> None:
    """Have that model serve again that did before."""
    from eidosctl import switching

    _tell(switching.rollback(Place.find(os.environ), is_forced=is_forced))


@model.command()
@click.argument("slot", type=click.Choice(["a", "b"]))
def remove(slot: "Choice") -> None:
    """Remove the model in a slot, which must not be the one that serves."""
    from eidosctl import switching

    switching.remove(slot)
    click.echo(f"removed: the model in slot {slot}")


@model.command()
@click.argument("path", metavar="[MODEL]", required=False, type=click.Path())
@click.option("--greedy", is_flag=True, help="Ask the model alone; nothing is judged or ranked.")
@click.option("--tasks", multiple=True, type=_FILE,
              help="A file of tasks (repeatable); default: the whole development set.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), metavar="N",
              help="Only N tasks, drawn by chance, the same ones each time.")  # fmt: skip
@click.option("--jobs", default=2, type=click.IntRange(1), metavar="N", show_default=True,
              help="Answers judged at a time.")  # fmt: skip
@click.option("--wrong", is_flag=True, help="Print each wrong answer too, and why it is.")
@click.option("--json", "out", type=click.Path(dir_okay=False), metavar="OUT",
              help="Write all figures and every answer to the file OUT.")  # fmt: skip
@click.option("--source", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="A clone of Eidos; default: the one that this was installed from.")  # fmt: skip
def bench(  # noqa: PLR0913 - an option each
    *,
    path: str | None,
    greedy: bool,
    tasks: tuple[str, ...],
    limit: int | None,
    jobs: int,
    wrong: bool,
    out: str | None,
    source: Path | None,
) -> None:
    """Measure how many requests of the development set a model answers rightly.

    MODEL is a model.onnx or its folder; default: the embedded one. The daemon's own parts are
    asked, with the settings that ship, and the answers are run in a sandbox, never outside of it.
    Takes some minutes. The requests are in a clone of Eidos, and not in what pip installs.
    """
    options = [
        *(["--model", path] if path else []),
        *(["--greedy"] if greedy else []),
        *(word for file in tasks for word in ("--tasks", file)),
        *(["--limit", str(limit)] if limit is not None else []),
        *(["--json", out] if out else []),
        *(["--wrong"] if wrong else []),
    ]
    code = _run(source_tree(source), ["training.benching", "--jobs", str(jobs), *options])
    if code:
        sys.exit(code)


def source_tree(given: Path | None) -> Path:
    """Return the root of a clone: *given*, or else the one that this Eidos was installed from.

    Raises:
        EidosError: there is none with the development set in it.
    """
    for root in [given] if given is not None else list(_clones()):
        if (root / "training" / "benching.py").is_file():
            return root.resolve()
    where = f"in {given}" if given is not None else "where Eidos was installed from"
    raise EidosError(f"no development set {where}; name a clone of Eidos: --source FOLDER")


def _clones() -> "Iterator[Path]":
    yield Path(__file__).parents[1]
    try:
        # pip notes here, by PEP 610, which folder `pip install .` was called in.
        told = metadata.distribution("eidosctl").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        told = None
    url = urlsplit(json.loads(told)["url"] if told else "")
    if url.scheme == "file":
        yield Path(unquote(url.path))
    yield Path(sys.prefix).parent


def _run(root: Path, words: Sequence[str]) -> int:
    """Run a module of *root* in this Python until it ends; Ctrl-C reaches that process alone.

    It ends its own children, which would else print what they were interrupted in.
    """
    paths = [str(root / "daemon"), str(root), os.environ.get("PYTHONPATH", "")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-P", "-m", *words]
    with subprocess.Popen(command, env=environ, start_new_session=True) as process:

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            process.send_signal(signal.SIGINT)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupt)
        code = process.wait()
    if code < 0:
        raise EidosError(f"the measuring process was ended by signal {-code}")
    return code


def _tell(switched: "Switched") -> None:
    from eidosctl.switching import described

    if switched.name == switched.before:
        click.echo(f"{described(switched.name)} serves already")
        return
    when = "serves" if switched.is_running else "serves from the next start on"
    click.echo(f"{described(switched.name)} {when}; the one before: {described(switched.before)}")
    click.echo("to go back: eidosctl model rollback")
