"""Pairs by agreement: `python -m training.selftraining SAMPLES.jsonl OUT.jsonl`.

Of the answers drawn to a request (`training.sampling --requests FILE`) the one is kept on which
most agree: by its words or, with `--by execution`, by what it does in the sandbox. It must parse,
must not be blocked, and all its literals must be in the request. Where the intent's own command is
known, the answer must be that one, so that a request with slips gives a pair, never a new command.

OUT has the corpus' own form, its source is "self": `cat CORPUS.jsonl OUT.jsonl` is a corpus with
both, in which a recipe's `mix = { self = 0.5 }` says how often these pairs are seen.
"""

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click
import msgspec

from eidos.protocol import Shell
from training import sandbox, templates, trees
from training.asked import Sampled, read_lines, write_lines
from training.equality import ground_for, is_same_outcome, is_same_text, is_telling
from training.expanding import Pair
from training.filters import fault, normalised
from training.judging import WAYS, is_blocked


def agreed(sampled: Sampled, *, by: str, least: int) -> Pair | None:
    """Return the request of *sampled* with the command that *least* answers agree on, if any do.

    Raises:
        SandboxError: They are to agree by execution, and there is no sandbox here.
    """
    groups = _by_text(sampled.answers)
    if groups and groups[0][1] < least and by == WAYS[0]:
        groups = _by_outcome(groups, sampled.asked.pair.shell)
    if not groups or groups[0][1] < least:
        return None
    command = groups[0][0]
    known = sampled.asked.pair
    if known.command and not is_same_text(command, known.command):
        return None
    pair = normalised(
        msgspec.structs.replace(known, command=command, source="self", tool=templates.tool(command))
    )
    # Nobody vouches for it, so it does not help that the request may ask for what is blocked.
    return None if fault(pair) or is_blocked(command, Shell(pair.shell)) else pair


def _by_text(answers: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the answers with their counts, those of the same words as one, most counted first."""
    groups: list[tuple[str, int]] = []
    for text, count in answers:
        same = next((n for n, (first, _) in enumerate(groups) if is_same_text(first, text)), None)
        if same is None:
            groups.append((text, count))
        else:
            groups[same] = (groups[same][0], groups[same][1] + count)
    return sorted(((text, n) for text, n in groups if text), key=lambda group: -group[1])


def _by_outcome(groups: list[tuple[str, int]], shell: str) -> list[tuple[str, int]]:
    """Return *groups*, the first with the counts of all others that do what it does."""
    first, votes = groups[0]
    ground = ground_for(first, shell, ())
    if ground is None or not is_telling(wanted := ground.outcome(first)):
        return groups
    same = (
        count for text, count in groups[1:] if is_same_outcome(first, wanted, ground.outcome(text))
    )
    return [(first, votes + sum(same))]


def found(samples: Sequence[Sampled], *, by: str, least: int, jobs: int) -> Iterator[Pair]:
    """Yield the pairs that *samples* give, each request once."""
    seen = set[tuple[str, str]]()
    with ProcessPoolExecutor(jobs) as pool:
        work = functools.partial(agreed, by=by, least=least)
        for pair in pool.map(work, samples, chunksize=16):
            if pair is not None and (pair.request.lower(), pair.shell) not in seen:
                seen.add((pair.request.lower(), pair.shell))
                yield pair


@click.command()
@click.argument("samples", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--agree", "least", default=6, show_default=True, help="Answers that must agree.")
@click.option("--by", type=click.Choice(WAYS), default=WAYS[1], show_default=True)
@click.option("--jobs", default=2, show_default=True)
def main(samples: Path, out: Path, least: int, by: str, jobs: int) -> None:
    """Write to OUT the pairs on which the answers in SAMPLES (training.sampling) agree."""
    try:
        given = read_lines(samples, Sampled)
        pairs = list(found(given, by=by, least=least, jobs=jobs))
    except (msgspec.DecodeError, sandbox.SandboxError, trees.TreeError) as fault:
        raise click.ClickException(str(fault)) from fault
    write_lines(out, pairs)
    tools = Counter(pair.tool for pair in pairs).most_common(5)
    click.echo(f"{len(pairs)} pairs of {len(given)} requests; most of {dict(tools)}")


if __name__ == "__main__":
    main()
