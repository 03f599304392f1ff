"""How many, how long, how large: numbers, lengths of time and sizes in words and in digits."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from eidos.retrieval.spans import Reader, Span
from eidos.retrieval.words import Word

_COUNTED: Final = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
_NUMBERS: Final = {
    **{word: number for number, word in enumerate(_COUNTED, 1)},
    "dozen": 12, "thirty": 30, "fifty": 50, "sixty": 60, "hundred": 100, "thousand": 1000,
    "couple": 2,
}  # fmt: skip
_ORDINALS: Final = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_UNITS: Final = {
    "second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86400,
    "week": 604_800, "month": 2_592_000, "year": 31_536_000,
}  # fmt: skip
_SHORT_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800}
_SHORT_TIME: Final = re.compile(r"(\d+)(s|m|h|d|w|hrs?|mins?|secs?)", re.ASCII)
_SIZE: Final = re.compile(
    r"(\d+(?:\.\d+)?)\s*([kmgtbc])(?:i?b|ilobytes?|egs?|egabytes?|igs?|igabytes?|ytes?)?",
    re.IGNORECASE | re.ASCII,
)


def number(word: Word) -> int | None:
    """Return the number that *word* is, in digits or in letters."""
    return int(word.text) if _is_number(word.text) else _NUMBERS.get(word.text.lower())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def count(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield a number."""
    found = number(words[at])
    if found is not None:
        yield Span(1, str(found))


def ordinal(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield the place in a row."""
    text = words[at].text.lower()
    if text in _ORDINALS:
        yield Span(1, str(_ORDINALS.index(text) + 1))
    elif match := re.fullmatch(r"([0-9]+)(st|nd|rd|th)?", text):
        yield Span(1, match[1])


def duration(unit: str) -> Reader:
    """Return the reader of lengths of time, counted in *unit*."""
    base = _UNITS[unit]

    def read(words: Sequence[Word], at: int) -> Iterator[Span]:
        length, seconds = _seconds(words, at)
        if length and seconds % base == 0:
            yield Span(length, str(seconds // base))

    return read


def _seconds(words: Sequence[Word], at: int) -> tuple[int, int]:
    """Return how many words a length of time takes, none if it is none, and its seconds."""
    text = words[at].text.lower()
    if match := _SHORT_TIME.fullmatch(text):
        return 1, int(match[1]) * _SHORT_UNITS[match[2][0]]
    amount = 1 if text in ("a", "an") else number(words[at])
    named = at if amount is None else at + 1
    if named >= len(words):
        return 0, 0
    unit = _UNITS.get(words[named].text.lower().removesuffix("s"), 0)
    return (named - at + 1, (1 if amount is None else amount) * unit) if unit else (0, 0)


def size(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield a size, as find and truncate write it."""
    text, length = words[at].text, 1
    amount = "1" if text.lower() in ("a", "one") else text
    if _is_number(amount) and at + 1 < len(words):
        text, length = amount + words[at + 1].text, 2
    if match := _SIZE.fullmatch(text):
        unit = match[2].lower()
        suffix = "c" if unit in "bc" else unit if unit == "k" else unit.upper()
        yield Span(length, match[1] + suffix)
