"""Which answers are wrong: `python -m training.judging SAMPLES.jsonl PREFERENCES.jsonl`.

An answer is wrong if it does not parse, if the validator blocks it and the intent's own command
passes, or if it does something else than that command: seen in the sandbox, in a tree made to fit,
where that command does something there, and by the words of the two elsewhere. With `--by text`
nothing is run, and every machine can judge.
"""

import functools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import click
import msgspec

from eidos.protocol import Level, Shell
from eidos.validator.validation import judge
from training import sandbox, trees
from training.asked import Sampled, read_lines, write_lines
from training.equality import ground_for, is_same_outcome, is_same_text, is_telling
from training.filters import parses

WAYS: Final = ("execution", "text")


class Preference(msgspec.Struct, frozen=True):
    """A right command and a wrong one for what the model reads, and *how* the wrong one shows.

    That is: `syntax`, `blocked`, `execution` or `text`.
    """

    id: str
    request: str
    chosen: str
    rejected: str
    how: str


def preferences(sampled: Sampled, *, by: str, most: int) -> list[Preference]:
    """Return up to *most* wrong answers of *sampled* beside the right one, the likeliest first.

    Raises:
        SandboxError: They are to be judged by execution, and there is no sandbox here.
    """
    pair = sampled.asked.pair
    faults = ((text, how) for text, how in _faults(sampled, by) if how)
    return [
        Preference(pair.id, sampled.asked.text, pair.command, text, how)
        for (text, how), _ in zip(faults, range(most), strict=False)
    ]


def _faults(sampled: Sampled, by: str) -> Iterator[tuple[str, str]]:
    """Yield each answer with how it shows that it is wrong; "" where it does not."""
    pair = sampled.asked.pair
    shell = Shell(pair.shell)
    ground = ground_for(pair.command, pair.shell, sampled.asked.used) if by == WAYS[0] else None
    # Only run when an answer is there that nothing else tells from it.
    wanted = functools.cache(lambda: ground.outcome(pair.command) if ground else None)
    for text, _ in sampled.answers:
        if not text or is_same_text(text, pair.command):
            continue
        if not parses(text, shell):
            yield text, "syntax"
        elif is_blocked(text, shell) and not is_blocked(pair.command, shell):
            yield text, "blocked"
        elif (outcome := wanted()) is None or ground is None or not is_telling(outcome):
            yield text, "text"
        elif is_same_outcome(pair.command, outcome, ground.outcome(text)):
            yield text, ""
        else:
            # A command whose outcome is another one each time says nothing of others.
            again = is_same_outcome(pair.command, outcome, ground.outcome(pair.command))
            yield text, "execution" if again else "text"


def is_blocked(command: str, shell: Shell) -> bool:
    """Whether the validator never lets *command* through, whoever asks for it."""
    return judge(command, shell).level is Level.BLOCK


def judged(samples: list[Sampled], *, by: str, most: int, jobs: int) -> Iterator[Preference]:
    """Yield what `preferences` returns of each of *samples*, found by so many processes."""
    known = [each for each in samples if each.asked.pair.command and each.answers]
    work = functools.partial(preferences, by=by, most=most)
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(work, known, chunksize=16):
            yield from found


@click.command()
@click.argument("samples", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--by", type=click.Choice(WAYS), default=WAYS[0], show_default=True)
@click.option("--most", default=2, show_default=True, help="Wrong answers taken of one request.")
@click.option("--jobs", default=2, show_default=True)
def main(samples: Path, out: Path, by: str, most: int, jobs: int) -> None:
    """Write to OUT the wrong answers of SAMPLES (training.sampling) beside the right ones."""
    try:
        given = list(read_lines(samples, Sampled))
        found = list(judged(given, by=by, most=most, jobs=jobs))
    except (msgspec.DecodeError, sandbox.SandboxError, trees.TreeError) as fault:
        raise click.ClickException(str(fault)) from fault
    write_lines(out, found)
    drawn = sum(count for each in given for _, count in each.answers)
    counts = Counter(each.how for each in found)
    shown = ", ".join(f"{count} by {how}" for how, count in counts.most_common())
    requests = len({each.request for each in found})
    click.echo(
        f"{drawn} answers to {len(given)} requests; wrong ones of {requests}: {shown or 'none'}"
    )


if __name__ == "__main__":
    main()
