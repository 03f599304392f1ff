"""What is in the wheel and in the sdist, and what an installed wheel finds."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from layers import REPOSITORY

from eidos import __version__

PYTHON = Path(sys.base_prefix, "bin", "python3")
"""A Python that does not see this checkout, as .venv does."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, which is what pip does; the model takes its time."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    with zipfile.ZipFile(folder / f"eidosctl-{__version__}-py3-none-any.whl") as wheel:
        wheel.extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_holds_the_packages_and_all_their_files(installed: Path) -> None:
    """Code, model, known intents, weights, widgets and units are in; nothing else, no `daemon`."""
    metadata = f"eidosctl-{__version__}.dist-info"

    expected = {f"eidos/{name}" for name in _files(REPOSITORY / "daemon" / "eidos")}
    expected |= {f"eidos_remote/{name}" for name in _files(REPOSITORY / "daemon" / "eidos_remote")}
    expected |= {f"eidosctl/{name}" for name in _files(REPOSITORY / "eidosctl")}
    found = set(_files(installed))
    assert {name for name in found if not name.startswith(metadata)} == expected
    assert f"{metadata}/licenses/LICENSE" in found
    assert {"eidos/model/model.onnx", "eidos/shell/eidos.zsh", "eidos/shell/eidos-client.pl",
            "eidos/systemd/eidosd.service", "eidos/retrieval/intents.index",
            "eidos/ranking.json", "eidos/language_model/lid.176.ftz"} <= found  # fmt: skip


def test_the_wheel_has_all_programs(installed: Path) -> None:
    """`eidosctl`, `eidosd` and `eidos-remote` are installed as programs."""
    entry_points = ConfigParser()
    entry_points.read(installed / f"eidosctl-{__version__}.dist-info" / "entry_points.txt")

    assert dict(entry_points["console_scripts"]) == {
        "eidosctl": "eidosctl.cli:main",
        "eidosd": "eidos.main:main",
        "eidos-remote": "eidos_remote.main:main",
    }


def test_the_installed_model_is_the_checked_one(installed: Path) -> None:
    """Every file of the model in the wheel has the checksum that is shipped beside it."""
    model = installed / "eidos" / "model"
    sums = [line.split() for line in (model / "SHA256SUMS").read_text().splitlines()]

    assert {name for _, name in sums} >= {"model.onnx", "model.onnx.data", "tokenizer.json"}
    for digest, name in sums:
        with (model / name).open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == digest, name


def test_an_installed_wheel_finds_its_files(installed: Path) -> None:
    """Outside the checkout, widgets, units and model are real files beside the code."""
    program = (
        "from eidos import resources as r\n"
        "for folder in (r.shell_dir(), r.systemd_dir(), r.model_dir()):\n"
        "    print(folder.is_symlink(), sorted(folder.iterdir())[0].is_file())"
    )

    assert _run(program, installed) == "False True\n" * 3


def test_no_module_called_daemon_is_installed(installed: Path) -> None:
    """python-daemon owns that name: the source root `daemon/` leaves no trace in a wheel."""
    program = "from importlib.util import find_spec; print(find_spec('daemon'))"

    assert _run(program, installed) == "None\n"


def test_a_wheel_can_be_built_from_the_sdist() -> None:
    """The sdist holds every file that goes into the wheel, as a real file, and what builds it."""
    # Packing it takes 24 s; the list of what would be packed takes none.
    builder = SdistBuilder(str(REPOSITORY))
    names = {file.distribution_path for file in builder.recurse_included_files()}

    needed = {f"daemon/eidos/{name}" for name in _files(REPOSITORY / "daemon" / "eidos")}
    remote = REPOSITORY / "daemon" / "eidos_remote"
    needed |= {f"daemon/eidos_remote/{name}" for name in _files(remote)}
    needed |= {f"eidosctl/{name}" for name in _files(REPOSITORY / "eidosctl")}
    assert needed | {"README.md", "LICENSE", "shell/eidos.zsh"} <= names
    assert {"daemon/eidos/retrieval/intents.index", "daemon/eidos/ranking.json"} <= needed


@pytest.mark.parametrize("name", ["shell", "systemd"])
def test_the_checkout_finds_its_files(name: str) -> None:
    """In a checkout the package reaches the folders at the top through links."""
    link = REPOSITORY / "daemon" / "eidos" / name

    assert link.is_symlink()
    assert link.resolve() == REPOSITORY / name


def _files(folder: Path) -> Iterator[str]:
    """Yield the files below *folder*, links followed, without what Python itself caches."""
    for path in folder.iterdir():
        if path.is_dir() and path.name != "__pycache__":
            yield from (f"{path.name}/{name}" for name in _files(path))
        elif path.is_file():
            yield path.name


def _run(program: str, installed: Path) -> str:
    """Return what *program* prints in a Python that has only its library and *installed*."""
    start = f"import sys; sys.path.insert(0, {str(installed)!r})\n"
    result = subprocess.run(
        [PYTHON, "-I", "-S", "-c", start + program],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
