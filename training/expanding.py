"""From an intent to pairs of a request and its command, with the context that the daemon knows."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from random import Random
from typing import Final

from msgspec import Struct

from eidos.context import Context, conditioned
from training import names, noise, phrasing, shells, slots, templates
from training.intents import Choices, Form, Intent
from training.phrasing import Phrasing
from training.templates import CommandTemplate, Raw
from training.values import Draw, Site, Value

__all__ = ["Context", "Pair", "conditioned", "draw", "expand", "sample"]

FORM_SHARE: Final = 0.6
"""How often a form of its own, for another shell or macOS, is taken where there is one."""
SAME_SHARE: Final = 0.12
"""How often a command that another shell takes as it is, is given for that shell."""
FILES_SHARE: Final = 0.08
LAST_SHARE: Final = 0.03
"""How often files, and a last command that nobody speaks of, are in the context."""
HALF: Final = 0.5
SHORT_SHARE: Final = 0.2
"""How often a file that the context lists is asked for without its ending."""

_LATEST: Final = (
    "ls;cd ..;git status;make;ls -la;cat notes.txt;git pull;python3 app.py;npm test;apt update;"
    "cd src;vim config.yaml;docker ps;grep -r TODO .;mkdir build;ssh server1"
).split(";")
_TRIES: Final = 12


class Pair(Struct, frozen=True, omit_defaults=True):
    """A request and the command that it asks for."""

    request: str
    command: str
    shell: str
    os: str
    source: str
    id: str
    tool: str
    context: Context = Context()


def expand(intent: Intent, rng: Random, count: int) -> Iterator[Pair]:
    """Yield up to *count* pairs for each phrasing of *intent*, no two of them the same."""
    for way in intent.phrasings:
        seen: set[Pair] = set()
        for _ in range(count):
            pair = sample(intent, way, rng)
            if pair not in seen:
                seen.add(pair)
                yield pair


def sample(intent: Intent, way: Phrasing, rng: Random, *, is_rough: bool = True) -> Pair:
    """Return one pair of *intent* asked in this *way*, with noise if *is_rough*."""
    form, shell = _form(intent, rng)
    text = way.sample(rng)
    drawn = draw(intent, form.command, way, text, rng)
    sources = {name: value.source for name, value in drawn.items()}
    sources |= {n: Raw(v) for n, v in slots.DEFAULTS.items() if n not in sources}
    command = form.command.fill(sources, shell)
    context = _context(intent, form, shell, sources, drawn, rng)
    said = {name: value.phrase for name, value in drawn.items()}
    said |= _short_names(intent, drawn, context, rng)
    numbers = {n: said[way.slots[n]] for n in phrasing.marks(text)}
    if is_rough:
        places = {n for n in numbers if intent.kinds.get(way.slots[n]) in slots.PLACES}
        text = noise.roughen(text, rng, noise.kept(command), places)
    return Pair(
        request=phrasing.fill(text, numbers),
        command=command,
        shell=shell,
        os=form.os,
        source="intent",
        id=intent.id,
        tool=templates.tool(command),
        context=context,
    )


def _short_names(
    intent: Intent, drawn: Mapping[str, Value], context: Context, rng: Random
) -> dict[str, str]:
    """Return what a file is called by somebody who leaves out the rest: the listing has it."""
    short: dict[str, str] = {}
    for name, value in drawn.items():
        stem, dot, extension = value.text.partition(".")
        is_file = intent.kinds.get(name) in slots.PATHS and value.text in context.files
        others = (each for each in context.files if each != value.text)
        if (
            is_file and dot and stem[2:] and extension
            and rng.random() < SHORT_SHARE
            and not any(each.lower().startswith(stem.lower()) for each in others)
        ):  # fmt: skip
            short[name] = re.sub(r"[_-]", " ", stem) if rng.random() < HALF else stem
    return short


def draw(
    intent: Intent, command: CommandTemplate, way: Phrasing, text: str, rng: Random
) -> dict[str, Value]:
    """Return values for the slots that *text* marks and those that only `last` speaks of."""
    named = {way.slots[n]: phrasing.mark(n) for n in phrasing.marks(text)}
    if intent.last is not None:
        named |= {hole.name: "" for hole in intent.last.holes if hole.name not in named}
    programs = _programs(command)
    drawn: dict[str, Value] = {}
    for name, sign in named.items():
        site = _site(text, sign, programs.get(name, frozenset()))
        taken = {drawn[other].text for other in drawn if _are_rivals(intent, name, other)}
        value = _value(intent.slots[name], site, rng)
        for _ in range(_TRIES):
            if value.text not in taken:
                break
            value = _value(intent.slots[name], site, rng)
        drawn[name] = value
    for group in _ordered_groups(intent, named):
        rising = sorted((drawn[name] for name in group), key=_order)
        drawn |= dict(zip(group, rising, strict=True))
    return drawn


def _value(slot: Choices | Draw, site: Site, rng: Random) -> Value:
    if not isinstance(slot, Choices):
        return slot(rng, site)
    if slot.types and (not slot.listed or rng.random() < HALF):
        return rng.choice(slot.types)(rng, site)
    return rng.choice(slot.listed)


def _site(text: str, sign: str, programs: frozenset[str]) -> Site:
    """Return what stands around *sign* in *text*."""
    if not sign:
        return Site(programs=programs)
    before, _, after = text.partition(sign)
    quoted = before[-1:] in ("'", '"') and after[:1] == before[-1:]
    word = re.search(r"(\w+)\W*$", before)
    following = re.match(r"\W*(\w+)", after)
    return Site(
        word[1].lower() if word else "", following[1].lower() if following else "", quoted, programs
    )


@lru_cache(maxsize=4096)
def _programs(command: CommandTemplate) -> Mapping[str, frozenset[str]]:
    """Return the programs that get each slot's value."""
    found: dict[str, frozenset[str]] = {}
    for hole in command.holes:
        found[hole.name] = found.get(hole.name, frozenset()) | {hole.program}
    return found


def _are_rivals(intent: Intent, name: str, other: str) -> bool:
    """Whether the two slots must not have the same value: two files, or numbered ones."""
    kinds = intent.kinds.get(name), intent.kinds.get(other)
    if kinds[0] in slots.PATHS and kinds[1] in slots.PATHS:
        return True
    if name.rstrip("0123456789") == other.rstrip("0123456789"):
        return True
    return intent.slots[name] == intent.slots[other] and isinstance(intent.slots[name], Choices)


def _ordered_groups(intent: Intent, named: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the names of slots whose values must rise, in that order."""
    yield [name for name in intent.ordered if name in named]
    groups: dict[str, list[str]] = {}
    for name in sorted(named):
        if name not in intent.ordered and intent.kinds.get(name) in slots.ORDERED:
            groups.setdefault(intent.kinds[name], []).append(name)
    yield from groups.values()


def _order(value: Value) -> tuple[float, str]:
    number = value.text.replace(":", ".").replace("-", "")
    return (float(number), "") if re.fullmatch(r"\d+(\.\d+)?", number) else (0.0, value.text)


def _form(intent: Intent, rng: Random) -> tuple[Form, str]:
    """Return the form to show, and the shell it is shown for."""
    first = intent.forms[0]
    others = [form for form in intent.forms if (form.shell, form.os) != ("bash", "linux")]
    if others and (others[0] is first or rng.random() < FORM_SHARE):
        form = rng.choice(others)
        if form.os == "macos":
            return form, rng.choice([s for s in ("zsh", "zsh", "bash", "fish") if _runs(form, s)])
        return form, form.shell
    if rng.random() < SAME_SHARE:
        shell = rng.choice(("zsh", "fish"))
        has_own = any((form.shell, form.os) == (shell, "linux") for form in others)
        if not has_own and _runs(first, shell):
            return first, shell
        if not others and templates.tool(first.command.text) in shells.SAME_ON_MACOS:
            return Form("zsh", "macos", first.command), "zsh"
    return first, first.shell


def _runs(form: Form, shell: str) -> bool:
    return form.shell == shell or shells.is_same_in(form.command, shell)


def _context(
    intent: Intent,
    form: Form,
    shell: str,
    sources: Mapping[str, Raw | str],
    drawn: Mapping[str, Value],
    rng: Random,
) -> Context:
    last, status = None, None
    if intent.last is not None:
        last, status = intent.last.fill(dict(sources), shell), intent.status
    elif rng.random() < LAST_SHARE:
        last, status = rng.choice(_LATEST), 0
    files: tuple[str, ...] = ()
    if rng.random() < FILES_SHARE:
        files = _listing(intent, drawn, rng)
    return Context(shell, form.os, last, status, files)


def _listing(intent: Intent, drawn: Mapping[str, Value], rng: Random) -> tuple[str, ...]:
    """Return names as the working folder may hold them, those that are asked for among them."""
    asked = [
        value.text
        for name, value in drawn.items()
        if intent.kinds.get(name) in slots.PATHS
        and not intent.kinds[name].startswith("new")
        and "/" not in value.text
        and not value.text.startswith("~")
    ]
    others = [names.file_name(rng).rsplit("/", 1)[-1] for _ in range(rng.randint(1, 5))]
    others += [rng.choice(names.FOLDERS) for _ in range(rng.randint(0, 2))]
    return tuple(sorted({*asked, *others}))
