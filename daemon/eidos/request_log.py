"""A line in the log for each request that has ended, without a word of what was asked or said."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from eidos.finished import Finished

log = logging.getLogger(__name__)

_QUIET: Final = frozenset({"status", "ping", "metrics", "health", "cancel"})
"""What programs ask again and again: a line for each of these would bury the others."""


class RequestLog:
    """Logs each request that ends: at info, or at debug where it only asked how the daemon is."""

    def __init__(self, trace_of: Callable[[Finished], str] = lambda _: "") -> None:
        """Log requests; *trace_of* returns the id of a request's trace, or "" for none."""
        self._trace_of = trace_of

    def observe(self, finished: Finished) -> None:
        """Log *finished*."""
        is_quiet = finished.command in _QUIET and finished.outcome == "ok"
        level = logging.DEBUG if is_quiet else logging.INFO
        if not log.isEnabledFor(level):
            return
        trace, phases = self._trace_of(finished), _phases_ms(finished)
        fields = _fields(finished, phases, trace)
        log.log(level, "%s", _sentence(finished, phases, trace), extra={"fields": fields})


def _sentence(finished: Finished, phases: Mapping[str, float], trace: str) -> str:
    took = f"in {finished.duration_s * 1000:.1f} ms"
    parts = [f"request={finished.id} {finished.command} {finished.outcome} {took}"]
    if phases:
        parts.append(", ".join(f"{name} {time_ms:.1f}" for name, time_ms in phases.items()))
    if finished.verdicts:
        parts.append(f"verdicts {' '.join(finished.verdicts)}")
    if trace:
        parts.append(f"trace={trace}")
    return "; ".join(parts)


def _fields(finished: Finished, phases: Mapping[str, float], trace: str) -> dict[str, str | float]:
    fields: dict[str, str | float] = {
        "request_id": finished.id,
        "command": finished.command,
        "outcome": finished.outcome,
        "duration_ms": round(finished.duration_s * 1000, 3),
    }
    fields |= {f"phase_{name}_ms": round(time_ms, 3) for name, time_ms in phases.items()}
    if finished.shell:
        fields["shell"] = finished.shell
    if finished.tokens.prompt:
        fields["tokens_prompt"] = finished.tokens.prompt
        fields["tokens_generated"] = finished.tokens.generated
    if finished.verdicts:
        fields["verdicts"] = " ".join(finished.verdicts)
    if trace:
        fields["trace_id"] = trace
    return fields


def _phases_ms(finished: Finished) -> dict[str, float]:
    """Return how long each phase took; of a job that was tried once more both tries together."""
    phases: dict[str, float] = {}
    for phase in finished.phases:
        took_ms = (phase.end_s - phase.begin_s) * 1000
        phases[phase.name] = phases.get(phase.name, 0.0) + took_ms
    return phases
