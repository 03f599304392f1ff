"""The state file: whole or not at all, its owner's alone, and never in the way."""

import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eidos.database import timestamp
from eidos.day_counts import add, read_days
from eidos.errors import EidosError
from eidos.state import State, schema_fault

DAY = "2026-11-23"


def counted(state: State, amount: float = 1) -> State:
    """Count something in *state*."""
    state.change(lambda connection: add(connection, DAY, {"starts": amount}))
    return state


def amounts(state: State) -> list[float]:
    """Return what was counted."""
    return [day.items["starts"] for day in read_days(state)]


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state that does not exist yet."""
    return State(tmp_path / "state" / "state.sqlite3")


def test_what_was_changed_is_there_for_the_next_process(state: State) -> None:
    """Counts of two changes, by two who know nothing of each other, add up."""
    counted(state)

    counted(State(state.path), 2)

    assert amounts(State(state.path)) == [3]


def test_it_is_its_owners_alone(state: State) -> None:
    """The folder is 0700, the file 0600, whatever the umask says, and nothing else is left."""
    before = os.umask(0)
    try:
        counted(state)
    finally:
        os.umask(before)

    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.path.parent.stat().st_mode) == 0o700
    assert list(state.path.parent.iterdir()) == [state.path]


def test_a_link_is_not_followed(state: State, tmp_path: Path) -> None:
    """A link in place of the file is refused, and nothing is made behind it."""
    state.path.parent.mkdir(mode=0o700)
    state.path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(EidosError, match="cannot create"):
        counted(state)
    assert not (tmp_path / "elsewhere").exists()


def test_a_linked_folder_is_refused(state: State, tmp_path: Path) -> None:
    """So is a link in place of the folder."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    state.path.parent.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(EidosError, match="not a directory"):
        counted(state)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["", "state.sqlite3"], ids=["folder", "file"])
def test_what_others_may_open_is_refused(state: State, name: str) -> None:
    """The message says how to close it."""
    path = counted(state).path.parent / name
    path.chmod(0o755)

    with pytest.raises(EidosError, match=r"open to others.*chmod"):
        counted(state)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["", "state.sqlite3"], ids=["folder", "file"])
def test_what_is_somebody_elses_is_refused(state: State, name: str) -> None:
    """A file or folder of another user is not used."""
    os.chown(counted(state).path.parent / name, 12345, -1)

    with pytest.raises(EidosError, match=r"belongs to uid|not a file of yours"):
        counted(state)


def test_a_second_name_of_the_file_is_refused(state: State, tmp_path: Path) -> None:
    """A hard link would have what is deleted live on elsewhere."""
    (tmp_path / "other").hardlink_to(counted(state).path)

    with pytest.raises(EidosError, match="not a file of yours alone"):
        counted(state)


def test_a_failed_change_changes_nothing(state: State) -> None:
    """What was done before the fault is undone."""
    counted(state)

    def fail(connection: sqlite3.Connection) -> None:
        add(connection, DAY, {"starts": 5})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        state.change(fail)
    assert amounts(state) == [1]


def test_a_look_changes_nothing(state: State) -> None:
    """Who only looks cannot write."""
    counted(state)

    with pytest.raises(EidosError, match="readonly"):
        state.look(lambda connection: add(connection, DAY, {"starts": 5}))


def test_a_file_of_a_newer_eidos_is_left_alone(state: State) -> None:
    """The message says so; what is in the file stays."""
    with sqlite3.connect(counted(state).path) as connection:
        connection.execute("PRAGMA user_version=99")
    content = state.path.read_bytes()

    with pytest.raises(EidosError, match="newer Eidos"):
        counted(state)
    assert state.path.read_bytes() == content


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100], ids=["zeros", "noise"])
def test_a_damaged_file_is_set_aside(
    state: State, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A new one begins, the log says where the old one is, and nothing fails."""
    counted(state)
    content = damage or bytes(len(state.path.read_bytes()))
    state.path.write_bytes(content)

    with caplog.at_level(logging.WARNING):
        counted(State(state.path), 7)

    assert amounts(state) == [7]
    assert state.damaged.read_bytes() == content
    assert f"kept as {state.damaged}" in caplog.text


def test_a_file_without_our_tables_is_set_aside(state: State) -> None:
    """A sound database that is not ours any more counts as damaged."""
    with sqlite3.connect(counted(state).path) as connection:
        connection.execute("DROP TABLE days")

    counted(State(state.path), 7)

    assert amounts(state) == [7]


def test_the_audit_log_can_only_grow(state: State) -> None:
    """Its rows cannot be changed, deleted, replaced or put between others, by any statement."""
    row = "INSERT INTO audit VALUES ({}, 't', 'e', '{{}}', 'p', 'h')"
    state.change(lambda connection: connection.execute(row.format(5)))

    for statement in (
        "UPDATE audit SET event = 'x'",
        "DELETE FROM audit",
        row.format(4),
        row.format(5).replace("INSERT", "INSERT OR REPLACE"),
        row.format(5).replace("INSERT", "REPLACE"),
    ):
        with pytest.raises(EidosError, match="append-only"):
            state.change(lambda connection, text=statement: connection.execute(text))


def test_a_schema_that_was_changed_shows(state: State) -> None:
    """A trigger that somebody took away is named."""
    assert counted(state).look(schema_fault) is None

    with sqlite3.connect(state.path) as connection:
        connection.execute("DROP TRIGGER audit_kept")

    assert "audit_kept" in (state.look(schema_fault) or "")


def test_what_was_deleted_is_not_in_the_file(state: State) -> None:
    """After `compact` no byte of it is left, nor before: SQLite overwrites what it frees."""
    state.change(lambda connection: add(connection, DAY, {"marker-zx81": 1}))
    assert b"marker-zx81" in state.path.read_bytes()

    state.change(lambda connection: connection.execute("DELETE FROM days"))
    assert b"marker-zx81" not in state.path.read_bytes()

    state.compact()
    assert b"marker-zx81" not in state.path.read_bytes()


WRITER = """
import sys
from pathlib import Path
from eidos.day_counts import add
from eidos.state import State

state = State(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    state.change(lambda connection: add(connection, "2026-11-23", {"starts": 1, "twice": 2}))
    print(".", end="", flush=True)
"""


def test_writers_of_several_processes_wait_for_each_other(state: State) -> None:
    """No count of any is lost."""
    command = [sys.executable, "-c", WRITER, str(state.path), "20"]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    for writer in writers:
        writer.communicate(timeout=60)

    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert amounts(state) == [60]


def test_writers_who_find_the_same_damage_lose_nothing(state: State) -> None:
    """One of them sets the file aside; none takes the new one for it."""
    counted(state).path.write_bytes(b"no database at all" * 100)
    command = [sys.executable, "-c", WRITER, str(state.path), "5"]
    writers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]

    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    assert amounts(state) == [20]


def test_a_killed_writer_leaves_whole_changes(state: State) -> None:
    """After kill -9 at any moment each change is there as a whole or not, and those done are."""
    done = 0
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(state.path), "100000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            written = len(writer.stdout.read(5))
            writer.send_signal(signal.SIGKILL)
            done += written + len(writer.stdout.read())

        (day,) = read_days(state)
        assert day.items["starts"] * 2 == day.items["twice"]
        assert day.items["starts"] >= done
        done = int(day.items["starts"])


FULL = """
mount -t tmpfs -o size=64k,mode=700 none "$1" && cd "$1" || exit 99
write() { "$2" -c "$3" "$1/eidos/state.sqlite3" 1; }
write "$@" || exit 98
cat /dev/zero > filler 2> /dev/null
write "$@" 2>&1 && exit 97
rm filler && write "$@"
"""


def test_a_full_disk_costs_what_does_not_fit_and_nothing_else(tmp_path: Path) -> None:
    """The error says so; what was there stays, and with room again all goes on."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    script = [*unshare, "sh", "-c", FULL, "sh", str(tmp_path), sys.executable, WRITER]

    result = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "database or disk is full" in result.stdout


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The path of a state file in a folder of its own, and what is in a sound one."""
    path = tmp_path_factory.mktemp("damage") / "state.sqlite3"
    return path, counted(State(path)).path.read_bytes()


@settings(max_examples=60)
@given(st.data())
def test_damage_never_stops_a_writer(sound: tuple[Path, bytes], data: st.DataObject) -> None:
    """Whatever byte of the file is changed: a change succeeds, or fails with a sentence."""
    path, content = sound
    position = data.draw(st.integers(0, len(content) - 1))
    damaged = bytearray(content)
    damaged[position] ^= data.draw(st.integers(1, 255))
    for left in path.parent.iterdir():
        left.unlink()
    path.write_bytes(damaged)
    path.chmod(0o600)

    said = str(path)
    try:
        counted(State(path))
    except EidosError as exc:
        said = str(exc)
    assert str(path) in said


def test_timestamps_sort_as_texts() -> None:
    """They are of one length, in UTC."""
    assert timestamp(0) == "1970-01-01T00:00:00Z"
    assert timestamp(1_000_000_000) < timestamp(2_000_000_000)
