"""What is counted of the requests that end."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.finished import Finished, Phase, PhaseName, Tokens
from eidos.metrics import COMMANDS, OTHER, OUTCOMES, UNKNOWN, Histogram, Latency, Metrics
from eidos.protocol import REQUESTS, ErrorCode, Level


def ended(command: str = "suggest", outcome: str = "ok", *, took_ms: float = 1.0) -> Finished:
    """Return a request that took *took_ms*."""
    return Finished(id="test", command=command, outcome=outcome, begin_s=0.0, end_s=took_ms / 1000)


def test_a_new_daemon_has_counted_nothing() -> None:
    """Before the first request every figure is zero."""
    metrics = Metrics()

    assert metrics.requests().total == 0
    assert metrics.requests().errors == {}
    assert metrics.latency() == Latency(0.0, 0.0, 0.0, 0)
    assert not metrics.ended.total()
    assert metrics.last_inference_s == 0


def test_percentiles_are_those_of_the_answers() -> None:
    """Over 1 to 100 ms: the median is 50, the 95th percentile 95, the 99th 99."""
    metrics = Metrics()
    for took_ms in range(100, 0, -1):
        metrics.observe(ended(took_ms=took_ms))
        metrics.observe(ended(outcome="engine", took_ms=9000))
        metrics.observe(ended("status", took_ms=9000))

    assert metrics.latency() == Latency(50, 95, 99, 100)


def test_the_slower_of_two_answers_is_in_the_high_percentiles() -> None:
    """After a slow first answer and a fast second one p99 is the slow one."""
    metrics = Metrics()
    for took_ms in (3000, 30):
        metrics.observe(ended(took_ms=took_ms))

    assert metrics.latency() == Latency(30, 3000, 3000, 2)


def test_only_the_latest_thousand_answers_count_for_percentiles() -> None:
    """A slow morning is forgotten after a thousand fast answers; the totals are not."""
    metrics = Metrics()
    for took_ms in [900.0] * 500 + [10.0] * 1000:
        metrics.observe(ended(took_ms=took_ms))

    assert metrics.latency() == Latency(10, 10, 10, 1000)
    assert metrics.requests().ok == 1500


def test_failures_are_counted_by_their_code() -> None:
    """Totals are the sum of answers and failures; what could not be read is a failure."""
    metrics = Metrics()
    metrics.observe(ended())
    for code in ("busy", "busy", "empty"):
        metrics.observe(ended(outcome=code))
    metrics.observe(ended(UNKNOWN, "bad-message"))

    requests = metrics.requests()

    assert (requests.total, requests.ok, requests.failed) == (5, 1, 4)
    assert requests.errors == {"busy": 2, "empty": 1, "bad-message": 1}


def test_other_requests_are_no_suggestions() -> None:
    """A status, or a reload that was refused, is counted, and not among the suggestions."""
    metrics = Metrics()
    metrics.observe(ended("status"))
    metrics.observe(ended("reload", "config"))

    assert metrics.requests().total == 0
    assert metrics.ended["status", "ok"] == 1
    assert metrics.errors()["config"] == 1


def test_cancelled_requests_are_part_of_the_total() -> None:
    """A request that nobody waited for is neither an answer nor a failure."""
    metrics = Metrics()
    metrics.observe(ended())
    metrics.observe(ended(outcome="cancelled"))

    requests = metrics.requests()

    assert (requests.total, requests.ok, requests.failed, requests.cancelled) == (2, 1, 0, 1)
    assert not metrics.errors().total()


def test_every_part_of_a_request_is_counted() -> None:
    """Phases, tokens, verdicts and the time of the inference come from one record."""
    metrics = Metrics(clock=lambda: 1000.0)
    phases = (Phase(PhaseName.QUEUE, 1.0, 1.5), Phase(PhaseName.VALIDATE, 2.0, 2.25))

    metrics.observe(
        Finished(
            id="a", command="suggest", outcome="ok", begin_s=1.0, end_s=3.0,
            phases=phases, tokens=Tokens(30, 9, 4), verdicts=("ok", "block"),
        )
    )  # fmt: skip

    assert metrics.durations["suggest"].sum_s == 2.0
    assert metrics.phases["queue"].sum_s == 0.5
    assert metrics.phases["validate"].sum_s == 0.25
    assert metrics.phases["generate"].buckets()[-1] == ("+Inf", 0)
    assert (metrics.prompt_tokens, metrics.generated_tokens, metrics.drafted_tokens) == (30, 9, 4)
    assert metrics.verdicts == {"ok": 1, "warn": 0, "block": 1}
    assert metrics.last_inference_s == 1000.0


def test_an_answer_of_the_cache_is_no_inference() -> None:
    """The time of the last inference says that an engine worked, and nothing less."""
    metrics = Metrics()

    metrics.observe(ended())

    assert metrics.last_inference_s == 0


@pytest.mark.parametrize(
    ("outcome", "number"),
    [("ok", 1), ("deadline", 1), ("engine", 1), ("busy", 0), ("empty", 0), ("cancelled", 0)],
)
def test_the_quick_refusals_do_not_make_answers_look_fast(outcome: str, number: int) -> None:
    """The histogram has the requests that the daemon worked on, those given up included."""
    metrics = Metrics()

    metrics.observe(ended(outcome=outcome))

    assert metrics.durations["suggest"].buckets()[-1] == ("+Inf", number)


def test_a_bucket_holds_what_is_at_most_its_bound() -> None:
    """Buckets count up, as Prometheus wants them, and a bound is part of its own bucket."""
    histogram = Histogram((0.1, 1.0))
    for duration_s in (0.05, 0.1, 0.5, 1.0, 30.0):
        histogram.add(duration_s)

    assert histogram.buckets() == [("0.1", 2), ("1.0", 4), ("+Inf", 5)]
    assert histogram.sum_s == pytest.approx(31.65)


def test_reloads_are_counted_by_what_became_of_them() -> None:
    """A refused configuration can be told from one that took over."""
    metrics = Metrics()
    metrics.reloaded(ok=True)
    metrics.reloaded(ok=False)

    assert metrics.reloads == {"ok": 1, "refused": 1}


@given(
    st.lists(
        st.builds(
            Finished,
            id=st.text(),
            command=st.text() | st.sampled_from(COMMANDS),
            outcome=st.text() | st.sampled_from(OUTCOMES),
            begin_s=st.floats(-1e9, 1e9),
            end_s=st.floats(-1e9, 1e9),
            verdicts=st.lists(st.text() | st.sampled_from(Level)).map(tuple),
        ),
        max_size=20,
    )
)
def test_nobody_can_make_a_label(requests: list[Finished]) -> None:
    """Whatever ends, the labels are those of the enumerations, and each request is counted."""
    metrics = Metrics()
    for request in requests:
        metrics.observe(request)

    commands, outcomes = {*REQUESTS, "unknown"}, {"ok", "cancelled", OTHER, *ErrorCode}
    assert all(pair[0] in commands and pair[1] in outcomes for pair in metrics.ended)
    assert set(metrics.durations) <= commands
    assert set(metrics.verdicts) <= {*Level, OTHER}
    assert set(metrics.errors()) <= outcomes
    assert metrics.ended.total() == len(requests)
    assert all(histogram.sum_s >= 0 for histogram in metrics.durations.values())


def test_counting_imports_no_library() -> None:
    """The daemon counts from its first request on; prometheus_client waits for the first look."""
    program = "import sys, eidos.server; print('prometheus_client' in sys.modules)"

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout == "False\n"
