"""Measure how long an answer takes and where the time goes, alone and beside many clients.

    python benchmarks/speed.py            prints the tables
    python benchmarks/speed.py --write    writes them into docs/benchmarks.md as well
    python benchmarks/speed.py --quick    a tenth of the requests, in under a minute

The requests are those of benchmarks/requests.txt. What needs more than the daemon's own packages,
the fp32 model and llama.cpp, is measured where it is installed, and named where it is not.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from msgspec import Struct

from benchmarks import loops as ways
from benchmarks.clients import load
from benchmarks.cold import first_answer_ms, suggest_ms
from benchmarks.measuring import REPOSITORY, machine, requests, write_section
from benchmarks.recording import engine_parts, settings
from benchmarks.speed_tables import DRAFTED, ENGINE, FP32, LLAMA, PLAIN, SHARED, Figures, report
from eidos.config import Config
from eidos.engine import Engine

PAGE = REPOSITORY / "docs" / "benchmarks.md"
HEADING = "## Figures of speed"
GGUF = REPOSITORY.parent / "shared" / "model" / "eidos-135m.Q4_0.gguf"
CLIENTS = (1, 2, 4, 8, 16, 100)
COLD_STARTS = 5
QUICK_REQUESTS = 20
QUICK_CLIENTS = (1, 4, 16)
QUICK_COLD_STARTS = 2

A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Setting(Struct, frozen=True):
    """What is measured, and with what."""

    texts: list[str]
    clients: Sequence[int]
    cold_starts: int
    threads: int
    llama_python: Path
    gguf: Path
    fp32: Path | None
    may_export: bool
    """Whether an fp32 model is made where none is given."""


@click.command()
@click.option("--write", is_flag=True, help="Write the tables into docs/benchmarks.md.")
@click.option("--quick", is_flag=True, help="Fewer requests, and no fp32 model unless it is given.")
@click.option("--threads", default=Config().threads, show_default=True, help="Of the model.")
@click.option(
    "--llama-python", default=sys.executable, type=A_FILE, help="A Python with llama-cpp-python."
)
@click.option("--gguf", default=GGUF, type=click.Path(path_type=Path), help="llama.cpp's model.")
@click.option("--fp32", type=A_FILE, help="An fp32 model.onnx, where one is at hand.")
def main(
    write: bool, quick: bool, threads: int, llama_python: Path, gguf: Path, fp32: Path | None
) -> None:
    """Measure everything in one run, and print the tables."""
    setting = Setting(
        texts=requests(QUICK_REQUESTS if quick else None),
        clients=QUICK_CLIENTS if quick else CLIENTS,
        cold_starts=QUICK_COLD_STARTS if quick else COLD_STARTS,
        threads=threads,
        llama_python=llama_python,
        gguf=gguf,
        fp32=fp32,
        may_export=not quick,
    )
    lines = [*report(measure(setting))]
    click.echo("\n".join(lines))
    if write:
        write_section(PAGE, HEADING, lines)


def measure(setting: Setting) -> Figures:
    """Measure everything, one after the other: nothing of it runs beside anything else of it."""
    load_before = os.getloadavg()[0]
    threads = setting.threads
    first = [first_answer_ms(threads) for _ in range(setting.cold_starts)]
    suggest = [suggest_ms(threads) for _ in range(setting.cold_starts)]
    parts = engine_parts(setting.texts, threads)
    answers, notes = _loops(setting)
    loads = [load(setting.texts, clients, threads) for clients in setting.clients]
    return Figures(machine(load_before), threads, parts, answers, loads, first, suggest, notes)


def _loops(setting: Setting) -> tuple[dict[str, list[ways.Answer]], list[str]]:
    """Return the answers of all loops that can be measured here, and why others cannot."""
    threads, notes = setting.threads, list[str]()
    tokenizer = ways.embedded_tokenizer()
    model = ways.FILES.model
    loops = {
        PLAIN: ways.plain_loop(model, tokenizer, threads),
        SHARED: ways.packed_loop(model, tokenizer, threads),
        DRAFTED: ways.packed_loop(model, tokenizer, threads, is_drafting=True),
        ENGINE: ways.engine_loop(Engine(settings(threads)), tokenizer),
    }
    with ExitStack() as stack:
        fp32 = setting.fp32
        if fp32 is None and setting.may_export and ways.can_export():
            fp32 = stack.enter_context(ways.fp32_model())
        if fp32:
            loops[FP32] = ways.packed_loop(fp32, tokenizer, threads)
        else:
            notes.append("No fp32 model: none was given, and none was made")
        if setting.gguf.is_file() and ways.has_llama(setting.llama_python):
            loops[LLAMA] = stack.enter_context(
                ways.llama_loop(setting.llama_python, setting.gguf, threads, tokenizer)
            )
        else:
            notes.append("No llama.cpp: llama-cpp-python or the GGUF file is not there")
        return ways.side_by_side(loops, ways.prompts(setting.texts, tokenizer)), notes


if __name__ == "__main__":
    main()
