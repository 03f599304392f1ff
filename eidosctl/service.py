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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from eidos import client
from eidos.config import Config
from eidos.errors import ConfigError, DaemonSilent, DaemonUnavailable, EidosError, ProtocolError
from eidos.protocol import Failure, Status, StatusRequest
from eidosctl import detached, unit
from eidosctl.place import UNIT, Place
from eidosctl.usermanager import UserManager

START_TIMEOUT_S: Final = 30.0
STATUS_TIMEOUT_S: Final = 2.0
_POLL_S: Final = 0.02
_KILL_AFTER_S: Final = 5.0
"""How much longer than its own drain limit a daemon may take to stop."""
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
    request = StatusRequest(id=f"status-{os.getpid()}")
    reply = client.ask(request, socket=place.socket, timeout_s=STATUS_TIMEOUT_S)
    if isinstance(reply, Failure):
        raise ProtocolError(reply.message, code=reply.code)
    if not isinstance(reply, Status):
        raise ProtocolError(f"who listens on {place.socket} is not eidosd; try: eidosctl restart")
    return msgspec.json.decode(reply.body)


def start(place: Place, *, timeout_s: float = START_TIMEOUT_S) -> Started:
    """See to it that a daemon answers with its model loaded; harmless while one runs.

    Raises:
        EidosError: it cannot run; the message is the daemon's own last word.
        DaemonSilent: it started and does not answer.
    """
    manager = manager_of_unit(place)
    if client.is_listening(place.socket):
        body = _wait_until_ready(place, lambda: None, timeout_s)
        return Started(body["pid"], already=True, by_systemd=_is_unit(manager, body["pid"]))
    if manager is not None:
        unit.forget_failure(manager)
        manager.systemctl("start", "--no-block", UNIT)
        failure = _UnitFailure(manager)
    else:
        failure = _DetachedFailure(detached.spawn(place))
    body = _wait_until_ready(place, failure, timeout_s)
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
        _terminate(pid, _patience_s(place))
    return stopped or pid is not None


def manager_of_unit(place: Place) -> UserManager | None:
    """Return the user's systemd if it is to run our daemon: it is there, and the unit too."""
    return UserManager.find(place.environ, place.uid) if unit.is_installed(place) else None


def unit_state(manager: UserManager) -> dict[str, str]:
    """Return how systemd sees the unit, by property name."""
    names = ("ActiveState", "SubState", "Result", "ExecMainStatus", "InvocationID", "MainPID")
    return manager.properties(UNIT, *names, "UnitFileState", "NRestarts")


def listener_pid(place: Place) -> int | None:
    """Return the process that listens on the socket, be it wedged; the kernel knows."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(client.PING_TIMEOUT_S)
        try:
            probe.connect(os.fspath(place.socket))
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        except OSError:
            return None
    pid, uid, _ = struct.unpack("3i", credentials)
    return pid if uid == place.uid else None


@dataclass(frozen=True, slots=True)
class _DetachedFailure:
    daemon: detached.Detached

    def __call__(self) -> EidosError | None:
        code = self.daemon.exit_code()
        # Five says that a daemon started at the same time won: wait for its answer.
        if code in {None, 0, _ALREADY_RUNNING}:
            return None
        said = self.daemon.last_line() or f"eidosd ended with status {code} and said nothing"
        return _failure(said, code)


@dataclass(frozen=True, slots=True)
class _UnitFailure:
    manager: UserManager

    def __call__(self) -> EidosError | None:
        state = unit_state(self.manager)
        if state["ActiveState"] != "failed" and state["SubState"] != "auto-restart":
            return None
        code = int(state["ExecMainStatus"] or 0)
        if code == _ALREADY_RUNNING:
            return None
        said = self.manager.last_message(UNIT, state["InvocationID"])
        said = said or f"the unit failed ({state['Result']}, exit status {code})"
        return _failure(f"{said}; see: eidosctl logs", code)


def _failure(said: str, code: int | None) -> EidosError:
    return ConfigError(said) if code == _CONFIGURATION else EidosError(said)


def _wait_until_ready(
    place: Place, failure: Callable[[], EidosError | None], timeout_s: float
) -> dict[str, Any]:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        try:
            body = status(place)
        except DaemonUnavailable:
            pass
        else:
            if body["engine"]["state"] != "loading":
                return body
        if error := failure():
            raise error
        time.sleep(_POLL_S)
    pid = listener_pid(place)
    who = f"the daemon (pid {pid})" if pid else "a daemon"
    message = f"{who} is not ready after {timeout_s:g} s; see: eidosctl logs; eidosctl doctor"
    raise DaemonSilent(message)


def _is_unit(manager: UserManager | None, pid: int) -> bool:
    return manager is not None and unit_state(manager)["MainPID"] == str(pid)


def _patience_s(place: Place) -> float:
    try:
        drain_s = Config.load(place.environ, place.config).drain_timeout_s
    except ConfigError:
        drain_s = Config().drain_timeout_s
    return drain_s + _KILL_AFTER_S


def _terminate(pid: int, patience_s: float) -> None:
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
        raise EidosError(f"cannot stop the daemon, pid {pid}: {exc.strerror}") from exc
    finally:
        os.close(handle)
    raise EidosError(f"the daemon, pid {pid}, does not stop; see: eidosctl logs")
