"""Which language a text is in, told on this machine; the only module that imports `fasttext`.

A request is full of what is in no language: file names, options, names of programs. They are left
out first. Latin letters alone prove little in three words, so two questions are told apart: what
the language most likely is, and whether it is surely not English. docs/translate.md has the
figures, and those of the libraries that were measured beside this one.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from eidos.language_names import NAMES, language_name

if TYPE_CHECKING:
    from fasttext import FastText

__all__ = ["Detected", "detect", "is_foreign", "language_name"]

ENGLISH: Final = "en"
_MODEL: Final = Path(__file__).parent / "language_model" / "lid.176.ftz"
_LABELS: Final = {"no": "nb", "nn": "nb", "wuu": "zh", "yue": "zh", "arz": "ar", "als": "de"}
"""Of the model, for languages that go by another code here."""
_READ_CHARS: Final = 500
"""As much of a text tells its language; time is in proportion to it."""
_GUESSES: Final = 20
_LATIN: Final = "LATIN"
_WEIGHT: Final = 5
"""Of a letter of another script: names of files and programs are Latin in every language."""
_COMMAND: Final = re.compile(r"(?:^|\s)(?:--?[A-Za-z0-9]|[|<>]|&&|\$[A-Za-z({])")
"""What no request has: options, pipes, variables."""
_EDGES: Final = ".,;:!?()[]{}\"'«»„“”‘’…-–—¿¡"
_QUOTED: Final = re.compile(r"""(?<!\w)(["'`]).*?\1(?!\w)""", re.DOTALL)
_ASCII_WORD: Final = re.compile(r"[A-Za-z]?[a-z]+(?:'[a-z]+)*")
"""No file name, path, option, number or name of a class."""
_PROGRAMS: Final = frozenset({"az"})
"""Named like a word of another language: of 101 English requests that were taken for one, 64."""
_OTHER_NAME: Final = re.compile(r".*[/\\_=@].*|[^\u2e80-\U0010ffff]+\.[A-Za-z0-9]{1,5}")
"""A file name or path with letters that are not ASCII; of Chinese, a whole sentence is a word."""
_ONE_LANGUAGE: Final = {
    "HANGUL": "ko", "GREEK": "el", "HEBREW": "he",
    "THAI": "th", "GEORGIAN": "ka", "ARMENIAN": "hy", "TAMIL": "ta", "TELUGU": "te",
    "BENGALI": "bn",
}  # fmt: skip
"""Scripts of which one language of ours is written."""
_OTHER_SCRIPT: Final = re.compile("[\u0370-\U0010ffff]")
"""Letters that are not Latin."""
_KANA: Final = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_FAMILIES: Final = {
    "CYRILLIC": ("ru", "uk", "be", "bg", "sr", "mk", "kk"),
    "ARABIC": ("ar", "fa", "ur"),
    "DEVANAGARI": ("hi", "mr"),
}
"""Scripts of several, the likeliest first."""
_ENGLISH_WORDS: Final = frozenset(
    """
    about above add after all already and another apply are been before below between both but
    changed changes containing contents convert create created current delete directories
    directory disable display don't down each empty enable enter entire entries every everything
    execute extract files first folders found from generate get given have hidden how if into it
    its keep lines make matching modified more move named names new newest not numbers off older
    only or other owned owner read recent remove rename replace restore reverse running should
    show showing shows since sorted specified that the their them then these they things this
    those through today turn unpack use using wait was what when where whether which whose will
    with within without words would write yesterday you your
    """.split()
)
"""Of what requests in English are full of, and no other language has: counted in 68,000 of them.

Words that the others borrowed (start, push, update) are not among them. A few are words of others
nevertheless (was, will, directory), so up to a quarter of a request may be of these.
"""
_SELDOM_ASKED: Final = frozenset("az be bs ca cy eo eu ga gl is kk lv mk mr ms sl sq sw tl".split())
_SELDOM: Final = 0.2
"""What a guess of these is worth: three words of Spanish look like Galician too."""
_SURE: Final = 0.5
_SURE_WITH_MARKS: Final = 0.25
"""Where letters are not ASCII, which English ones are."""
_SURE_BESIDE_ENGLISH: Final = 0.8
"""Where single words are of _ENGLISH_WORDS: was is German, too, and delete is Portuguese."""


class Detected(NamedTuple):
    """The likeliest language of a text, "" where there is none to tell; confidence is 0 to 1."""

    code: str
    confidence: float


def detect(text: str) -> Detected:
    """Return the language that *text* most likely is in."""
    head = text[:_READ_CHARS]
    scripts = _scripts(head)
    if not scripts:
        return Detected("", 0.0)
    script = max(scripts, key=lambda name: scripts[name] * (1 if name == _LATIN else _WEIGHT))
    if script == "CJK":
        return Detected("ja" if _KANA.search(head) else "zh", 1.0)
    if (only := _ONE_LANGUAGE.get(script)) is not None:
        return Detected(only, 1.0)
    words = [word for word in _words(head) if script == _LATIN or not word.isascii()]
    if script == _LATIN and 4 * sum(word in _ENGLISH_WORDS for word in words) >= len(words) > 0:
        return Detected(ENGLISH, 0.9)  # the model is less sure of a few words
    return _by_model(" ".join(words or head.lower().split()), _FAMILIES.get(script))


def is_foreign(text: str) -> str | None:
    """Return the code of the language of *text* where it is surely none of English, else None.

    Commands, file names and what stands in quotes are in no language, and so never foreign.
    """
    if _COMMAND.search(text):
        return None
    words = _words(_QUOTED.sub(" ", text[:_READ_CHARS]))
    others = [word for word in words if word not in _ENGLISH_WORDS]
    english = len(words) - len(others)
    if 4 * english > len(words):
        return None
    rest = " ".join(others)
    if len(others) < (1 if _OTHER_SCRIPT.search(rest) else 3 if rest.isascii() else 2):
        return None
    code, confidence = detect(rest)
    least = _SURE if rest.isascii() else _SURE_WITH_MARKS
    if english:
        least = _SURE_BESIDE_ENGLISH
    return code if code not in {"", ENGLISH} and confidence >= least else None


def _words(text: str) -> list[str]:
    """Return what may be words of a language, in small letters."""
    found: list[str] = []
    for part in text.split():
        word = part.strip(_EDGES)
        is_name = not _ASCII_WORD.fullmatch(word) if word.isascii() else _OTHER_NAME.fullmatch(word)
        if word and not is_name and word not in _PROGRAMS:
            found.append(word.lower())
    return found


def _scripts(text: str) -> Counter[str]:
    return Counter(_script(char) for char in text if char.isalpha())


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    name = unicodedata.name(char, "?").partition(" ")[0]
    return "CJK" if name in {"HIRAGANA", "KATAKANA"} else name


def _by_model(text: str, family: Collection[str] | None) -> Detected:
    """Return what the model says of *text*, of the languages of *family* where that is given."""
    shares: defaultdict[str, float] = defaultdict(float)
    for label, share in zip(*_model().predict(text, k=_GUESSES), strict=True):
        name = label.removeprefix("__label__")
        code = _LABELS.get(name, name)
        if code in (family or NAMES):
            shares[code] += share * (_SELDOM if code in _SELDOM_ASKED else 1.0)
    if not shares:
        return Detected(next(iter(family), "") if family else "", 0.0)
    code = max(shares, key=lambda each: shares[each])
    return Detected(code, min(1.0, shares[code]))


@cache
def _model() -> "FastText":
    import fasttext  # 35 ms and 4 MB, which a request in plain English need not pay

    return fasttext.load_model(str(_MODEL))
