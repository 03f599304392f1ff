"""The unit of the exporter: it runs under its own directives, and nothing installs it."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from usermanager_fixture import EIDOSCTL, Manager, until

from eidos.resources import systemd_dir
from eidosctl import unit

pytestmark = pytest.mark.systemd
UNIT = "eidos-metrics.service"
URL = "http://127.0.0.1:9464/metrics"


@pytest.fixture
def started(manager: Manager) -> Iterator[Manager]:
    """A user manager that runs the unit as docs/metrics.md installs it."""
    text = (systemd_dir() / UNIT).read_text().replace("@EIDOSCTL@", str(EIDOSCTL))
    file = manager.home / ".config" / "systemd" / "user" / UNIT
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    manager.systemctl("daemon-reload")
    manager.systemctl("start", UNIT)
    yield manager
    manager.systemctl("stop", UNIT)
    file.unlink()


def served() -> bytes:
    """Return what is served, or nothing while nobody listens."""
    try:
        with urllib.request.urlopen(URL, timeout=30) as answer:
            return answer.read()
    except OSError:
        return b""


def test_the_exporter_works_under_its_unit(started: Manager) -> None:
    """It serves on loopback and asks the daemon's socket; that there is no daemon is a metric."""
    until(served, 60, lambda: started.journal(UNIT))

    assert served().splitlines()[-1] == b"eidos_up 0.0"
    state = started.systemctl("show", UNIT, "--property=ActiveState,SubState,NRestarts")
    assert set(state.splitlines()) == {"ActiveState=active", "SubState=running", "NRestarts=0"}


def test_a_stop_is_no_failure(started: Manager) -> None:
    """`systemctl stop` leaves no failed unit behind."""
    until(served, 60, lambda: started.journal(UNIT))

    started.systemctl("stop", UNIT)

    assert started.systemctl("show", UNIT, "--property=Result,ActiveState").splitlines() == [
        "Result=success",
        "ActiveState=inactive",
    ]


@pytest.mark.model
def test_the_sandboxed_daemon_knows_what_it_takes(manager: Manager) -> None:
    """What alerts ask of the processes is told from under all of the daemon's directives too."""
    manager.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash")
    try:
        manager.run(EIDOSCTL, "start")
        text = manager.run(EIDOSCTL, "metrics").stdout
    finally:
        manager.run(EIDOSCTL, "uninstall")

    for process in ("daemon", "engine-0"):
        for figure in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds"):
            assert f'eidos_process_{figure}{{process="{process}"}} ' in text


def test_nothing_installs_the_exporter() -> None:
    """The daemon's unit does not pull it in, and the daemon's own has no network."""
    for text in (unit.unit_text(Path("/usr/bin/true")), unit.sandbox_text()):
        assert "eidos-metrics" not in text
