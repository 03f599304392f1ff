"""What Prometheus is told: the counts of metrics.py and the state of status.py, in its text format.

The daemon opens no port for it: `eidosctl metrics` asks on the socket, and is the exporter. Every
label has few values, all of them ours: enumerations, numbers of engines, and the model's name.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from eidos.metrics import Histogram, Metrics
from eidos.process_usage import MemoryUsage, ProcessUsage, unit_memory, usage_of
from eidos.status import StatusBody

_MEBIBYTE: Final = 1024 * 1024
_MAX_NAME_CHARS: Final = 100
"""Of a model: its name is in a file that anybody may have made."""
_PROCESS_FIGURES: Final = (
    ("cpu_s", CounterMetricFamily, "cpu_seconds", "Time on a CPU."),
    ("rss_bytes", GaugeMetricFamily, "resident_memory_bytes", "Resident memory."),
    ("open_fds", GaugeMetricFamily, "open_fds", "Open files and connections."),
    ("max_fds", GaugeMetricFamily, "max_fds", "Files and connections that may be open."),
    ("read_bytes", CounterMetricFamily, "read_bytes", "Read from disks, not from the page cache."),
    ("written_bytes", CounterMetricFamily, "written_bytes", "Written to disks."),
)
"""Field of ProcessUsage, kind of metric, end of its name, and what it is."""


def exposition(metrics: Metrics, body: StatusBody, *, memory_limit_mb: int) -> bytes:
    """Return all figures of this daemon now, in Prometheus' text format.

    It reads /proc and takes some milliseconds; it may be called from any thread.
    """
    processes = {"daemon": usage_of(body.pid)}
    for number, engine in enumerate(body.engines):
        processes[f"engine-{number}"] = usage_of(engine.pid) if engine.pid else None
    used = {name: usage for name, usage in processes.items() if usage}
    registry = CollectorRegistry()
    registry.register(Counted(metrics))
    registry.register(Served(body))
    registry.register(Used(used, unit_memory(), memory_limit_mb * _MEBIBYTE))
    return generate_latest(registry)


class Counted(Collector):
    """What was counted of the requests that ended."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Yield the families of metrics."""
        of = self._metrics
        text = "When the daemon started, in Unix time."
        yield GaugeMetricFamily("eidos_start_time_seconds", text, of.started_s)
        ended = CounterMetricFamily(
            "eidos_requests", "Requests that ended.", labels=("command", "outcome")
        )
        for labels, number in list(of.ended.items()):
            ended.add_metric(labels, number)
        yield ended
        text = "Requests of any kind that got an error, by its code."
        yield _by(CounterMetricFamily("eidos_errors", text, labels=["type"]), of.errors())
        text = "From arrival to reply; without requests that were refused or cancelled."
        yield _histogram("eidos_request_duration_seconds", text, "command", of.durations)
        text = "What each part of a request took, of the requests that had it."
        yield _histogram("eidos_phase_duration_seconds", text, "phase", of.phases)
        text = "Candidates in replies, by what the validator said of them."
        yield _by(CounterMetricFamily("eidos_verdicts", text, labels=["verdict"]), of.verdicts)
        text = "Tokens that the model read."
        yield CounterMetricFamily("eidos_prompt_tokens", text, of.prompt_tokens)
        text = "Tokens that the model wrote."
        yield CounterMetricFamily("eidos_generated_tokens", text, of.generated_tokens)
        text = "Of the generated tokens: those that were guessed, and cost no pass of their own."
        yield CounterMetricFamily("eidos_drafted_tokens", text, of.drafted_tokens)
        text = "Times that a new configuration was to be read, by what became of it."
        yield _by(CounterMetricFamily("eidos_reloads", text, labels=["outcome"]), of.reloads)
        text = "When an engine, not the cache, answered last, in Unix time; 0: not yet."
        yield GaugeMetricFamily("eidos_last_inference_timestamp_seconds", text, of.last_inference_s)


class Served(Collector):
    """How daemon, model, engines, queue and cache are."""

    def __init__(self, body: StatusBody) -> None:
        self._body = body

    def collect(self) -> Iterator[Metric]:
        """Yield the families of metrics."""
        body = self._body
        model = body.model.name[:_MAX_NAME_CHARS].encode(errors="replace").decode()
        labels = {"version": body.version, "model": model, "model_sha256": body.model.sha256}
        yield InfoMetricFamily("eidos_build", "Which daemon serves, and which model.", labels)
        text = "What loading the model took; 0: it is not loaded yet."
        yield GaugeMetricFamily("eidos_model_load_time_seconds", text, body.model.load_time_s)
        text = "0: another model serves than was chosen; eidosctl status says why."
        yield GaugeMetricFamily("eidos_model_as_chosen", text, not body.model.fault)
        yield from self._engines()
        text = "Requests that wait for an engine."
        yield GaugeMetricFamily("eidos_queue_length", text, body.queue.length)
        yield GaugeMetricFamily("eidos_queue_size", "Requests that may wait.", body.queue.size)
        refused, cache = body.refused, body.cache
        text = (
            "Requests told busy: a full queue, an answer too late, a program that asks too often."
        )
        reasons = {"full": refused.full, "late": refused.late, "rate": refused.rate}
        yield _by(CounterMetricFamily("eidos_refusals", text, labels=["reason"]), reasons)
        text = "Questions to the engine: answered from memory, with an equal one, or asked."
        results = {"hit": cache.hits, "shared": cache.shared, "miss": cache.misses}
        yield _by(CounterMetricFamily("eidos_cache_lookups", text, labels=["result"]), results)
        yield GaugeMetricFamily("eidos_cache_entries", "Answers that are kept.", cache.entries)
        yield GaugeMetricFamily("eidos_cache_bytes", "What the kept answers take.", cache.bytes)

    def _engines(self) -> Iterator[Metric]:
        engines = {str(number): engine for number, engine in enumerate(self._body.engines)}
        up = GaugeMetricFamily("eidos_engine_up", "1: the engine can serve.", labels=["engine"])
        yield _by(up, {name: each.state != "loading" for name, each in engines.items()})
        text = "Requests that the engine can work on at a time."
        slots = GaugeMetricFamily("eidos_engine_slots", text, labels=["engine"])
        yield _by(slots, {name: each.slots for name, each in engines.items()})
        text = "Requests that the engine works on."
        in_use = GaugeMetricFamily("eidos_engine_slots_in_use", text, labels=["engine"])
        yield _by(in_use, {name: each.slots_in_use for name, each in engines.items()})
        text = "Starts of the engine after its first."
        restarts = CounterMetricFamily("eidos_engine_restarts", text, labels=["engine"])
        yield _by(restarts, {name: each.restarts for name, each in engines.items()})


class Used(Collector):
    """What the processes take of the machine; a figure that the kernel keeps back is left out."""

    def __init__(
        self, processes: Mapping[str, ProcessUsage], unit: MemoryUsage | None, limit_bytes: int
    ) -> None:
        self._processes = processes
        self._unit = unit
        self._limit_bytes = limit_bytes

    def collect(self) -> Iterator[Metric]:
        """Yield the families of metrics."""
        for field, kind, name, text in _PROCESS_FIGURES:
            told = {of: getattr(usage, field) for of, usage in self._processes.items()}
            known = {of: figure for of, figure in told.items() if figure is not None}
            yield _by(kind(f"eidos_process_{name}", text, labels=["process"]), known)
        text = "Above this the daemon, without its engines, ends itself."
        yield GaugeMetricFamily("eidos_daemon_memory_limit_bytes", text, self._limit_bytes)
        if self._unit is not None:
            text = "What daemon and engines take together, where systemd limits it."
            yield GaugeMetricFamily("eidos_unit_memory_used_bytes", text, self._unit.used_bytes)
            text = "What daemon and engines may take together, where systemd limits it."
            yield GaugeMetricFamily("eidos_unit_memory_limit_bytes", text, self._unit.limit_bytes)


def _by(
    family: CounterMetricFamily | GaugeMetricFamily, counts: Mapping[str, float]
) -> CounterMetricFamily | GaugeMetricFamily:
    """Return *family* with the figures of *counts* under its one label."""
    for label, figure in list(counts.items()):
        family.add_metric([label], figure)
    return family


def _histogram(
    name: str, text: str, label: str, histograms: Mapping[str, Histogram]
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=[label])
    for value, histogram in list(histograms.items()):
        family.add_metric([value], histogram.buckets(), histogram.sum_s)
    return family
