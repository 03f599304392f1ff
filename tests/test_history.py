"""The counts of each day: added up in memory, kept on disk, with no word of any request."""

import logging
from pathlib import Path

import msgspec
import pytest

from eidos.audit import AuditLog
from eidos.audit_chain import Own, records
from eidos.day_counts import Day, Item, add, prune_days, read_days
from eidos.finished import Finished
from eidos.history import History, Retention, boot_id
from eidos.state import State


class Clock:
    """A monotonic clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.now_s


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state that does not exist yet."""
    return State(tmp_path / "state" / "state.sqlite3")


@pytest.fixture
def clock() -> Clock:
    """The time that passes for a daemon."""
    return Clock()


def ended(outcome: str = "ok", command: str = "suggest") -> Finished:
    """Return a request that ended so."""
    return Finished(id="secret-id", command=command, outcome=outcome, begin_s=1, end_s=2)


def only_day(state: State) -> Day:
    """Return the one day that was counted; a test at midnight has two."""
    days = read_days(state)
    items: dict[str, float] = {}
    for day in days:
        items = {name: items.get(name, 0) + day.items.get(name, 0) for name in items | day.items}
    return Day(days[0].day, items)


def test_requests_are_counted_by_kind_and_outcome(state: State, clock: Clock) -> None:
    """What the daemon is not to blame for is neither answered nor failed."""
    history = History(state, boot="b", monotonic=clock)
    for outcome in ("ok", "ok", "cancelled", "too-long", "deadline"):
        history.observe(ended(outcome))
    history.observe(ended("ok", "status"))

    history.flush()

    day = only_day(state)
    assert day.outcomes == {"ok": 2, "cancelled": 1, "too-long": 1, "deadline": 1}
    assert (day.answered, day.failed) == (2, 1)
    assert day.items["requests status ok"] == 1


def test_each_count_is_added_once(state: State, clock: Clock) -> None:
    """A second flush adds what came since the first."""
    history = History(state, boot="b", monotonic=clock)
    history.observe(ended())
    clock.now_s += 60
    history.flush(engine_restarts=1)
    history.observe(ended())
    clock.now_s += 30

    history.flush(engine_restarts=3)

    day = only_day(state)
    assert day.answered == 2
    assert day.amount(Item.UP_S) == 90
    assert day.amount(Item.ENGINE_RESTARTS) == 3
    assert day.amount(Item.STARTS) == 1


def test_nothing_of_a_request_is_kept(state: State, clock: Clock) -> None:
    """Not even its id."""
    history = History(state, boot="b", monotonic=clock)
    history.observe(ended())
    history.flush()

    assert b"secret" not in state.path.read_bytes()


def test_a_crash_counts_as_down_until_the_next_start(state: State, clock: Clock) -> None:
    """From the last sign of life to the start; a daemon that ended by itself was not down."""
    History(state, boot="b", monotonic=clock).flush()
    clock.now_s += 12
    second = History(state, boot="b", monotonic=clock)
    clock.now_s += 5
    second.flush(clean=True)
    clock.now_s += 1000
    History(state, boot="b", monotonic=clock).flush()

    day = only_day(state)
    assert day.amount(Item.UNCLEAN_ENDS) == 1
    assert day.amount(Item.DOWN_S) == 12
    assert day.amount(Item.UP_S) == 5
    assert day.amount(Item.STARTS) == 3


def test_a_daemon_that_went_with_its_machine_was_not_down(state: State, clock: Clock) -> None:
    """A power failure is not the daemon's; its clock begins anew with each boot."""
    History(state, boot="one", monotonic=clock).flush()
    clock.now_s = 3.0

    History(state, boot="two", monotonic=clock).flush()

    assert only_day(state).amount(Item.UNCLEAN_ENDS) == 0
    assert only_day(state).amount(Item.DOWN_S) == 0


def test_what_cannot_be_written_is_kept_and_reported_once(
    state: State, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """With room again nothing is missing, and the log says that all is well."""
    history = History(state, boot="b", monotonic=clock)
    state.path.parent.write_text("in the way")
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            history.observe(ended())
            clock.now_s += 60
            history.flush(engine_restarts=2)
        state.path.parent.unlink()
        history.flush(engine_restarts=2)

    day = only_day(state)
    assert day.answered == 3
    assert day.amount(Item.UP_S) == 180
    assert day.amount(Item.ENGINE_RESTARTS) == 2
    assert caplog.text.count("cannot be written") == 1
    assert caplog.text.count("written again") == 1


def test_old_days_go_a_few_at_a_time(state: State) -> None:
    """A clock that is years ahead for a moment does not cost the whole history."""
    for day in ("2025-01-01", "2025-01-02", "2025-01-03"):
        state.change(lambda connection, day=day: add(connection, day, {"starts": 1}))

    assert prune_days(state, before="2026-01-01") == 2
    assert [day.day for day in read_days(state)] == ["2025-01-03"]


def test_what_is_too_old_is_deleted_from_both_once_a_day(tmp_path: Path, clock: Clock) -> None:
    """Audit records and day counts go by keep_days, which may have changed since."""
    audit = AuditLog(tmp_path / "state" / "state.sqlite3", tmp_path / "head.json")
    keep_days = [40_000]
    retention = Retention(audit, keep_days.pop, clock=lambda: 4_000_000_000, monotonic=clock)
    audit.record("start")
    audit.state.change(lambda connection: add(connection, "2025-01-01", {"starts": 1}))
    retention.prune()
    assert [record.event for record in audit.state.look(records)] == ["start"]

    keep_days.append(400)
    retention.prune()
    clock.now_s += 86_400
    retention.prune()

    assert [record.event for record in audit.state.look(records)] == [Own.PRUNE]
    assert read_days(audit.state) == []


def test_pruning_that_fails_is_reported(
    state: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The daemon goes on."""
    audit = AuditLog(state.path, tmp_path / "head.json")
    audit.record("start")
    state.path.chmod(0o666)

    Retention(audit, lambda: 1).prune()

    assert "older than 1 days cannot be deleted" in caplog.text


def test_a_boot_has_a_name() -> None:
    """The same one for as long as the machine runs."""
    assert boot_id() == boot_id() != ""


def test_days_can_be_read_by_scripts(state: State, clock: Clock) -> None:
    """They are plain names and numbers."""
    History(state, boot="b", monotonic=clock).flush()

    assert msgspec.json.decode(msgspec.json.encode(only_day(state)), type=Day).amount("starts") == 1
