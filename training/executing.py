"""Runs the commands of the intents, and says which of them cannot be right.

    python -m training.executing [FILE…] [--samples N] [--all]

Each command is filled with values, a tree is made to fit, and the sandbox runs it. What counts is
whether the program understood its arguments: a usage error, an unknown option, a syntax error. That
there is no service, no network or no root in the sandbox says nothing about the command.
"""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Final

import click
import msgspec

from training import expanding, fitting, intents, sandbox, slots
from training.templates import Raw

SEED: Final = 4
WALL_S: Final = 3.0  # what waits for somebody is told from what does not understand at once
# Stands for root: what runs behind it is what is to be judged.
AS_ROOT: Final = {
    "bash": 'sudo() { while [[ $1 == -* ]]; do [[ $1 == -[ug] ]] && shift; shift; done; "$@"; }\n',
    "zsh": 'sudo() { while [[ $1 == -* ]]; do [[ $1 == -[ug] ]] && shift; shift; done; "$@"; }\n',
    "fish": "function sudo; while string match -q -- '-*' $argv[1]; "
    "contains -- $argv[1] -u -g; and set -e argv[1]; set -e argv[1]; end; $argv; end\n",
}
REPOSITORY: Final = (
    "git init -q -b main",
    "git config user.name Anna",
    "git config user.email anna@example.org",
    "git add .",
    "git commit -q -m first",
    "date > second.txt; git add second.txt; git commit -q -m second",
)
MISUNDERSTOOD: Final = re.compile(
    r"(invalid|illegal|unrecognized|unknown|unsupported|bad|ambiguous) (option|predicate|argument|"
    r"command|mode|flag|action|suffix|number|substitution|date|range|key|format|file (name )?list|"
    r"time interval|conversion|field|type|regular expression|preceding|character|line count|"
    r"user name format|signal|-\w+ type|gnu long option)"
    r"|option .{1,40}(not recognized|requires an argument|needs an argument|is ambiguous)"
    r"|[Uu]sage: |syntax error|parse error|unexpected (token|EOF|end|newline|argument|character)"
    r"|Try '.*--help'|--help' for more|(missing|extra|too many) (operand|argument)|Missing"
    r"|missing [\])}]|paths must precede|unterminated|unmatched|unbalanced|is not a git command"
    r"|no matches found|bad pattern|not a valid identifier|fish: (Unknown|Expected|Unsupported|Use)"
    r"|option --?\w+: is unknown|[Ii]nvalid command|is unknown, try|does not (take|understand)"
    r"|conflicting|mutually exclusive|cannot be used together|compile error|must specify"
    r"|SyntaxError|Couldn't parse|Unknown [a-z]+ |unknown [a-z]+ attribute|No such option"
)
# The same words, said of what is not there: a commit, a user, a page, a process.
EXCUSED: Final = re.compile(
    r"unknown revision|stdin: unexpected|kill: usage|: \(3\) URL|hostname contains"
    r"|Unknown (system error|user)|error:.* not a valid identifier"
)
MISSING: Final = re.compile(
    r"command not found|fish: Unknown command:|'(lfs|filter-repo|annex|flow)' is not a git command"
)


class Verdict(StrEnum):
    """What a run says of a command."""

    UNDERSTOOD = "understood"
    MISUNDERSTOOD = "misunderstood"
    MISSING = "program not installed"
    ENDLESS = "did not end"
    FAILED = "failed for another reason"


class Job(msgspec.Struct, frozen=True):
    """A command of an intent, filled; *used* is each value in it, with the type of its slot."""

    intent: str
    line: int
    shell: str
    command: str
    used: tuple[tuple[str, str], ...]


def jobs_of(intent: intents.Intent, samples: int) -> Iterator[Job]:
    """Yield up to *samples* different fillings of each form of *intent* that is for Linux."""
    rng = Random(f"{SEED} {intent.id}")
    for form in intent.forms:
        if form.os == "linux":
            jobs = (_filled(intent, form, rng) for _ in range(samples))
            yield from {job.command: job for job in jobs}.values()


def _filled(intent: intents.Intent, form: intents.Form, rng: Random) -> Job:
    way = rng.choice(intent.phrasings)
    text = way.sample(rng)
    drawn = expanding.draw(intent, form.command, way, text, rng)
    sources = {name: value.source for name, value in drawn.items()}
    sources |= {n: Raw(value) for n, value in slots.DEFAULTS.items() if n not in sources}
    used = [(intent.kinds[name], v.text) for name, v in drawn.items() if name in intent.kinds]
    command = form.command.fill(sources, form.shell)
    return Job(intent.id, intent.line, form.shell, command, tuple(used))


def judge(job: Job) -> tuple[Verdict, str]:
    """Return what running the command says of it, and the line that says so."""
    grove = fitting.tree(job.command, job.used)
    if re.search(r"\bgit\b", job.command):
        grove = msgspec.structs.replace(grove, setup=REPOSITORY)
    prelude = AS_ROOT[job.shell] if "sudo " in job.command else ""
    outcome = sandbox.run(prelude + job.command, grove, shell=job.shell, wall_s=WALL_S)
    said = outcome.errors.decode(errors="replace").strip().splitlines()
    if found := next((line for line in said if MISSING.search(line)), None):
        return Verdict.MISSING, found
    excused = (
        re.compile(f"{EXCUSED.pattern}|missing operand") if "xargs" in job.command else EXCUSED
    )
    blamed = (line for line in said if not excused.search(line))
    if found := next((line for line in blamed if MISUNDERSTOOD.search(line)), None):
        return Verdict.MISUNDERSTOOD, said[0] if found.startswith(("Try", "Usage")) else found
    if outcome.cut:
        return Verdict.ENDLESS, outcome.cut
    if outcome.status and said:
        return Verdict.FAILED, said[0]
    return Verdict.UNDERSTOOD, ""


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--samples", default=2, show_default=True, help="Fillings of each command.")
@click.option("--jobs", default=2, show_default=True)
@click.option("--all", "everything", is_flag=True, help="Print what failed for other reasons too.")
def main(files: tuple[Path, ...], samples: int, jobs: int, everything: bool) -> None:
    """Run the commands of the intents in FILES, or all, and print those not understood."""
    try:
        wanted = [it for path in files for it in intents.load(path)] or intents.load_all()
        todo = [job for intent in wanted for job in jobs_of(intent, samples)]
        with ProcessPoolExecutor(jobs) as pool:
            verdicts = list(pool.map(judge, todo, chunksize=16))
    except (intents.IntentError, sandbox.SandboxError) as fault:
        raise click.ClickException(str(fault)) from fault
    shown = {Verdict.MISUNDERSTOOD, *([Verdict.FAILED, Verdict.ENDLESS] if everything else [])}
    for job, (verdict, said) in zip(todo, verdicts, strict=True):
        if verdict in shown:
            place = f"{job.intent} (line {job.line}, {job.shell})"
            click.echo(f"{place}: {verdict}: {job.command}\n    {said}")
    counts = Counter(verdict for verdict, _ in verdicts)
    click.echo(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict))
    raise SystemExit(bool(counts[Verdict.MISUNDERSTOOD]))


if __name__ == "__main__":
    main()
