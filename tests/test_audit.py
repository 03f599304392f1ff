"""The audit log: appended to, chained, and never in the way."""

import json
import logging
from pathlib import Path

import pytest

from eidos.audit import AuditLog, first_fault


def written(tmp_path: Path, *events: str) -> Path:
    """Return a log that holds *events*, each written by a daemon of its own."""
    path = tmp_path / "state" / "audit.jsonl"
    for event in events:
        AuditLog(path).record(event, rule="git-clean", now="ok")
    return path


def test_events_are_lines_that_follow_one_another_across_restarts(tmp_path: Path) -> None:
    """Each daemon goes on with the chain where the last one left it."""
    path = written(tmp_path, "one", "two", "three")

    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == [
        "one",
        "two",
        "three",
    ]
    assert first_fault(path) is None


def test_the_log_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else reads or writes it."""
    path = written(tmp_path, "one")

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1].replace("ok", "no"), lines[2]], 3),
        (lambda lines: lines[1:], 1),
        (lambda lines: [*lines[:2], "{}"], 3),
        (lambda lines: [*lines[:2], "not json"], 3),
    ],
    ids=["a line removed", "a line changed", "the first removed", "a line without hash", "noise"],
)
def test_a_changed_log_shows(tmp_path: Path, spoil, line: int) -> None:  # noqa: ANN001
    """The first line that does not follow the one before it is named."""
    path = written(tmp_path, "one", "two", "three")
    path.write_text("\n".join(spoil(path.read_text().splitlines())) + "\n")

    assert first_fault(path) == line


def test_a_log_that_cannot_be_written_is_reported_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The daemon's own log says so, with the reason, and the request goes on."""
    path = tmp_path / "audit.jsonl"
    path.symlink_to(tmp_path / "elsewhere")

    with caplog.at_level(logging.WARNING):
        AuditLog(path).record("one")

    assert "cannot be written" in caplog.text
    assert not (tmp_path / "elsewhere").exists()
