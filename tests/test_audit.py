"""The audit log: appended to, chained, and never in the way."""

import hashlib
import json
import logging
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eidos import audit_chain, audit_head
from eidos.audit import AuditLog
from eidos.audit_chain import Own, Record, first_fault, foundation, records
from eidos.audit_head import Head, read_head, write_head
from eidos.paths import state_file


@pytest.fixture
def audit(tmp_path: Path) -> AuditLog:
    """A log that does not exist yet."""
    return AuditLog(tmp_path / "state" / "state.sqlite3", tmp_path / "data" / "head.json")


def written(audit: AuditLog, *events: str) -> list[Record]:
    """Add *events*, each by a process of its own, and return all records."""
    for event in events:
        AuditLog(audit.state.path, audit.head).record(event, rule="git-clean", now="ok")
    return audit.state.look(records)


def test_records_follow_one_another_across_processes(audit: AuditLog) -> None:
    """Each writer goes on with the chain where the last one left it."""
    chain = written(audit, "one", "two", "three")

    assert [record.event for record in chain] == ["one", "two", "three"]
    assert [record.seq for record in chain] == [1, 2, 3]
    assert first_fault(chain) is None
    assert chain[0].values == {"rule": "git-clean", "now": "ok"}


def test_the_newest_record_is_noted_apart(audit: AuditLog) -> None:
    """The file in the other folder holds its number and hash, and is its owner's alone."""
    chain = written(audit, "one", "two")

    assert read_head(audit.head) == Head(2, chain[-1].hash)
    assert audit.head.stat().st_mode & 0o777 == 0o600


def test_the_head_is_in_another_folder_than_the_users_own_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other log has it beside it, and leaves the user's alone."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    assert AuditLog(state_file()).head == tmp_path / "data" / "eidos" / "audit-head.json"
    assert AuditLog(tmp_path / "other").head == tmp_path / "audit-head.json"


def test_records_of_many_processes_at_once_are_one_chain(audit: AuditLog) -> None:
    """None is lost, and the head is that of the last."""
    program = (
        "import sys; from pathlib import Path; from eidos.audit import AuditLog\n"
        "log = AuditLog(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "for number in range(10): log.record('one', number=str(number))"
    )
    command = [sys.executable, "-c", program, str(audit.state.path), str(audit.head)]
    writers = [subprocess.Popen(command) for _ in range(3)]

    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    chain = audit.state.look(records)
    assert len(chain) == 30
    assert first_fault(chain) is None
    assert read_head(audit.head) == chain[-1].head


def test_a_log_that_cannot_be_written_is_reported_and_stops_nothing(
    audit: AuditLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The daemon's own log says so, with the reason, and the request goes on."""
    audit.state.path.parent.mkdir(mode=0o700)
    audit.state.path.symlink_to(tmp_path / "elsewhere")

    with caplog.at_level(logging.WARNING):
        audit.record("one")

    assert "one is not in the audit log: cannot create" in caplog.text
    assert not (tmp_path / "elsewhere").exists()


def test_a_head_that_cannot_be_noted_is_reported(
    audit: AuditLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The record is made all the same; a link in place of the folder is not followed."""
    (tmp_path / "elsewhere").mkdir()
    audit.head.parent.symlink_to(tmp_path / "elsewhere")

    assert [record.event for record in written(audit, "one")] == ["one"]

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert "cannot note the newest audit record" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not UTF-8 keeps no record from its head, nor from the journal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "journal"))
        monkeypatch.setattr(audit_head, "JOURNAL_SOCKET", tmp_path / "journal")
        folder = tmp_path / os.fsdecode(b"caf\xe9")
        audit = AuditLog(folder / "state.sqlite3", tmp_path / "data" / "head.json")

        chain = written(audit, "one")

        assert read_head(audit.head) == chain[0].head
        assert b"EIDOS_STATE=" + os.fsencode(audit.state.path) in journal.recv(10_000)


def test_a_head_is_not_noted_in_somebody_elses_folder(
    audit: AuditLog, caplog: pytest.LogCaptureFixture
) -> None:
    """Who owns the folder could change it."""
    audit.head.parent.mkdir()
    os.chown(audit.head.parent, 12345, -1)

    written(audit, "one")

    assert not audit.head.exists()
    assert "cannot note the newest audit record" in caplog.text


def test_a_folder_that_others_may_write_to_is_closed(audit: AuditLog) -> None:
    """A umask of 002, as some systems have it, does not cost the head."""
    audit.head.parent.mkdir()
    audit.head.parent.chmod(0o775)

    written(audit, "one")

    assert audit.head.exists()
    assert audit.head.parent.stat().st_mode & 0o777 == 0o755


def test_a_linked_head_is_replaced(audit: AuditLog, tmp_path: Path) -> None:
    """What the link points to is neither read nor written; that it was there is on record."""
    audit.head.parent.mkdir()
    audit.head.symlink_to(tmp_path / "elsewhere")

    chain = written(audit, "one")

    assert [record.event for record in chain] == [Own.MISSING, "one"]
    assert not audit.head.is_symlink()
    assert not (tmp_path / "elsewhere").exists()


def test_the_log_of_the_daemon_has_number_and_hash(
    audit: AuditLog, caplog: pytest.LogCaptureFixture
) -> None:
    """So that they are in the journal too, wherever that is kept."""
    with caplog.at_level(logging.INFO):
        (record,) = written(audit, "one")

    assert f"audit: record=1 event=one hash={record.hash}" in caplog.text


def test_an_older_head_never_replaces_a_newer_one(audit: AuditLog) -> None:
    """Of two writers the one that comes late leaves the other's head."""
    chain = written(audit, "one", "two", "three")

    write_head(audit.head, chain[1].head, instead_of=chain[0].head)

    assert read_head(audit.head) == chain[2].head


def test_old_records_go_and_the_rest_still_holds(audit: AuditLog) -> None:
    """A record names the last one that went; those that are left follow it."""
    written(audit, "one", "two", "three", "four")

    assert audit.prune(older_than="2999", most=3) == 3

    chain = audit.state.look(records)
    assert [record.event for record in chain] == ["four", Own.PRUNE]
    assert chain[-1].values["through"] == "3"
    assert first_fault(chain) is None
    assert foundation(chain) == Head(3, chain[0].previous)


def test_nothing_is_pruned_before_its_time(audit: AuditLog) -> None:
    """Neither is the log made by the attempt."""
    assert audit.prune(older_than="2999") == 0
    assert not audit.state.exists()

    written(audit, "one")
    assert audit.prune(older_than="2000") == 0


def test_a_record_from_the_future_keeps_no_old_one(
    audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that was wrong for an hour does not keep for ever what was to go after its time."""
    for day in ("2999-01-01", "2001-01-01", "2001-01-02"):
        monkeypatch.setattr(audit_chain, "timestamp", lambda day=day: f"{day}T00:00:00Z")
        audit.record("start")
    monkeypatch.undo()
    audit.record("start")

    assert audit.prune(older_than="2002") == 3
    assert audit.prune(older_than="2002") == 0


def test_records_of_pruning_are_not_pruned_alone(audit: AuditLog) -> None:
    """A log that is asked nothing does not make a record a day about the record of the day."""
    written(audit, "one")
    audit.prune(older_than="2999")

    assert audit.prune(older_than="2999") == 0


def test_the_log_stays_below_its_size(audit: AuditLog) -> None:
    """The oldest records make room, however many a flood adds."""
    for number in range(40):
        audit.record("rule-override", rule="x" * 1000, number=str(number))

    assert audit.prune(older_than="2000", cap_bytes=20_000) > 20

    chain = audit.state.look(records)
    assert sum(len(record.details) for record in chain) < 20_000
    assert first_fault(chain) is None
    assert foundation(chain) is not None


def test_a_purged_log_names_what_it_was(audit: AuditLog) -> None:
    """One record is left, which goes on with the number and the hash of the last."""
    last = written(audit, "one", "two")[-1]

    assert audit.restart(by="test") == 2

    (record,) = audit.state.look(records)
    assert (record.seq, record.event, record.previous) == (3, Own.PURGE, last.hash)
    assert foundation([record]) == last.head


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"noise" * 999)])
def test_a_lost_log_is_noticed_by_the_next_record(
    audit: AuditLog, damage: Callable[[Path], None]
) -> None:
    """A new one goes on with the number that comes next, and says that records are missing."""
    last = written(audit, "one", "two")[-1]
    damage(audit.state.path)

    missing, record = written(audit, "three")

    assert (missing.seq, missing.event) == (3, Own.MISSING)
    assert missing.values["hash"] == last.hash
    assert record.seq == 4


def test_a_shortened_log_is_noticed_by_the_next_record(audit: AuditLog) -> None:
    """What is added afterwards does not cover up that the end was cut off."""
    chain = written(audit, "one", "two", "three")
    _cut_off(audit, chain[0].seq)

    events = [record.event for record in written(audit, "four", "five", "six")]

    assert events == ["one", Own.MISSING, "four", "five", "six"]


def test_a_damaged_head_is_noticed_by_the_next_record(audit: AuditLog) -> None:
    """It is put on record, and the head is good again."""
    written(audit, "one")
    audit.head.write_text("{")

    chain = written(audit, "two")

    assert [record.event for record in chain] == ["one", Own.MISSING, "two"]
    assert read_head(audit.head) == chain[-1].head


def test_a_log_of_an_older_eidos_is_taken_over_once(audit: AuditLog) -> None:
    """Its records come first, with their times; the file is gone afterwards."""
    old = audit.state.path.with_name("audit.jsonl")
    _write_old(old, ["policy", "rule-override"])

    chain = written(audit, "start", "start")

    assert [r.event for r in chain] == [
        "policy", "rule-override", Own.TAKEN_OVER, "start", "start",
    ]  # fmt: skip
    assert chain[0].time == "2025-01-02T03:04:05Z"
    assert chain[1].values == {"rule": "git-clean", "old_line": "2"}
    assert "fault" not in chain[2].values
    assert not old.exists()


def test_a_log_that_was_taken_over_but_not_removed_is_not_taken_over_again(
    audit: AuditLog,
) -> None:
    """As when the process was killed in between."""
    old = audit.state.path.with_name("audit.jsonl")
    _write_old(old, ["policy"])
    content = old.read_bytes()
    written(audit, "start")
    old.write_bytes(content)

    assert [r.event for r in written(audit, "stop")] == ["policy", Own.TAKEN_OVER, "start", "stop"]
    assert not old.exists()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1].replace("git", "got"), lines[2]], 3),
        (lambda lines: lines[1:], 1),
        (lambda lines: [*lines[:2], "{}"], 3),
        (lambda lines: [*lines[:2], "not json \\u0000"], 3),
    ],
    ids=["a line removed", "a line changed", "the first removed", "a line without hash", "noise"],
)
def test_a_changed_log_of_an_older_eidos_shows(audit: AuditLog, spoil, line: int) -> None:  # noqa: ANN001
    """What is on record of it names the first line that does not follow the one before."""
    old = audit.state.path.with_name("audit.jsonl")
    _write_old(old, ["one", "two", "three"])
    old.write_text("\n".join(spoil(old.read_text().splitlines())) + "\n")

    chain = written(audit, "start")

    (taken,) = [record for record in chain if record.event == Own.TAKEN_OVER]
    assert taken.values["fault"] == f"line {line} of it did not follow the one before"


def _write_old(path: Path, events: list[str]) -> None:
    """Write a log as Eidos did before it had a state file."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    previous, lines = "0" * 64, []
    for event in events:
        fields = {"time": "2025-01-02T03:04:05Z", "event": event, "rule": "git-clean"}
        lines.append(json.dumps({**fields, "previous": previous}))
        previous = hashlib.sha256(lines[-1].encode()).hexdigest()
    path.write_text("\n".join(lines) + "\n")


def _cut_off(audit: AuditLog, seq: int) -> None:
    """Delete the records behind *seq*, as somebody would who knows SQLite."""
    with sqlite3.connect(audit.state.path) as connection:
        (trigger,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'audit_kept'"
        ).fetchone()
        connection.execute("DROP TRIGGER audit_kept")
        connection.execute("DELETE FROM audit WHERE seq > ?", (seq,))
        connection.execute(trigger)
