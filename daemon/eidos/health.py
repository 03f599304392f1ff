"""What `eidosctl health` shows: whether the daemon can do its work, by its own view.

`failing` is for whoever would start it afresh, `degraded` for a person to look at.
"""

import time
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from eidos.file_identity import identity_of
from eidos.heartbeat import Heartbeat
from eidos.serving import Serving

_FULL: Final = 0.8
"""A queue of which so much is in use will soon refuse requests."""


class Condition(StrEnum):
    """How something is, the worst last."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at, and in words what was seen."""

    name: str
    condition: Condition
    seen: str


class HealthBody(msgspec.Struct, frozen=True):
    """The body of a health reply; `condition` is that of the worst check."""

    condition: Condition
    checks: list[Check]


def take_health(serving: Serving, heartbeat: Heartbeat, *, is_bound: bool) -> HealthBody:
    """Return how the daemon is now; *is_bound* says that the socket's path leads to it."""
    checks = [
        _socket(is_bound=is_bound),
        _engines(serving),
        _model(serving),
        _inference(heartbeat),
        _queue(serving),
    ]
    order = list(Condition)
    return HealthBody(max((check.condition for check in checks), key=order.index), checks)


def _socket(*, is_bound: bool) -> Check:
    if is_bound:
        return Check("socket", Condition.OK, "its path leads here")
    return Check("socket", Condition.DEGRADED, "its file is gone; it is made again in a second")


def _engines(serving: Serving) -> Check:
    states = serving.engine.engines()
    up = sum(state.pid is not None for state in states)
    restarts = serving.engine.restarts
    seen = f"{up} of {len(states)} can serve, {restarts} restarts"
    if not up:
        return Check("engine", Condition.FAILING, seen)
    return Check("engine", Condition.OK if up == len(states) else Condition.DEGRADED, seen)


def _model(serving: Serving) -> Check:
    loaded = serving.engine.loaded
    if loaded is None:
        return Check("model", Condition.FAILING, "not loaded yet")
    if serving.endpoint is not None:
        return Check("model", Condition.OK, loaded.model)
    seen = f"{loaded.model}, SHA-256 {loaded.sha256[:12]}"
    if serving.model.fault:
        return Check("model", Condition.DEGRADED, f"{seen}; {serving.model.fault}")
    if identity_of(Path(loaded.path)) != serving.engine.loaded_identity:
        seen += "; its file is not the one any more that was loaded: eidosctl restart"
        return Check("model", Condition.DEGRADED, seen)
    return Check("model", Condition.OK, seen)


def _inference(heartbeat: Heartbeat) -> Check:
    last_s = heartbeat.last_answer_s
    if last_s is None:
        seen = "no answer yet"
    else:
        seen = f"last answer {time.monotonic() - last_s:.0f} s ago"
    if not heartbeat.works:
        return Check("inference", Condition.FAILING, seen)
    if heartbeat.fails:
        return Check("inference", Condition.DEGRADED, f"{seen}; the model did not answer since")
    return Check("inference", Condition.OK, seen)


def _queue(serving: Serving) -> Check:
    length, size = serving.engine.queue_length, serving.engine.admission.queue_size
    condition = Condition.DEGRADED if length >= _FULL * size else Condition.OK
    return Check("queue", condition, f"{length} of {size} places in use")
