"""What the words of a request can be as the value of a slot.

Each kind of slot has a reader. It looks at the words from one place on and yields spans: how many
words it takes, the value they mean, and what it costs to take them so, 0 being certain.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Final

import msgspec

from eidos.retrieval.words import Word


class Span(msgspec.Struct, frozen=True, gc=False):
    """Some words read as a value."""

    length: int
    value: str
    cost: float = 0.0
    is_source: bool = False
    """Whether the value is shell source already, and not quoted any more."""


Reader = Callable[[Sequence[Word], int], Iterator[Span]]

PLAIN_COST: Final = 0.25
"""Of taking a plain word for a name."""
COMMON_COST: Final = 0.55
"""Of taking one for a name that phrasings have: it is likelier to mean something."""
ODD_COST: Final = 0.6
"""Of taking a name of another kind: a .txt for a CSV file."""
BARE_COST: Final = 0.2
"""Of a name without the extension that such files have."""
VAGUE_COST: Final = 0.08
"""Of taking an archive or a picture where any file would do: whoever asks for these goes first."""
LONGER_COST: Final = 0.3
"""Of each further word of a text that nobody quoted."""
EXTENSIONS: Final = frozenset(
    "py js ts c h cpp hpp java go rs rb php txt log md csv tsv json html htm xml css pdf jpg jpeg "
    "png gif svg webp mp3 mp4 mkv avi mov wav flac ogg yaml yml toml ini conf cfg sql sh bash zsh "
    "fish zip gz tar tgz xz bz2 bak tmp swp o class jar doc docx xls xlsx ppt odt lua pl r ipynb "
    "iso db sqlite pyc scss vue jsx tsx env lock deb rpm exe so out".split()
)
_SPECIAL: Final = tuple(
    ".gz .tgz .xz .bz2 .zst .tar .zip .7z .rar .jpg .jpeg .png .gif .webp .svg .mp4 .mkv .avi .mov "
    ".webm .mp3 .wav .flac .ogg .csv .tsv .json .jsonl .pdf .iso .db .sqlite .sqlite3 .deb .rpm "
    ".pem .crt .key .yaml .yml .py .sh .c .xml .html .md".split()
)
COMMON: Final = frozenset(
    "a an the of to in on at by for from with without and or not is are was were be that this "
    "these those which what who how all any each every it its them my me i you your file files "
    "folder folders directory directories line lines word words here there only into as than then "
    "if when where out up down over under after before containing called named show list find "
    "print count get make delete remove create copy move rename can want need please do does have "
    "has name names text command current currently sort sorted per using use about long much many "
    "most least last first new old number using running run just".split()
)
_NAME_LIKE: Final = re.compile(r"[\w.~/*?@%+:,=\[\]{}$'& ()#!-]+")


def _is_name(word: Word) -> bool:
    if word.is_quoted:
        return True
    # Quoted for the shell, `*.txt` would be a name with a star in it.
    is_else = word.text.startswith("-") or "*" in word.text or "?" in word.text
    return word.is_literal and not is_else and _NAME_LIKE.fullmatch(word.text) is not None


def named(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield the word at *at* as a name."""
    return iter(_names(words[at]))


@lru_cache(maxsize=64)
def _names(word: Word) -> tuple[Span, ...]:
    """Return *word* as a name; fifty readers ask that of each word of a request."""
    if _is_name(word):
        return (Span(1, word.text, 0.2 if word.text.isdigit() else 0.0),)
    if word.text.lower() not in COMMON and re.fullmatch(r"\w[\w.-]*", word.text):
        return (Span(1, word.text, COMMON_COST if word.is_common else PLAIN_COST),)
    return ()


def label(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield the word at *at* as a name that is no file: of a user, a service, a branch."""
    for span in named(words, at):
        is_path = "/" in span.value or ":" in span.value
        is_odd = is_path or has_extension(span.value)
        yield Span(1, span.value, span.cost + ODD_COST) if is_odd else span


def has_extension(name: str) -> bool:
    """Whether *name* ends as the names of files do."""
    _, dot, ending = name.rpartition(".")
    return bool(dot) and ending.lower() in EXTENSIONS


class FileReader(msgspec.Struct, frozen=True):
    """Reads names as those of files: of some kind, which has `endings`, or of any."""

    endings: tuple[str, ...] = ()
    is_any: bool = False

    def __call__(self, words: Sequence[Word], at: int) -> Iterator[Span]:
        """Yield the name at *at*, with what it costs to take it for such a file."""
        for span in named(words, at):
            yield Span(1, span.value, span.cost + self._cost(span.value.lower(), words[at]))

    def _cost(self, name: str, word: Word) -> float:
        if self.is_any:
            return VAGUE_COST if name.endswith(_SPECIAL) else 0.0
        if name.endswith(self.endings):
            is_inner = ".tar." in name and ".tar" not in "".join(self.endings)
            return VAGUE_COST if is_inner else 0.0
        if "." not in name.rsplit("/", 1)[-1]:
            return BARE_COST if word.is_literal else 2 * BARE_COST
        return ODD_COST


OTHER_FILES: Final = FileReader()
"""Reads as every reader of files of some kind does where no word has one of its endings."""


@cache
def files(*extensions: str) -> Reader:
    """Return the reader of names of files with one of *extensions*; any where there is none."""
    return FileReader(tuple(f".{each}" for each in extensions), is_any=not extensions)


@cache
def matching(pattern: str, *, odd: float = 2.0) -> Reader:
    """Return the reader of words that *pattern* matches; others cost *odd*, 2 being never."""
    compiled = re.compile(pattern, re.ASCII)

    def read(words: Sequence[Word], at: int) -> Iterator[Span]:
        text = words[at].text
        if compiled.fullmatch(text):
            yield Span(1, text)
        elif odd < 1:
            yield from (Span(1, s.value, s.cost + odd) for s in named(words, at))

    return read
