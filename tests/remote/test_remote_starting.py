"""eidos-remote without systemd: started when it is needed, found by the next, stopped by name."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_daemon import private_folders, until

from eidos.errors import EidosError
from eidosctl import remote_service, remote_unit
from eidosctl.place import Place

# As a child of this process, and not of an eidosctl that has ended: it goes on all the same.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A person's folders with nothing in them; what was started there is ended."""
    with private_folders() as environ:
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        found = Place.find(environ)
        yield found
        remote_service.stop(found)


def test_it_is_started_once_and_stopped(place: Place) -> None:
    """Who asks next finds the same process; stopping says whether there was one."""
    assert remote_service.pid(place) is None
    assert remote_service.status_line(place) == ""

    first, pid = remote_service.ensure(place), remote_service.pid(place)
    second = remote_service.ensure(place)

    assert first == second == place.remote_socket
    assert remote_service.pid(place) == pid
    assert f"pid {pid}" in remote_service.status_line(place)
    until(lambda: "eidos-remote" in place.remote_log.read_text())  # it listens a moment before
    assert place.remote_log.stat().st_mode & 0o777 == 0o600
    assert remote_service.stop(place)
    assert not remote_service.stop(place)
    assert not first.exists()


def test_one_that_was_killed_is_started_again(place: Place) -> None:
    """A socket without a process behind it is no obstacle."""
    remote_service.ensure(place)
    pid = remote_service.pid(place)
    assert pid is not None
    os.kill(pid, 9)
    until(lambda: remote_service.pid(place) is None)
    assert place.remote_socket.exists()

    remote_service.ensure(place)

    assert remote_service.pid(place) not in {None, pid}


def test_another_program_cannot_read_its_memory(place: Place) -> None:
    """A key in it is for no debugger, and no core is written."""
    remote_service.ensure(place)
    process = Path("/proc", str(remote_service.pid(place)))

    assert "Max core file size        0                    0" in (process / "limits").read_text()
    assert (process / "environ").stat().st_uid == 0  # as of every process that is not dumpable


def test_without_its_packages_it_says_what_to_install(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is started, and the message has the command."""
    monkeypatch.setattr(remote_unit, "NEEDED", ("no_such_package",))

    with pytest.raises(EidosError, match=r"pip install 'eidosctl\[remote\]'"):
        remote_service.ensure(place)


@pytest.mark.parametrize("setting", ["", "translate_requests", "remote_suggestions"])
def test_it_is_started_beside_a_daemon_that_may_ask_it(place: Place, setting: str) -> None:
    """The daemon cannot start it; where the person turned nothing on, it is not started."""
    place.config.parent.mkdir(parents=True, exist_ok=True)
    place.config.write_text(f"{setting} = true\n" if setting else "")

    assert remote_service.start_beside(place) == ""

    assert (remote_service.pid(place) is not None) == bool(setting)


def test_a_daemon_is_started_all_the_same_where_it_cannot_be(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is said, and no error."""
    monkeypatch.setattr(remote_unit, "NEEDED", ("no_such_package",))
    place.config.parent.mkdir(parents=True, exist_ok=True)
    place.config.write_text("translate_requests = true\n")

    assert "-m pip install 'eidosctl[remote]'" in remote_service.start_beside(place)
