"""The corpus: every pair there is, less what must not be learnt, balanced by tool.

    python -m training.corpus --sources DIR OUT.jsonl

Beside OUT.jsonl it writes OUT.md: how many pairs each source and tool gave, and why others went.
The same intents, sources and seed give the same file, byte for byte.
"""

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec.structs import replace

from training.balancing import Shares, balanced, lot
from training.coverage import load_common
from training.development import DevelopmentSet, read_questions
from training.expanding import Pair, expand
from training.filters import Reason, fault, normalised
from training.intents import FOLDER, load_all
from training.naming import name_stand_ins
from training.noise import kept, roughen
from training.sources import read_fig, read_nl2bash, read_tldr
from training.tally import Tally

SEED: Final = 4
PER_PHRASING: Final = 11
"""Pairs drawn of each phrasing of an intent: what the first model had, and was good with."""
_QUALITY: Final = ("intent", "tldr", "nl2bash", "fig")
"""The sources, that first whose command counts where a request has several."""


def gather(
    intents: Path, sources: Path | None, per_phrasing: int, seed: int, *, tenth: bool = False
) -> Iterator[Pair]:
    """Yield the pairs of the intents in the folder *intents*, then those of *sources*.

    The best source comes first. With *tenth* only every tenth intent and row is taken.
    """
    step = 10 if tenth else 1
    for intent in load_all(intents)[::step]:
        draw = random.Random(f"{seed} {intent.id}")  # its own: a new intent changes no other
        yield from expand(intent, draw, per_phrasing)
    if sources is None:
        return
    for read in (read_tldr, read_nl2bash, read_fig):
        for number, pair in enumerate(read(sources)):
            if number % step == 0:
                is_written_for_real = pair.source == "nl2bash"
                draw = random.Random(f"{seed} {pair.id}")
                yield pair if is_written_for_real else name_stand_ins(pair, draw)


def cleaned(
    pairs: Iterable[Pair], development: DevelopmentSet, tally: Tally, seed: int = SEED
) -> Iterator[Pair]:
    """Yield those of *pairs* that may be learnt, each request with one command.

    Of two commands for the same request, shell, system and last command that counts which came
    first. What a collection asks for is roughened as people type it; intents are already. What is
    left out is counted in *tally*.
    """
    answers = _Answers(tally)
    for raw in pairs:
        clean = normalised(raw)
        reason = fault(clean)
        pair = clean if reason or clean.source == "intent" else _roughened(clean, seed)
        if reason is None:
            is_close = any(development.is_close(one.request, one.command) for one in (clean, pair))
            reason = Reason.DEVELOPMENT if is_close else answers.fault(pair)
        tally.add(pair, reason)
        if reason is None:
            yield pair


def _roughened(pair: Pair, seed: int) -> Pair:
    draw = random.Random(f"{seed} noise {pair.id}")
    return replace(pair, request=roughen(pair.request, draw, kept(pair.command), ()))


class _Answers:
    """The commands that requests have so far."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._commands: dict[tuple[str | None, ...], tuple[str, str]] = {}
        self._seen = set[int]()

    def fault(self, pair: Pair) -> Reason | None:
        """Return what speaks against *pair* beside those that were asked about before."""
        asked = (pair.request.lower(), pair.shell, pair.os, pair.context.last)
        command, source = self._commands.setdefault(asked, (pair.command, pair.source))
        if command.lower() != pair.command.lower():
            self._tally.contradict(source, pair)
            return Reason.CONTRADICTION
        exact = hash((pair.request, pair.shell, pair.os, pair.context))
        reason = Reason.DUPLICATE if exact in self._seen else None
        self._seen.add(exact)
        return reason


def write(pairs: Iterable[Pair], out: Path) -> None:
    """Write *pairs* to *out*, one line of JSON each."""
    encoder = msgspec.json.Encoder()
    with out.open("wb") as lines:
        for pair in pairs:
            lines.write(encoder.encode(pair) + b"\n")


def build(pairs: Iterable[Pair], shares: Shares, seed: int, tally: Tally) -> list[Pair]:
    """Return the corpus that *pairs* give, shuffled by *seed*."""
    development = DevelopmentSet(read_questions())
    clean = list(cleaned(pairs, development, tally, seed))
    chosen = list(balanced(clean, shares, frozenset(load_common().options), seed))
    tally.keep(clean, chosen)
    return sorted(chosen, key=lambda pair: lot(pair, seed))


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--sources",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of tldr.jsonl, nl2bash.jsonl and fig.jsonl; without it intents alone.",
)
@click.option("--intents", type=click.Path(path_type=Path, exists=True), default=FOLDER)
@click.option("--per-phrasing", default=PER_PHRASING, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
@click.option("--tenth", is_flag=True, help="A tenth of everything, to try it out.")
def main(
    out: Path,
    sources: Path | None,
    intents: Path,
    per_phrasing: int,
    seed: int,
    *,
    tenth: bool,
) -> None:
    """Write the corpus to OUT, and what became of every source beside it, as OUT.md."""
    tally = Tally()
    pairs = gather(intents, sources, per_phrasing, seed, tenth=tenth)
    corpus = build(pairs, Shares(), seed, tally)
    write(corpus, out)
    out.with_suffix(".md").write_text(tally.report(), encoding="utf-8")
    click.echo(tally.summary())


if __name__ == "__main__":
    main()
