"""Values that are said in a phrase: places, kinds of files, texts to look for, signs by name."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from eidos.retrieval.spans import (
    COMMON,
    EXTENSIONS,
    LONGER_COST,
    ODD_COST,
    Span,
    has_extension,
    named,
)
from eidos.retrieval.words import Word, stem

_LANGUAGES: Final = {
    "python": "py", "javascript": "js", "typescript": "ts", "c++": "cpp", "rust": "rs",
    "ruby": "rb", "text": "txt", "markdown": "md", "jpeg": "jpg", "temporary": "tmp",
    "temp": "tmp", "backup": "bak", "config": "conf", "swap": "swp", "object": "o",
    "shell": "sh", "bash": "sh", "golang": "go", "perl": "pl",
}  # fmt: skip
_CHARACTERS: Final = {
    "comma": ",", "tab": "\\t", "colon": ":", "semicolon": ";", "pipe": "|", "dash": "-",
    "hyphen": "-", "space": " ", "slash": "/", "underscore": "_", "hash": "#", "dot": ".",
}  # fmt: skip
_ENDING: Final = frozenset(
    map(stem, "ending in with the a extension that end whose name ends of type having".split())
)
_FILES: Final = frozenset(map(stem, "files scripts images pictures photos videos".split()))
_FOLDER: Final = frozenset(map(stem, "directory folder dir tree".split()))
_BEFORE_PLACE: Final = frozenset("in under inside within from at of below on beneath".split())
_HERE: Final = frozenset("current working this present".split())
_LONGEST_ENDING: Final = 5
"""Words between "files" and the extension: "with the extension .py"."""
_LONGEST_TEXT: Final = 4
_TEXT_COST: Final = 0.15
"""Of taking a plain word for a text to look for."""
_KNOWN_TEXT_COST: Final = 0.3
"""Of taking one for it that phrasings have."""


def extension(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield the extension that a language, or a kind of files, has."""
    text = words[at].text.lower().removeprefix("*").removeprefix(".")
    is_dotted = words[at].text.startswith((".", "*.")) and re.fullmatch(r"\w+", text)
    if text in _LANGUAGES or text in EXTENSIONS or is_dotted:
        yield Span(1, _LANGUAGES.get(text, text))


def extension_files(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield the extension of "Python files", "*.py" and "files ending in .py"."""
    for span in extension(words, at):
        if _stem_at(words, at + 1) in _FILES:
            yield Span(2, span.value)
        elif words[at].text.startswith("*."):
            yield Span(1, span.value)
    if words[at].stem != stem("files"):
        return
    for end in range(at + 2, min(at + _LONGEST_ENDING + 1, len(words))):
        if words[end - 1].stem not in _ENDING:
            return
        yield from (Span(end - at + 1, span.value) for span in extension(words, end))


def place(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield where to look, with the preposition before it."""
    start = at
    while words[start].text.lower() == "anywhere" and start + 1 < len(words):
        start += 1
    text = words[start].text.lower()
    if text == "here":
        yield Span(start + 1 - at, ".")
    elif text in _BEFORE_PLACE:
        start += 1
        while start < len(words) and words[start].text.lower() in ("the", "my", "directory"):
            start += 1
        if start < len(words):
            yield from (Span(s.length + start - at, s.value, s.cost) for s in _noun(words, start))


def _noun(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield a folder, with "folder" behind it if that is said."""
    text = words[at].text.lower()
    is_folder = _stem_at(words, at + 1) in _FOLDER
    if length := _here(words, at):
        yield Span(length, ".")
    elif text == "here":
        yield Span(1, ".")
    elif text == "home":
        yield Span(1 + is_folder, "~")
    elif text in ("whole", "entire"):
        yield Span(2, "/")
    else:
        for span in named(words, at):
            odd = ODD_COST if has_extension(span.value) else 0.0
            yield Span(1 + is_folder, span.value, 0.0 if is_folder else span.cost + odd)


def _here(words: Sequence[Word], at: int) -> int:
    """Return how many words "current working directory" takes; none where it is not said."""
    noun = at
    while noun < len(words) and words[noun].text.lower() in _HERE:
        noun += 1
    if noun == at or _stem_at(words, noun) not in _FOLDER:
        return 0
    return noun - at + 1 + (_stem_at(words, noun + 1) == stem("tree"))


def folder(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield a folder's name, the home directory and the current one in words too."""
    text = words[at].text.lower()
    noun = at + 1 if text == "my" and at + 1 < len(words) else at
    if words[noun].text.lower() == "home":
        yield Span(noun - at + 1 + (_stem_at(words, noun + 1) in _FOLDER), "~")
    elif length := _here(words, at):
        yield Span(length, ".")
    else:
        yield from named(words, at)


def text(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield what is looked for or written: a quoted text, a word, or a few of them."""
    first = words[at]
    if first.is_quoted:
        yield Span(1, first.text)
        return
    cost = (
        0.0
        if first.is_literal or first.text.isupper()
        else _KNOWN_TEXT_COST
        if first.is_common
        else _TEXT_COST
    )
    taken: list[str] = []
    for word in words[at : at + _LONGEST_TEXT]:
        if word.is_quoted:
            return
        taken.append(word.text)
        common = sum(each.lower() in COMMON for each in taken)
        yield Span(
            len(taken), " ".join(taken), cost + LONGER_COST * (len(taken) - 1) + 0.4 * common
        )


def character(words: Sequence[Word], at: int) -> Iterator[Span]:
    """Yield a sign, by its name or as it is."""
    article = words[at].text.lower() in ("a", "an", "the") and at + 1 < len(words)
    said = words[at + article].text
    if known := _CHARACTERS.get(said.lower().removesuffix("s")):
        yield Span(1 + article, known)
    elif len(said) == 1 and not said.isalnum():
        yield Span(1 + article, said)


def _stem_at(words: Sequence[Word], at: int) -> str:
    return words[at].stem if at < len(words) else ""
