"""Log lines: for the journal with a priority, for a terminal with a clock, for programs as JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

SCRIPT = """
import logging, os, pathlib, sys
from eidos import journal, logs
journal.SOCKET = pathlib.Path("/nonexistent")
level, form, environ = sys.argv[1], sys.argv[2], dict(pair.split("=") for pair in sys.argv[3:])
if environ.get("JOURNAL_STREAM") == "ours":
    info = os.fstat(2)
    environ["JOURNAL_STREAM"] = f"{info.st_dev}:{info.st_ino}"
logs.configure_logging(level, environ, log_format=form)
log = logging.getLogger("eidos.test")
log.debug("deb"); log.info("inf"); log.warning("war\\nning")
log.error("err", extra={"fields": {"request_id": "ab-1", "duration_ms": 1.5}})
"""
FAULTS = """
import logging, os, sys
from eidos import logs
logs.configure_logging("info", {}, log_format=sys.argv[1])
log = logging.getLogger("eidos.test")
logging.getLogger().setLevel(os.environ.get("LEVEL", "info").upper())
try:
    try:
        {}["typed"]
    except KeyError as exc:
        raise ValueError("bad\\nvalue") from exc
except ValueError:
    log.exception("it failed")
log.info("%d", "no number")
log.info("a name \\udcff " + "x" * 20_000)
log.info("after")
"""


def lines(*arguments: str, script: str = SCRIPT) -> list[str]:
    """Return what a process that logs one record of each level writes to stderr."""
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert result.stdout == ""
    return result.stderr.splitlines()


def rows(written: Sequence[str]) -> list[dict[str, object]]:
    """Return the JSON objects in *written*, one on each line."""
    return [json.loads(line) for line in written]


@pytest.mark.parametrize("form", ["auto", "plain"])
def test_the_journal_gets_a_priority_on_every_line(form: str) -> None:
    """Also the second line of a record has its <N>, or the journal would file it as info."""
    assert lines("info", form, "JOURNAL_STREAM=ours") == [
        "<6>eidos.test: inf",
        "<4>eidos.test: war",
        "<4>ning",
        "<3>eidos.test: err",
    ]


@pytest.mark.parametrize("stream", ["8:1", "", "nonsense"])
def test_a_journal_that_is_not_ours_is_none(stream: str) -> None:
    """JOURNAL_STREAM that a program of systemd's handed on to a terminal's does not count."""
    first, *_ = lines("info", "auto", f"JOURNAL_STREAM={stream}")

    assert first.endswith("INFO    eidos.test: inf")


def test_a_terminal_gets_time_and_level() -> None:
    """Without a journal each record begins with an ISO time."""
    first, *_ = lines("debug", "auto")

    assert first[:3] == "202"
    assert "DEBUG   eidos.test: deb" in first


def test_json_is_an_object_on_each_line() -> None:
    """With log_format = "json" every record is one line, its fields beside the message."""
    _, warning, error = rows(lines("info", "json"))

    assert warning["message"] == "war\nning"
    assert str(error.pop("time"))[:3] == "202"
    assert error == {
        "level": "error",
        "logger": "eidos.test",
        "message": "err",
        "request_id": "ab-1",
        "duration_ms": 1.5,
    }


def test_json_in_the_journal_has_a_priority() -> None:
    """The journal takes <N> off, so its message is the JSON object alone."""
    *_, error = lines("info", "json", "JOURNAL_STREAM=ours")

    assert error.startswith('<3>{"time":')


def test_the_level_decides_what_is_written() -> None:
    """At level error only errors appear."""
    assert [line.split()[-1] for line in lines("error", "auto")] == ["err"]


def test_the_level_can_be_set_while_the_process_runs() -> None:
    """set_level counts at once, and until logging is configured again."""
    script = SCRIPT.replace("log.debug", 'logs.set_level("error"); log.debug')

    assert [line.split()[-1] for line in lines("debug", "auto", script=script)] == ["err"]


def test_no_record_ends_the_process() -> None:
    """What cannot be formatted, encoded or held is left out or cut; the next line comes."""
    failed, long, after = rows(lines("json", script=FAULTS))

    assert str(failed["traceback"]).endswith("ValueError")
    assert str(long["message"]).startswith("a name \\udcff xxx")
    assert len(str(long["message"])) < 10_000
    assert after["message"] == "after"


def test_a_traceback_stands_below_its_line() -> None:
    """In a terminal an error is followed by its traceback, as people know it."""
    written = lines("plain", script=FAULTS)

    assert written[0].endswith("ERROR   eidos.test: it failed")
    assert written[1] == "Traceback (most recent call last):"


@pytest.mark.parametrize("form", ["plain", "json"])
def test_what_an_error_says_itself_is_told_at_debug_only(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A KeyError quotes its key, which may be what somebody typed; places and kinds are enough."""
    quiet = "\n".join(lines(form, script=FAULTS))
    monkeypatch.setenv("LEVEL", "debug")
    loud = "\n".join(lines(form, script=FAULTS))

    assert "KeyError" in quiet
    assert "'typed'" not in quiet
    assert "bad" not in quiet
    assert "KeyError: 'typed'" in loud
    assert "bad" in loud


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    """A log that cannot be written is no reason to fail."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT, "debug", "plain"], stderr=full, check=False
        )

    assert result.returncode == 0


def test_a_flood_is_cut_and_said() -> None:
    """Beyond the limit lines are dropped; one line says so, and errors still come."""
    script = """
import logging
from eidos import logs
logs.configure_logging("info", {}, mb_per_day=0.1)
log = logging.getLogger("eidos.test")
for number in range(1000):
    log.info("%d", number)
log.error("the end")
"""
    *first, notice, last = lines(script=script)

    assert len("\n".join(first)) < 1000
    assert "lines not logged: 1; there were more than log_mb_per_day allows" in notice
    assert last.endswith("the end")


def test_configuring_again_gives_no_new_bytes() -> None:
    """A daemon that reads its configuration again and again has one budget for all of it."""
    script = """
import logging
from eidos import logs
for number in range(1000):
    logs.configure_logging("info", {}, mb_per_day=0.1)
    logging.getLogger("eidos.test").info("%d", number)
"""
    assert len("\n".join(lines(script=script))) < 1100


def test_shares_are_all_there_is() -> None:
    """What the daemon and its engines may log is together what the configuration allows."""
    from eidos.logs import daemon_share, engine_share

    assert daemon_share(100) + 3 * engine_share(100, 3) == pytest.approx(100)


def test_a_line_is_one_write() -> None:
    """Two processes with one stderr do not get into each other's lines."""
    script = """
import logging, sys
from eidos import logs
logs.configure_logging("info", {}, mb_per_day=1000)
for number in range(2000):
    logging.getLogger("eidos.test").info(sys.argv[1] * 100)
"""
    reader, writer = os.pipe()
    both = [subprocess.Popen([sys.executable, "-c", script, name], stderr=writer) for name in "ab"]
    os.close(writer)
    with os.fdopen(reader) as output:
        texts = {line.split()[-1] for line in output}

    assert texts == {"a" * 100, "b" * 100}
    assert [process.wait() for process in both] == [0, 0]
