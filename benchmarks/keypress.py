"""Measure what a person waits for, and what the daemon costs while nobody asks.

    python benchmarks/keypress.py            prints the tables
    python benchmarks/keypress.py --write    writes them into docs/benchmarks.md as well

Every figure comes from a real shell in a pty with the real widget, from the byte of the key written
to the command painted on the screen of a terminal emulator, whose own work is counted too: the
column "a letter" says how long a key takes that only the shell sees.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measuring import (
    REPOSITORY,
    instant_daemon,
    machine,
    memory_mb,
    percentile,
    publish,
    requests,
)
from prompt_session import EIDOSCTL, prompt
from real_daemon import (
    EXAMPLE,
    EXAMPLE_COMMAND,
    RealDaemon,
    private_folders,
    real_daemon,
    until,
)
from shell.shells import CTRL_G, SHELLS, Shell
from shell.terminal import Terminal

from eidos.protocol import Level, Suggestions
from eidos.protocol import Shell as ShellName

REQUESTS = requests(20)
COLD_STARTS = 5
CLIENT_PRESSES = 30
IDLE_S = 20
CLEAR_LINE = "\x15"
ANSWER_TIMEOUT_S = 30


@dataclass(frozen=True)
class Waits:
    """How long one shell's key presses took, in milliseconds."""

    shell: str
    letter_ms: list[float]
    client_ms: list[float]
    warm_ms: list[float]
    cold_ms: list[float]


def main() -> None:
    """Measure everything in one run, and print the tables."""
    load_before = os.getloadavg()[0]
    # Without what it remembers: each request is asked once before, to know what to look for.
    with real_daemon(EIDOS_CACHE_SIZE="0") as daemon:
        warm = {shell: _warm(SHELLS[shell], daemon) for shell in SHELLS}
        memory = _memory(daemon)
        idle = _idle_percent(daemon)
    waits = [
        Waits(name, *_client(SHELLS[name]), warm[name], _cold(SHELLS[name])) for name in SHELLS
    ]
    publish(REPOSITORY / "docs" / "benchmarks.md", [*_report(waits, memory, idle, load_before)])


def _warm(shell: Shell, daemon: RealDaemon) -> list[float]:
    """Return the time of each request's first press, the model being warm."""
    waits_ms: list[float] = []
    with prompt(shell, daemon.environ) as terminal:
        terminal.until_line(shell.prompt)
        for request in REQUESTS:
            reply = daemon.ask(request, shell=ShellName(shell.name))
            assert isinstance(reply, Suggestions)
            if reply.candidates[0].verdict is not Level.BLOCK:
                waits_ms.append(_press(terminal, shell, request, reply.candidates[0].command))
    return waits_ms


def _client(shell: Shell) -> tuple[list[float], list[float]]:
    """Return the time of a letter, and of a press whose daemon answers at once."""
    letters_ms: list[float] = []
    presses_ms: list[float] = []
    with private_folders() as environ, instant_daemon(environ, "ls -la") as started:
        until(started)
        with prompt(shell, environ) as terminal:
            terminal.until_line(shell.prompt)
            for _ in range(CLIENT_PRESSES):
                letters_ms.append(_type(terminal, shell, "list file", "s"))
                _clear(terminal, shell)
                presses_ms.append(_press(terminal, shell, "list files", "ls -la"))
    return letters_ms, presses_ms


def _cold(shell: Shell) -> list[float]:
    """Return the time of a press for which the daemon has to be started."""
    waits_ms: list[float] = []
    with private_folders() as environ, prompt(shell, environ) as terminal:
        terminal.until_line(shell.prompt)
        for _ in range(COLD_STARTS):
            waits_ms.append(_press(terminal, shell, EXAMPLE, EXAMPLE_COMMAND))
            subprocess.run([EIDOSCTL, "stop"], env=environ, check=True, capture_output=True)
    return waits_ms


def _press(terminal: Terminal, shell: Shell, request: str, command: str) -> float:
    """Return how long the key took from its byte to the painted command; leave the line empty."""
    terminal.press(request)
    terminal.until_line(shell.prompt + request)
    begin_s = time.perf_counter()
    terminal.press(CTRL_G)
    terminal.until_line(shell.prompt + command, timeout_s=ANSWER_TIMEOUT_S)
    taken_ms = (time.perf_counter() - begin_s) * 1000
    _clear(terminal, shell)
    return taken_ms


def _type(terminal: Terminal, shell: Shell, before: str, letter: str) -> float:
    terminal.press(before)
    terminal.until_line(shell.prompt + before)
    begin_s = time.perf_counter()
    terminal.press(letter)
    terminal.until_line(shell.prompt + before + letter)
    return (time.perf_counter() - begin_s) * 1000


def _clear(terminal: Terminal, shell: Shell) -> None:
    terminal.press(CLEAR_LINE)
    terminal.until_line(shell.prompt)


def _pids(daemon: RealDaemon) -> dict[str, int]:
    status = daemon.status()
    return {"eidosd": status["pid"], "engine": status["engines"][0]["pid"]}


def _memory(daemon: RealDaemon) -> dict[str, tuple[float, float]]:
    """Return resident and proportional memory of each process in MB (10^6 bytes)."""
    return {name: memory_mb(pid) for name, pid in _pids(daemon).items()}


def _idle_percent(daemon: RealDaemon) -> float:
    """Return the CPU that both processes use while nobody asks, in percent of one core."""
    pids = _pids(daemon).values()
    before_s = sum(_cpu_s(pid) for pid in pids)
    time.sleep(IDLE_S)
    return (sum(_cpu_s(pid) for pid in pids) - before_s) / IDLE_S * 100


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _report(
    waits: list[Waits], memory: dict[str, tuple[float, float]], idle: float, load_before: float
) -> Iterator[str]:
    yield machine(load_before)
    yield ""
    yield from _waits_table(waits)
    yield ""
    yield "| resident, after all of the warm requests | RSS | PSS |"
    yield "|---|---|---|"
    for name, (rss, pss) in memory.items():
        yield f"| {name} | {rss:.0f} MB | {pss:.0f} MB |"
    total_rss, total_pss = (sum(values) for values in zip(*memory.values(), strict=True))
    yield f"| together | {total_rss:.0f} MB | {total_pss:.0f} MB |"
    yield ""
    yield f"Idle: both processes together use {idle:.2f} % of one core over {IDLE_S} s."


def _waits_table(waits: list[Waits]) -> Iterator[str]:
    yield f"| from the key to the text on the screen | {' | '.join(w.shell for w in waits)} |"
    yield "|---|---|---|---|"
    rows = {
        "a letter: shell and terminal alone, p50": [percentile(w.letter_ms, 50) for w in waits],
        "a daemon that answers at once, p50": [percentile(w.client_ms, 50) for w in waits],
        "a daemon that answers at once, p95": [percentile(w.client_ms, 95) for w in waits],
        "the real daemon, warm, p50": [percentile(w.warm_ms, 50) for w in waits],
        "the real daemon, warm, p95": [percentile(w.warm_ms, 95) for w in waits],
        "no daemon runs, median": [statistics.median(w.cold_ms) for w in waits],
        "no daemon runs, worst": [max(w.cold_ms) for w in waits],
    }
    for name, values in rows.items():
        yield f"| {name} | {' | '.join(f'{value:,.1f} ms' for value in values)} |"
    counts = ", ".join(f"{w.shell} {len(w.warm_ms)}" for w in waits)
    yield ""
    yield f"Warm: {counts} presses for {len(REQUESTS)} requests (some are not offered)."
    yield f"At once: {CLIENT_PRESSES} presses a shell. No daemon: {COLD_STARTS} presses a shell."


if __name__ == "__main__":
    main()
