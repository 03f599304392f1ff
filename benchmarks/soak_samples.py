"""What the soak looks at: a real daemon under load, and how it is every few seconds."""

import time
from pathlib import Path
from typing import Any, Final

import psutil
from faults.load import Load, Tally
from msgspec import Struct
from real_daemon import RealDaemon, real_daemon

EVERY_S: Final = 5.0


class Sample(Struct, frozen=True):
    """How the daemon was at one moment."""

    at_s: float
    daemon_rss_mb: float
    engine_rss_mb: float
    anonymous_mb: float
    """Of daemon and engines: what is no file's, and so can only be given back by them."""
    open_files: int
    """Of daemon and engines, as the next."""
    threads: int
    log_kb: float

    @property
    def rss_mb(self) -> float:
        """Return what daemon and engine have resident together.

        Not PSS, which grew by 15 % in half an hour because other programs on the machine ended
        with which they had shared their files.
        """
        return self.daemon_rss_mb + self.engine_rss_mb


def soak(seconds: float) -> tuple[list[Sample], Tally]:
    """Return how a daemon was every EVERY_S during *seconds* of load, and what the load counted."""
    samples: list[Sample] = []
    with real_daemon() as daemon:
        with Load(daemon.socket) as load:
            load.until_answered(1)
            begin_s = time.monotonic()
            while (at_s := time.monotonic() - begin_s) < seconds:
                samples.append(sample(daemon, at_s))
                load.last(EVERY_S - (time.monotonic() - begin_s) % EVERY_S)
        return samples, load.tally()


def sample(daemon: RealDaemon, at_s: float) -> Sample:
    """Return how *daemon* is now, *at_s* after the beginning."""
    status: dict[str, Any] = daemon.status()
    engines = [each["pid"] for each in status["engines"] if each["pid"]]
    processes = [psutil.Process(pid) for pid in (status["pid"], *engines)]
    return Sample(
        at_s=at_s,
        daemon_rss_mb=_mb(processes[0].memory_info().rss),
        engine_rss_mb=sum(_mb(process.memory_info().rss) for process in processes[1:]),
        anonymous_mb=sum(_anonymous_mb(process.pid) for process in processes),
        open_files=sum(process.num_fds() for process in processes),
        threads=sum(process.num_threads() for process in processes),
        log_kb=daemon.log_file.stat().st_size / 1000,
    )


def _mb(size_bytes: int) -> float:
    return size_bytes / 1e6


def _anonymous_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    (line,) = [line for line in lines if line.startswith("RssAnon:")]
    return int(line.split()[1]) * 1024 / 1e6
