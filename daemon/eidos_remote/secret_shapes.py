"""How a secret in a text is told: a pattern, what it needs to be there, and a test of its value."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from eidos_remote.secret_values import is_real

# What ends a word without quotes: a sign after which something else begins, or a quote.
_END: Final = r"""[,;&|<>()](?=\s|\Z|[\w .-]{1,30}=|[;&|)'"`])|['"`](?!\w)"""
_WORD: Final = rf"""(?:\\[^\n]|(?!{_END})[^\s\\]){{1,300}}"""
VALUE: Final = (
    r"""(?:\\["'](?P<escaped>[^"'\\\n]{1,300})|\$?'(?P<single>[^'\n]{1,300})'"""
    rf"""|"(?P<double>(?:\\.|[^"\\\n]){{1,300}})"|(?P<word>{_WORD}))"""
)
LINE: Final = r"(?:[^\n|;&]|&(?!&)){0,250}?\s"
"""The arguments between a program and the option that matters."""
_MAX_LEAD_CHARS: Final = 24
"""More than any name has that a lead is for, with what it looks at behind itself."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A name that several kinds begin with: it is looked for once for all of them."""

    pattern: re.Pattern[str]
    needles: tuple[str, ...]
    """In small letters; one of them is in each such name."""

    def ends(self, text: str, lowered: str) -> Iterator[int]:
        """Yield where such a name ends in *text*; *lowered* is that in small letters.

        Names are looked for where a needle is: a search for needles takes a tenth of the time.
        """
        for start, end in self._places(lowered):
            for match in self.pattern.finditer(text, start, end):
                yield match.end()

    def _places(self, lowered: str) -> list[tuple[int, int]]:
        hits = sorted(hit for needle in self.needles for hit in _found(needle, lowered))
        places: list[tuple[int, int]] = []
        for hit in hits:
            start, end = max(0, hit - _MAX_LEAD_CHARS), hit + _MAX_LEAD_CHARS
            if places and start <= places[-1][1]:
                start = places.pop()[0]
            places.append((start, end))
        return places


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to tell a secret; the group that `pattern` matches last is the secret alone."""

    name: str
    pattern: re.Pattern[str]
    needles: tuple[str, ...]
    """In small letters; a text without any of them has no such secret."""
    test: Callable[[str], bool] | None = None
    """Which of those that fit the pattern are meant."""
    lead: Lead | None = None
    """What the pattern has to follow at once; None: it may stand anywhere."""


def _found(needle: str, text: str) -> Iterator[int]:
    start = text.find(needle)
    while start >= 0:
        yield start
        start = text.find(needle, start + 1)


def token(
    name: str, pattern: str, *needles: str, test: Callable[[str], bool] | None = None
) -> Kind:
    """Return a kind whose secrets stand alone, with nothing of a word before or after them."""
    whole = rf"(?<![A-Za-z0-9_])(?P<secret>{pattern})(?![A-Za-z0-9])"
    return Kind(name, re.compile(whole), needles, test)


def after(
    name: str,
    before: str,
    *needles: str,
    shape: str = "",
    test: Callable[[str], bool] = is_real,
    lead: Lead | None = None,
) -> Kind:
    """Return a kind that is known by what stands before it, in whatever case."""
    value = f"(?P<secret>{shape})" if shape else VALUE
    pattern = re.compile(before + value, re.IGNORECASE | re.MULTILINE)
    return Kind(name, pattern, lead.needles if lead else needles, test, lead)
