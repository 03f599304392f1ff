"""`eidosctl model`: which model is used, whether it is sound, and how good it is."""

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from home import EIDOSCTL, Home

from eidos.errors import EidosError
from eidos.resources import model_dir
from eidosctl import cli_model

REPOSITORY = Path(__file__).parents[2]
TEXT_TASK = """
[[task]]
id = "restart"
request = "restart nginx"
command = "systemctl restart nginx"
utility = "systemctl"
difficulty = 1
check = "text"
"""


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    """A file with one task, which needs no sandbox."""
    path = tmp_path / "tasks.toml"
    path.write_text(TEXT_TASK)
    return str(path)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A model folder of small files with checksums; it is no model, and need not be."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        (folder / name).write_text(name)
    _sign(folder)
    return folder


def _sign(folder: Path) -> None:
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.glob("*.*"))
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))


def _rows(text: str) -> dict[str, str]:
    return dict(line.strip().split(maxsplit=1) for line in text.splitlines())  # pyright: ignore[reportReturnType]


def test_the_embedded_model_is_shown(home: Home) -> None:
    """Name, path, size, checksum, and that its files are as they were shipped."""
    rows = _rows(home.ok("model", "show"))

    assert rows["model"] == "eidos-135m (embedded)"
    assert rows["path"] == str(model_dir() / "model.onnx")
    assert rows["size"].endswith("MB on disk")
    assert rows["sha256"] in (model_dir() / "SHA256SUMS").read_text()
    assert rows["checksums"] == "as shipped"


def test_what_a_model_is_told_is_shown(home: Home, copy: Path) -> None:
    """Without eidos.json it reads the request alone; a wrong one is an error of the model."""
    alone = _rows(home.ok("model", "show", EIDOS_MODEL_PATH=str(copy)))
    (copy / "eidos.json").write_text('{"context": ["shell", "last"]}')
    told = _rows(home.ok("model", "show", EIDOS_MODEL_PATH=str(copy)))
    (copy / "eidos.json").write_text('{"context": ["mood"]}')
    wrong = home.run("model", "show", EIDOS_MODEL_PATH=str(copy))

    assert (alone["told"], told["told"]) == ("the request", "the request, shell, last")
    assert (wrong.returncode, "eidos.json" in wrong.stderr) == (78, True)


def test_an_altered_file_is_named(home: Home, copy: Path) -> None:
    """`show` reports it and goes on; `verify` is there to fail."""
    (copy / "tokenizer.json").write_text("other")

    result = home.run("model", "show", EIDOS_MODEL_PATH=str(copy))

    assert result.returncode == 0
    assert _rows(result.stdout)["checksums"] == "not as in SHA256SUMS: tokenizer.json"


def test_a_model_without_checksums_is_shown(home: Home, copy: Path) -> None:
    """There is nothing to compare with, and that is said."""
    (copy / "SHA256SUMS").unlink()

    rows = _rows(home.ok("model", "show", EIDOS_MODEL_PATH=str(copy)))

    assert rows["model"] == "own"
    assert rows["sha256"] == hashlib.sha256(b"model.onnx").hexdigest()
    assert "no SHA256SUMS" in rows["checksums"]


@pytest.mark.model
def test_a_model_is_measured(home: Home, tasks: str, tmp_path: Path) -> None:
    """Figures go to standard output, progress to standard error, all of it to the file."""
    out = tmp_path / "out.json"

    result = home.run("model", "bench", "--greedy", "--tasks", tasks, "--wrong", "--json", str(out))

    assert result.returncode == 0, result.stderr
    assert "1 of 1 tasks" in result.stdout
    assert "asking" in result.stderr
    assert "asking" not in result.stdout
    assert json.loads(out.read_bytes())["answers"][0]["id"] == "restart"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["/no/such/model"], 78, "there is no /no/such/model"),
        (["--source", "/usr"], 1, "no development set in /usr"),
        (["--limit", "0"], 2, "--limit"),
    ],
)
def test_what_cannot_be_measured_is_told(
    home: Home, arguments: list[str], code: int, said: str
) -> None:
    """One line for a person, and the exit code of the error tree."""
    result = home.run("model", "bench", *arguments)

    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.model
def test_ctrl_c_ends_everything(home: Home) -> None:
    """It exits with 130 and says nothing more; no engine goes on."""
    with subprocess.Popen(
        [EIDOSCTL, "model", "bench", "--greedy"],
        env=home.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stderr.readline()  # comes when the engine is loaded
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        shown = process.stdout.read()

    assert (said, rest, shown) == (b"asking\n", b"", b"")
    assert process.returncode == 130
    assert len(started) == 2, "the measuring process and its engine"
    assert not [child for child in started if child.is_running()]


def test_the_clone_is_the_one_that_this_was_installed_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An installed wheel finds it by what pip noted, an editable one beside its own code."""
    assert cli_model.source_tree(None) == REPOSITORY

    class Installed:
        def read_text(self, _name: str) -> str:
            return json.dumps({"url": REPOSITORY.as_uri(), "dir_info": {}})

    monkeypatch.setattr(cli_model, "__file__", str(tmp_path / "site" / "eidosctl" / "x.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(cli_model.metadata, "distribution", lambda _name: Installed())

    assert cli_model.source_tree(None) == REPOSITORY


def test_without_a_clone_it_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Installed from a wheel that came from elsewhere."""

    class Installed:
        def read_text(self, _name: str) -> str:
            return json.dumps({"url": "https://example.com/eidosctl.whl"})

    monkeypatch.setattr(cli_model, "__file__", str(tmp_path / "site" / "eidosctl" / "x.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(cli_model.metadata, "distribution", lambda _name: Installed())

    with pytest.raises(EidosError, match="--source"):
        cli_model.source_tree(None)
