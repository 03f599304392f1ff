"""What Prometheus is told: readable, complete, and small enough for one reply."""

import os
import subprocess
from importlib import import_module
from itertools import product

import msgspec
import pytest
from layers import REPOSITORY
from prometheus_client.parser import text_string_to_metric_families
from real_daemon import EXAMPLE, RealDaemon
from skips import need

from eidos.client import ask
from eidos.exposition import exposition
from eidos.finished import Finished, PhaseName
from eidos.metrics import COMMANDS, OTHER, OUTCOMES, Metrics
from eidos.protocol import MAX_FRAME_BYTES, Level, MetricsRequest, MetricsText
from eidos.status import StatusBody

MOST_ENGINES = 8
"""As many as the configuration allows."""
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch) -> StatusBody:
    """A daemon with one engine; both are this process."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "docs"))
    found: StatusBody = import_module("metrics_table").any_status()
    engine = msgspec.structs.replace(found.engines[0], pid=os.getpid(), state="idle")
    return msgspec.structs.replace(found, pid=os.getpid(), engines=[engine])


def samples(text: bytes) -> Samples:
    """Return every figure in *text* by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def sample(text: bytes, name: str, **labels: str) -> float:
    """Return the figure of *name* with exactly *labels*."""
    return samples(text)[name, frozenset(labels.items())]


def full() -> Metrics:
    """Return metrics in which every label there can be is used, with large figures."""
    metrics = Metrics()
    for command, outcome in product(COMMANDS, (*OUTCOMES, OTHER)):
        metrics.observe(
            Finished(id="x", command=command, outcome=outcome, begin_s=0.0, end_s=1234567.1234567)
        )
    for key in metrics.ended:
        metrics.ended[key] = 10**12 + 1
    metrics.verdicts.update(dict.fromkeys((*Level, OTHER), 10**12 + 1))
    return metrics


def test_promtool_finds_nothing_wrong(body: StatusBody) -> None:
    """Names, types, units and help are as Prometheus' own linter wants them."""
    need("promtool")

    result = subprocess.run(
        ["promtool", "check", "metrics"],
        input=exposition(full(), body, memory_limit_mb=512),
        capture_output=True,
        check=False,
    )

    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_the_largest_reply_fits_a_frame(body: StatusBody) -> None:
    """With all engines that are allowed and every label in use, nothing has to be cut off."""
    large = msgspec.structs.replace(body, engines=body.engines * MOST_ENGINES)

    text = exposition(full(), large, memory_limit_mb=65_536)

    assert len(text) < MAX_FRAME_BYTES


def test_what_was_counted_before_the_first_look_is_there(body: StatusBody) -> None:
    """The first look finds every request, its time, and its error."""
    metrics = Metrics(clock=lambda: 1700000000.0)
    for outcome, end_s in (("ok", 0.2), ("ok", 0.6), ("engine", 3.0)):
        metrics.observe(
            Finished(id="x", command="suggest", outcome=outcome, begin_s=0.0, end_s=end_s)
        )

    text = exposition(metrics, body, memory_limit_mb=512)

    assert sample(text, "eidos_requests_total", command="suggest", outcome="ok") == 2
    assert sample(text, "eidos_requests_total", command="suggest", outcome="busy") == 0
    assert sample(text, "eidos_errors_total", type="engine") == 1
    bucket = "eidos_request_duration_seconds_bucket"
    assert sample(text, bucket, command="suggest", le="0.2") == 1
    assert sample(text, bucket, command="suggest", le="0.75") == 2
    assert sample(text, bucket, command="suggest", le="+Inf") == 3
    assert sample(text, "eidos_start_time_seconds") == 1700000000


def test_every_phase_is_there_from_the_start(body: StatusBody) -> None:
    """A rate over a phase needs a zero from before the first request."""
    text = exposition(Metrics(), body, memory_limit_mb=512)

    for phase in PhaseName:
        assert sample(text, "eidos_phase_duration_seconds_count", phase=phase) == 0


def test_processes_are_told_apart(body: StatusBody) -> None:
    """The daemon and each engine have their own memory and files; one that is away has none."""
    away = msgspec.structs.replace(body.engines[0], pid=None, state="loading")
    two = msgspec.structs.replace(body, engines=[*body.engines, away])

    text = exposition(Metrics(), two, memory_limit_mb=512)

    for process in ("daemon", "engine-0"):
        memory = sample(text, "eidos_process_resident_memory_bytes", process=process)
        assert memory > 10**6
        assert sample(text, "eidos_process_open_fds", process=process) > 2
    assert b"engine-1" not in text
    assert sample(text, "eidos_engine_up", engine="0") == 1
    assert sample(text, "eidos_engine_up", engine="1") == 0


@pytest.mark.parametrize(
    "name", ['a" } 1\neidos_up 0\n', "\\", "x" * 10_000, "\ud800", "\x1b[2J", ""], ids=repr
)
def test_a_model_with_any_name_is_one_label(body: StatusBody, name: str) -> None:
    """A model's name is in a file of anybody's; it makes no line and no other figure."""
    known = samples(exposition(Metrics(), body, memory_limit_mb=512))
    model = msgspec.structs.replace(body.model, name=name)
    other = msgspec.structs.replace(body, model=model)

    text = exposition(Metrics(), other, memory_limit_mb=512)

    assert {key[0] for key in samples(text)} == {key[0] for key in known}
    assert len(samples(text)) == len(known)
    assert len(text) < MAX_FRAME_BYTES


@pytest.mark.model
def test_a_real_daemon_tells_what_it_did(own: RealDaemon) -> None:
    """An answer of the real engine is counted, with its parts, its tokens and its verdicts."""
    for _ in range(2):
        own.ask(EXAMPLE)

    reply = ask(MetricsRequest(id="test"), socket=own.socket, timeout_s=30)

    assert isinstance(reply, MetricsText)
    text = reply.body
    assert sample(text, "eidos_requests_total", command="suggest", outcome="ok") == 2
    assert sample(text, "eidos_request_duration_seconds_count", command="suggest") == 2
    assert sample(text, "eidos_cache_lookups_total", result="hit") == 1
    assert sample(text, "eidos_cache_lookups_total", result="miss") == 1
    for phase in ("queue", "prompt", "generate"):
        assert sample(text, "eidos_phase_duration_seconds_count", phase=phase) == 1
    assert sample(text, "eidos_phase_duration_seconds_count", phase="validate") == 2
    assert sample(text, "eidos_generated_tokens_total") > 0
    assert sample(text, "eidos_verdicts_total", verdict="ok") == 2
    assert sample(text, "eidos_last_inference_timestamp_seconds") > 0
    assert sample(text, "eidos_model_load_time_seconds") > 0
    assert EXAMPLE.encode() not in text
    assert b"/var/log" not in text
