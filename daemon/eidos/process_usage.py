"""What the daemon and its engines take of the machine, as the kernel counts it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import psutil

Value = TypeVar("Value")

CGROUPS: Final = Path("/sys/fs/cgroup")
SELF: Final = Path("/proc/self/cgroup")


class ProcessUsage(msgspec.Struct, frozen=True):
    """What one process takes now (memory, files) and has taken since its start (the rest).

    None stands for what the kernel does not tell us.
    """

    cpu_s: float | None
    rss_bytes: int | None
    open_fds: int | None
    max_fds: int | None
    read_bytes: int | None
    """From disks, and not from the page cache."""
    written_bytes: int | None


class MemoryUsage(msgspec.Struct, frozen=True):
    """What all processes of this unit take together of what they may."""

    used_bytes: int
    """Without the pages of files that the kernel would give back first."""
    limit_bytes: int


def usage_of(pid: int) -> ProcessUsage | None:
    """Return what the process *pid* takes, None where there is no such process (any more)."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            cpu, io = _tell(process.cpu_times), _tell(process.io_counters)
            memory, limits = _tell(process.memory_info), _tell(lambda: _limits(process))
            return ProcessUsage(
                cpu_s=None if cpu is None else cpu.user + cpu.system,
                rss_bytes=None if memory is None else memory.rss,
                open_fds=_tell(process.num_fds),
                max_fds=None if limits is None else limits[0],
                read_bytes=None if io is None else io.read_bytes,
                written_bytes=None if io is None else io.write_bytes,
            )
    except psutil.NoSuchProcess:
        return None


def unit_memory(membership: Path = SELF, cgroups: Path = CGROUPS) -> MemoryUsage | None:
    """Return what our control group takes of its lower limit, None where it has none of its own.

    A daemon without a unit is in the group of the session that started it, which has no limit.
    """
    try:
        unified = next(line for line in membership.read_text().splitlines() if line[:3] == "0::")
        group = cgroups / unified[3:].lstrip("/")
        # Above memory.high the kernel slows all of them down, so that few ever reach memory.max.
        limits = [(group / name).read_text().strip() for name in ("memory.high", "memory.max")]
        limit_bytes = min(int(limit) for limit in limits if limit != "max")
        used_bytes = int((group / "memory.current").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return MemoryUsage(max(0, used_bytes - int(stat["inactive_file"])), limit_bytes)
    except (OSError, ValueError, KeyError, StopIteration):
        return None


def _limits(process: psutil.Process) -> tuple[int, int]:
    return process.rlimit(psutil.RLIMIT_NOFILE)


def _tell(read: Callable[[], Value]) -> Value | None:
    """Return what *read* does, None where the kernel keeps it from us."""
    try:
        return read()
    except psutil.AccessDenied:
        return None
