"""The memory of a real unit runs out: MemoryMax= of systemd, by the engine and by the daemon."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import msgspec
from real_daemon import until

from eidos.client import ask
from eidos.errors import EidosError
from eidos.protocol import MAX_CANDIDATES, Shell, Status, StatusRequest, SuggestRequest
from faults.load import Load
from faults.strangers import dial, shake_hands

UNIT: Final = "eidosd.service"
_ENOUGH_BYTES: Final = 1 << 30
_ROOM_BYTES: Final = 16 << 20
"""What is left: less than an engine needs for many long requests, or a daemon for many frames."""
_LONG: Final = "выведи все файлы в этой папке " * 16
"""Many tokens to the model, and none of them known to it."""
_FRAMES: Final = b"\x01\x01x" * 100_000
"""The beginning of a message without end: 64 bytes of memory for each three."""
_MOST: Final = 75
_ASKERS: Final = 8
_PATIENCE_S: Final = 5


class Service(Protocol):
    """The user's systemd: usermanager_fixture.Manager."""

    def systemctl(self, *arguments: str) -> str:
        """Return what `systemctl --user` prints."""
        ...


def fill_by_engine(service: Service, load: Load) -> None:
    """Ask for long things until the kernel kills the engine, in what little memory is left."""
    old = _pids(load.socket)
    is_dead = threading.Event()
    askers = [
        threading.Thread(target=_ask_long, args=(load.socket, number, is_dead))
        for number in range(_ASKERS)
    ]
    with load.fault():
        _leave_little(service)
        for asker in askers:
            asker.start()
        until(lambda: not Path(f"/proc/{old[1]}").exists())
        is_dead.set()
        for asker in askers:
            asker.join()
        _limit(service, _ENOUGH_BYTES)
    assert main_pid(service) == old[0], "the daemon was killed in place of the engine"


def fill_by_daemon(service: Service, load: Load) -> None:
    """Send frames without end until the kernel kills the daemon; systemd starts it again."""
    old = _pids(load.socket)
    with load.fault():
        _leave_little(service)
        until(lambda: _pour(load.socket) or main_pid(service) not in {0, old[0]})
        _limit(service, _ENOUGH_BYTES)


def main_pid(service: Service) -> int:
    """Return the daemon's process, 0 while there is none."""
    return int(_show(service, "MainPID"))


def _ask_long(socket: Path, number: int, is_over: threading.Event) -> None:
    """Ask one long thing after the other; each is given up when another engine has to load."""
    for turn in range(_MOST):
        if is_over.is_set():
            return
        asked = SuggestRequest(
            id=f"long-{number}-{turn}",
            shell=Shell.BASH,
            count=MAX_CANDIDATES,
            text=f"{_LONG} {number} {turn}",
        )
        with suppress(EidosError):
            ask(asked, socket=socket, timeout_s=_PATIENCE_S)


def _pour(socket: Path) -> None:
    """Send one message without end, as much of it as the daemon lives to read."""
    with suppress(OSError), dial(socket) as connection:
        shake_hands(connection)
        for _ in range(_MOST):
            connection.sendall(_FRAMES)


def _pids(socket: Path) -> list[int]:
    """Return the processes of daemon and engine; none while there are not both."""
    try:
        reply = ask(StatusRequest(id="pids"), socket=socket, timeout_s=10)
    except EidosError:
        return []
    assert isinstance(reply, Status)
    body = msgspec.json.decode(reply.body)
    pids = [body["pid"], body["engines"][0]["pid"]]
    return pids if all(pids) else []


def _leave_little(service: Service) -> None:
    """Set the limit just above what the unit has now: below it cgroup v1 refuses to."""
    _limit(service, int(_show(service, "MemoryCurrent")) + _ROOM_BYTES)


def _limit(service: Service, limit_bytes: int) -> None:
    service.systemctl(
        "set-property", "--runtime", UNIT, "MemoryHigh=infinity", f"MemoryMax={limit_bytes}"
    )


def _show(service: Service, name: str) -> str:
    return service.systemctl("show", "--value", f"--property={name}", UNIT)
