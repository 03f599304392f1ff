"""Whether the daemon grows: half an hour of requests, five a second, looked at every five seconds.

    python benchmarks/soak.py [--minutes=30] [--write]

All requests are different, so that the engine works for each, and the cache is full after a minute.
Looked at are memory, open files and threads of daemon and engine, and the size of the log. Growth
is counted from minute five (or a sixth of the time) to the end, both as the median over a minute.
With --write the figures go into docs/faults.md and the curve into docs/soak.svg. Ends with 1 where
anything was lost or memory grew by 5 % or more.
"""

import os
import statistics
import sys
from collections.abc import Sequence
from typing import Final

from benchmarks.curve import Line, draw
from benchmarks.measuring import REPOSITORY, machine, write_section
from benchmarks.soak_samples import EVERY_S, Sample, Tally, soak

PAGE: Final = REPOSITORY / "docs" / "faults.md"
PICTURE: Final = REPOSITORY / "docs" / "soak.svg"
MINUTES: Final = 30.0
MOST_GROWTH: Final = 0.05
_WARM_UP: Final = 1 / 6
"""Of the time: five minutes of thirty. Until then the cache fills, and libraries allocate."""
_EDGE: Final = 1 / 30
"""Of the time: the minute at each end whose median counts."""


def main() -> int:
    """Soak, print, and write where asked to; return 1 where there is something to look into."""
    arguments = sys.argv[1:]
    minutes = [float(each.partition("=")[2]) for each in arguments if each.startswith("--minutes=")]
    load_before = os.getloadavg()[0]
    seconds = 60 * (minutes[0] if minutes else MINUTES)
    samples, tally = soak(seconds)
    lines = report(samples, tally, load_before)
    print("\n".join(lines))
    if "--write" in arguments:
        write_section(PAGE, "## Soak", lines)
        PICTURE.write_text(picture(samples), encoding="utf-8")
    return int(bool(tally.lost) or max(growths(samples).values()) >= MOST_GROWTH)


def growths(samples: Sequence[Sample]) -> dict[str, float]:
    """Return by how much of itself each memory grew, from behind the warm-up to the end."""
    return {
        name: edges(samples, name)[1] / edges(samples, name)[0] - 1
        for name in ("daemon_rss_mb", "engine_rss_mb", "rss_mb", "anonymous_mb")
    }


def edges(samples: Sequence[Sample], name: str) -> tuple[float, float]:
    """Return the medians of *name* over the first minute that counts, and over the last."""
    end_s = samples[-1].at_s
    behind = [each for each in samples if each.at_s >= _WARM_UP * end_s]
    length_s = max(_EDGE * end_s, 2 * EVERY_S)
    first = [each for each in behind if each.at_s <= behind[0].at_s + length_s]
    last = [each for each in behind if each.at_s >= end_s - length_s]
    return _median(first, name), _median(last, name)


def report(samples: Sequence[Sample], tally: Tally, load_before: float) -> list[str]:
    """Return the figures as they stand in the page."""
    end_s = samples[-1].at_s
    grown = growths(samples)
    rows = [
        ("memory of the daemon, MB (RSS)", "daemon_rss_mb", f"{grown['daemon_rss_mb']:+.1%}"),
        ("memory of the engine, MB (RSS)", "engine_rss_mb", f"{grown['engine_rss_mb']:+.1%}"),
        ("both, MB (RSS)", "rss_mb", f"{grown['rss_mb']:+.1%}"),
        ("of that anonymous, MB", "anonymous_mb", f"{grown['anonymous_mb']:+.1%}"),
        ("open files", "open_files", ""),
        ("threads", "threads", ""),
        ("log, kB", "log_kb", ""),
    ]
    cells = [(label, *edges(samples, name), grown_by) for label, name, grown_by in rows]
    refused = ", ".join(f"{count} {code}" for code, count in tally.refused.items()) or "none"
    asked = f"{end_s / 60:.0f} minutes, {tally.sent} requests, {tally.sent / end_s:.1f} a second"
    ended = f"{tally.answered} answered, refused {refused}, {len(tally.lost)} lost"
    return [
        f"{asked}: {ended}. {machine(load_before)}",
        "",
        f"| | after {_WARM_UP * end_s / 60:.1f} minutes | at the end | growth |",
        "|---|---|---|---|",
        *(f"| {label} | {first:.1f} | {last:.1f} | {by} |" for label, first, last, by in cells),
        "",
        "![Memory of daemon and engine over the time](soak.svg)",
    ]


def picture(samples: Sequence[Sample]) -> str:
    """Return the curve of the memory as SVG."""
    at_min = [each.at_s / 60 for each in samples]
    lines = [
        Line("daemon and engine", [each.rss_mb for each in samples]),
        Line("engine", [each.engine_rss_mb for each in samples]),
        Line("daemon", [each.daemon_rss_mb for each in samples]),
    ]
    return draw(at_min, lines, across="minutes", up="MB (RSS)")


def _median(samples: Sequence[Sample], name: str) -> float:
    return statistics.median(getattr(each, name) for each in samples)


if __name__ == "__main__":
    sys.exit(main())
