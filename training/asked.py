"""Requests to put to a model that was trained, and what it answered: the JSON lines between steps.

Made anew from the intents, with other values than the corpus has, or read from a text file.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, TypeVar

import msgspec

from training import expanding, noise, phrasing, slots, templates
from training.development import DevelopmentSet
from training.expanding import Context, Pair, conditioned
from training.intents import Form, Intent
from training.phrasing import Phrasing
from training.templates import Raw

_FIRST_SHARE: Final = 0.6
"""How often an intent that has forms for several shells is asked for in its first one."""
_Line = TypeVar("_Line", bound=msgspec.Struct)


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request with the command that answers it, "" where nobody knows it.

    *used* is each value in the command, with the type of its slot: a tree is fitted to them.
    """

    pair: Pair
    used: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """What the model reads."""
        return conditioned(self.pair.request, self.pair.context)


class Sampled(msgspec.Struct, frozen=True):
    """What a model answered to a request: each text and how often, the most frequent first."""

    asked: Asked
    answers: tuple[tuple[str, int], ...]


def from_intents(
    intents: Iterable[Intent], per_intent: int, seed: int, development: DevelopmentSet
) -> Iterator[Asked]:
    """Yield up to *per_intent* requests of each of *intents*, none close to *development*.

    The same seed gives the same requests; those of an intent do not depend on the other intents.
    """
    for intent in intents:
        forms = [form for form in intent.forms if form.os == "linux"]
        rng = Random(f"{seed} asked {intent.id}")
        seen = set[str]()
        for _ in range(per_intent if forms else 0):
            form = forms[0] if rng.random() < _FIRST_SHARE else rng.choice(forms)
            asked = _ask(intent, form, rng.choice(intent.phrasings), rng)
            if asked.text not in seen and not development.is_close(
                asked.pair.request, asked.pair.command
            ):
                seen.add(asked.text)
                yield asked


def from_lines(path: Path, development: DevelopmentSet) -> Iterator[Asked]:
    """Yield the requests in the text file *path*, one a line, none close to *development*."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        request = " ".join(line.split())
        if request and not request.startswith("#") and not development.is_close(request, ""):
            yield Asked(Pair(request, "", "bash", "linux", "self", f"self:{number}", ""))


def _ask(intent: Intent, form: Form, way: Phrasing, rng: Random) -> Asked:
    text = way.sample(rng)
    drawn = expanding.draw(intent, form.command, way, text, rng)
    sources = {name: value.source for name, value in drawn.items()}
    sources |= {n: Raw(value) for n, value in slots.DEFAULTS.items() if n not in sources}
    command = form.command.fill(sources, form.shell)
    rough = noise.roughen(text, rng, noise.kept(command), ())
    said = {number: drawn[way.slots[number]].phrase for number in phrasing.marks(text)}
    last = None if intent.last is None else intent.last.fill(sources, form.shell)
    pair = Pair(
        request=phrasing.fill(rough, said),
        command=command,
        shell=form.shell,
        os=form.os,
        source="intent",
        id=intent.id,
        tool=templates.tool(command),
        context=Context(shell=form.shell, os=form.os, last=last, status=intent.status),
    )
    used = [(intent.kinds[name], v.text) for name, v in drawn.items() if name in intent.kinds]
    return Asked(pair, tuple(used))


def write_lines(path: Path, lines: Iterable[msgspec.Struct]) -> None:
    """Write *lines* to *path* as JSON, under its name when whole."""
    part = path.with_name(f"{path.name}.part")
    encode = msgspec.json.Encoder().encode
    with part.open("wb") as file:
        for line in lines:
            file.write(encode(line) + b"\n")
    part.replace(path)


def read_lines(path: Path, kind: type[_Line]) -> Sequence[_Line]:
    """Return the lines of JSON in *path*, each of *kind*.

    Raises:
        msgspec.ValidationError: A line is something else.
    """
    decode = msgspec.json.Decoder(kind).decode
    return [decode(line) for line in path.read_bytes().splitlines()]
