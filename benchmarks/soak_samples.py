"""What the soak looks at: a real daemon under load, and how it is every few seconds."""

import time
from typing import Any, Final

import psutil
from faults.load import Load, Tally
from msgspec import Struct
from real_daemon import RealDaemon, real_daemon

from benchmarks.measuring import memory_mb

EVERY_S: Final = 5.0


class Sample(Struct, frozen=True):
    """How the daemon was at one moment."""

    at_s: float
    daemon_rss_mb: float
    daemon_pss_mb: float
    engine_rss_mb: float
    engine_pss_mb: float
    open_files: int
    """Of daemon and engines, as the next."""
    threads: int
    log_kb: float

    @property
    def pss_mb(self) -> float:
        """Return what daemon and engine take together, what they share counted once."""
        return self.daemon_pss_mb + self.engine_pss_mb


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
    own = memory_mb(status["pid"])
    others = [memory_mb(pid) for pid in engines]
    processes = [psutil.Process(pid) for pid in (status["pid"], *engines)]
    return Sample(
        at_s=at_s,
        daemon_rss_mb=own[0],
        daemon_pss_mb=own[1],
        engine_rss_mb=sum(rss_mb for rss_mb, _ in others),
        engine_pss_mb=sum(pss_mb for _, pss_mb in others),
        open_files=sum(process.num_fds() for process in processes),
        threads=sum(process.num_threads() for process in processes),
        log_kb=daemon.log_file.stat().st_size / 1000,
    )
