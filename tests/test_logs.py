"""Log lines: for the journal with a priority, for a terminal with a clock."""

import subprocess
import sys

SCRIPT = """
import logging, sys
from eidos.logs import configure_logging
configure_logging(sys.argv[1], dict([sys.argv[2].split("=")]) if sys.argv[2:] else {})
log = logging.getLogger("eidos.test")
log.debug("deb"); log.info("inf"); log.warning("war\\nning"); log.error("err")
"""


def lines(*arguments: str) -> list[str]:
    """Return what a process that logs one record of each level writes to stderr."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    assert result.stdout == ""
    return result.stderr.splitlines()


def test_the_journal_gets_a_priority_on_every_line() -> None:
    """Also the second line of a record has its <N>, or the journal would file it as info."""
    assert lines("info", "JOURNAL_STREAM=8:1") == [
        "<6>eidos.test: inf",
        "<4>eidos.test: war",
        "<4>ning",
        "<3>eidos.test: err",
    ]


def test_a_terminal_gets_time_and_level() -> None:
    """Without a journal each record begins with an ISO time."""
    first, *_ = lines("debug")

    assert first[:3] == "202"
    assert "DEBUG   eidos.test: deb" in first


def test_the_level_decides_what_is_written() -> None:
    """At level error only errors appear."""
    assert [line.split()[-1] for line in lines("error")] == ["err"]
