"""The log of a real daemon that hostile clients make say something as often as they can."""

import time
from collections.abc import Iterator

import pytest
from noisy_clients import Flood
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, RealDaemon, real_daemon, until

from eidos.protocol import Suggestions

MB_PER_DAY = 1
BURST_BYTES = 10_000
"""A hundredth of a day's bytes."""
BYTES_PER_S = 990_000 / 86_400
ENOUGH = 20_000
"""Messages, each of which is worth two lines: about 4 MB."""


@pytest.fixture(scope="module")
def flooded() -> Iterator[tuple[RealDaemon, float]]:
    """A daemon that has refused ENOUGH messages of 8 clients, and when it was started."""
    begin_s = time.monotonic()
    with real_daemon(EIDOS_LOG_MB_PER_DAY=str(MB_PER_DAY)) as daemon:
        with Flood(daemon.socket).running() as flood:
            until(lambda: flood.answered >= ENOUGH, log=lambda: f"{flood.answered} answered")
        yield daemon, begin_s


def test_the_log_stays_within_its_limit(flooded: tuple[RealDaemon, float]) -> None:
    """What is written is no more than the bytes of the time that has passed, of a day's bytes."""
    daemon, begin_s = flooded
    written = len(daemon.log.encode())

    allowed = BURST_BYTES + BYTES_PER_S * (time.monotonic() - begin_s)
    assert BURST_BYTES / 2 < written <= allowed + 1000  # what is said before the limit is known


def test_what_is_dropped_is_said(flooded: tuple[RealDaemon, float]) -> None:
    """The log does not just end: one line a minute says how much it lacks."""
    daemon, begin_s = flooded
    notices = daemon.log.count("lines not logged")

    assert 1 <= notices <= 1 + (time.monotonic() - begin_s) / 60


def test_the_daemon_answers_as_before(flooded: tuple[RealDaemon, float]) -> None:
    """A log that is full is nothing to the next request."""
    daemon, _ = flooded
    reply = daemon.ask(EXAMPLE)

    assert isinstance(reply, Suggestions)
    assert reply.candidates[0].command == EXAMPLE_COMMAND
