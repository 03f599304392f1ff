"""What the soak makes of its samples."""

import pytest
from faults.load import Tally

from benchmarks.soak import growths, picture, report
from benchmarks.soak_samples import Sample


def sample(at_s: float, daemon_mb: float) -> Sample:
    """Return a sample whose engine takes 200 MB."""
    return Sample(at_s, daemon_mb, 200.0, 200.0, 30, 8, at_s)


def test_what_grows_in_the_warm_up_does_not_count() -> None:
    """A daemon that grows for four minutes of thirty, and then no more, did not grow."""
    samples = [sample(at_s, min(50, 30 + at_s / 12)) for at_s in range(0, 1800, 5)]

    assert growths(samples)["daemon_rss_mb"] == 0


def test_what_grows_behind_it_does() -> None:
    """A megabyte a minute shows, as a share of what it was after the warm-up."""
    samples = [sample(at_s, 30 + at_s / 60) for at_s in range(0, 1800, 5)]

    assert growths(samples)["daemon_rss_mb"] == pytest.approx(24 / 35.5, rel=0.01)
    assert growths(samples)["engine_rss_mb"] == 0


def test_the_report_says_what_was_refused_and_lost() -> None:
    """The line over the table has all counts, by the code of the error."""
    samples = [sample(at_s, 30) for at_s in range(0, 600, 5)]
    tally = Tally(sent=3000, answered=2990, refused={"busy": 9}, lost=("why",), back_s=None)

    first = report(samples, tally, 0.1)[0]

    assert "3000 requests, 5.0 a second: 2990 answered, refused 9 busy, 1 lost" in first
    assert "polyline" in picture(samples)
