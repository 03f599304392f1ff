"""Traces: what a collector is sent, and that one that is away costs a request nothing."""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector import Collector, collector
from real_daemon import EXAMPLE, real_daemon, until

from eidos.errors import ConfigError
from eidos.finished import Finished, Phase, PhaseName, Tokens
from eidos.protocol import Shell, Suggestions
from eidos.tracing import Tracing


def finished(*, identity: str = "ab-1", outcome: str = "ok", begin_s: float = 0.0) -> Finished:
    """Return a request of 100 ms with two phases, which has ended just now."""
    begin_s = begin_s or time.monotonic() - 0.1
    return Finished(
        id=identity,
        command="suggest",
        outcome=outcome,
        begin_s=begin_s,
        end_s=begin_s + 0.1,
        shell=str(Shell.FISH),
        phases=(
            Phase(PhaseName.QUEUE, begin_s + 0.01, begin_s + 0.02),
            Phase(PhaseName.GENERATE, begin_s + 0.02, begin_s + 0.09),
        ),
        tokens=Tokens(30, 12, 5),
        verdicts=("ok", "block"),
    )


def tracing_to(url: str, share: float = 1.0) -> Tracing:
    """Return what sends traces to *url*."""
    tracing = Tracing()
    tracing.configure(url, share)
    return tracing


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A real collector."""
    with collector(tmp_path_factory.mktemp("collector")) as started:
        yield started


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_request_becomes_a_trace(running: Collector) -> None:
    """A collector gets a span of the request and one for each phase, at the times of the clock."""
    request = finished()
    now_ns = time.time_ns()
    tracing = tracing_to(running.url, 1.0)

    tracing.observe(request)
    tracing.close()

    received = running.spans_with(request.id)
    spans = {span.name: span for span in received if span.trace == tracing.trace_id(request)}
    root = spans.pop("eidos.request")
    assert set(spans) == {"eidos.queue", "eidos.generate"}
    assert {span.parent for span in spans.values()} == {root.identity}
    assert root.parent == ""
    assert root.end_ns - root.begin_ns == pytest.approx(100_000_000, abs=1000)
    assert abs(root.end_ns - now_ns) < 10**9
    assert spans["eidos.queue"].begin_ns - root.begin_ns == pytest.approx(10_000_000, abs=1000)
    assert root.attributes == {
        "eidos.request_id": "ab-1",
        "eidos.command": "suggest",
        "eidos.outcome": "ok",
        "eidos.shell": "fish",
        "eidos.tokens.prompt": "30",
        "eidos.tokens.generated": "12",
        "eidos.tokens.drafted": "5",
        "eidos.verdicts": "Str(ok), Str(block)",
    }


def test_another_collector_gets_what_follows(running: Collector, tmp_path: Path) -> None:
    """When the configuration is read again each gets what was its own."""
    tracing = tracing_to(running.url)
    with collector(tmp_path) as other:
        tracing.observe(finished(identity="before"))
        tracing.configure(other.url, 1.0)
        tracing.observe(finished(identity="after"))
        tracing.close()
        running.spans_with("before")
        other.spans_with("after")

        assert "Str(before)" not in other.text
    assert "Str(after)" not in running.text


def test_a_wrong_address_changes_nothing(running: Collector) -> None:
    """Who writes a wrong address into the configuration keeps the collector that there was."""
    tracing = tracing_to(running.url)
    with pytest.raises(ConfigError):
        tracing.configure("http://example.org", 1.0)

    tracing.observe(finished(identity="still"))
    tracing.close()

    running.spans_with("still")


def test_an_error_is_one(running: Collector) -> None:
    """A request that failed is marked, by its code; one that was called off is none."""
    tracing = tracing_to(running.url, 1.0)

    for outcome in ("deadline", "cancelled"):
        tracing.observe(finished(identity=outcome, outcome=outcome))
    tracing.close()

    spans = {span.request: span for span in running.spans_with("deadline", "cancelled")}
    assert spans["deadline"].status == "STATUS_CODE_ERROR deadline"
    assert spans["cancelled"].status == "STATUS_CODE_UNSET"


def test_two_requests_of_one_id_are_two_traces(running: Collector) -> None:
    """Clients choose ids, and may choose the same: a trace is one request's nevertheless."""
    tracing = tracing_to(running.url, 1.0)

    one, other = finished(begin_s=10.0), finished(begin_s=20.0)

    assert tracing.trace_id(one) == tracing.trace_id(one)
    assert tracing.trace_id(one) != tracing.trace_id(other)
    tracing.close()


def test_a_share_is_traced(running: Collector) -> None:
    """trace_share is how many requests have a trace; the rest have no id in the log either."""
    tracing = tracing_to(running.url, 0.25)
    requests = [finished(identity=f"share-{n}", begin_s=10.0 + n) for n in range(200)]

    traced = {request.id: tracing.trace_id(request) for request in requests}
    traced = {identity: trace for identity, trace in traced.items() if trace}
    for request in requests:
        tracing.observe(request)
    tracing.close()

    assert 20 < len(traced) < 80
    received = running.spans_with(*traced)
    roots = [span for span in received if span.request.startswith("share-")]
    assert {span.request: span.trace for span in roots} == traced
    assert len(roots) == len(traced)


def test_a_collector_that_is_away_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it does not take traces, none for each try."""
    tracing = tracing_to("http://127.0.0.1:9", 1.0)

    with caplog.at_level(logging.DEBUG):
        for _ in range(500):
            tracing.observe(finished())
        until(lambda: "takes no traces" in caplog.text)
        tracing.close()

    assert [message for message in caplog.messages if "trace" in message] == [
        "the collector at 127.0.0.1:9 takes no traces; they are lost until it does (trace_url)"
    ]


def test_a_collector_that_hangs_keeps_nobody(silent: str) -> None:
    """Closing ends in a second or so where an export waits for an answer that never comes."""
    tracing = tracing_to(silent, 1.0)
    for _ in range(700):
        tracing.observe(finished())

    closing = threading.Thread(target=tracing.close)
    closing.start()
    closing.join(timeout=20)  # the SDK's own limit is 30 s, and 10 s for each try

    assert not closing.is_alive()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.org:4318", "in the clear"),
        ("ftp://127.0.0.1", "must be like"),
        ("127.0.0.1:4318", "must be like"),
        ("https://me:secret@example.org", "no user, password"),
        ("https://example.org/?key=secret", "no user, password"),
        ("https://example.org:99999", "no address"),
        ("https://exam ple.org", "must be like"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, reason: str) -> None:
    """Only https, or http to this machine; and no message shows what may be a key."""
    with pytest.raises(ConfigError, match=reason) as caught:
        tracing_to(url, 1.0)

    assert "secret" not in str(caught.value)


def test_no_address_is_no_tracing() -> None:
    """Without trace_url there is nothing, and the SDK is not even imported."""
    program = (
        "import sys; from eidos.tracing import Tracing; Tracing().configure('', 1.0);"
        "print([name for name in sys.modules if 'opentelemetry' in name])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants traces without the packages reads what to install."""
    monkeypatch.setattr("eidos.tracing.find_spec", _nothing)

    with pytest.raises(ConfigError, match=r"pip install 'eidosctl\[tracing\]'"):
        tracing_to("http://127.0.0.1:4318", 1.0)


@pytest.mark.model
def test_a_real_request_is_traced_through_all_its_phases(running: Collector) -> None:
    """The daemon's and its engine's phases are one trace, whose id stands in the log."""
    with real_daemon(EIDOS_TRACE_URL=running.url) as daemon:
        assert isinstance(daemon.ask(EXAMPLE), Suggestions)
        daemon.stop()
        (line,) = [line for line in daemon.log.splitlines() if "request=test suggest ok" in line]

    trace = line.rpartition("trace=")[2]
    received = running.spans_with("test")
    spans = {span.name: span for span in received if span.trace == trace}
    root = spans["eidos.request"]
    phases = ("look", "queue", "retrieve", "prompt", "generate", "validate")
    assert set(spans) == {"eidos.request", *(f"eidos.{phase}" for phase in phases)}
    assert root.attributes["eidos.request_id"] == "test"
    assert all(
        root.begin_ns <= span.begin_ns <= span.end_ns <= root.end_ns for span in spans.values()
    )
    assert "larger than" not in running.text
    assert "/var/log" not in running.text


@pytest.mark.model
def test_a_daemon_without_its_collector_serves(tmp_path: Path) -> None:
    """It starts, answers and ends as ever; when the collector comes, it gets what follows."""
    with collector(tmp_path) as gone:
        port = int(gone.url.rpartition(":")[2])
    with real_daemon(EIDOS_TRACE_URL=gone.url) as daemon:
        assert isinstance(daemon.ask(EXAMPLE), Suggestions)
        until(lambda: "takes no traces" in daemon.log, log=lambda: daemon.log)
        with collector(tmp_path, port=port) as back:
            assert isinstance(daemon.ask(EXAMPLE), Suggestions)
            daemon.stop()
            back.spans_with("test")
        assert daemon.wait() == 0
        assert "Traceback" not in daemon.log


def _nothing(name: str) -> None:
    """Find no package, as where none is installed."""
    del name
