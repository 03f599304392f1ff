"""The log as a file: it stays small while the daemon runs, and no line is lost or torn."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eidos import log_file
from eidos.log_file import LogFile, open_log, set_aside

WRITER = """
import logging, os, sys
from eidos import log_file, logs
log_file.MAX_LOG_BYTES = 20_000
logs.configure_logging("info", os.environ)
name, path, kept = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for number in range(1500):
    logging.getLogger("eidos.test").info("%s %05d %s.", name, number, "x" * 50)
    if name == "daemon" and number % 50 == 0:
        os.link(path, f"{kept}/{number}")  # or the test would not see what is renamed twice
        logs.keep_small()
"""
"""Logs lines through our handler; the daemon's also sets the log aside."""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the log of a daemon is, which is long with more than 100 bytes."""
    monkeypatch.setattr(log_file, "MAX_LOG_BYTES", 100)
    return tmp_path / "eidosd.log"


@pytest.fixture
def descriptor(path: Path) -> int:
    """A descriptor that writes to the log; closed with the test's process."""
    return open_log(path)


def test_a_log_that_has_grown_is_set_aside(path: Path, descriptor: int) -> None:
    """The descriptor goes on in a new file, and the old one keeps all that was in it."""
    log = LogFile.behind(descriptor, path.parent)
    assert log is not None
    os.write(descriptor, b"x" * 101)

    log.keep_small()
    os.write(descriptor, b"new")

    assert path.read_bytes() == b"new"
    assert path.with_name("eidosd.log.1").read_bytes() == b"x" * 101
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_short_log_stays(path: Path, descriptor: int) -> None:
    """Nothing happens to a log within its size."""
    log = LogFile.behind(descriptor, path.parent)
    assert log is not None
    os.write(descriptor, b"x" * 100)

    log.keep_small()

    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_log_that_was_deleted_comes_back(path: Path, descriptor: int) -> None:
    """Who deletes the log of a running daemon has a log again at the next line."""
    log = LogFile.behind(descriptor, path.parent)
    assert log is not None
    path.unlink()

    log.follow()
    os.write(descriptor, b"new")

    assert path.read_bytes() == b"new"


def test_a_file_of_somebody_else_is_left_alone(path: Path, tmp_path: Path) -> None:
    """What `eidosd 2>FILE` writes to is not ours to rename; nor is a pipe."""
    path.touch()
    chosen = open_log(tmp_path / "chosen.log")
    reader, pipe = os.pipe()

    assert LogFile.behind(chosen, tmp_path) is None
    assert LogFile.behind(pipe, tmp_path) is None
    for each in (chosen, reader, pipe):
        os.close(each)


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    """A link in the log's place is refused: it may lead anywhere."""
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic"):
        open_log(path)


def test_the_old_log_is_deleted_in_time(path: Path) -> None:
    """What nobody has written to for a month is deleted; what is younger stays."""
    old = path.with_name("eidosd.log.1")
    old.touch()
    set_aside(path)
    assert old.exists()

    long_ago = time.time() - (log_file.KEEP_DAYS + 1) * 86_400
    os.utime(old, (long_ago, long_ago))
    set_aside(path)

    assert not old.exists()


def test_a_folder_that_cannot_be_written_costs_nothing(
    path: Path, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where renaming fails, as on a read-only disk, the daemon writes on as it did."""
    log = LogFile.behind(descriptor, path.parent)
    assert log is not None
    os.write(descriptor, b"x" * 101)

    def fail(_: Path, __: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", fail)
    log.keep_small()
    os.write(descriptor, b"more")

    assert path.read_bytes() == b"x" * 101 + b"more"


def test_two_processes_lose_and_tear_no_line(tmp_path: Path) -> None:
    """While one sets the log aside again and again, each line of both is whole and still there."""
    folder, kept = tmp_path / "eidos", tmp_path / "kept"
    folder.mkdir()
    kept.mkdir()
    path = folder / "eidosd.log"
    log = open_log(path)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, path, kept],
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
            stderr=log,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("daemon", "engine")
    ]
    os.close(log)
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        writer.communicate(b"\n", timeout=60)

    files = [path, *kept.iterdir()]
    rows = [line.split() for file in files for line in file.read_text().splitlines()]
    assert len(files) > 5
    assert {(len(row), row[-1]) for row in rows} == {(6, "x" * 50 + ".")}
    for name in ("daemon", "engine"):
        assert {int(row[4]) for row in rows if row[3] == name} == set(range(1500))
