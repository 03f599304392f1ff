# ruff: noqa: ANN001, ANN002, ANN201, ANN202, D103
"""Try what the sandbox forbids, from inside it, and write down what happened.

Started by systemd in place of eidosd; needs the standard library only, and any Python 3.9;
it is kept free of what a type checker would want.
Each trial ends as "allowed" or as the name of the error.
"""

import ctypes
import errno
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER = 0x10000000


def call(function, *arguments):
    if function(*arguments) == -1:
        raise OSError(ctypes.get_errno(), "")


def outcome(trial):
    try:
        trial()
    except OSError as exc:
        return errno.errorcode.get(exc.errno, str(exc))
    return "allowed"


def write(path):
    def trial():
        Path(path).write_text("written from inside the sandbox")

    return trial


def make_setuid():
    path = Path(os.environ["RUNTIME_DIRECTORY"], "setuid")
    path.write_text("")
    path.chmod(0o4755)


def send_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", ("127.0.0.1", 9))


HOME = os.environ["HOME"]
TRIALS = {
    "unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "internet socket": send_datagram,
    "internet socket, version 6": lambda: socket.socket(socket.AF_INET6).close(),
    "netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "writable and executable memory": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ).close(),
    "new namespace": lambda: call(LIBC.unshare, CLONE_NEWUSER),
    "mount": lambda: call(LIBC.mount, b"none", b"/mnt", b"tmpfs", 0, None),
    "real-time scheduling": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "setuid file": make_setuid,
    "write to the runtime folder": write(Path(os.environ["RUNTIME_DIRECTORY"], "file")),
    "write to the state folder": write(Path(HOME, ".local/state/eidos/written")),
    "write to the home": write(Path(HOME, "written")),
    "write to the runtime folder of others": write(Path(os.environ["XDG_RUNTIME_DIR"], "written")),
    "write to /tmp": write(os.environ["PROBE_TMP"]),
    "run a program of the home": lambda: subprocess.run([f"{HOME}/program"], check=True),
    "run a program of the system": lambda: subprocess.run(["/bin/true"], check=True),
}


def status_field(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split()[1]
    return ""


def facts():
    umask = os.umask(0o077)
    return {
        "effective capabilities": int(status_field("CapEff"), 16),
        "bounding capabilities": int(status_field("CapBnd"), 16),
        "no new privileges": status_field("NoNewPrivs"),
        "seccomp": status_field("Seccomp"),
        "umask": umask,
        "core limit": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "files limit": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "devices": len(list(Path("/dev").iterdir())),
        "network interfaces": sorted(name for _, name in socket.if_nameindex())
        if outcome(socket.if_nameindex) == "allowed"
        else [],
        "telemetry": os.environ.get("ORT_DISABLE_TELEMETRY", ""),
        "runtime folder mode": Path(os.environ["RUNTIME_DIRECTORY"]).stat().st_mode & 0o777,
    }


def main():
    result = {"trials": {name: outcome(trial) for name, trial in TRIALS.items()}, "facts": facts()}
    folder = Path(os.environ["RUNTIME_DIRECTORY"])
    (folder / "result.part").write_text(json.dumps(result))
    (folder / "result.part").rename(folder / "result.json")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    signal.sigwait({signal.SIGTERM})


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
main()
