"""Faults of intent files that reading them does not show: `python -m training.lint [FILE...]`.

Each phrasing is sampled with a seed, so that a run finds what the run before found.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import click
from msgspec import Struct

from training import expanding, intents, phrasing, shells, slots, templates
from training.conflicts import conflicts, variants
from training.intents import Choices, Intent, IntentError
from training.phrasing import Phrasing
from training.templates import Raw
from training.values import Value

SEED: Final = 4
SAMPLES: Final = 3
"""Requests of each phrasing that are looked at, and commands of each form that are read."""

_ENGLISH: Final = (
    (re.compile(r"\b(last|past|previous|every|each|this) (a|an)\b(?! of)"), "an article"),
    (re.compile(r"(?<!\S)(a|an|the) (a|an|the)(?= )"), "two articles"),
    (re.compile(r"(?<!\S)(in|of|to|for|with|from|on|by|at|and|or|is) \1(?= )"), "a word twice"),
    (re.compile(r"\b(in|of) (in|under|inside|within|on) (?!which|a row)"), "two prepositions"),
    (re.compile(r"\bfiles files\b|\bdirectory directory\b|\bfolder folder\b"), "a word twice"),
    (re.compile(r"(?<=\S) [,?](?=\s|$)"), "a blank before the sign"),
)  # fmt: skip
"""What no request says, each with its name; on the words alone, names being taken out."""


class Fault(Struct, frozen=True, order=True):
    """What is wrong with an entry."""

    file: str
    line: int
    entry: str
    message: str

    def __str__(self) -> str:
        """Return the line that a person reads."""
        return f"{self.file}:{self.line}: {self.entry}: {self.message}"


def faults(found: Iterable[Intent], *, samples: int = SAMPLES) -> Iterator[Fault]:
    """Yield what is wrong with *found*, entry by entry, then what contradicts each other."""
    listed = list(found)
    for intent in listed:
        rng = Random(f"{SEED} {intent.id}")
        messages = (
            *_of_slots(intent),
            *_of_groups(intent),
            *_of_commands(intent, rng, samples),
            *_of_requests(intent, rng, samples),
        )
        for message in dict.fromkeys(messages):
            yield _fault(intent, message)
    for intent, message in conflicts(listed):
        yield _fault(intent, message)


def _fault(intent: Intent, message: str) -> Fault:
    return Fault(f"{intent.id.rpartition(':')[0]}.yaml", intent.line, intent.id, message)


def _of_slots(intent: Intent) -> Iterator[str]:
    """Yield slots that a command wants and a phrasing does not give."""
    spoken = {hole.name for hole in intent.last.holes} if intent.last else set[str]()
    for form in intent.forms:
        wanted = {hole.name for hole in form.command.holes} - spoken - slots.DEFAULTS.keys()
        for way in intent.phrasings:
            for name in sorted(wanted - way.required()):
                yield f"{way.text!r} may leave out {{{name}}}, which {form.command.text!r} wants"
    used = {hole.name for form in intent.forms for hole in form.command.holes} | spoken
    for way in intent.phrasings:
        for name in sorted(set(way.slots) - used):
            if not _says_nothing(intent, name):
                yield f"{way.text!r} has {{{name}}}, which no command uses"


def _says_nothing(intent: Intent, name: str) -> bool:
    """Whether the slot holds other words for the same alone: a list of phrases."""
    slot = intent.slots[name]
    return isinstance(slot, Choices) and not slot.types


def _of_groups(intent: Intent) -> Iterator[str]:
    """Yield what reads as text and is grammar: `(suid)`, `[0-9]`, an empty option."""
    for way in intent.phrasings:
        for group in way.groups():
            if len(group.alternatives) == 1 and not group.is_optional:
                yield f"{way.text!r} has a group of one: put a backslash before its brackets"
            if group.alternatives == ((),):
                yield f"{way.text!r} has empty brackets: put a backslash before them"
            for alternative in group.alternatives:
                if group.is_optional and _is_character_class(alternative):
                    yield f"{way.text!r}: put a backslash before the brackets of the class"


def _is_character_class(alternative: phrasing.Sequence) -> bool:
    text = "".join(node for node in alternative if isinstance(node, str))
    return re.fullmatch(r"\^?(\w-\w)+|:\w+:|\^\w", text) is not None


def _of_commands(intent: Intent, rng: Random, samples: int) -> Iterator[str]:
    """Yield commands that their shell cannot read, as they are filled."""
    for form in intent.forms:
        for _ in range(samples if form.command.holes else 1):
            way = rng.choice(intent.phrasings)
            drawn = expanding.draw(intent, form.command, way, way.sample(rng), rng)
            sources: dict[str, Raw | str] = {name: Raw(v) for name, v in slots.DEFAULTS.items()}
            sources |= {name: value.source for name, value in drawn.items()}
            if {hole.name for hole in form.command.holes} - sources.keys():
                continue  # said above
            command = form.command.fill(sources, form.shell)
            if not shells.parses(command, form.shell):
                yield f"{form.shell} does not take {command!r} as one line"
                break


def _of_requests(intent: Intent, rng: Random, samples: int) -> Iterator[str]:
    """Yield requests that are no English, or have lost what must be copied."""
    for way in intent.phrasings:
        for text in variants(way, rng):
            if not text:
                yield f"{way.text!r} may come out empty"
            yield from _of_english(
                way, phrasing.fill(text, dict.fromkeys(range(len(way.slots)), "X"))
            )
        for _ in range(samples):
            text = way.sample(rng)
            drawn = expanding.draw(intent, intent.command, way, text, rng)
            said = {n: _words(intent, way.slots[n], drawn) for n in phrasing.marks(text)}
            yield from _of_english(way, phrasing.fill(text, said))
        try:
            rough = expanding.sample(intent, way, rng)
        except KeyError:
            continue  # said above
        yield from _lost(intent, way, rough)


def _of_english(way: Phrasing, request: str) -> Iterator[str]:
    for pattern, name in _ENGLISH:
        if wrong := pattern.search(request):
            yield f"{way.text!r} has {name} in {wrong[0]!r}: {request!r}"


def _words(intent: Intent, name: str, drawn: dict[str, Value]) -> str:
    """Return what a slot says if that is words of the request, and X if it is a name or a text."""
    value = drawn[name]
    if isinstance(intent.slots[name], Choices):
        is_words = isinstance(value.source, str) and " " in value.phrase
    else:
        is_words = intent.kinds[name] in slots.SPOKEN
    return value.phrase if is_words else "X"


def _lost(intent: Intent, way: Phrasing, pair: expanding.Pair) -> Iterator[str]:
    """Yield the listed phrases of a slot that a rough request of *way* no longer has."""
    for name in way.required():
        slot = intent.slots[name]
        if not isinstance(slot, Choices) or slot.types:
            continue
        if all(value.phrase not in pair.request for value in slot.listed):
            yield f"{way.text!r}: the phrase of {{{name}}} is not in {pair.request!r}"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--show", type=int, default=0, help="Print so many samples of the files as well.")
def main(files: tuple[Path, ...], show: int) -> None:
    """Say what is wrong with the intent files, all of them if none is named; 1 if anything is."""
    found: list[Intent] = []
    broken: list[str] = []
    for path in files or sorted(intents.FOLDER.glob("*.yaml")):
        try:
            found += intents.load(path)
        except IntentError as exc:
            broken.append(str(exc))
    said = broken + [str(fault) for fault in faults(found)]
    for line in said:
        click.echo(line)
    rng = Random(SEED)
    for intent in islice(iter(lambda: rng.choice(found), None), show if found else 0):
        pair = expanding.sample(intent, rng.choice(intent.phrasings), rng)
        click.echo(f"{expanding.conditioned(pair.request, pair.context)}\n    {pair.command}")
    counts = Counter(templates.tool(intent.command.text) for intent in found)
    ways = sum(len(intent.phrasings) for intent in found)
    click.echo(
        f"{len(found)} intents, {ways} phrasings, {len(counts)} programs, {len(said)} faults",
        err=True,
    )
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()
