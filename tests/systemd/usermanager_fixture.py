"""A real `systemd --user` with a journal, on a machine where nobody logs in: for root in CI.

systemd wants three things that a login would have given it: a folder that says that systemd is
there, a journal to write to, and a cgroup of its own in which the journal recognises a user's
units (user.slice/user-UID.slice/user@UID.service).
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SYSTEMD = Path("/usr/lib/systemd/systemd")
JOURNALD = Path("/usr/lib/systemd/systemd-journald")
CGROUPS = Path("/sys/fs/cgroup")
EIDOSCTL = Path(sys.executable).parent / "eidosctl"


def until(condition: Callable[[], Any], timeout_s: float, what: Callable[[], str]) -> Any:
    """Return the first true value of *condition*; when time is up, fail and print *what*."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"timed out; this is how it stood:\n{what()}")


@dataclass(frozen=True)
class Manager:
    """A running user manager; its home and runtime folder are nobody else's."""

    uid: int
    environ: dict[str, str]
    since: str
    """When it was started, for journalctl."""

    @property
    def home(self) -> Path:
        """The home of this manager's user, empty at first."""
        return Path(self.environ["HOME"])

    @property
    def runtime(self) -> Path:
        """Its XDG_RUNTIME_DIR."""
        return Path(self.environ["XDG_RUNTIME_DIR"])

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run *command* as this user in this environment; a failure shows what it printed."""
        result = subprocess.run(
            [str(word) for word in command],
            env=self.environ,
            user=self.uid,
            group=pwd.getpwuid(self.uid).pw_gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        if check and result.returncode != 0:
            pytest.fail(
                f"{command} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
            )
        return result

    def systemctl(self, *arguments: str) -> str:
        """Return what `systemctl --user` prints."""
        return self.run("systemctl", "--user", *arguments).stdout.strip()

    def journal(self, unit: str, *options: str) -> str:
        """Return what the journal holds of *unit*; root reads it, whoever the user is."""
        command = ["journalctl", "--quiet", "--no-pager", f"--since={self.since}", *options]
        match = [f"_SYSTEMD_USER_UNIT={unit}", "+", f"USER_UNIT={unit}"]
        subprocess.run(["journalctl", "--sync"], check=True, timeout=30)
        return subprocess.run(
            [*command, *match], check=True, capture_output=True, text=True, timeout=30
        ).stdout


def unavailable() -> str | None:
    """Return why root cannot have such a manager here, or None."""
    obstacles: dict[str, Callable[[], bool]] = {
        "systemd is not installed": lambda: not (SYSTEMD.exists() and JOURNALD.exists()),
        "this machine runs systemd, and the tests would change its state": Path(
            "/run/systemd/private"
        ).exists,
        "a user manager runs here already": lambda: any(Path("/run/user").glob("*/systemd")),
        "no cgroup file system that we may write to": lambda: (
            not any(os.access(folder, os.W_OK) for folder in _hierarchies())
        ),
        "root may not mount anything here": lambda: (
            subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0
        ),
    }
    return next((reason for reason, stands in obstacles.items() if stands()), None)


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Wait until no other run of these tests has a manager here, and keep others waiting."""
    with Path("/run/eidos-test.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def system() -> Iterator[None]:
    """Give this machine what a booted systemd would have given it: a journal, and a proper /run."""
    with contextlib.ExitStack() as stack:
        _mount_run(stack)
        _make_inaccessible(stack)
        marker, log = Path("/run/systemd/system"), Path("/run/log/journal")
        if not marker.exists():
            marker.mkdir()
            stack.callback(marker.rmdir)
        if not log.exists():
            stack.callback(shutil.rmtree, log, ignore_errors=True)
        process = subprocess.Popen([JOURNALD], stderr=subprocess.DEVNULL)
        stack.callback(_end, process)
        socket = Path("/run/systemd/journal/socket")
        until(lambda: socket.exists() and process.poll() is None, 10, lambda: "no journal")
        yield


def _mount_run(stack: contextlib.ExitStack) -> None:
    # Where /run is no mount point, a sandbox gets an empty one, without its manager's socket.
    if not Path("/run").is_mount():
        subprocess.run(["mount", "--rbind", "/run", "/run"], check=True)
        stack.callback(subprocess.run, ["umount", "--lazy", "/run"], check=True)


def _make_inaccessible(stack: contextlib.ExitStack) -> None:
    """Make what systemd as process 1 makes at boot: the files that it hides other files behind."""
    folder = Path("/run/systemd/inaccessible")
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {"reg": stat.S_IFREG, "fifo": stat.S_IFIFO, "sock": stat.S_IFSOCK}
    for name, kind in kinds.items():
        if not (folder / name).exists():
            os.mknod(folder / name, kind)
            stack.callback((folder / name).unlink)
    (folder / "dir").mkdir(mode=0, exist_ok=True)
    # Where a unit's own mounts are put together, in systemd 252 and in 257, which a manager
    # without rights cannot make; and what a sandbox hides where a unit has credentials.
    for name in ("systemd/unit-root", "systemd/mount-rootfs", "credentials"):
        Path("/run", name).mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def user_manager(uid: int, *, namespaces: bool = True) -> Iterator[Manager]:
    """Run `systemd --user` for *uid*, which may make *namespaces*, inside `system`."""
    # Where ProtectHome= looks for homes, and where systemd itself expects the runtime folder.
    home, runtime = Path(tempfile.mkdtemp(prefix="eidos-", dir="/home")), Path(f"/run/user/{uid}")
    runtime.mkdir(parents=True, exist_ok=True)
    # As at a login, a tmpfs: systemd removes a RuntimeDirectory= on no other file system.
    options = f"mode=700,uid={uid},gid={pwd.getpwuid(uid).pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "eidos-test", runtime], check=True)
    os.chown(home, uid, pwd.getpwuid(uid).pw_gid)
    environ = {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "SYSTEMD_LOG_TARGET": "journal",
    }
    cgroups = _make_cgroups(uid)
    log = home / "manager.log"
    process = _start(_program(uid, namespaces=namespaces), environ, cgroups, log)
    manager = Manager(uid, environ, f"@{time.time():.6f}")
    try:
        until(
            lambda: (
                manager.run("systemctl", "--user", "is-system-running", check=False).stdout
                in {"running\n", "degraded\n"}
            ),
            20,
            log.read_text,
        )
        yield manager
    finally:
        _end(process)
        _remove_cgroups(cgroups)
        subprocess.run(["umount", runtime], check=True)
        runtime.rmdir()
        shutil.rmtree(home)


def _program(uid: int, *, namespaces: bool) -> str:
    """Return the shell command by which root becomes the manager of *uid*."""
    gid = pwd.getpwuid(uid).pw_gid
    become = f"exec setpriv --reuid {uid} --regid {gid} --clear-groups {SYSTEMD} --user"
    if namespaces:
        return become
    # In a user namespace with the same users, in which no further one can be made. Only from
    # outside can all users be mapped; and only a program that is started after that has rights.
    outside = (
        "ours=$(readlink /proc/$$/ns/user); "
        "(while [ $(readlink /proc/$$/ns/user) = $ours ]; do :; done; "
        "echo 0 0 65536 > /proc/$$/uid_map; echo 0 0 65536 > /proc/$$/gid_map) & "
    )
    forbid = f"echo 0 > /proc/sys/user/max_user_namespaces && {become}"
    wait = "until grep -q 65536 /proc/self/gid_map; do :; done"
    return f"{outside} exec unshare --user sh -c '{wait}; exec sh -c \"{forbid}\"'"


def _start(
    program: str, environ: dict[str, str], cgroups: list[Path], log: Path
) -> subprocess.Popen[bytes]:
    # The shell moves itself into the cgroups while it is root, then becomes the manager.
    moves = "".join(f"echo $$ > {folder}/cgroup.procs; " for folder in cgroups)
    with log.open("wb") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", f"{moves}{program}"],
            env=environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _make_cgroups(uid: int) -> list[Path]:
    folders = []
    for hierarchy in _hierarchies():
        folder = hierarchy / "user.slice" / f"user-{uid}.slice" / f"user@{uid}.service"
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.glob("cgroup.*"), folder / "tasks"):
            if path.exists():
                os.chown(path, uid, -1)
        folders.append(folder)
    return folders


def _hierarchies() -> list[Path]:
    if Path(CGROUPS, "cgroup.procs").exists():
        return [CGROUPS]
    names = ("systemd", "unified", "memory", "pids", "cpu")
    return [CGROUPS / name for name in names if Path(CGROUPS, name).is_dir()]


def _remove_cgroups(folders: list[Path]) -> None:
    for folder in folders:
        below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
        for path in (*below, folder, folder.parent, folder.parent.parent):
            with contextlib.suppress(OSError):
                path.rmdir()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
