"""`eidosctl audit verify`: whatever is done to the log from outside shows."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eidos import audit_head
from eidos.audit import AuditLog
from eidos.audit_chain import NOTHING, Record, _digest, records
from eidos.audit_head import Head
from eidos.day_counts import read_days
from eidos.errors import EidosError
from eidosctl import auditing

COUNT = 8
COLUMNS = Record.__struct_fields__
Rows = list[dict[str, object]]


@pytest.fixture(scope="module", autouse=True)
def no_journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the journal of this machine out of it; tests/systemd has one of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_head, "JOURNAL_SOCKET", tmp_path_factory.mktemp("no") / "socket")
        yield


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[AuditLog, bytes, bytes]:
    """A log with a few records, and what is in its file and in that of its head."""
    folder = tmp_path_factory.mktemp("audit")
    audit = AuditLog(folder / "state" / "state.sqlite3", folder / "data" / "head.json")
    for number in range(COUNT):
        audit.record("rule-override", rule=f"rule-{number % 3}", request=f"é-{number}")
    return audit, audit.state.path.read_bytes(), audit.head.read_bytes()


@pytest.fixture
def audit(tmp_path: Path) -> AuditLog:
    """A log that does not exist yet."""
    return AuditLog(tmp_path / "state" / "state.sqlite3", tmp_path / "data" / "head.json")


def restored(log: tuple[AuditLog, bytes, bytes]) -> AuditLog:
    """Return the log as it was written, in files without what another test left there."""
    audit, content, head = log
    for path in audit.state.path.parent.iterdir():
        path.unlink()
    audit.state.path.touch(0o600)
    audit.state.path.write_bytes(content)
    audit.head.write_bytes(head)
    return audit


def faults(audit: AuditLog) -> list[str]:
    """Return what `verify` does not like."""
    return [finding.text for finding in auditing.verify(audit) if finding.ok is False]


def rewrite(audit: AuditLog, change: Callable[[Rows], Rows]) -> None:
    """Replace all rows by what *change* makes of them, the triggers being as they were."""
    with sqlite3.connect(audit.state.path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        found = connection.execute("SELECT * FROM audit ORDER BY seq").fetchall()
        connection.execute("DELETE FROM audit")
        for row in change([dict(zip(COLUMNS, values, strict=True)) for values in found]):
            values = [row[name] for name in COLUMNS]
            # A text that is no UTF-8 can only come in as bytes.
            texts = ", ".join(["CAST(? AS TEXT)"] * (len(COLUMNS) - 1))
            connection.execute(f"INSERT INTO audit VALUES (?, {texts})", values)  # noqa: S608
        for _, text in triggers:
            connection.execute(text)


def test_a_log_as_it_was_written_is_sound(log: tuple[AuditLog, bytes, bytes]) -> None:
    """Nothing is found, and what could not be asked is said."""
    findings = auditing.verify(restored(log))

    assert [finding.ok for finding in findings] == [True, True, None]
    assert "records 1 to 8 follow one another, unchanged" in findings[0].text
    assert "the journal was not asked" in findings[2].text


def test_rewriting_alone_changes_nothing(log: tuple[AuditLog, bytes, bytes]) -> None:
    """The tests below find what they do, and not that they did anything."""
    audit = restored(log)

    rewrite(audit, lambda rows: rows)

    assert faults(audit) == []


@settings(max_examples=100)
@given(st.data())
def test_any_changed_byte_of_a_record_shows(
    log: tuple[AuditLog, bytes, bytes], data: st.DataObject
) -> None:
    """In whatever column, be the text still one of UTF-8 or not."""
    audit = restored(log)
    at = data.draw(st.integers(0, COUNT - 1))
    column = data.draw(st.sampled_from(COLUMNS[1:]))
    flip = data.draw(st.integers(1, 255))

    def change(rows: Rows) -> Rows:
        text = bytearray(str(rows[at][column]).encode())
        text[data.draw(st.integers(0, len(text) - 1))] ^= flip
        rows[at][column] = bytes(text)
        return rows

    rewrite(audit, change)

    assert faults(audit) != []


@settings(max_examples=40)
@given(st.data())
def test_any_changed_number_shows(log: tuple[AuditLog, bytes, bytes], data: st.DataObject) -> None:
    """Be it another one's or nobody's, negative or huge."""
    audit = restored(log)
    at, number = data.draw(st.integers(0, COUNT - 1)), data.draw(st.integers(-(2**63), 2**63 - 1))
    assume(not 1 <= number <= COUNT)

    rewrite(audit, lambda rows: [*rows[:at], {**rows[at], "seq": number}, *rows[at + 1 :]])

    assert faults(audit) != []


def numbered(rows: Rows) -> Rows:
    """Return *rows* with the numbers that their places give them."""
    return [{**row, "seq": number} for number, row in enumerate(rows, 1)]


@settings(max_examples=80)
@given(st.data())
def test_deleted_moved_and_doubled_records_show(
    log: tuple[AuditLog, bytes, bytes], data: st.DataObject
) -> None:
    """Whether the others keep their numbers, or get new ones without a gap."""
    audit = restored(log)
    places = st.integers(0, COUNT - 1)
    order = data.draw(
        st.lists(places, max_size=COUNT + 2).filter(lambda o: o != list(range(COUNT)))
    )
    keep_numbers = len(set(order)) == len(order) and data.draw(st.booleans())
    assume(not (keep_numbers and sorted(order) == list(range(COUNT))))

    def change(rows: Rows) -> Rows:
        chosen = [rows[place] for place in order]
        return chosen if keep_numbers else numbered(chosen)

    rewrite(audit, change)

    assert faults(audit) != []


@pytest.mark.parametrize("left", range(COUNT))
def test_a_cut_off_end_shows(log: tuple[AuditLog, bytes, bytes], left: int) -> None:
    """The head that is kept apart knows of more records."""
    audit = restored(log)

    rewrite(audit, lambda rows: rows[:left])

    assert any(f"knows of record {COUNT}, the log ends at {left}" in text for text in faults(audit))


def test_an_inserted_record_shows(log: tuple[AuditLog, bytes, bytes]) -> None:
    """Even one whose own hash is right."""
    audit = restored(log)

    def change(rows: Rows) -> Rows:
        forged = msgspec.convert({**rows[3], "event": "policy", "seq": 4}, Record)
        forged = msgspec.structs.replace(forged, hash=_digest(forged))
        return numbered([*rows[:3], msgspec.structs.asdict(forged), *rows[3:]])

    rewrite(audit, change)

    assert faults(audit) != []


def test_a_log_that_was_written_anew_shows(log: tuple[AuditLog, bytes, bytes]) -> None:
    """Where every hash is made anew the chain holds, and the head tells."""
    audit = restored(log)

    rewrite(audit, lambda rows: _forged([{**row, "event": "policy"} for row in rows]))

    (fault,) = faults(audit)
    assert "knows another record 8" in fault


def test_a_head_that_was_changed_or_removed_shows(log: tuple[AuditLog, bytes, bytes]) -> None:
    """It cannot be lost without a word, nor say anything else."""
    for content in (b"", b"{", b'{"seq":9,"hash":"00"}', b'{"seq":8,"hash":"00"}'):
        audit = restored(log)
        audit.head.write_bytes(content)
        assert len(faults(audit)) in (1, 2)

    audit.head.unlink()
    assert "is gone: nothing in it tells" in faults(audit)[0]


def test_a_head_of_no_record_is_none(log: tuple[AuditLog, bytes, bytes]) -> None:
    """Eidos never notes that there is nothing; who writes it there needs no hash of ours."""
    audit = restored(log)
    audit.head.write_text(json.dumps({"seq": 0, "hash": "0" * 64}))

    assert any("is damaged" in fault for fault in faults(audit))


def test_a_head_that_lags_behind_is_no_fault(audit: AuditLog) -> None:
    """A process that is killed behind its record has not noted it yet; the next one will."""
    for event in ("one", "two", "three"):
        audit.record(event)
        if event == "two":
            head = audit.head.read_bytes()
    audit.head.write_bytes(head)

    assert faults(audit) == []
    audit.record("four")
    assert faults(audit) == []


def test_a_log_that_is_gone_shows(log: tuple[AuditLog, bytes, bytes]) -> None:
    """So does an empty one."""
    audit = restored(log)
    audit.state.path.unlink()

    assert "knows of 8 records" in faults(audit)[0]


def test_a_file_in_which_nothing_fits_yet_is_no_log(audit: AuditLog) -> None:
    """A full disk leaves an empty one, and a first change that is under way shows one, too."""
    audit.state.path.parent.mkdir(mode=0o700)
    audit.state.path.touch(0o600)

    assert auditing.read(audit) == []
    assert read_days(audit.state) == []
    assert faults(audit) == []


def test_there_may_be_no_log_yet(audit: AuditLog) -> None:
    """Where nothing was ever put on record nothing is wrong."""
    assert faults(audit) == []


@settings(max_examples=100)
@given(st.data())
def test_any_changed_byte_of_the_file_shows_or_changes_nothing(
    log: tuple[AuditLog, bytes, bytes], data: st.DataObject
) -> None:
    """A page of SQLite has room that holds nothing; all else is found, or does no harm."""
    audit = restored(log)
    before = auditing.read(audit)
    content = bytearray(audit.state.path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    audit.state.path.write_bytes(content)

    assert faults(audit) != [] or auditing.read(audit) == before


def test_a_cut_off_file_shows(log: tuple[AuditLog, bytes, bytes]) -> None:
    """At whatever length, but for the room at its end that holds nothing."""
    before = auditing.read(restored(log))
    for length in range(0, len(log[1]), 1000):
        audit = restored(log)
        audit.state.path.write_bytes(log[1][:length])
        assert faults(audit) != [] or auditing.read(audit) == before


def test_a_trigger_that_was_taken_away_shows(log: tuple[AuditLog, bytes, bytes]) -> None:
    """The log is no longer append-only then."""
    audit = restored(log)
    with sqlite3.connect(audit.state.path) as connection:
        connection.execute("DROP TRIGGER audit_in_order")

    assert any("audit_in_order" in text for text in faults(audit))


def test_what_was_missing_once_is_told_for_as_long_as_it_is_on_record(audit: AuditLog) -> None:
    """A daemon that begins a new log does not make the lost one forgotten."""
    audit.record("one")
    audit.state.path.unlink()
    audit.record("two")

    assert any("records were missing" in text for text in faults(audit))


def test_pruning_and_purging_are_told_and_no_fault(audit: AuditLog) -> None:
    """What is gone by an order of the user's is named."""
    for event in ("one", "two", "three"):
        audit.record(event)
    audit.prune(older_than="2999", most=2)
    assert faults(audit) == []
    assert "records up to 2 were deleted because" in auditing.verify(audit)[1].text

    audit.restart()
    audit.record("four")
    assert faults(audit) == []
    assert "privacy purge --everything" in auditing.verify(audit)[1].text


def test_the_front_cannot_go_unnoticed(audit: AuditLog) -> None:
    """Where no record tells of pruning, records that are gone from the front are missing."""
    for event in ("one", "two", "three"):
        audit.record(event)

    rewrite(audit, lambda rows: rows[1:])

    assert "the records before number 2 are gone" in faults(audit)[0]


@pytest.mark.parametrize(
    ("known", "fault"),
    [
        (lambda chain: [r.head for r in chain], None),
        (lambda _: [Head(9, "00")], "the end is cut off: the journal knows of record 9"),
        (lambda _: [Head(2, "00")], "the journal knows another record 2"),
    ],
    ids=["the same", "more", "another"],
)
def test_the_journal_is_a_witness(
    audit: AuditLog,
    monkeypatch: pytest.MonkeyPatch,
    known: Callable[[list[Record]], list[Head]],
    fault: str | None,
) -> None:
    """What it knows counts like what the head's file says."""
    for event in ("one", "two", "three"):
        audit.record(event)
    chain = audit.state.look(records)
    monkeypatch.setattr(auditing, "heads_in_journal", lambda _: known(chain))

    found = faults(audit)

    assert found == [] if fault is None else any(fault in text for text in found)


def test_records_that_were_pruned_are_no_fault_of_the_journals(
    audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may remember longer than the log does."""
    for event in ("one", "two", "three"):
        audit.record(event)
    heads = [record.head for record in audit.state.look(records)]
    audit.prune(older_than="2999")
    monkeypatch.setattr(auditing, "heads_in_journal", lambda _: heads)

    assert faults(audit) == []


def test_a_state_that_others_may_open_is_a_fault(log: tuple[AuditLog, bytes, bytes]) -> None:
    """And a sentence, not a crash."""
    audit = restored(log)
    audit.state.path.chmod(0o644)

    assert "open to others" in faults(audit)[0]
    with pytest.raises(EidosError):
        auditing.read(audit)


def _forged(rows: Rows) -> Rows:
    """Return *rows* with hashes that fit what is in them."""
    previous, made = NOTHING.hash, Rows()
    for row in rows:
        record = msgspec.convert({**row, "previous": previous}, Record)
        record = msgspec.structs.replace(record, hash=_digest(record))
        made.append(msgspec.structs.asdict(record))
        previous = record.hash
    return made
