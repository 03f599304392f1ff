"""Fixtures that every test may use."""

import signal
from collections.abc import Iterator

import hypothesis
import pytest
from real_daemon import RealDaemon, private_folders, real_daemon

pytest_plugins = ["skips"]

# A script that starts the tests in its background has them ignore both, and every shell they open.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

# The same cases at each run: a change is never refused for what it did not touch. New cases are
# looked for by benchmarks/fuzzing.py, whose findings become tests.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.load_profile("same")


@pytest.fixture(scope="session")
def running() -> Iterator[RealDaemon]:
    """One loaded daemon for all tests that leave it as it was."""
    with real_daemon() as daemon:
        yield daemon


@pytest.fixture
def own() -> Iterator[RealDaemon]:
    """A loaded daemon for one test that may harm it."""
    with real_daemon() as daemon:
        yield daemon


@pytest.fixture
def stopped() -> Iterator[RealDaemon]:
    """A daemon that was not started yet; it is ended after the test."""
    with private_folders() as environ:
        daemon = RealDaemon(environ)
        yield daemon
        daemon.stop()
