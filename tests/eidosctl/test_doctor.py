"""`eidosctl doctor`: each part that is broken is named, with what mends it."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from answering import AnsweringDaemon, candidate
from home import Home
from skips import need

from eidos.protocol import ErrorCode, Shell
from eidosctl import rcfiles

pytestmark = pytest.mark.shell


def findings(home: Home, **environ: str) -> tuple[dict[str, str], int]:
    """Return what the doctor says by part, and its exit code."""
    result = home.run("doctor", **environ)
    assert "unexpected" not in result.stderr, result.stderr
    found: dict[str, str] = {}
    name = ""
    for line in result.stdout.splitlines():
        if line.startswith("      "):
            found[name] += f" {line.strip()}"
            continue
        name = line[6:22].strip()
        found[name] = f"{found.get(name, '')}{line[:4].strip()}: {line[22:]}"
    return found, result.returncode


@pytest.fixture
def well(home: Home, answering: AnsweringDaemon) -> Home:
    """A home in which everything is as it should be, for every shell."""
    for shell in Shell:
        need(shell)
    answering.says = [candidate("ls -lS")]
    shells = [word for shell in Shell for word in ("--shell", shell)]
    home.ok("install", "--no-systemd", "--allow-root", *shells)
    return home


def test_a_healthy_installation_has_no_finding(well: Home) -> None:
    """Every part is looked at and found well, and the exit code is 0."""
    found, code = findings(well)

    assert code == 0, found
    assert all(text.startswith("ok: ") for text in found.values())
    parts = [
        "python",
        "eidosd",
        "config",
        "model",
        "audit log",
        "runtime folder",
        "unit",
        "daemon",
        "versions",
    ]
    parts += ["engine", "suggestion", "eidos-remote"]
    parts += [f"{shell} {part}" for shell in Shell for part in ("needs", "startup", "key")]
    assert list(found) == parts


def test_no_daemon_is_named_with_its_cure(home: Home) -> None:
    """Without a daemon the doctor says so, and starts none."""
    found, code = findings(home)

    assert code == 1
    assert found["daemon"].startswith("FAIL")
    assert "eidosctl start" in found["daemon"]
    assert not home.place.socket.exists()


def test_wrong_setting_is_named(well: Home) -> None:
    """A key with a bad value is quoted, and the file to edit is named."""
    well.place.config.parent.mkdir(exist_ok=True)
    well.place.config.write_text("threads = 0\n")

    found, code = findings(well)

    assert code == 1
    assert "threads = 0 is not allowed" in found["config"]
    assert str(well.place.config) in found["config"]


def test_damaged_model_is_named(well: Home, tmp_path: Path) -> None:
    """One changed byte in a model's file is found, and the file is named."""
    from eidos.resources import model_dir

    shutil.copytree(model_dir(), tmp_path / "model")
    tokenizer = tmp_path / "model" / "tokenizer.json"
    tokenizer.chmod(0o644)
    tokenizer.write_bytes(b" " + tokenizer.read_bytes())

    found, code = findings(well, EIDOS_MODEL_PATH=str(tmp_path / "model"))

    assert code == 1
    assert found["model"].startswith("FAIL")
    assert "tokenizer.json" in found["model"]


def test_folder_open_to_others_is_named(well: Home) -> None:
    """A runtime folder with the wrong mode comes with the chmod that mends it."""
    folder = well.place.socket.parent
    folder.chmod(0o755)

    found, code = findings(well)

    assert code == 1
    assert f"chmod 700 {folder}" in found["runtime folder"]


def test_other_version_is_named(well: Home, answering: AnsweringDaemon) -> None:
    """A daemon older than eidosctl is to be restarted."""
    answering.version = "0.0.9"

    found, code = findings(well)

    assert code == 1
    assert "daemon 0.0.9" in found["versions"]
    assert "mend: eidosctl restart" in found["versions"]


def test_failing_suggestion_is_named(well: Home, answering: AnsweringDaemon) -> None:
    """A daemon that runs and cannot answer is found out by asking it."""
    answering.says = (ErrorCode.ENGINE, "the model is on strike")

    found, code = findings(well)

    assert code == 1
    assert found["suggestion"].startswith("FAIL: the model is on strike")


@pytest.mark.model
def test_silent_daemon_is_named(home: Home) -> None:
    """A daemon that listens and does nothing does not hang the doctor."""
    from eidosctl import service

    home.ok("start")
    pid = service.listener_pid(home.place)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        found, code = findings(home)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert code == 1
    assert "no answer" in found["daemon"]
    assert "eidosctl restart" in found["daemon"]


def test_no_shell_set_up_is_named(home: Home) -> None:
    """Without any startup line nobody has the key."""
    found, code = findings(home)

    assert code == 1
    assert found["shells"].startswith("FAIL")
    assert "mend: eidosctl install" in found["shells"]


@pytest.mark.parametrize("shell", list(Shell))
def test_old_line_is_named(well: Home, shell: Shell) -> None:
    """A startup line that names another Eidos than this one is to be renewed."""
    path = rcfiles.rc_file(shell, well.environ)
    path.write_text(path.read_text().replace("/bin/eidosctl", "/old/eidosctl"))

    found, code = findings(well)

    assert code == 1
    assert f"mend: eidosctl install --shell {shell}" in found[f"{shell} startup"]


TAKEN = {
    Shell.ZSH: "bindkey '^G' send-break\n",
    Shell.BASH: "bind '\"\\C-g\": abort'\n",
    Shell.FISH: "bind \\cg cancel\n",
}


@pytest.mark.parametrize("shell", list(Shell))
def test_taken_key_is_named(well: Home, shell: Shell) -> None:
    """Something below our line that binds Ctrl-G anew is found by asking a new shell."""
    path = rcfiles.rc_file(shell, well.environ)
    path.write_text(path.read_text() + TAKEN[shell])

    found, code = findings(well)

    assert code == 1
    assert found[f"{shell} key"].startswith("FAIL")
    assert "EIDOS_KEY" in found[f"{shell} key"]


def test_missing_perl_is_named(well: Home, tmp_path: Path) -> None:
    """Two of the shells need perl; where it is missing the package is named."""
    for program in ("bash", "zsh", "fish"):
        real = shutil.which(program)
        assert real is not None
        (tmp_path / program).symlink_to(real)

    found, code = findings(well, PATH=str(tmp_path))

    assert code == 1
    assert "perl-base" in found["bash needs"]
    assert "perl-base" in found["fish needs"]
    assert found["zsh needs"].startswith("ok")


def test_what_the_daemon_says_of_its_own_health_is_told(
    well: Home, answering: AnsweringDaemon
) -> None:
    """A check of the daemon's that is not ok is a finding, under its name and in its words."""
    check = {"name": "inference", "condition": "degraded", "seen": "no answer since"}
    answering.health = {"condition": "degraded", "checks": [check]}

    found, code = findings(well)

    assert code == 1
    assert found["inference"].startswith("FAIL: no answer since")
