"""Start and stop eidos-remote: by its socket where systemd has it, else as a process of our own."""

import os
import time
from pathlib import Path
from typing import Final

from eidos import client
from eidos.config import Config
from eidos.errors import ConfigError, DaemonSilent, EidosError
from eidosctl import detached, remote_unit, service
from eidosctl.place import REMOTE_SOCKET_UNIT, REMOTE_UNIT, Place
from eidosctl.usermanager import UserManager

START_TIMEOUT_S: Final = 15.0
_POLL_S: Final = 0.02
_RETRY_S: Final = 0.1
_ALREADY_RUNNING: Final = 5
_PATIENCE_S: Final = 10.0
"""It drains for 3 s."""


def ensure(place: Place) -> Path:
    """Return the socket of eidos-remote, on which somebody listens now; start it where nobody does.

    Raises:
        EidosError: it cannot run; the message is its own last word, or says what to install.
        RuntimeDirError: the socket's folder is not ours alone.
        DaemonSilent: it started and does not listen.
    """
    path = place.remote_socket
    if client.is_listening(path):
        return path
    require_packages()
    manager = _manager(place)
    if manager is not None:
        # It failed too often, or somebody stopped it.
        manager.systemctl("reset-failed", REMOTE_SOCKET_UNIT, REMOTE_UNIT)
        manager.systemctl("start", REMOTE_SOCKET_UNIT)
    else:
        _start_detached(place)
    return path


def start_beside(place: Place) -> str:
    """Start eidos-remote if eidosd may ask it, which does not start it; say why that failed, or "".

    Suggestions need none of it, so it is no error.
    """
    try:
        if Config.load(place.environ, place.config).asks_remote:
            ensure(place)
    except ConfigError:
        return ""  # the daemon says so
    except EidosError as exc:
        return f"eidos-remote: {exc}"
    return ""


def require_packages() -> None:
    """Return if the packages of chat and translation are installed.

    Raises:
        EidosError: they are not; the message says what to install.
    """
    if not remote_unit.is_possible():
        raise EidosError(f"chat and translation need more packages; run: {remote_unit.INSTALL}")


def stop(place: Place) -> bool:
    """Stop eidos-remote after what is under way; say whether it ran. Its socket stays systemd's.

    Raises:
        EidosError: it cannot be stopped.
    """
    manager = _manager(place)
    if manager is not None and client.is_listening(place.remote_socket):
        ran = _main_pid(manager) is not None
        manager.systemctl("stop", REMOTE_UNIT)
        return ran
    pid = service.listener_pid(place, place.remote_socket)
    if pid is not None:
        service.terminate(pid, _PATIENCE_S)
    return pid is not None


def pid(place: Place) -> int | None:
    """Return the process that eidos-remote runs as, None where it does not; it is not started."""
    manager = _manager(place)
    if manager is not None:
        return _main_pid(manager)
    return service.listener_pid(place, place.remote_socket)


def status_line(place: Place) -> str:
    """Return a line about eidos-remote for `eidosctl status`, "" where it does not run."""
    try:
        running = pid(place)
        if running is None:
            return ""
        pages = int(Path("/proc", str(running), "statm").read_text(encoding="ascii").split()[1])
    except (EidosError, OSError, ValueError, IndexError):
        return ""  # it has just ended, or systemd does not answer: no reason to show no status
    memory_mb = pages * os.sysconf("SC_PAGESIZE") / 2**20
    return f"eidos-remote: pid {running}, {memory_mb:.0f} MB; see: eidosctl remote status"


def _manager(place: Place) -> UserManager | None:
    if not remote_unit.is_installed(place):
        return None
    return UserManager.find(place.environ, place.uid)


def _main_pid(manager: UserManager) -> int | None:
    return int(manager.properties(REMOTE_UNIT, "MainPID").get("MainPID", "0")) or None


def _start_detached(place: Place) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    started = detached.spawn(place, place.eidos_remote, place.remote_log)
    while time.monotonic() < deadline_s:
        if client.is_listening(place.remote_socket):
            return
        code = started.exit_code()
        if code not in {None, 0, _ALREADY_RUNNING}:
            said = started.last_line() or f"see: {place.remote_log}"
            raise EidosError(f"eidos-remote ended with status {code}: {said}")
        if code is not None:  # another one was there, and perhaps just about to end
            time.sleep(_RETRY_S)
            started = detached.spawn(place, place.eidos_remote, place.remote_log)
        time.sleep(_POLL_S)
    raise DaemonSilent(f"eidos-remote is not ready after {START_TIMEOUT_S:g} s; see its log")
