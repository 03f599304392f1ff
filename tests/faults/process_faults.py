"""What happens to the processes: killed, stopped, out of files, out of time."""

import os
import resource
import signal
import subprocess
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from real_daemon import until

from faults.scene import Scene
from faults.strangers import strangers

_HALTS: Final = (signal.SIGSTOP, signal.SIGCONT)
MANY: Final = 300
"""Connections that a daemon with few open files cannot have."""


def kill_engine(scene: Scene) -> None:
    """Kill the engine again and again, with requests in its hands."""
    for _ in range(scene.repeats):
        with scene.load.fault():
            old = scene.daemon.kill_engine()
        until(lambda old=old: scene.daemon.engine not in {0, old}, log=lambda: scene.daemon.log)


def stop_engine(scene: Scene) -> None:
    """Stop the engine for good: nothing tells the daemon but the silence."""
    old = until(lambda: scene.daemon.engine, log=lambda: scene.daemon.log)
    with scene.load.fault():
        os.kill(old, signal.SIGSTOP)
        until(lambda: scene.daemon.engine not in {0, old}, log=lambda: scene.daemon.log)


def halt_engine(scene: Scene) -> None:
    """Stop the engine for a while."""
    _halt(scene, [scene.daemon.engine])


def kill_daemon(scene: Scene) -> None:
    """Kill the daemon with requests in its hands; systemd starts it again."""
    for number in range(1, scene.repeats + 1):
        with scene.load.fault():
            os.kill(scene.daemon.pid, signal.SIGKILL)
        until(lambda number=number: len(scene.daemon.ends) == number)
        scene.load.until_answered(1, log=lambda: scene.daemon.log)


def halt_daemon(scene: Scene) -> None:
    """Stop the daemon for a while, but not its engine."""
    _halt(scene, [scene.daemon.pid])


def suspend(scene: Scene) -> None:
    """Stop daemon and engine for a while, as a laptop that sleeps does."""
    _halt(scene, [scene.daemon.pid, scene.daemon.engine])


def restart_daemon(scene: Scene) -> None:
    """End the daemon politely, and start it again: an upgrade, or `eidosctl restart`."""
    with scene.load.fault():
        scene.daemon.signal(signal.SIGTERM)
        assert scene.daemon.wait() == 0
    scene.daemon.start()


def _halt(scene: Scene, pids: list[int]) -> None:
    with scene.load.fault():
        for number in _HALTS:
            for pid in filter(None, pids):  # 0 is no engine, and to kill(2) all of us
                with suppress(ProcessLookupError):  # the daemon gives up an engine that is too slow
                    os.kill(pid, number)
            if number is signal.SIGSTOP:
                scene.load.last(scene.lasting_s)


def exhaust_files(scene: Scene) -> None:
    """Open more connections than the daemon may have open files; libzmq ends it then."""
    with scene.load.fault(), strangers(scene.daemon.socket, MANY):
        scene.load.last(scene.lasting_s)


def kill_engine_without_files(scene: Scene) -> None:
    """Kill the engine while the daemon has no file descriptor left to start another one with."""
    pid = scene.daemon.pid
    old = until(lambda: scene.daemon.engine, log=lambda: scene.daemon.log)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir())
    with scene.load.fault():
        # As many as it has now, so that connections still come: an engine takes more.
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 2, before[1]))
        os.kill(old, signal.SIGKILL)
        scene.load.last(scene.lasting_s)
        with suppress(ProcessLookupError):  # a connection came when there was no room: libzmq ends
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def own_clock(environ: dict[str, str], _: ExitStack) -> None:
    """Have a clock on the wall of its own, which `jump_clock` sets."""
    clock = Path(environ["HOME"], "clock")
    clock.write_text("+0", encoding="ascii")
    environ |= {
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "LD_PRELOAD": _faketime(),
    }


def jump_clock(scene: Scene) -> None:
    """Set the clock on the wall a year ahead, then ten years back."""
    clock = Path(scene.daemon.environ["FAKETIME_TIMESTAMP_FILE"])
    with scene.load.fault():
        for offset in ("+1y", "-10y", "+0"):
            clock.write_text(offset, encoding="ascii")
            scene.load.last(scene.lasting_s / 3)
            scene.load.until_answered(1, log=lambda: scene.daemon.log)
    year = datetime.now(UTC).year
    assert f"\n{year + 1}-" in scene.daemon.log, "the clock did not jump"


def _faketime() -> str:
    """Return the library that the program faketime has its programs load."""
    found = subprocess.run(
        ["faketime", "-m", "-f", "+0", "env"], capture_output=True, text=True, check=True
    ).stdout
    return next(line for line in found.splitlines() if line.startswith("LD_PRELOAD="))[11:]
