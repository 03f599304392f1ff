"""The index of known intents that the daemon searches: `python -m training.indexing`.

The daemon's own code reads it: `eidos/retrieval/index.py` has the format.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import click
import msgspec
import numpy as np
import numpy.typing as npt

from eidos.retrieval import index
from eidos.retrieval.index import Frame, Item, Variant
from eidos.retrieval.kinds import reader_of
from eidos.retrieval.listed import spoken
from eidos.retrieval.words import words
from training import intents, phrasing, shells
from training.intents import Choices, Intent
from training.phrasing import Phrasing
from training.takers import Takers
from training.values import Value
from training.weighing import likenesses, weights

VARIANTS: Final = 24
"""How many variants of one phrasing the index has at most."""
_FEW_ENDINGS: Final = 3
_USUAL_ENDINGS: Final = frozenset("txt md log conf cfg ini csv sh py js html json".split())
"""A list of such files has them as examples; one of .jar means JAR files."""
_STRICT_KINDS: Final = "n mode year size date time ip url disk glob bare_ext".split()
"""Kinds whose values are of one form; a list of such values is open to others of that form."""
OPEN_NAMES: Final = 6
"""As many listed names show that any other would do."""
_AROUND_MARK: Final = "\"'“”,?;:"
_SHELLS: Final = ("bash", "zsh", "fish")
_NAME: Final = re.compile(r"[\w./~-]+")


class Found(msgspec.Struct):
    """What is gathered, intent by intent."""

    intents: list[index.Intent] = []
    variants: list[tuple[int, tuple[str, ...]]] = []
    """Slots stand as marks in them, words as stems."""


def gather(known: Iterable[Intent]) -> Found:
    """Return the intents and variants of *known* that can be answered on this system."""
    found = Found()
    for intent in known:
        entry = _entry(intent)
        if intent.last is None and entry.forms:
            found.variants += [(len(found.intents), items) for items in _variants(intent)]
            found.intents.append(entry)
    return found


def _entry(intent: Intent) -> index.Intent:
    names = tuple(sorted(intent.slots))
    slots = tuple(_slot(intent, name) for name in names)
    return index.Intent(intent.id, tuple(_forms(intent)), names, slots)


def _forms(intent: Intent) -> Iterator[index.Form]:
    """Yield the commands for Linux, each with the shells that take it."""
    forms = [form for form in intent.forms if form.os == "linux"]
    own = {form.shell for form in forms}
    for form in forms:
        others = (each for each in _SHELLS if each not in own)
        same = tuple(each for each in others if form.shell == "bash" and _takes(each, form))
        yield index.Form((form.shell, *same), form.command.parts)


def _takes(shell: str, form: intents.Form) -> bool:
    return shells.is_same_in(form.command, shell)


def _slot(intent: Intent, name: str) -> index.Slot:
    slot = intent.slots[name]
    if not isinstance(slot, Choices):
        return index.Slot(kind=intent.kinds[name])
    listed = {spoken(words(value.phrase)): _source(value) for value in slot.listed}
    longest = max((phrase.count(" ") + 1 for phrase in listed), default=0)
    return index.Slot(_open_kind(slot), listed, longest, _frames(slot.listed))


def _source(value: Value) -> str:
    return value.source if isinstance(value.source, str) else value.source.text


def _open_kind(slot: Choices) -> str:
    """Return the kind of what may be said in place of the listed values; nothing if they are all.

    A list of many names are examples; one of few, or of what means something else, is complete.
    """
    plain = [v.phrase for v in slot.listed if v.phrase == _source(v) and _NAME.fullmatch(v.phrase)]
    if len(plain) < OPEN_NAMES and not slot.types:
        return ""
    endings = {each.rpartition(".")[2] for each in plain}
    if plain and all("." in each[1:] for each in plain) and not endings & _USUAL_ENDINGS:
        return f"file {' '.join(sorted(endings))}" if len(endings) <= _FEW_ENDINGS else "path"
    strict = (kind for kind in _STRICT_KINDS if plain and all(_reads(kind, each) for each in plain))
    is_path = any("." in each or "/" in each for each in plain)
    return next(strict, "path" if is_path else "label")


def _reads(kind: str, text: str) -> bool:
    said = words(text)
    spans = reader_of(kind)(said, 0) if len(said) == 1 else iter(())
    return any(span.value == text for span in spans)


def _frames(listed: Sequence[Value]) -> tuple[Frame, ...]:
    """Return what stands around a value in at least two of the *listed* phrases."""
    counts: Counter[Frame] = Counter()
    for value in listed:
        source = _source(value)
        if source == value.phrase or value.phrase.count(source) != 1 or not source[2:]:
            continue
        before, after = value.phrase.split(source)
        glued = "" if before.endswith(" ") else before.rsplit(" ", 1)[-1]
        if glued.isalnum() or (after and not after.startswith(" ")):
            continue
        stems = [tuple(w.stem for w in words(t)) for t in (before.removesuffix(glued), after)]
        counts[Frame(stems[0], glued, stems[1])] += 1
    return tuple(frame for frame, count in counts.items() if count > 1)


def _variants(intent: Intent) -> Iterator[tuple[str, ...]]:
    """Yield the ways to ask for *intent*, each once."""
    names = sorted(intent.slots)
    seen: set[tuple[str, ...]] = set()
    for number, way in enumerate(intent.phrasings):
        marks = {n: phrasing.mark(names.index(slot)) for n, slot in enumerate(way.slots)}
        for text in _texts(way, f"{intent.id}-{number}"):
            items = tuple(_items(phrasing.fill(text, marks)))
            if items not in seen:
                seen.add(items)
                yield items


def _texts(way: Phrasing, seed: str) -> list[str]:
    if way.count() <= VARIANTS:
        return sorted(set(way.variants()))
    rng = Random(seed)
    return sorted({way.sample(rng) for _ in range(VARIANTS)})


def _items(text: str) -> Iterator[str]:
    """Yield the stems of a sampled phrasing; a word with a mark in it stays as it is."""
    for word in text.split():
        if not phrasing.IS_MARK.search(word):
            yield from (each.stem or each.text.lower() for each in words(word))
            continue
        bare = word.strip(_AROUND_MARK)
        yield bare.rstrip(".") if len(bare) == 2 and bare.endswith(".") else bare  # noqa: PLR2004


def digest(folder: Path = intents.FOLDER) -> str:
    """Return the SHA-256 of the intent files and of what turns them into an index."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.yaml")):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def build(known: Sequence[Intent], sources: str) -> bytes:
    """Return the index of *known* as a file; the same intents give the same bytes."""
    found = gather(known)
    by_word = weights(found.variants)
    vocabulary = sorted(by_word)
    numbers = {word: number for number, word in enumerate(vocabulary)}
    variants: list[bytes] = []
    postings: list[list[int]] = [[] for _ in vocabulary]
    sums: list[float] = []
    takers = Takers()
    signed: list[int] = []
    for at, (intent, items) in enumerate(found.variants):
        variants.append(msgspec.msgpack.encode(Variant(intent, _numbered(items, numbers))))
        plain = [item for item in items if by_word.get(item, 0) > index.LEAST_WEIGHT]
        sums.append(sum(by_word[word] for word in plain))
        signed.append(takers.signature(items, found.intents[intent]))
        for word in sorted(set(plain)):
            postings[numbers[word]].append(at)
    packed = list(map(msgspec.msgpack.encode, found.intents))
    return _file(
        sources,
        {
            "vocabulary": "\n".join(vocabulary).encode(),
            "weights": np.array([by_word[word] for word in vocabulary], "<f4"),
            **_numbers("postings", postings),
            "variant_weights": np.array(sums, "<f4"),
            "variant_signatures": np.array(signed, "<u2"),
            "takers": msgspec.msgpack.encode(takers.packed()),
            **_packed("variants", variants),
            **_packed("intents", packed),
            **_alike(likenesses(known), numbers),
        },
    )


_Parts = dict[str, "bytes | npt.NDArray[np.generic]"]


def _alike(alike: Mapping[str, Mapping[str, float]], numbers: Mapping[str, int]) -> _Parts:
    """Return which words may stand for which, those alone that phrasings have."""
    others = [
        sorted((numbers[other], value) for other, value in alike.get(word, {}).items()
               if other in numbers)
        for word in numbers
    ]  # fmt: skip
    likeness = np.array([value for each in others for _, value in each], "<f4")
    return {**_numbers("alike", [[n for n, _ in each] for each in others]), "likenesses": likeness}


def _numbers(name: str, rows: Sequence[Sequence[int]]) -> _Parts:
    flat = np.array([number for row in rows for number in row], "<u4")
    return {f"{name}_starts": _starts(map(len, rows)), name: flat}


def _packed(name: str, rows: Sequence[bytes]) -> _Parts:
    return {f"{name}_starts": _starts(map(len, rows)), name: b"".join(rows)}


def _numbered(items: Iterable[str], numbers: dict[str, int]) -> tuple[Item, ...]:
    def item(text: str) -> Item:
        if len(text) == 1 and phrasing.IS_MARK.match(text):
            return ~(ord(text) - index.FIRST_MARK)
        return text if phrasing.IS_MARK.search(text) else numbers[text]

    return tuple(map(item, items))


def _starts(lengths: Iterable[int]) -> npt.NDArray[np.uint32]:
    return np.cumsum([0, *lengths]).astype("<u4")


def _file(sources: str, parts: _Parts) -> bytes:
    """Return the file of *parts*, each at a multiple of 8 behind the header."""
    places: dict[str, tuple[int, int]] = {}
    body = b""
    for name, part in parts.items():
        data = part if isinstance(part, bytes) else part.tobytes()
        places[name] = (len(body), len(data))
        body += data + bytes(-len(data) % 8)
    header = msgspec.json.encode(index.Header(index.FORMAT, sources, places))
    header += b" " * (-(len(header) + 4) % 8)
    return len(header).to_bytes(4, "big") + header + body


@click.command()
@click.argument("out", type=click.Path(path_type=Path), default=index.FILE)
def main(out: Path) -> None:
    """Write the index of all intents to OUT, by default where the daemon has it."""
    out.write_bytes(build(intents.load_all(), digest()))
    click.echo(f"{out}: {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
