"""Measure what Eidos adds to a translation: the way through `eidos-remote`.

    python benchmarks/translate_overhead.py [--write]

A server with LibreTranslate's interface answers at once, on loopback. It is asked by httpx alone,
and through the real `eidos-remote` over its real socket: by a client that stays, as eidosd's, and
by one that is new each time, as eidosctl's. Each text is another one, so nothing is kept. With
--write the figures go into docs/translate.md.
"""

import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.measuring import REPOSITORY, machine, percentile, write_section
from benchmarks.remote_process import last, remote_process

sys.path.insert(0, str(REPOSITORY / "tests" / "remote"))

from remote.libre_server import libre_server

from eidos import client
from eidos_remote.messages import (
    MAX_FRAME_BYTES,
    Allow,
    Purpose,
    Translate,
    Translation,
)

PAGE: Final = REPOSITORY / "docs" / "translate.md"
HEADING: Final = "## Figures of the way"
_ROUNDS: Final = 300
_WARM: Final = 20
Ask = Callable[[str], float]
"""Has a text translated; returns how many ms of it were the provider's."""


def translated(line: client.Line, text: str) -> float:
    """Have *text* translated over *line*; return the provider's share in ms."""
    reply = last(line, Translate(id=uuid.uuid4().hex, text=text, to="en"))
    assert isinstance(reply, Translation), reply
    assert not reply.is_kept
    return reply.provider_ms


def times_ms(ask: Ask) -> tuple[list[float], list[float]]:
    """Return how long each translation takes, and what of it is not the provider's, in ms."""
    total: list[float] = []
    own: list[float] = []
    for _ in range(_WARM + _ROUNDS):
        text = f"zeige alle Dateien, die älter als sieben Tage sind: {uuid.uuid4().hex[:8]}"
        begin_s = time.perf_counter()
        provider_ms = ask(text)
        taken_ms = (time.perf_counter() - begin_s) * 1000
        total.append(taken_ms)
        own.append(taken_ms - provider_ms)
    return total[_WARM:], own[_WARM:]


def row(name: str, values: list[float]) -> str:
    """Return a row of the table."""
    return f"| {name} | " + " | ".join(f"{percentile(values, p):.2f}" for p in (50, 95, 99)) + " |"


def report() -> list[str]:
    """Return the table."""
    load = os.getloadavg()[0]
    with (
        libre_server() as server,
        remote_process(f'translate_url = "{server.url}"') as socket,
        httpx.Client() as plain,
    ):

        def alone(text: str) -> float:
            body = {"q": text, "source": "de", "target": "en", "format": "text"}
            plain.post(f"{server.url}/translate", json=body).raise_for_status()
            return 0.0

        def new(text: str) -> float:
            with client.dialled(socket, max_frame_bytes=MAX_FRAME_BYTES) as line:
                return translated(line, text)

        host = server.url.removeprefix("http://")
        with client.dialled(socket, max_frame_bytes=MAX_FRAME_BYTES) as line:
            last(line, Allow(id=uuid.uuid4().hex, purpose=Purpose.TRANSLATE, host=host))
            by_httpx, _ = times_ms(alone)
            staying, staying_own = times_ms(lambda text: translated(line, text))
        fresh, fresh_own = times_ms(new)
    rows = [
        row("httpx alone", by_httpx),
        row("through eidos-remote, one connection", staying),
        row("of it not the provider's", staying_own),
        row("through eidos-remote, a new connection each time", fresh),
        row("of it not the provider's", fresh_own),
    ]
    head = ["| ms for one translation | p50 | p95 | p99 |", "|---|---|---|---|"]
    return [machine(load), f"{_ROUNDS} texts each.", "", *head, *rows]


def main() -> None:
    """Print the table, and write it if that is asked for."""
    lines = report()
    print("\n".join(lines))
    if "--write" in sys.argv[1:]:
        write_section(PAGE, HEADING, lines)


if __name__ == "__main__":
    main()
