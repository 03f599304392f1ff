"""Measure what a daemon logs while hostile clients make it say something as often as they can.

python benchmarks/log_flood.py [SECONDS]     prints the figures of docs/logs.md
"""

import os
import sys
import time
from pathlib import Path

from measuring import machine
from noisy_clients import Flood
from real_daemon import real_daemon

SECONDS = 120
BURST_S = 30
"""By then what may be written at once is used up: after it the rate is constant."""
HOUR_S = 3600


def main() -> None:
    """Print how much came through, and what an hour and a day of this would write."""
    length_s = int(sys.argv[1]) if sys.argv[1:] else SECONDS
    load_before = os.getloadavg()[0]
    with real_daemon() as daemon, Flood(daemon.socket).running() as flood:
        begin_s = time.monotonic()
        time.sleep(BURST_S)
        burst_bytes, burst_s = _size(daemon.log_file), time.monotonic() - begin_s
        time.sleep(length_s - BURST_S)
        all_bytes, all_s = _size(daemon.log_file), time.monotonic() - begin_s
        answered, notices = flood.answered, daemon.log.count("lines not logged")
    rate = (all_bytes - burst_bytes) / (all_s - burst_s)
    print(machine(load_before))
    print(f"{flood.clients} clients, {answered / all_s:.0f} refused messages a second")
    print(f"log after {all_s:.0f} s: {all_bytes / 1e6:.2f} MB, {notices} notices")
    print(f"rate after the first {burst_s:.0f} s: {rate:.0f} bytes a second")
    for name, span_s in (("first hour", HOUR_S), ("first day", 24 * HOUR_S)):
        print(f"{name}: {(burst_bytes + rate * (span_s - burst_s)) / 1e6:.1f} MB")


def _size(file: Path) -> int:
    return file.stat().st_size


if __name__ == "__main__":
    main()
