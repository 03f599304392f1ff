"""`eidosctl model`: which model is used, whether its files are sound, and how good it is."""

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

_MEBIBYTE: Final = 1024 * 1024
_FILE: Final = click.Path(exists=True, dir_okay=False)


@click.group()
def model() -> None:
    """Look at the model: its files, and how good it is."""


@model.command()
def show() -> None:
    """Show which model is configured, and whether its files are as they were shipped.

    "told" is what it reads: the request, and what eidos.json beside it names.
    """
    from eidos import model_files

    files = _configured()
    checks = model_files.verify(files)
    size_bytes = sum(check.path.stat().st_size for check in checks if check.path.is_file())
    rows = [
        ("model", files.name),
        ("path", str(files.model)),
        ("size", f"{size_bytes / _MEBIBYTE:.1f} MB on disk"),
        ("sha256", model_files.sha256_of_model(files, checks)),
        ("checksums", _agreement(files, checks)),
        ("told", ", ".join(("the request", *model_files.told(files)))),
    ]
    rows.extend((f"  {check.path.name}", check.detail) for check in checks)
    click.echo("\n".join(table(rows)))


@model.command()
def verify() -> None:
    """Compare the model's files with the checksums they were shipped with."""
    from eidos import model_files

    files = _configured()
    checks = model_files.verify(files)
    for check in checks:
        click.echo(printable(f"{'ok  ' if check.ok else 'FAIL'}  {check.path.name}"))
    model_files.require_sound(files, checks)
    if files.sums is None:
        raise ModelError(f"there is no SHA256SUMS beside {files.model} to compare with")


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


def _agreement(files: "ModelFiles", checks: "Sequence[FileCheck]") -> str:
    if files.sums is None:
        return "none to compare with: there is no SHA256SUMS beside it"
    bad = [check.path.name for check in checks if not check.ok]
    return f"not as in {files.sums.name}: {', '.join(bad)}" if bad else "as shipped"


def _configured() -> "ModelFiles":
    from eidos import model_files
    from eidos.config import Config

    place = Place.find(os.environ)
    settings = Config.load(os.environ, place.config)
    return model_files.locate(settings.model_path, settings.tokenizer_path)
