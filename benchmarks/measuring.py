"""What the benchmarks share: the requests, the machine in words, percentiles, memory, the page."""

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
MARK = "## Figures"
"""The section of a page that a script writes; the rest is written by hand."""
sys.path.insert(0, str(TESTS))  # the benchmarks use the terminal and the daemons of the tests


def requests(count: int | None = None) -> list[str]:
    """Return the fixed requests, or *count* of them, spread evenly over all areas and lengths."""
    lines = (REPOSITORY / "benchmarks" / "requests.txt").read_text(encoding="utf-8").splitlines()
    texts = [line for line in lines if line and not line.startswith("#")]
    if count is None or count >= len(texts):
        return texts
    return [texts[number * len(texts) // count] for number in range(count)]


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


def memory_mb(pid: int) -> tuple[float, float]:
    """Return the resident and the proportional memory of process *pid* in MB (10^6 bytes)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kib["Rss"] * 1024 / 1e6, kib["Pss"] * 1024 / 1e6


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
    """Print *lines*; with --write put them into the section of *page* that is for figures."""
    print("\n".join(lines))
    if "--write" in sys.argv[1:]:
        write_section(page, MARK, lines)


def write_section(page: Path, heading: str, lines: Sequence[str]) -> None:
    """Put *lines* below *heading* of *page*, in place of what stands there up to the next section.

    A page without such a section gets one at its end.
    """
    before, mark, behind = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    _, next_mark, others = behind.partition("\n## ")
    text = "\n".join(lines)
    rest = f"{next_mark}{others}" if mark else ""
    page.write_text(f"{before.rstrip()}\n\n{heading}\n\n{text}\n{rest}", encoding="utf-8")
