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
import platform
import resource
import signal
import socket
import subprocess
import time
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


def write_cgroup():
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, kind, path = line.split(":", 2)
        folder = Path("/sys/fs/cgroup", kind, path.lstrip("/"))
        if kind in {"", "memory"} and folder.is_dir():
            (folder / "probe").mkdir()
            (folder / "probe").rmdir()


def system_call(name, *arguments):
    # Numbers of the two machines on which the tests run; others have no such trial.
    numbers = SYSTEM_CALLS.get(platform.machine())
    return (lambda: call(LIBC.syscall, numbers[name], *arguments)) if numbers else lambda: None


SYSTEM_CALLS = {
    "x86_64": {"add_key": 248, "io_uring_setup": 425, "ptrace": 101, "bpf": 321, "shmget": 29},
    "aarch64": {"add_key": 217, "io_uring_setup": 425, "ptrace": 117, "bpf": 280, "shmget": 194},
}
NOBODY = 2**22 + 1  # beyond every pid
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
    "personality": lambda: call(LIBC.personality, 8),
    "key ring": system_call("add_key", b"user", b"eidos", b"x", 1, -2),
    "io_uring": system_call("io_uring_setup", 1, None),
    "trace a process": system_call("ptrace", 16, NOBODY, 0, 0),
    "load a bpf program": system_call("bpf", 5, None, 0),
    "shared memory of System V": system_call("shmget", 0, 4096, 0o1600),
    "locked memory": lambda: call(LIBC.mlock, ctypes.create_string_buffer(8), 8),
    "owner of a file": lambda: os.chown(os.environ["RUNTIME_DIRECTORY"], -1, -1),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 19),
    "clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "host name": lambda: call(LIBC.sethostname, b"eidos", 5),
    "kernel log": lambda: call(LIBC.klogctl, 3, ctypes.create_string_buffer(64), 64),
    "control group": write_cgroup,
    "kernel setting": lambda: Path("/proc/self/../sys/kernel/hostname").open("a").close(),
    "write to the runtime folder": write(Path(os.environ["RUNTIME_DIRECTORY"], "file")),
    "write to the state folder": write(Path(HOME, ".local/state/eidos/written")),
    "write to the graphs": write(Path(HOME, ".cache/eidos/graphs/written")),
    "write to the head of the audit log": write(Path(HOME, ".local/share/eidos/written")),
    "write to the models": write(Path(HOME, ".local/share/eidos/models/written")),
    "write to the cache of others": write(Path(HOME, ".cache/written")),
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


def credentials():
    folder = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"))
    if not folder.is_dir():
        return {}
    return {
        path.name: [oct(path.stat().st_mode & 0o777), path.read_text()] for path in folder.iterdir()
    }


def cgroup_value(kind, old_name, new_name):
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, found, path = line.split(":", 2)
        if found in {kind, ""}:
            for name in (old_name, new_name):
                file = Path("/sys/fs/cgroup", found, path.lstrip("/"), name)
                if file.exists():
                    return int(file.read_text().replace("max", "-1"))
    return None


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
        "namespaces": {
            name: (Path("/proc/self/ns") / name).readlink().name
            for name in ("user", "mnt", "net", "uts")
        },
        "read-only mounts": sorted(
            fields[4]
            for fields in map(str.split, Path("/proc/self/mountinfo").read_text().splitlines())
            if "ro" in fields[5].split(",")
        ),
        "processes of others": sum(
            path.stat().st_uid != os.getuid() for path in Path("/proc").glob("[1-9]*")
        ),
        "cpu information": Path("/proc/cpuinfo").exists(),
        "credentials": credentials(),
        "memory limit": cgroup_value("memory", "memory.limit_in_bytes", "memory.max"),
        "tasks limit": cgroup_value("pids", "pids.max", "pids.max"),
        "oom score": int(Path("/proc/self/oom_score_adj").read_text()),
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
