"""Start and stop the daemon: through the user's systemd where the unit is installed, else ours.

Whether a daemon runs is asked of the socket, never of a pid file: a process that exists and does
not answer is of no use, and the pid in a file may be somebody else's by now.
"""

import os
import select
import signal
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from eidos import client
from eidos.config import Config
from eidos.errors import ConfigError, DaemonSilent, DaemonUnavailable, EidosError
from eidos.protocol import Status, StatusRequest
from eidosctl import control, detached, unit
from eidosctl.place import UNIT, Place
from eidosctl.usermanager import UserManager

START_TIMEOUT_S: Final = 30.0
STATUS_TIMEOUT_S: Final = 2.0
_POLL_S: Final = 0.02
_KILL_AFTER_S: Final = 5.0
"""How much longer than its own drain limit a daemon may take to stop."""
_RETRY_S: Final = 0.3
_ALREADY_RUNNING: Final = 5
_CONFIGURATION: Final = 78


@dataclass(frozen=True, slots=True)
class Started:
    """What `start` did: whether a daemon was there before, and who runs the one there is now."""

    pid: int
    already: bool
    by_systemd: bool


def status(place: Place) -> dict[str, Any]:
    """Return what the daemon says of itself; docs/cli.md lists the keys.

    Raises:
        DaemonUnavailable, DaemonSilent, ProtocolError: there is no answer, or not a good one.
    """
    request = StatusRequest(control.new_id("status"))
    reply = control.ask(place, request, Status, timeout_s=STATUS_TIMEOUT_S)
    return msgspec.json.decode(reply.body)


def start(place: Place, *, timeout_s: float = START_TIMEOUT_S) -> Started:
    """See to it that a daemon answers with its model loaded; harmless while one runs.

    Raises:
        EidosError: it cannot run; the message is the daemon's own last word.
        DaemonSilent: it started and does not answer.
    """
    manager = manager_of_unit(place)
    if client.is_listening(place.socket):
        body = _wait_until_ready(place, None, timeout_s)
        return Started(body["pid"], already=True, by_systemd=_is_unit(manager, body["pid"]))
    attempt = _DetachedAttempt(place) if manager is None else _UnitAttempt(manager)
    body = _wait_until_ready(place, attempt, timeout_s)
    return Started(body["pid"], already=False, by_systemd=manager is not None)


def stop(place: Place) -> bool:
    """Stop every daemon on our socket, after the requests under way; say whether there was one.

    Raises:
        EidosError: it cannot be stopped.
    """
    manager = manager_of_unit(place)
    stopped = manager is not None and unit_state(manager)["ActiveState"] not in {
        "inactive",
        "failed",
        "",
    }
    if manager is not None and stopped:
        manager.systemctl("stop", UNIT)
    # Another one may hold the socket: started before the unit was installed, say.
    pid = listener_pid(place)
    if pid is not None:
        terminate(pid, _patience_s(place))
    return stopped or pid is not None


def manager_of_unit(place: Place) -> UserManager | None:
    """Return the user's systemd if it is to run our daemon: it is there, and the unit too."""
    return UserManager.find(place.environ, place.uid) if unit.is_installed(place) else None


def unit_state(manager: UserManager) -> dict[str, str]:
    """Return how systemd sees the unit, by property name."""
    names = ("ActiveState", "SubState", "Result", "ExecMainStatus", "InvocationID", "MainPID")
    return manager.properties(UNIT, *names, "UnitFileState", "NRestarts")


def listener_pid(place: Place, path: Path | None = None) -> int | None:
    """Return the process that listens on *path*, be it wedged; the daemon's where none is named."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(client.PING_TIMEOUT_S)
        try:
            probe.connect(os.fspath(path or place.socket))
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        except OSError:
            return None
    pid, uid, _ = struct.unpack("3i", credentials)
    return pid if uid == place.uid else None


class _DetachedAttempt:
    """Starts eidosd as a child of ours, and says how it ended."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._daemon: detached.Detached | None = None

    def begin(self) -> None:
        self._daemon = detached.spawn(self._place)

    def end(self) -> tuple[int, str] | None:
        code = self._daemon.exit_code() if self._daemon else None
        if self._daemon is None or code is None:
            return None
        said = self._daemon.last_line()
        silent = f"eidosd ended with status {code}, and nothing is in its log; to see why, run:"
        return code, said or f"{silent} {self._place.eidosd}"


class _UnitAttempt:
    """Starts the unit, and says how its daemon ended."""

    def __init__(self, manager: UserManager) -> None:
        self._manager = manager

    def begin(self) -> None:
        unit.forget_failure(self._manager)
        self._manager.systemctl("start", "--no-block", UNIT)

    def end(self) -> tuple[int, str] | None:
        state = unit_state(self._manager)
        if state["ActiveState"] != "failed" and state["SubState"] != "auto-restart":
            return None
        code = int(state["ExecMainStatus"] or 0)
        said = self._manager.last_message(UNIT, state["InvocationID"])
        said = said or f"the unit failed ({state['Result']}, exit status {code})"
        return code, f"{said}; see: eidosctl logs"


def _wait_until_ready(
    place: Place, attempt: _DetachedAttempt | _UnitAttempt | None, timeout_s: float
) -> dict[str, Any]:
    begun_s = time.monotonic()
    deadline_s = begun_s + timeout_s
    if attempt is not None:
        attempt.begin()
    while (now_s := time.monotonic()) < deadline_s:
        body = _status_if_any(place)
        if body is not None and any(each["state"] != "loading" for each in body["engines"]):
            return body
        ended = attempt.end() if attempt is not None and body is None else None
        if ended is not None and ended[0] not in {0, _ALREADY_RUNNING}:
            raise _failure(*ended)
        # Five says that another daemon holds the lock. It may be about to answer; or it was
        # killed a moment ago and the kernel has not let go of its files: then we try again.
        if attempt is not None and ended is not None and now_s - begun_s > _RETRY_S:
            attempt.begin()
            begun_s = now_s
        time.sleep(_POLL_S)
    pid = listener_pid(place)
    who = f"the daemon (pid {pid})" if pid else "a daemon"
    message = f"{who} is not ready after {timeout_s:g} s; see: eidosctl logs; eidosctl doctor"
    raise DaemonSilent(message)


def _failure(code: int, said: str) -> EidosError:
    return ConfigError(said) if code == _CONFIGURATION else EidosError(said)


def _status_if_any(place: Place) -> dict[str, Any] | None:
    try:
        return status(place)
    except DaemonUnavailable:
        return None


def _is_unit(manager: UserManager | None, pid: int) -> bool:
    return manager is not None and unit_state(manager)["MainPID"] == str(pid)


def _patience_s(place: Place) -> float:
    try:
        drain_s = Config.load(place.environ, place.config).drain_timeout_s
    except ConfigError:
        drain_s = Config().drain_timeout_s
    return drain_s + _KILL_AFTER_S


def terminate(pid: int, patience_s: float) -> None:
    """End the process *pid*, by force when it has not ended after *patience_s*.

    Raises:
        EidosError: it cannot be ended.
    """
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(handle, number)
            if select.select([handle], [], [], patience_s)[0]:
                return
    except ProcessLookupError:
        return
    except OSError as exc:
        raise EidosError(f"cannot stop pid {pid}: {exc.strerror}") from exc
    finally:
        os.close(handle)
    raise EidosError(f"pid {pid} does not stop; see: eidosctl logs")
