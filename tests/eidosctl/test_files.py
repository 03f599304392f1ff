"""The promises of files.py: whole old or whole new, and the owner's wishes kept."""

import resource
from pathlib import Path

import pytest

from eidos.errors import EidosError
from eidosctl import files


def test_link_stays_a_link_and_its_target_changes(tmp_path: Path) -> None:
    """A startup file that is a link into a folder of dotfiles stays one."""
    target, link = tmp_path / "dotfiles", tmp_path / "rc"
    target.write_bytes(b"old")
    link.symlink_to("dotfiles")

    files.write_atomically(link, b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_mode_of_an_existing_file_is_kept(tmp_path: Path, mode: int) -> None:
    """A private file does not become readable to others by our change, nor the reverse."""
    path = tmp_path / "rc"
    path.write_bytes(b"old")
    path.chmod(mode)

    files.write_atomically(path, b"new")

    assert path.stat().st_mode & 0o777 == mode


def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Where the new content does not fit, the old stays, byte for byte, without litter."""
    path = tmp_path / "rc"
    path.write_bytes(b"precious")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(EidosError, match=r"cannot write .*rc: .* left as it was"):
            files.write_atomically(path, b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert path.read_bytes() == b"precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["rc"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    """A configuration folder that is not there yet is no error."""
    files.write_atomically(tmp_path / "a" / "b" / "c", b"text")

    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"text"


def test_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    """A path that cannot be is reported with its name and the reason."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(EidosError, match=r"cannot write .*file/rc: .*/file is in the way"):
        files.write_atomically(tmp_path / "file" / "rc", b"text")


def test_only_empty_folders_are_removed(tmp_path: Path) -> None:
    """Removing our folders never takes somebody's file with them."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "empty").mkdir()

    files.remove_empty(tmp_path / "full", tmp_path / "empty", tmp_path / "missing")

    assert [entry.name for entry in tmp_path.iterdir()] == ["full"]
