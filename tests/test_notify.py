"""Messages to the service manager."""

import os
import socket
from pathlib import Path

import pytest

from eidos.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A manager's address in both forms that systemd uses."""
    return f"@eidos-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "n")


def test_states_reach_the_manager(address: str) -> None:
    """Each state is one datagram, to a path or to an abstract address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0", 1))
        manager.settimeout(10)
        notifier = Notifier({"NOTIFY_SOCKET": address})
        notifier.ready("serving")
        notifier.alive()
        notifier.stopping()

        heard = [manager.recv(100).decode() for _ in range(3)]

    assert heard == ["READY=1\nSTATUS=serving", "WATCHDOG=1", "STOPPING=1\nSTATUS=stopping"]


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    """No address, or one that nobody listens on, is no error."""
    Notifier({}).ready("serving")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready("serving")


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [({}, None), ({"WATCHDOG_USEC": "30000000"}, 10.0), ({"WATCHDOG_USEC": ""}, None)],
)
def test_the_watchdog_is_fed_three_times_in_its_patience(
    environ: dict[str, str], interval_s: float | None
) -> None:
    """The interval is a third of what the manager waits; without a watchdog there is none."""
    assert Notifier(environ).watchdog_interval_s == interval_s
