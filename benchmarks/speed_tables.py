"""The figures of benchmarks/speed.py as Markdown."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from benchmarks.clients import Load
from benchmarks.loops import Answer
from benchmarks.measuring import percentile
from benchmarks.recording import Parts

PLAIN = "plain loop"
SHARED = "one buffer, kept prefix"
DRAFTED = "that, and drafted tokens"
ENGINE = "that, and known commands: the engine"
FP32 = "one buffer, kept prefix, weights in fp32"
LLAMA = "llama.cpp, Q4_0"
"""The rows of the table of loops."""


class Figures(Struct, frozen=True):
    """All that one run measured; `notes` says what it left out."""

    machine: str
    threads: int
    parts: list[Parts]
    loops: dict[str, list[Answer]]
    loads: list[Load]
    first_answer_ms: list[float]
    suggest_ms: list[float]
    notes: list[str]


def report(figures: Figures) -> Iterator[str]:
    """Yield the lines of all tables."""
    yield f"{figures.machine}"
    yield f"{len(figures.parts)} requests, one candidate each, {figures.threads} threads."
    for note in figures.notes:
        yield f"{note}."
    tables = (
        _goals(figures),
        _parts_table(figures.parts),
        _loops_table(figures.loops),
        _one_client_table(figures.loads[0]),
        _loads_table(figures.loads),
        _memory_table(figures.loads),
        _cold_table(figures),
    )
    for table in tables:
        yield ""
        yield from table


def _goals(figures: Figures) -> Iterator[str]:
    alone = [wait.client_ms for wait in figures.loads[0].waits]
    memory_mb = max(_together(load)[0] for load in figures.loads)
    rate = max(load.per_second for load in figures.loads)
    yield "| goal | wanted | measured |"
    yield "|---|---|---|"
    yield f"| one client on the socket, p50 | under 100 ms | {_p(alone, 50)} |"
    yield f"| one client on the socket, p99 | under 300 ms | {_p(alone, 99)} |"
    yield f"| answers a second, best row below | at least 25 | {rate:.1f} |"
    yield f"| daemon and engine, resident | under 280 MB | {memory_mb:.0f} MB |"
    if LLAMA in figures.loops:
        ratio = _total_ms(figures.loops[LLAMA]) / _total_ms(figures.loops[DRAFTED])
        yield f"| faster than llama.cpp | 2 times | {ratio:.2f} times |"
    first, suggest = map(statistics.median, (figures.first_answer_ms, figures.suggest_ms))
    yield f"| start of the daemon to its first answer | under 1 s | {first / 1000:.2f} s |"
    yield f"| `eidosctl suggest` without a daemon | under 2 s | {suggest / 1000:.2f} s |"


def _parts_table(parts: Sequence[Parts]) -> Iterator[str]:
    steps = [ms for part in parts for ms in part.step_ms]
    rest = [
        part.total_ms - part.retrieve_ms - part.prompt_ms - sum(part.step_ms) - part.known_ms
        for part in parts
    ]
    passes = [1.0 + len(part.step_ms) for part in parts]
    tokens = [float(part.tokens) for part in parts]
    yield "| one request in the engine | p50 | p99 |"
    yield "|---|---|---|"
    yield _times("retrieve known commands", [part.retrieve_ms for part in parts])
    yield _times("first pass: the prompt and a draft", [part.prompt_ms for part in parts])
    yield _times("each further pass", steps)
    known = [part.known_ms for part in parts if part.known_ms]
    if len(known) > 1:
        yield _times(f"reading a known command, for {len(known)} of {len(parts)}", known)
    yield _times("the rest: tokenizer, drafting, text", rest)
    yield _times("all of it", [part.total_ms for part in parts])
    yield f"| tokens of an answer | {percentile(tokens, 50):.0f} | {percentile(tokens, 99):.0f} |"
    yield f"| passes that write it | {percentile(passes, 50):.0f} | {percentile(passes, 99):.0f} |"
    accepted, drafted = (
        sum(getattr(part, name) for part in parts) for name in ("accepted", "drafted")
    )
    yield ""
    yield (
        f"{drafted / len(parts):.1f} tokens were drafted for an answer, of which "
        f"{100 * accepted / max(1, drafted):.0f} % were right; "
        f"{100 * accepted / sum(tokens):.0f} % of all tokens cost no pass of their own."
    )


def _loops_table(loops: Mapping[str, Sequence[Answer]]) -> Iterator[str]:
    plain = loops[PLAIN]
    yield "| the same prompts, one after the other | p50 | p99 | plain / this | CPU, p50 | same |"
    yield "|---|---|---|---|---|---|"
    for name, answers in loops.items():
        times = [answer.ms for answer in answers]
        ratio = _total_ms(plain) / _total_ms(answers)
        same = sum(one.ids == other.ids for one, other in zip(answers, plain, strict=True))
        cpu = _p([answer.cpu_ms for answer in answers], 50)
        cells = (_p(times, 50), _p(times, 99), f"{ratio:.2f}", cpu, f"{same} of {len(plain)}")
        yield f"| {name} | {' | '.join(cells)} |"


def _one_client_table(load: Load) -> Iterator[str]:
    waits = load.waits
    yield "| one client, through the socket | p50 | p99 |"
    yield "|---|---|---|"
    yield _times("client: two ways on the socket", [w.client_ms - w.daemon_ms for w in waits])
    yield _times(
        "daemon: judging, ranking, pipes; and retrieval", [w.daemon_ms - w.engine_ms for w in waits]
    )
    yield _times("engine (whole milliseconds)", [w.engine_ms for w in waits])
    yield _times("all of it", [w.client_ms for w in waits])
    yield _times("all of it, asked again", load.again_ms)


def _loads_table(loads: Sequence[Load]) -> Iterator[str]:
    yield "| clients | answers a second | p50 | p99 | of it queue, p50 | told busy | failed |"
    yield "|---|---|---|---|---|---|---|"
    for load in loads:
        times = [wait.client_ms for wait in load.waits]
        queued = [wait.daemon_ms - wait.engine_ms for wait in load.waits]
        cells = (f"{load.per_second:.1f}", _p(times, 50), _p(times, 99), _p(queued, 50))
        yield f"| {load.clients} | {' | '.join(cells)} | {load.busy} | {load.failed} |"


def _memory_table(loads: Sequence[Load]) -> Iterator[str]:
    first, last = loads[0], loads[-1]
    heads = (f"{load.clients} at once, RSS | PSS" for load in (first, last))
    yield f"| resident after all requests | {' | '.join(heads)} |"
    yield "|---|---|---|---|---|"
    for name in first.memory_mb:
        cells = (f"{value:.0f} MB" for load in (first, last) for value in load.memory_mb[name])
        yield f"| {name} | {' | '.join(cells)} |"
    cells = (f"{value:.0f} MB" for load in (first, last) for value in _together(load))
    yield f"| together | {' | '.join(cells)} |"


def _cold_table(figures: Figures) -> Iterator[str]:
    yield "| nothing runs | median | worst |"
    yield "|---|---|---|"
    for name, times in (
        ("start of `eidosd` to its first answer", figures.first_answer_ms),
        ("`eidosctl suggest`, which starts it", figures.suggest_ms),
    ):
        yield f"| {name} | {statistics.median(times):,.0f} ms | {max(times):,.0f} ms |"


def _together(load: Load) -> tuple[float, float]:
    resident, proportional = zip(*load.memory_mb.values(), strict=True)
    return sum(resident), sum(proportional)


def _times(name: str, times_ms: Sequence[float]) -> str:
    return f"| {name} | {_p(times_ms, 50)} | {_p(times_ms, 99)} |"


def _p(times_ms: Sequence[float], percent: int) -> str:
    return f"{percentile(times_ms, percent):,.1f} ms"


def _total_ms(answers: Sequence[Answer]) -> float:
    return sum(answer.ms for answer in answers)
