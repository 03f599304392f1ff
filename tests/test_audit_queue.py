"""The audit log as the daemon writes it: never waited for, and bounded."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_daemon import until

from eidos.audit import AuditLog
from eidos.audit_chain import records
from eidos.audit_queue import USE, AuditQueue


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.now_s


class SlowLog(AuditLog):
    """A log that writes to a list, and that only when it may."""

    def __init__(self, written: list[str]) -> None:
        self.written = written
        self.is_writing, self.may_go_on = threading.Event(), threading.Event()

    def record(self, event: str, **_: str) -> None:
        """Add *event* in the end."""
        self.is_writing.set()
        assert self.may_go_on.wait(60)
        self.written.append(event)


@pytest.fixture
def written() -> list[str]:
    """What is in the slow log."""
    return []


@pytest.fixture
def slow(written: list[str]) -> SlowLog:
    """A log whose disk is slow."""
    return SlowLog(written)


@pytest.fixture
def audit(tmp_path: Path) -> AuditLog:
    """A log that does not exist yet."""
    return AuditLog(tmp_path / "state" / "state.sqlite3", tmp_path / "data" / "head.json")


@pytest.fixture
def clock() -> Clock:
    """The time by which a queue counts."""
    return Clock()


@pytest.fixture
def waiting(audit: AuditLog, clock: Clock) -> Iterator[AuditQueue]:
    """A queue in front of that log."""
    queue = AuditQueue(audit, clock=clock)
    yield queue
    queue.close()


def test_everything_is_written_in_order_by_the_end(audit: AuditLog, waiting: AuditQueue) -> None:
    """`close` returns when all records are in the log."""
    for number in range(5):
        waiting.record("level", level=str(number))

    waiting.close()

    assert [r.values["level"] for r in audit.state.look(records)] == list("01234")


def test_a_slow_disk_holds_nobody_up(
    written: list[str], slow: SlowLog, caplog: pytest.LogCaptureFixture
) -> None:
    """While one record waits for the disk a hundred are taken; the loss of others is said once."""
    queue = AuditQueue(slow)
    queue.record("start")
    until(slow.is_writing.is_set)
    for _ in range(300):
        queue.record("level")

    slow.may_go_on.set()
    queue.close()
    assert written == ["start", *["level"] * 100]
    assert caplog.text.count("too slow") == 1


def test_of_a_rules_uses_the_first_of_each_hour_is_on_record(
    audit: AuditLog, waiting: AuditQueue, clock: Clock
) -> None:
    """The next one says how many there were in between; another rule has its own hour."""
    for _ in range(1000):
        waiting.record(USE, rule="git-clean", request="a")
    waiting.record(USE, rule="fork-bomb", request="b")
    clock.now_s += 3600
    waiting.record(USE, rule="git-clean", request="c")
    waiting.close()

    told = [record.values for record in audit.state.look(records)]
    assert [(v["rule"], v["uses_before"], v["request"]) for v in told] == [
        ("git-clean", "0", "a"),
        ("fork-bomb", "0", "b"),
        ("git-clean", "999", "c"),
    ]


def test_uses_that_are_not_on_record_are_at_the_end(audit: AuditLog, waiting: AuditQueue) -> None:
    """When the daemon ends, their number is written."""
    for _ in range(3):
        waiting.record(USE, rule="git-clean")

    waiting.close()

    assert [r.values["uses_before"] for r in audit.state.look(records)] == ["0", "2"]


def test_a_flood_of_many_rules_is_bounded(written: list[str], slow: SlowLog, clock: Clock) -> None:
    """A day has at most 200 such records, and one for each rule at the end."""
    slow.may_go_on.set()
    queue = AuditQueue(slow, clock=clock)
    for number in range(1000):
        queue.record(USE, rule=f"rule-{number % 30}")
        clock.now_s += 80

    queue.close()
    assert len(written) <= 230
