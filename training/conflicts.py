"""Requests that two intents answer with different commands: a model can only guess there."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from random import Random
from typing import Final

from msgspec import Struct

from training import phrasing, slots
from training.intents import Choices, Form, Intent
from training.phrasing import Phrasing
from training.templates import Hole
from training.values import Draw, Site

VARIANTS: Final = 48
"""Variants of a phrasing that are compared: all where there are no more, else so many drawn."""
_DRAWN: Final = 200
"""Values of a type that are compared with listed ones."""
_COMMON_NAMES: Final = 3
_SEED: Final = 4
_SUFFIX: Final = re.compile(r"\w\.(tar\.\w+|[a-z]\w{0,4})$")
_FRAME: Final = re.compile(r"^(how (do|can|to)( i| you)?|please|can you|i (want|need) to) ")
_ARTICLES: Final = frozenset("the a an me".split())
_SAME_FIRST: Final = {
    **dict.fromkeys("print display list".split(), "show"),
    **dict.fromkeys("remove erase".split(), "delete"),
    **dict.fromkeys("what's whats which".split(), "what"),
    "make": "create", "search": "find",
}  # fmt: skip
_SAME: Final = {
    "folder": "directory", "dir": "directory", "folders": "directories", "dirs": "directories",
    "larger": "bigger", "largest": "biggest", "containing": "with", "matching": "with",
    "changed": "modified", "every": "all", "of": "in", "from": "in",
}  # fmt: skip
"""Words that noise exchanges, or that nobody tells apart."""


class _Answer(Struct, frozen=True):
    """What an intent answers to a request, each slot being its place in the request."""

    intent: Intent
    command: str
    names: tuple[str, ...]


def conflicts(intents: Iterable[Intent]) -> Iterator[tuple[Intent, str]]:
    """Yield each intent that answers a request otherwise than an earlier one, with what to say."""
    known: dict[tuple[str, str], list[_Answer]] = {}
    for intent in intents:
        told: set[str] = set()
        for context, request, answer in _answers(intent):
            before = known.setdefault((context, request), [])
            if all(answer.command != each.command for each in before):
                for each in before:
                    if each.intent.id not in told and _may_be_the_same(answer, each):
                        told.add(each.intent.id)
                        yield intent, _message(request, answer, each)
                before.append(answer)


def _message(request: str, answer: _Answer, other: _Answer) -> str:
    return (
        f"{request!r} means {answer.command!r}, and {other.command!r} in "
        f"{other.intent.id} (line {other.intent.line}): keep one"
    )


def _answers(intent: Intent) -> Iterator[tuple[str, str, _Answer]]:
    """Yield context, request and answer for each variant, slots standing as `<1>`, `<2>`."""
    last = f"{intent.last.text} {intent.status}" if intent.last else ""
    for way in intent.phrasings:
        rng = Random(f"{_SEED} {intent.id} {way.text}")
        for text in variants(way, rng):
            names = tuple(dict.fromkeys(way.slots[n] for n in phrasing.marks(text)))
            signs = {name: f"<{place}>" for place, name in enumerate(names, 1)}
            said = {n: signs[way.slots[n]] for n in phrasing.marks(text)}
            request = _plain(phrasing.fill(text, said))
            for form in intent.forms:
                command = _command(form, signs)
                context = f"{form.shell} {form.os} {last}"
                yield context, request, _Answer(intent, command, names)


def variants(way: Phrasing, rng: Random) -> Iterable[str]:
    """Return the variants of *way*: all where they are few, else some."""
    if way.count() <= VARIANTS:
        return dict.fromkeys(way.variants())
    return dict.fromkeys(way.sample(rng) for _ in range(VARIANTS))


def _command(form: Form, signs: Mapping[str, str]) -> str:
    command = ""
    for part in form.command.parts:
        if isinstance(part, Hole):
            command += signs.get(part.name) or slots.DEFAULTS.get(part.name, f"<{part.name}>")
        else:
            command += part
    return command.strip()


def _may_be_the_same(answer: _Answer, other: _Answer) -> bool:
    """Whether every slot of the one may say what the slot of the other in its place says."""
    return all(
        _overlap(_Slot.of(answer.intent, mine), _Slot.of(other.intent, theirs))
        for mine, theirs in zip(answer.names, other.names, strict=True)
    )


class _Slot(Struct, frozen=True):
    """What a slot may say."""

    listed: frozenset[str]
    kind: str
    types: tuple[Draw, ...]

    @classmethod
    def of(cls, intent: Intent, name: str) -> "_Slot":
        slot = intent.slots[name]
        if isinstance(slot, Choices):
            return cls(frozenset(value.phrase.lower() for value in slot.listed), "", slot.types)
        return cls(frozenset(), intent.kinds[name], (slot,))


@cache
def _overlap(mine: _Slot, theirs: _Slot) -> bool:
    if mine.listed & theirs.listed or (mine.types and mine.types == theirs.types):
        return True
    if mine.listed and theirs.listed:
        return False
    if not mine.listed and not theirs.listed:
        return bool(_suffixes(mine) & _suffixes(theirs)) or _share_names(mine, theirs)
    listed, typed = (mine, theirs) if mine.listed else (theirs, mine)
    suffixes = _suffixes(typed)
    return any(
        (found := _SUFFIX.search(phrase)) and found[1] in suffixes for phrase in listed.listed
    ) or any(listed.listed & _drawn(draw) for draw in typed.types)


def _share_names(mine: _Slot, theirs: _Slot) -> bool:
    """Whether both types have some of the usual names, as services and processes have."""
    if {mine.kind, theirs.kind} & (slots.PATHS | {"word", "pattern", "string"}):
        return False
    said = [{phrase for draw in slot.types for phrase in _drawn(draw)} for slot in (mine, theirs)]
    return len(said[0] & said[1]) >= _COMMON_NAMES


@cache
def _suffixes(slot: _Slot) -> frozenset[str]:
    """Return the extensions of the files that *slot* may name."""
    if slot.kind not in slots.PATHS:
        return frozenset()
    drawn = (_SUFFIX.search(text) for draw in slot.types for text in _drawn(draw))
    return frozenset(match[1] for match in drawn if match)


@cache
def _drawn(draw: Draw) -> frozenset[str]:
    rng = Random(_SEED)
    return frozenset(draw(rng, Site()).phrase.lower() for _ in range(_DRAWN))


def _plain(request: str) -> str:
    """Return *request* without what makes no difference: case, frames, articles, one's verb."""
    bare = _FRAME.sub("", re.sub(r"[?.!,]+(?= |$)", "", request.lower()))
    words = [word for word in bare.split() if word not in _ARTICLES] or [""]
    return " ".join((_SAME_FIRST.get(words[0], words[0]), *(_SAME.get(w, w) for w in words[1:])))
