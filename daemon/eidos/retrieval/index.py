"""The index of known intents: one file, mapped into memory, of which a request reads little.

`training/indexing.py` writes it. A variant is one phrasing without choices left in it: words by
number, slots by number below zero (`~0` is the first slot of its intent), and, where a slot is a
part of a word, that word as a text with marks.
"""

import mmap
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from eidos.errors import ModelError
from eidos.retrieval.filling import Hole

FILE: Final = Path(__file__).with_name("intents.index")
FORMAT: Final = "eidos-index/2"
FIRST_MARK: Final = 0xE000
"""The first of the characters that stand for slots inside a word."""

LEAST_WEIGHT: Final = 0.12
"""Of a word that helps to find a variant; ordinary words weigh 0.04 to 1."""
OPEN: Final = "="
"""Before a kind: a slot that takes listed values, and others of that kind."""
GLUED: Final = "~"
"""Before a form of words: a word with slots inside it."""

Item = int | str


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """What stands around an open value: "in the … folder", and what is glued to its front."""

    before: tuple[str, ...] = ()
    glued: str = ""
    after: tuple[str, ...] = ()


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """What a slot takes: a kind, listed phrases with what they mean, or both."""

    kind: str = ""
    listed: dict[str, str] = {}
    """By the stems of the phrase: shell source."""
    longest: int = 0
    """Words of the longest listed phrase."""
    frames: tuple[Frame, ...] = ()


class Form(msgspec.Struct, frozen=True, array_like=True):
    """The command for some shells."""

    shells: tuple[str, ...]
    parts: tuple[str | Hole, ...]


class Intent(msgspec.Struct, frozen=True, array_like=True):
    """One thing that people ask for."""

    id: str
    forms: tuple[Form, ...]
    names: tuple[str, ...]
    """The names of the slots, by number."""
    slots: tuple[Slot, ...]


class Variant(msgspec.Struct, frozen=True, array_like=True):
    """One way to ask for an intent."""

    intent: int
    items: tuple[Item, ...]


class Takers(msgspec.Struct, frozen=True, array_like=True):
    """What the slots of variants take, each once: to tell soon which variants a request fits."""

    kinds: tuple[str, ...]
    """A kind; `OPEN` and a kind; `GLUED` and a form; or nothing, for one list of values."""
    phrases: dict[str, tuple[int, ...]]
    """By the stems of a listed phrase: the kinds, by number, that have it in their list."""
    signatures: tuple[tuple[int, ...], ...]
    """For each combination of slots the numbers of their kinds."""


class Header(msgspec.Struct, frozen=True):
    """The beginning of the file: where each part lies behind it."""

    format: str
    sources: str
    """SHA-256 of the intent files that it was made of."""
    parts: dict[str, tuple[int, int]]
    """Offset and size of each, in bytes; numbers are of 32 bits, little-endian."""


Numbers = npt.NDArray[np.uint32]
Weights = tuple[float, ...]
Losses = npt.NDArray[np.float64]

_LENGTH: Final = 4
_ROUNDING: Final = 1e-9
"""More than the sums of weights are rounded by."""
_intent = msgspec.msgpack.Decoder(Intent)
_variant = msgspec.msgpack.Decoder(Variant)


class Index:
    """The known intents, by the words that ask for them."""

    def __init__(self, path: Path = FILE) -> None:
        """Map the file at *path*.

        Raises:
            ModelError: it is missing, damaged, or of another version.
        """
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            size = int.from_bytes(self._map[:_LENGTH], "big")
            header = msgspec.json.decode(self._map[_LENGTH : _LENGTH + size], type=Header)
            if header.format != FORMAT:
                raise ModelError(f"{path} is {header.format}, not {FORMAT}; install eidos again")
            self.sources = header.sources
            """SHA-256 of the intent files that it was made of."""
            self._load(header, _LENGTH + size)
        except (OSError, ValueError, LookupError, msgspec.DecodeError) as exc:
            raise ModelError(f"cannot read the index {path}: {exc}; install eidos again") from exc

    def _load(self, header: Header, start: int) -> None:
        """Find the parts; ValueError and LookupError say that the file is cut short."""
        self._start = start
        self._parts = header.parts
        if len(self._map) < start + max(offset + size for offset, size in header.parts.values()):
            raise ValueError("it is cut short")
        text = bytes(self._part("vocabulary")).decode()
        self._numbers = {word: number for number, word in enumerate(text.split("\n"))}
        self.weights: Weights = tuple(self._floats("weights").tolist())
        """The weight of each word, by number."""
        self._postings = self._table("postings")
        self._variant_weights = self._floats("variant_weights")
        self._bare = np.flatnonzero(self._variant_weights == 0)
        """The variants that have no word that says much: "what does {program} do"."""
        # With arrays of a request's own the sums take 3.5 ms instead of 1.3: new pages each time.
        self._shared, self._least = np.zeros((2, self.variants))
        self._is_near = np.zeros(self.variants, np.bool_)
        self._variant_signatures = np.frombuffer(self._part("variant_signatures"), "<u2")
        self.takers = msgspec.msgpack.decode(self._part("takers"), type=Takers)
        self._alike = self._table("alike")
        self._likenesses = self._floats("likenesses")
        self._variants = self._table("variants")
        self._intents = self._table("intents")

    def number(self, stem: str) -> int | None:
        """Return the number of the word *stem*, if any phrasing has it."""
        return self._numbers.get(stem)

    def close(self, stem: str) -> list[int]:
        """Return the words that begin like *stem* and are as long, or one letter off."""
        lengths = range(len(stem) - 1, len(stem) + 2)
        return [number for n in lengths for number in self._by_size.get((stem[:1], n), ())]

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The words, by number."""
        return tuple(self._numbers)

    @cached_property
    def _by_size(self) -> dict[tuple[str, int], list[int]]:
        """The words by their first letter and their length."""
        found: dict[tuple[str, int], list[int]] = {}
        for word, number in self._numbers.items():
            found.setdefault((word[:1], len(word)), []).append(number)
        return found

    def alike(self, number: int) -> dict[int, float]:
        """Return the words that may stand for the word *number*, and how well."""
        rows = self._alike.row(number)
        words = self._alike.numbers[rows].tolist()
        return dict(zip(words, self._likenesses[rows].tolist(), strict=True))

    def scored(
        self, told: Iterable[tuple[Mapping[int, float], float]], losses: Losses, limit: float
    ) -> tuple[npt.NDArray[np.intp], Losses]:
        """Return the variants that may cost less than *limit*, and about what each would cost.

        *told* has for each word of the request the words that match it, with how well, and its
        weight; *losses* has, for each signature, what of the request its slots leave to be
        matched. Words that say little do not count. One thread at a time may ask.
        """
        shared, least, is_near = self._shared, self._least, self._is_near
        postings = self._postings.numbers
        shared.fill(0)
        for likeness, weight in told:
            for number, value in likeness.items():
                gain = value * max(weight, self.weights[number])
                np.add.at(shared, postings[self._postings.row(number)], gain)
        # Only what shares more than this with the request can cost less than the limit.
        wanted = np.maximum(losses - limit - _ROUNDING, 0)
        np.take(wanted, self._variant_signatures, out=least, mode="clip")
        np.greater(shared, least, out=is_near)
        is_near[self._bare] = True
        found = np.flatnonzero(is_near)
        unread = losses[self._variant_signatures[found]] - shared[found]
        unsaid = self._variant_weights[found] - shared[found]
        return found, np.maximum(unread, 0) + np.maximum(unsaid, 0)

    @property
    def variants(self) -> int:
        """How many variants there are."""
        return len(self._variant_weights)

    def variant(self, number: int) -> Variant:
        """Return the variant *number*."""
        return _variant.decode(self._variants.bytes[self._variants.row(number)])

    def intent(self, number: int) -> Intent:
        """Return the intent *number*."""
        return _intent.decode(self._intents.bytes[self._intents.row(number)])

    def _part(self, name: str) -> memoryview:
        offset, size = self._parts[name]
        return memoryview(self._map)[self._start + offset : self._start + offset + size]

    def _floats(self, name: str) -> npt.NDArray[np.float32]:
        return np.frombuffer(self._part(name), "<f4")

    def _table(self, name: str) -> "_Table":
        return _Table(self._part(f"{name}_starts").cast("I"), self._part(name))


class _Table:
    """Rows of different lengths, one behind the other: row n begins at starts[n]."""

    def __init__(self, starts: memoryview, body: memoryview) -> None:
        self._starts = starts
        self.bytes = body

    @cached_property
    def numbers(self) -> Numbers:
        """The body as numbers."""
        return np.frombuffer(self.bytes, "<u4")

    def row(self, number: int) -> slice:
        """Return where row *number* is."""
        return slice(self._starts[number], self._starts[number + 1])
