"""The promises of rcfiles.py: one line in, the same line out, not a byte of difference."""

import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.errors import EidosError
from eidos.protocol import Shell
from eidosctl import rcfiles
from eidosctl.rcfiles import MARK, Widget, add, backup_of, rc_file, rc_line, remove

LINE = f"echo loaded {MARK}"
LINES = st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=8)


@given(LINES.map(b"\n".join))
def test_adding_and_removing_gives_the_same_bytes(content: bytes) -> None:
    """Any file, in any encoding, with or without a last newline, comes back as it was."""
    added = rcfiles.with_line(content, LINE.encode())

    assert added.count(MARK.encode()) == 1
    assert rcfiles.without_line(added) == content


@given(LINES.map(b"\n".join))
def test_adding_twice_is_adding_once(content: bytes) -> None:
    """A second installation changes nothing."""
    once = rcfiles.with_line(content, LINE.encode())

    assert rcfiles.with_line(once, LINE.encode()) == once


def test_old_line_is_replaced_where_it_stands(tmp_path: Path) -> None:
    """After an upgrade the line names the new files, in its old place, and the backup stays."""
    path = tmp_path / ".bashrc"
    path.write_text("first\n")
    add(path, LINE)
    path.write_text(path.read_text() + "last\n")

    changed = add(path, f"echo new {MARK}")

    assert changed
    assert path.read_text() == f"first\necho new {MARK}\nlast\n"
    assert backup_of(path).read_text() == "first\n"


def test_backup_is_the_file_before_us_with_its_mode(tmp_path: Path) -> None:
    """What was there before Eidos can be had back by hand, too."""
    path = tmp_path / ".zshrc"
    path.write_bytes(b"secret=\xff1")
    path.chmod(0o600)

    add(path, LINE)

    assert backup_of(path).read_bytes() == b"secret=\xff1"
    assert backup_of(path).stat().st_mode & 0o777 == 0o600


def test_failed_change_leaves_no_backup_behind(tmp_path: Path) -> None:
    """Where the line cannot be added, nothing is there that was not there before."""
    path = tmp_path / ".zshrc"
    path.write_text("mine " * 2000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
    try:
        with pytest.raises(EidosError, match="left as it was"):
            add(path, LINE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "mine " * 2000


def test_removal_leaves_no_backup_behind(tmp_path: Path) -> None:
    """When the file is again what the backup says, the backup has done its duty."""
    path = tmp_path / ".zshrc"
    path.write_text("mine")
    add(path, LINE)

    assert remove(path)

    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_removal_keeps_what_was_edited_since_and_its_backup(tmp_path: Path) -> None:
    """Lines added after Eidos stay, and so does the older copy, which differs now."""
    path = tmp_path / ".zshrc"
    path.write_text("mine\n")
    add(path, LINE)
    path.write_text(path.read_text() + "later\n")

    remove(path)

    assert path.read_text() == "mine\nlater\n"
    assert backup_of(path).exists()


def test_file_that_we_made_goes_away_again(tmp_path: Path) -> None:
    """A startup file that did not exist before does not exist afterwards."""
    path = tmp_path / ".zshrc"

    add(path, LINE)
    assert path.read_text() == f"{LINE}\n"
    remove(path)

    assert list(tmp_path.iterdir()) == []


def test_empty_file_of_the_users_stays(tmp_path: Path) -> None:
    """A startup file that was there and empty is the user's, and stays."""
    path = tmp_path / ".zshrc"
    path.touch()

    add(path, LINE)
    remove(path)

    assert path.read_bytes() == b""


def test_removing_what_was_never_added_changes_nothing(tmp_path: Path) -> None:
    """Uninstalling twice, or where nothing was installed, is harmless."""
    path = tmp_path / ".zshrc"
    path.write_text("mine")

    assert not remove(path)
    assert not remove(tmp_path / "missing")

    assert path.read_text() == "mine"


def test_zdotdir_is_where_zshrc_is(tmp_path: Path) -> None:
    """The shell reads $ZDOTDIR/.zshrc, so that is the file that gets the line."""
    environ = {"HOME": "/home/me", "ZDOTDIR": str(tmp_path)}

    assert rc_file(Shell.ZSH, environ) == tmp_path / ".zshrc"
    assert rc_file(Shell.ZSH, {"HOME": "/home/me"}) == Path("/home/me/.zshrc")


QUIET = {
    Shell.ZSH: ["zsh", "-f", "-u", "-c"],
    Shell.BASH: ["bash", "--norc", "-eu", "-c"],
    Shell.FISH: ["fish", "--no-config", "-c"],
}
AWKWARD = ["plain", "with blank", "quote'd", 'double"d', "back\\slash", "dollar$HOME", "ünï"]


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("shell", list(Shell))
def test_line_loads_the_widget_whatever_its_path(tmp_path: Path, shell: Shell, name: str) -> None:
    """The line sources the widget and sets EIDOS_CTL, with any character in the path."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    folder = tmp_path / name
    folder.mkdir()
    script = folder / "widget"
    script.write_text('echo "loaded with $EIDOS_CTL"\n')
    line = rc_line(shell, Widget(script, folder / "ctl", folder / "functions"))

    result = subprocess.run([*QUIET[shell], line], capture_output=True, text=True, check=True)

    assert result.stdout == f"loaded with {folder}/ctl\n"
    assert result.stderr == ""


@pytest.mark.parametrize("shell", list(Shell))
def test_line_is_silent_when_eidos_is_gone(tmp_path: Path, shell: Shell) -> None:
    """A startup file never complains about an Eidos that was deleted by hand."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    gone = tmp_path / "gone"
    line = rc_line(shell, Widget(gone, gone, gone))

    result = subprocess.run([*QUIET[shell], line], capture_output=True, text=True, check=True)

    assert (result.stdout, result.stderr) == ("", "")


@pytest.mark.parametrize("shell", list(Shell))
def test_line_is_one_line(shell: Shell) -> None:
    """What is added is one line, so it can be deleted by hand without a thought."""
    assert "\n" not in rc_line(shell, Widget(Path("/a"), Path("/b"), Path("/c")))
