"""What a daemon counts of its requests as they end; exposition.py makes Prometheus text of it.

These are plain numbers and not prometheus_client's own counters, which would have to be imported
before the first request (45 ms and 3.4 MB, also for whoever never looks at a metric) and take ten
times as long for each. As it is, the first look imports the library, and finds everything counted
from the first request on.
"""

import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Final

import msgspec

from eidos.finished import Finished, PhaseName
from eidos.protocol import REQUESTS, ErrorCode, Level

_WINDOW: Final = 1000
"""Percentiles are over this many of the latest answered requests."""

OTHER: Final = "other"
"""The label of whatever is in no enumeration, so that nobody can make new labels."""
UNKNOWN: Final = "unknown"
"""The command of a message that could not be read."""
COMMANDS: Final = (*REQUESTS, UNKNOWN)
OUTCOMES: Final = ("ok", "cancelled", *(str(code) for code in ErrorCode))

_SUGGEST: Final = "suggest"
_TIMED: Final = frozenset({"ok", str(ErrorCode.DEADLINE), str(ErrorCode.ENGINE)})
"""Outcomes that took the daemon its time: a refusal is quick, and would make p99 look good."""

REQUEST_BOUNDS_S: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
"""A kept answer takes 2 ms, a new one 0.1 to 0.3 s; the promises are 0.5 s and 1 s."""
PHASE_BOUNDS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 30.0,
)  # fmt: skip


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in milliseconds over `count` answers; zeros where there are none."""

    p50: float
    p95: float
    p99: float
    count: int


class Requests(msgspec.Struct, frozen=True):
    """How many suggestions were asked for, and what became of them."""

    total: int
    ok: int
    failed: int
    errors: dict[str, int]
    """Failed requests by error code of the protocol."""
    cancelled: int
    """Those that nobody waited for any more; they are part of the total."""


class Histogram:
    """Counts durations by the first of *bounds_s* that they do not exceed."""

    def __init__(self, bounds_s: tuple[float, ...]) -> None:
        self._bounds_s = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)
        self.sum_s = 0.0

    def add(self, duration_s: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds_s, duration_s)] += 1
        self.sum_s += duration_s

    def buckets(self) -> list[tuple[str, float]]:
        """Return how many durations are at most each bound, the last bound being +Inf."""
        names = [*(str(bound_s) for bound_s in self._bounds_s), "+Inf"]
        return [(name, float(n)) for name, n in zip(names, accumulate(self._counts), strict=True)]


class Metrics:
    """Counts requests as they end; every label it keeps is one of an enumeration."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """Count from zero, at the start of the daemon; *clock* tells the time of day."""
        self._clock = clock
        self.started_s = clock()
        """When counting began, in Unix time."""
        self._latencies_ms: deque[float] = deque(maxlen=_WINDOW)
        # Zeros at first: a rate needs a sample from before the first error.
        self.ended: Counter[tuple[str, str]] = Counter(
            {(_SUGGEST, outcome): 0 for outcome in OUTCOMES}
        )
        """Requests by command and outcome."""
        self.durations: dict[str, Histogram] = {_SUGGEST: Histogram(REQUEST_BOUNDS_S)}
        """From arrival to reply by command, of those with an outcome of `_TIMED`."""
        self.phases: dict[str, Histogram] = {
            str(phase): Histogram(PHASE_BOUNDS_S) for phase in PhaseName
        }
        """What each part took, of the requests that had it."""
        self.verdicts: Counter[str] = _zeros(Level)
        """Candidates in replies by what the validator said of them."""
        self.reloads: Counter[str] = _zeros(("ok", "refused"))
        """Readings of a new configuration by what became of it."""
        self.prompt_tokens = self.generated_tokens = self.drafted_tokens = 0
        self.last_inference_s = 0.0
        """When an engine, not the cache, answered last, in Unix time; 0 while none has."""

    def observe(self, finished: Finished) -> None:
        """Count *finished*, in a few microseconds."""
        command = finished.command if finished.command in COMMANDS else UNKNOWN
        outcome = finished.outcome if finished.outcome in OUTCOMES else OTHER
        self.ended[command, outcome] += 1
        if outcome in _TIMED:
            self._take_time(command, finished.duration_s)
        if outcome == "ok" and command == _SUGGEST:
            self._latencies_ms.append(finished.duration_s * 1000)
        for phase in finished.phases:
            self.phases[phase.name].add(max(0.0, phase.end_s - phase.begin_s))
        for verdict in finished.verdicts:
            self.verdicts[verdict if verdict in self.verdicts else OTHER] += 1
        tokens = finished.tokens
        self.prompt_tokens += tokens.prompt
        self.generated_tokens += tokens.generated
        self.drafted_tokens += tokens.drafted
        if outcome == "ok" and any(phase.name is PhaseName.QUEUE for phase in finished.phases):
            self.last_inference_s = self._clock()

    def reloaded(self, *, ok: bool) -> None:
        """Count a reading of the configuration: the new one is in force, or the old one stays."""
        self.reloads["ok" if ok else "refused"] += 1

    def errors(self) -> Counter[str]:
        """Return how many requests of any kind failed, by error code."""
        found = _zeros(ErrorCode)
        for (_, outcome), number in list(self.ended.items()):
            if outcome not in {"ok", "cancelled"}:
                found[outcome] += number
        return found

    def requests(self) -> Requests:
        """Return the counts of suggestions until now; what could not be read counts as one."""
        ended: Counter[str] = Counter()
        for (command, outcome), number in list(self.ended.items()):
            if command in {_SUGGEST, UNKNOWN}:
                ended[outcome] += number
        ok, cancelled = ended.pop("ok", 0), ended.pop("cancelled", 0)
        errors = {outcome: number for outcome, number in ended.items() if number}
        failed = sum(errors.values())
        return Requests(ok + failed + cancelled, ok, failed, errors, cancelled)

    def latency(self) -> Latency:
        """Return the percentiles over the latest answers."""
        ordered = sorted(self._latencies_ms)
        if not ordered:
            return Latency(0.0, 0.0, 0.0, 0)
        p50, p95, p99 = (ordered[-(-len(ordered) * q // 100) - 1] for q in (50, 95, 99))
        return Latency(p50, p95, p99, len(ordered))

    def _take_time(self, command: str, duration_s: float) -> None:
        histogram = self.durations.get(command)
        if histogram is None:
            histogram = self.durations[command] = Histogram(REQUEST_BOUNDS_S)
        histogram.add(max(0.0, duration_s))


def _zeros(keys: Iterable[str]) -> Counter[str]:
    return Counter({str(key): 0 for key in keys})
