"""Counts and percentiles."""

from eidos.metrics import Latency, Metrics


def test_a_new_daemon_has_counted_nothing() -> None:
    """Before the first request every figure is zero."""
    metrics = Metrics()

    assert metrics.requests().total == 0
    assert metrics.latency() == Latency(0.0, 0.0, 0.0, 0)


def test_percentiles_are_those_of_the_answers() -> None:
    """Over 1 to 100 ms: the median is 50, the 95th percentile 95, the 99th 99."""
    metrics = Metrics()
    for latency_ms in range(100, 0, -1):
        metrics.answered(latency_ms)

    assert metrics.latency() == Latency(50, 95, 99, 100)


def test_only_the_latest_thousand_answers_count_for_percentiles() -> None:
    """A slow morning is forgotten after a thousand fast answers; the totals are not."""
    metrics = Metrics()
    for latency_ms in [900.0] * 500 + [10.0] * 1000:
        metrics.answered(latency_ms)

    assert metrics.latency() == Latency(10, 10, 10, 1000)
    assert metrics.requests().ok == 1500


def test_failures_are_counted_by_their_code() -> None:
    """Totals are the sum of answers and failures."""
    metrics = Metrics()
    metrics.answered(1)
    for code in ("busy", "busy", "empty"):
        metrics.failed(code)

    requests = metrics.requests()

    assert (requests.total, requests.ok, requests.failed) == (4, 1, 3)
    assert requests.errors == {"busy": 2, "empty": 1}


def test_cancelled_requests_are_part_of_the_total() -> None:
    """A request that nobody waited for is neither an answer nor a failure."""
    metrics = Metrics()
    metrics.answered(1)
    metrics.cancelled()

    requests = metrics.requests()

    assert (requests.total, requests.ok, requests.failed, requests.cancelled) == (2, 1, 0, 1)
