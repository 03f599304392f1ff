"""What holds for every command: one line for an error, no traceback, quiet ends."""

import shutil
import signal
import subprocess

import click
import pytest
from answering import AnsweringDaemon, candidate
from home import EIDOSCTL, Home

from eidos.resources import model_dir
from eidosctl import cli
from eidosctl.output import printable

COMMANDS = [
    [],
    *[[name] for name in cli.cli.commands],
    ["model", "show"],
    ["model", "bench"],
    ["config", "show"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_there(home: Home, command: list[str]) -> None:
    """Every command explains itself, with -h as with --help."""
    assert home.ok(*command, "-h").startswith("Usage: eidosctl")


def test_version_is_printed(home: Home) -> None:
    """--version prints name and version, as every program does."""
    from eidos import __version__

    assert home.ok("--version") == f"eidosctl {__version__}\n"


@pytest.mark.parametrize("arguments", [["sugest"], ["suggest", "--shell", "csh", "x"], ["init"]])
def test_wrong_usage_exits_with_2(home: Home, arguments: list[str]) -> None:
    """A typing error is answered with the usage, and with the code that scripts know."""
    result = home.run(*arguments)

    assert result.returncode == 2
    assert "Usage:" in result.stderr


def test_unexpected_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug shows itself in a sentence that can be reported, not in a traceback."""

    @click.command()
    def broken() -> None:
        raise ZeroDivisionError("oops \x1b[2J")

    monkeypatch.setattr(cli, "cli", broken)
    monkeypatch.setattr("sys.argv", ["eidosctl"])

    with pytest.raises(SystemExit) as end:
        cli.main()

    assert end.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("eidosctl: unexpected ZeroDivisionError in test_cli.py:")
    assert len(error.splitlines()) == 1
    assert "\x1b" not in error


def test_closed_pipe_is_quiet(home: Home, answering: AnsweringDaemon) -> None:
    """`eidosctl … | head -1` ends without a word."""
    answering.says = [candidate("ls")]
    with subprocess.Popen(
        [EIDOSCTL, "suggest", "--jsonl"], env=home.environ, stdin=-1, stdout=-1, stderr=-1
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None

        _, errors = process.communicate(b"list files\n" * 20, timeout=60)

    assert errors == b""


def test_interrupt_is_quiet(home: Home, answering: AnsweringDaemon) -> None:
    """Ctrl-C ends the command with 130 and without a traceback."""
    answering.says = [candidate("ls")]
    with subprocess.Popen(
        [EIDOSCTL, "suggest", "--jsonl"], env=home.environ, stdin=-1, stdout=-1, stderr=-1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"list files\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(b'{"command": "ls"')

        process.send_signal(signal.SIGINT)

        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert errors.strip() == b""


def test_settings_are_shown_with_their_source(home: Home) -> None:
    """`config show` says for each key what holds and why."""
    config = home.place.config
    config.parent.mkdir()
    config.write_text("threads = 3\n")

    output = home.ok("config", "show", EIDOS_QUEUE_SIZE="7")

    lines = {line.split()[0]: line.split()[1:] for line in output.splitlines()}
    assert lines["threads"] == ["3", "from", "file"]
    assert lines["queue_size"] == ["7", "from", "environment"]
    assert lines["log_level"] == ["'info'", "from", "default"]


def test_path_of_the_settings_is_printed(home: Home) -> None:
    """`config path` prints the path alone, for an editor's command line."""
    assert home.ok("config", "path") == f"{home.place.config}\n"


@pytest.mark.parametrize("command", [["config", "show"], ["model", "show"], ["model", "verify"]])
def test_wrong_setting_ends_with_78(home: Home, command: list[str]) -> None:
    """A bad value is reported by every command that reads the settings."""
    result = home.run(*command, EIDOS_THREADS="many")

    assert result.returncode == 78
    assert result.stderr.startswith("eidosctl: EIDOS_THREADS: threads = 'many' is not allowed")


def test_embedded_model_is_as_shipped(home: Home) -> None:
    """`model verify` passes for the model in the package, file by file."""
    lines = home.ok("model", "verify").splitlines()

    for name in ("model.onnx", "model.onnx.data", "tokenizer.json"):
        assert f"ok    {model_dir() / name}" in lines


def test_changed_model_is_found(home: Home) -> None:
    """A file that is not as shipped is named, with what to do, and the code is 78."""
    copy = home.root / "model"
    shutil.copytree(model_dir(), copy)
    graph = copy / "model.onnx"
    graph.chmod(0o644)
    graph.write_bytes(graph.read_bytes()[:-1])

    result = home.run("model", "verify", EIDOS_MODEL_PATH=str(copy))

    assert result.returncode == 78
    assert f"FAIL  {graph}\n" in result.stdout
    assert f"{graph} is damaged" in result.stderr


def test_missing_model_is_named(home: Home) -> None:
    """A path that leads nowhere is quoted."""
    result = home.run("model", "show", EIDOS_MODEL_PATH="/nowhere.onnx")

    assert result.returncode == 78
    assert "there is no file /nowhere.onnx" in result.stderr


@pytest.mark.parametrize(
    "text", ["a\x1bb", "a\rb", "a\x9bb", "a\u202eb", "a\u200bb", "a\x00b", "a\u2028b", "a\x7fb"]
)
def test_printable_replaces_what_a_terminal_obeys(text: str) -> None:
    """Control, direction and invisible characters become a visible sign."""
    assert printable(text) == "a\ufffdb"


def test_printable_leaves_text_alone() -> None:
    """Letters of any language, and tabs, are shown as they are."""
    assert printable("größe\t日本 ½ →") == "größe\t日本 ½ →"
