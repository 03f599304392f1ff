"""The rule for the socket's place: one in Python, zsh and perl, on the same environments."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from eidos import paths
from eidos.errors import RuntimeDirError
from eidos.resources import shell_dir

UID = os.getuid()


def environ(tmp_path: Path, **variables: str) -> dict[str, str]:
    """Return an environment with a HOME in *tmp_path* and *variables*, {} being tmp_path."""
    values = {name: value.format(tmp_path) for name, value in variables.items()}
    return {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], **values}


CASES = {
    "runtime dir": {"XDG_RUNTIME_DIR": "{}/run"},
    "runtime dir with a blank": {"XDG_RUNTIME_DIR": "{}/run time"},
    "runtime dir missing": {"XDG_RUNTIME_DIR": "{}/none"},
    "runtime dir is a file": {"XDG_RUNTIME_DIR": "{}/file"},
    "runtime dir relative": {"XDG_RUNTIME_DIR": "run"},
    "runtime dir empty": {"XDG_RUNTIME_DIR": ""},
    "nothing set": {},
    "cache": {"XDG_CACHE_HOME": "{}/cache"},
    "cache relative": {"XDG_CACHE_HOME": "cache"},
    "not ours": {"XDG_RUNTIME_DIR": "/proc/1/task"} if UID else {"XDG_RUNTIME_DIR": "{}/nobody"},
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Folders and files for the cases to name."""
    for name in ("run", "run time", "cache", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "nobody").mkdir()
    if UID == 0:
        os.chown(tmp_path / "nobody", 65534, 65534)
    return tmp_path


def by_zsh(environ: dict[str, str], cwd: Path) -> str:
    """Return the socket path that the zsh widget computes."""
    script = f"source {shell_dir()}/eidos.zsh; __eidos_socket_path; print -rn -- $REPLY"
    command = ["zsh", "-f", "-i", "-c", script]
    return subprocess.run(
        command, env=environ, cwd=cwd, capture_output=True, text=True, check=True
    ).stdout


def by_perl(environ: dict[str, str], cwd: Path) -> str:
    """Return the socket path that the client of bash and fish computes."""
    command = ["perl", str(shell_dir() / "eidos-client.pl"), "socket-path"]
    return subprocess.run(
        command, env=environ, cwd=cwd, capture_output=True, text=True, check=True
    ).stdout.rstrip("\n")


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
@pytest.mark.parametrize("program", ["zsh", "perl"])
def test_daemon_and_widgets_agree_on_the_socket(tree: Path, case: str, program: str) -> None:
    """Whatever the environment, all clients look where the daemon listens."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed; run: apt-get install {program}")
    env = environ(tree, **CASES[case])
    ours = str(paths.socket_path(env, UID))

    theirs = by_zsh(env, tree) if program == "zsh" else by_perl(env, tree)

    assert theirs == ours


def test_the_runtime_dir_wins_and_the_cache_is_the_last_resort(tree: Path) -> None:
    """$XDG_RUNTIME_DIR if it is ours; without it (and /run/user) the cache."""
    with_runtime_dir = environ(tree, XDG_RUNTIME_DIR="{}/run")
    nowhere = 2**31  # a uid without a /run/user

    assert paths.runtime_dir(with_runtime_dir, UID) == tree / "run" / "eidos"
    assert paths.runtime_dir(environ(tree), nowhere) == tree / "home/.cache/eidos/run"
    assert (
        paths.runtime_dir(environ(tree, XDG_CACHE_HOME="{}/cache"), nowhere)
        == tree / "cache/eidos/run"
    )


def test_a_path_too_long_for_a_socket_is_refused_with_the_cure(tree: Path) -> None:
    """107 bytes are the most a Unix socket's path may have."""
    long = tree / ("x" * 120)
    long.mkdir()

    with pytest.raises(RuntimeDirError, match=r"more than 107 bytes; set XDG_RUNTIME_DIR"):
        paths.socket_path(environ(tree, XDG_RUNTIME_DIR=str(long)), UID)


def test_a_private_folder_is_made_with_its_parents(tree: Path) -> None:
    """The folder is 0700; making it twice is harmless."""
    folder = tree / "a" / "b" / "eidos"

    for _ in range(2):
        paths.make_private(folder, UID)

    assert folder.stat().st_mode & 0o777 == 0o700
