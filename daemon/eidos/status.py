"""What `eidosctl status` shows: the JSON body of a status reply."""

import os
import time
from pathlib import Path

import msgspec
import psutil

from eidos import __version__
from eidos.answer_cache import CacheStatus
from eidos.engine_supervisor import EngineState
from eidos.metrics import Latency, Metrics, Requests
from eidos.serving import Serving


class ModelStatus(msgspec.Struct, frozen=True):
    """Which model serves; empty strings until it is loaded."""

    name: str
    path: str
    sha256: str
    load_time_s: float
    slot: str
    """embedded, a or b; embedded too where the configuration names a model or a server."""
    fault: str
    """Why it is another model than was chosen, and what to do; empty where it is that one."""


class EngineStatus(EngineState, frozen=True):
    """How one engine process is, and what it takes."""

    rss_bytes: int
    cpu_percent: float


class QueueStatus(msgspec.Struct, frozen=True):
    """How many requests wait, and how many may."""

    length: int
    size: int


class Refusals(msgspec.Struct, frozen=True):
    """How many requests were told `busy` at once, by the reason."""

    full: int
    """There was no room in the queue."""
    late: int
    """The queue was too long for an answer in time."""
    rate: int
    """Their program asks too often."""


class StatusBody(msgspec.Struct, frozen=True):
    """Everything a person asks of a daemon; CPU figures are averages over the uptime."""

    pid: int
    version: str
    uptime_s: float
    socket: str
    rss_bytes: int
    cpu_percent: float
    model: ModelStatus
    engines: list[EngineStatus]
    requests: Requests
    latency_ms: Latency
    queue: QueueStatus
    refused: Refusals
    cache: CacheStatus


def take_status(socket: Path, started_s: float, metrics: Metrics, serving: Serving) -> StatusBody:
    """Return the state of this process and its engines now; *started_s* is monotonic."""
    engine = serving.engine
    rss_bytes, cpu_percent = _usage(os.getpid())
    return StatusBody(
        pid=os.getpid(),
        version=__version__,
        uptime_s=round(time.monotonic() - started_s, 1),
        socket=str(socket),
        rss_bytes=rss_bytes,
        cpu_percent=cpu_percent,
        model=_model_status(serving),
        engines=[_engine_status(state) for state in engine.engines()],
        requests=metrics.requests(),
        latency_ms=metrics.latency(),
        queue=QueueStatus(engine.queue_length, engine.admission.queue_size),
        refused=Refusals(engine.admission.full, engine.admission.late, serving.rate.refused),
        cache=serving.answers.status(),
    )


def _model_status(serving: Serving) -> ModelStatus:
    slot, fault = serving.model.name, serving.model.fault
    loaded = serving.engine.loaded
    if loaded is None:
        return ModelStatus("", "", "", 0.0, slot, fault)
    load_time_s = round(loaded.load_time_s, 3)
    return ModelStatus(loaded.model, loaded.path, loaded.sha256, load_time_s, slot, fault)


def _engine_status(state: EngineState) -> EngineStatus:
    rss_bytes, cpu_percent = _usage(state.pid) if state.pid else (0, 0.0)
    return EngineStatus(
        **msgspec.structs.asdict(state), rss_bytes=rss_bytes, cpu_percent=cpu_percent
    )


def _usage(pid: int) -> tuple[int, float]:
    """Return resident bytes and the average CPU share since the process began, in percent."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            age_s = max(time.time() - process.create_time(), 0.01)
            return process.memory_info().rss, round(100 * (times.user + times.system) / age_s, 2)
    except psutil.NoSuchProcess:
        return 0, 0.0
