"""Which of the common commands and options the intents and the corpus have, and how often.

    python -m training.coverage [CORPUS.jsonl] [--check]

The commands stand in common_commands.toml. Programs behind sudo, xargs, `find -exec` and in pipes
count, and options in every spelling that the list gives. With --check it fails if a command has no
intent, unless the list says why it needs none.
"""

import json
import random
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import click
import msgspec

from eidos.protocol import Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.commands import Command
from eidos.validator.evaluating.evaluation import evaluate
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.syntax import read_line
from training.expanding import expand
from training.intents import FOLDER, load_all

COMMON: Final = Path(__file__).with_name("common_commands.toml")
_DRAWN: Final = 8
"""Commands of an intent that are looked at; with 2 a `mkfs.{type}` was found or not by chance."""
FEW: Final = 3
"""A command with fewer intents than this is shown, whatever options it has."""


class CommonCommands(msgspec.Struct, frozen=True):
    """The commands that a model must know, with what people use of them."""

    options: Mapping[str, tuple[str, ...]]
    """By command, its options and subcommands, each as it stands in the list."""
    left_out: Mapping[str, str]
    """Commands that need no intent, with the reasons."""


class Coverage(msgspec.Struct, frozen=True):
    """In how many commands each program occurs, and each of its listed options."""

    programs: Counter[str]
    options: Counter[tuple[str, str]]


def load_common(path: Path = COMMON) -> CommonCommands:
    """Return the list of common commands at *path*.

    Raises:
        ValueError: A command stands there twice, or is left out without being in the list.
    """
    groups = tomllib.loads(path.read_text("utf-8"))
    left_out = groups.pop("left_out", {})
    options: dict[str, tuple[str, ...]] = {}
    for group, commands in groups.items():
        for command, listed in commands.items():
            if command in options:
                raise ValueError(f"{path}: {command} stands there twice, again in [{group}]")
            options[command] = tuple(listed)
    if strange := sorted(set(left_out) - set(options)):
        raise ValueError(f"{path}: [left_out] names {strange[0]}, which is not in the list")
    return CommonCommands(options, left_out)


def count(groups: Iterable[Collection[tuple[str, str]]], common: CommonCommands) -> Coverage:
    """Return what occurs in *groups* of commands, each with its shell; each group counts once."""
    programs, options = Counter[str](), Counter[tuple[str, str]]()
    for group in groups:
        calls = [call for command, shell in group for call in _calls(command, Shell(shell))]
        programs.update({name for name, _ in calls})
        options.update(
            {
                (name, option)
                for name, words in calls
                for option in common.options.get(name, ())
                if _has(words, option, name not in _LONG_WITH_ONE_DASH)
            }
        )
    return Coverage(programs, options)


def _calls(command: str, shell: Shell) -> Iterator[tuple[str, list[str]]]:
    """Yield the programs that *command* runs, with their words, wrappers as programs too."""
    budget = Budget.start(time_s=1)
    try:
        found = evaluate(read_line(command, shell, budget), shell, budget).commands
    except (SyntaxFault, OverBudget, RecursionError):
        return
    words = command.split()
    for call in found:
        yield _written_name(call), [word.text for word in call.args]
        for wrapper in call.wrappers:
            after = words[words.index(wrapper) + 1 :] if wrapper in words else []
            yield wrapper, after
    for place, word in enumerate(words):
        if word in _UNSEEN:
            yield "test" if word in _TESTS else word, words[place + 1 :]


def _written_name(call: Command) -> str:
    """Return the program that the list speaks of: `[` is test."""
    return "test" if call.name in _TESTS else call.name


_TESTS: Final = frozenset("[ [[".split())
_UNSEEN: Final = frozenset(
    "[[ export alias time source type unset declare exec eval trap set".split()
)
"""Builtins and keywords that change the shell, and run nothing that the validator would name."""


_LONG_WITH_ONE_DASH: Final = frozenset(
    "find ip ffmpeg ffprobe java openssl gcc g++ convert terraform dpkg lshw".split()
)
"""Programs whose `-name` is one option, and not the letters n, a, m and e."""


def _has(words: Collection[str], option: str, has_clusters: bool = True) -> bool:
    """Whether every word of *option*, in one of its spellings, is among *words*."""
    return any(
        all(any(_is(word, part, has_clusters) for word in words) for part in spelling.split())
        for spelling in option.split("|")
    )


def _is(word: str, option: str, has_clusters: bool) -> bool:
    if word == option or word.startswith((f"{option}=", f"{option}:")):
        return True
    if option.startswith("+%"):
        return word.startswith("+") and option[1:] in word
    if not re.fullmatch(r"-\w", option) or not re.match(r"-\w", word):
        return False
    if not has_clusters:
        return word[:2] == option and not word[2:].isalpha()
    letters = word[1:].partition("=")[0]
    return option[1] in letters and (letters[0] == option[1] or letters.isalpha())


def missing(coverage: Coverage, common: CommonCommands) -> list[str]:
    """Return the commands of the list that nothing has, but for those left out with a reason."""
    return [
        command
        for command in common.options
        if not coverage.programs[command] and command not in common.left_out
    ]


def table(
    intents: Coverage, corpus: Coverage | None, common: CommonCommands, thin: int = 1
) -> Iterator[str]:
    """Yield a line for each command that has few intents, or options in fewer than *thin*."""
    yield f"{'command':<20} {'intents':>7} {'pairs':>7}  thin options (intents, pairs)"
    for command, options in common.options.items():
        rare = [option for option in options if intents.options[command, option] < thin]
        if not rare and intents.programs[command] >= FEW:
            continue
        shown = ", ".join(
            f"{option} ({intents.options[command, option]}"
            + (f", {corpus.options[command, option]})" if corpus else ")")
            for option in rare
        )
        pairs = corpus.programs[command] if corpus else "-"
        yield f"{command:<20} {intents.programs[command]:>7} {pairs:>7}  {shown}"


def intent_commands(folder: Path) -> Iterator[set[tuple[str, str]]]:
    """Yield some commands of each intent in *folder*, with their shells: slots may be options."""
    for intent in load_all(folder):
        pairs = expand(intent, random.Random(intent.id), 2)
        drawn = dict.fromkeys((pair.command, pair.shell) for pair in pairs)
        yield set(islice(drawn, _DRAWN))


def read_corpus(path: Path) -> Iterator[set[tuple[str, str]]]:
    """Yield the command and the shell of each pair in the corpus at *path*."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            pair = json.loads(line)
            yield {(pair["command"], pair["shell"])}


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--intents", type=click.Path(path_type=Path, exists=True), default=FOLDER)
@click.option("--check", is_flag=True, help="Fail if a common command has no intent.")
@click.option("--thin", default=1, help="Show options in fewer intents than this.")
def main(corpus: Path | None, intents: Path, thin: int, *, check: bool) -> None:
    """Print which of the common commands are thin in the intents, and in CORPUS if given."""
    common = load_common()
    of_intents = count(intent_commands(intents), common)
    of_corpus = count(read_corpus(corpus), common) if corpus else None
    for line in table(of_intents, of_corpus, common, thin):
        click.echo(line)
    listed = [(command, option) for command in common.options for option in common.options[command]]
    used = sum(of_intents.options[pair] > 0 for pair in listed)
    lost = missing(of_intents, common)
    click.echo(
        f"{len(common.options) - len(lost)} of {len(common.options)} commands and "
        f"{used} of {len(listed)} options have an intent; without one: {', '.join(lost) or 'none'}"
    )
    if check and lost:
        raise click.ClickException(
            "write intents for these, or name them with a reason in common_commands.toml [left_out]"
        )


if __name__ == "__main__":
    main()
