"""What the benchmarks share: the machine in words, percentiles, an instant daemon, the page."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
TESTS = REPOSITORY / "tests"
MARK = "## Figures\n"
"""What stands before this line of a page is written by hand."""
sys.path.insert(0, str(TESTS))  # the benchmarks use the terminal and the daemons of the tests


def machine(load_before: float) -> str:
    """Return date, processor, cores and load in one line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    load = f"{load_before:.1f} before, {os.getloadavg()[0]:.1f} after"
    processor = names[0] if names else "unknown processor"
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processor}, {os.cpu_count()} cores; load {load}."
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value below which *percent* of *values* lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


@contextmanager
def instant_daemon(environ: dict[str, str], command: str) -> Generator[Callable[[], bool]]:
    """Run a daemon without a model, which answers *command* at once; yield whether it listens."""
    socket = Path(environ["XDG_RUNTIME_DIR"], "eidos", "eidosd.sock")
    program = [sys.executable, TESTS / "shell" / "fake_daemon.py", socket, command, "0"]
    process = subprocess.Popen(program)
    try:
        yield socket.exists
    finally:
        process.kill()
        process.wait()


def publish(page: Path, lines: Sequence[str]) -> None:
    """Print *lines*; with --write put them into *page* below its mark as well."""
    text = "\n".join(lines)
    print(text)
    if "--write" in sys.argv[1:]:
        by_hand = page.read_text(encoding="utf-8").partition(MARK)[0]
        page.write_text(f"{by_hand}{MARK}\n{text}\n", encoding="utf-8")
