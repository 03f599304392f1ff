"""A real system manager: systemd as process 1 of namespaces of its own, with units of its own.

It sees this machine's files, but has a /run, a /var/lib and control groups of its own, no
network's, and of this machine's units none: SYSTEMD_UNIT_PATH names the only folder of them.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from usermanager_fixture import CGROUPS, SYSTEMD, until

CHECKOUT = Path(__file__).parents[2]
TARGETS = {
    "test.target": "[Unit]\nDescription=All that is started\n",
    "sysinit.target": "[Unit]\nDescription=Nothing\n",
    "basic.target": "[Unit]\nDescription=Nothing\n",
    "shutdown.target": "[Unit]\nDescription=The end\nDefaultDependencies=no\n",
    "user-runtime-dir@.service": (
        # As the one of logind, which needs D-Bus.
        "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        "ExecStart=mkdir -p /run/user/%i\n"
        "ExecStart=mount -t tmpfs -o mode=700,uid=%i eidos-test /run/user/%i\n"
        "ExecStop=umount /run/user/%i\n"
    ),
}
BOOT = """
set -e
mount --make-rshared /
mount -t tmpfs -o mode=755 eidos-test /run
mount -t tmpfs -o mode=755 eidos-test /var/lib
mount -t tmpfs -o mode=755 eidos-test /var/cache
{opened}
mkdir /run/user /run/cgroup
# Not /run's own: systemd makes the folder of the hierarchies read-only, with all that is beside it.
mount -t tmpfs eidos-test /run/cgroup
for kind in {hierarchies}; do
    case $kind in
    all) mount -t cgroup2 cgroup2 /run/cgroup && continue ;;
    unified) set -- cgroup2 cgroup2 ;;
    systemd) set -- cgroup -o none,name=systemd cgroup ;;
    *) set -- cgroup -o "$kind" cgroup ;;
    esac
    mkdir "/run/cgroup/$kind"
    mount -t "$@" "/run/cgroup/$kind"
done
mount --rbind /run/cgroup /sys/fs/cgroup
exec env --ignore-environment container=eidos-test SYSTEMD_UNIT_PATH={units} \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_LOG_TARGET=console-prefixed \
    {systemd} --system --unit=test.target --log-level=info --show-status=no
"""
NAMES = ("systemd", "unified", "memory", "pids", "cpu", "cpuacct", "blkio", "devices")


@dataclass(frozen=True)
class SystemManager:
    """A running system manager, seen from outside."""

    pid: int
    units: Path
    log: Path

    def run(
        self, *command: str | Path, uid: int = 0, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run *command* in its namespaces as *uid*; a failure shows what it printed."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--cgroup"]
        become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
        result = subprocess.run(
            [*enter, *become, *map(str, command)],
            env=environ | {"XDG_RUNTIME_DIR": f"/run/user/{uid}"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if check and result.returncode != 0:
            pytest.fail(f"{command} ended with {result.returncode}:\n{result.stderr}{self.state()}")
        return result

    def state(self) -> str:
        """Return how the instances of our unit are, and what they said; there is no journal."""
        status = self.run("systemctl", "status", "--no-pager", "eidosd@*", check=False).stdout
        return f"{status}\n{self.log.read_text(errors='replace')}"


@contextlib.contextmanager
def system_manager() -> Iterator[SystemManager]:
    """Boot systemd in namespaces of its own."""
    with tempfile.TemporaryDirectory(prefix="eidos-units-", dir="/tmp") as name:
        units, log = Path(name), Path(name, "log")
        units.chmod(0o755)
        for file, text in TARGETS.items():
            (units / file).write_text(text)
        groups = _make_cgroups()
        process = _boot(units, log, groups)
        try:
            manager = SystemManager(_first_child(process), units, log)
            until(lambda: _is_running(manager), 20, log.read_text)
            yield manager
        finally:
            process.send_signal(signal.SIGKILL)  # unshare takes its child with it
            process.wait()
            _remove_cgroups(groups)


def _boot(units: Path, log: Path, groups: list[Path]) -> subprocess.Popen[bytes]:
    script = units / "boot.sh"
    hierarchies = " ".join(folder.parent.name for folder in groups) if len(groups) > 1 else "all"
    opened = "\n".join(_opened({Path(sys.prefix), Path(sys.base_prefix), CHECKOUT}))
    script.write_text(
        BOOT.format(units=units, systemd=SYSTEMD, hierarchies=hierarchies, opened=opened)
    )
    moves = "".join(f"echo $$ > {folder}/cgroup.procs; " for folder in groups)
    spaces = "--mount --pid --cgroup --uts --ipc --fork --kill-child --mount-proc"
    with log.open("wb") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", f"{moves}exec unshare {spaces} /bin/sh {script}"],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _opened(needed: set[Path]) -> Iterator[str]:
    """Yield commands by which others may enter folders that lie in somebody's home.

    Every folder on the way that is closed is replaced by an empty one, with the needed in it.
    """
    yield "mkdir -m 700 /run/kept"
    places = sorted(needed | {path.resolve() for path in needed})
    for number, path in enumerate(places):
        yield f"mkdir /run/kept/{number} && mount --rbind '{path}' /run/kept/{number}"
    on_the_way = {folder for path in places for folder in path.parents}
    closed = [folder for folder in sorted(on_the_way) if not folder.stat().st_mode & 0o001]
    hidden = [top for top in closed if not any(map(top.is_relative_to, set(closed) - {top}))]
    for folder in hidden:
        yield f"mount -t tmpfs -o mode=755 eidos-test '{folder}'"
    for number, path in enumerate(places):
        if any(map(path.is_relative_to, hidden)):
            yield f"mkdir -p '{path}' && mount --rbind /run/kept/{number} '{path}'"


def _first_child(process: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return int(until(lambda: children.read_text().split(), 10, lambda: "no child")[0])


def _is_running(manager: SystemManager) -> bool:
    state = manager.run("systemctl", "is-system-running", check=False).stdout.strip()
    return state in {"running", "degraded"}


def _make_cgroups() -> list[Path]:
    if Path(CGROUPS, "cgroup.procs").exists():
        hierarchies = [CGROUPS]
    else:
        hierarchies = [CGROUPS / name for name in NAMES if Path(CGROUPS, name).is_dir()]
    folders = [hierarchy / f"eidos-test-{os.getpid()}" for hierarchy in hierarchies]
    for folder in folders:
        folder.mkdir()
    return folders


def _remove_cgroups(folders: list[Path]) -> None:
    # The last processes end a moment after the manager.
    until(lambda: all(map(_is_removed, folders)), 10, lambda: f"in use: {folders}")


def _is_removed(folder: Path) -> bool:
    below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    for path in (*below, folder):
        with contextlib.suppress(OSError):
            path.rmdir()
    return not folder.exists()
