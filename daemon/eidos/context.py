"""What a model may be told beside the request, and the words in which it is told.

A model learns these words in training (training/expanding.py): whoever changes them trains anew.
"""

import heapq
import re
from collections.abc import Collection, Iterable
from typing import Final, Literal

from msgspec import Struct

Field = Literal["shell", "os", "last", "files"]
"""What of a context one can tell or leave out; `last` takes `status` with it."""

MAX_FILES: Final = 12
"""Names that a model is told; with more it begins to copy the wrong ones."""
_LAST_CHARS: Final = 120
"""Characters of the last command that a model is told."""
_MAX_RANKED: Final = 200
"""Names that are compared with the request word by word, which costs 30 µs each."""
_WORD_CHARS: Final = 3
"""Shorter words ("a", "of") say nothing of a file."""
_STEM_CHARS: Final = 4
"""A word of at least so many letters is found in a longer one that begins with it: reports."""

_NOTHING: Final = r"(?!)"
_MORE: Final = re.compile(r"<[|]|\"|\](?=\s|$)")
"""In a name: a token of the model's own, or the end of the quotes or the brackets around names."""
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_PART: Final = re.compile(r"[\w-]|[.]\w")
"""What goes on with a name: behind "app", the rest of "app.py" and of "app-2", no full stop."""


class Context(Struct, frozen=True, omit_defaults=True):
    """What is known beside the request; the defaults say nothing to the model."""

    shell: str = "bash"
    os: str = "linux"
    last: str | None = None
    status: int | None = None
    files: tuple[str, ...] = ()

    def only(self, told: Collection[Field]) -> "Context":
        """Return this context without what is not among *told*."""
        names = {*told, "status"} if "last" in told else {*told}
        return Context(**{name: getattr(self, name) for name in names})


def conditioned(request: str, context: Context) -> str:
    """Return what the model reads: the *context* in brackets, and the *request* behind it."""
    fields: list[str] = []
    if context.shell != "bash":
        fields.append(f"[{context.shell}]")
    if context.os != "linux":
        fields.append(f"[{context.os}]")
    if context.last is not None:
        last = " ".join(context.last.split())
        fields.append(f"[last: {last[:_LAST_CHARS]} => {context.status or 0}]")
    if context.files:
        listed = (f'"{name}"' if " " in name else name for name in context.files)
        fields.append(f"[files: {' '.join(listed)}]")
    return " ".join([*fields, request])


def that_matter(names: Iterable[str], request: str) -> tuple[str, ...]:
    """Return at most MAX_FILES of *names*, sorted: those of which *request* speaks before others.

    A hidden file is among them only if the request names it; one whose name a model could take for
    more than a name never is: whoever made the folder is not the one who asks.
    """
    said = request.lower()
    words = frozenset(_words(said))
    tokens = {token.lstrip("\"'(").rstrip(",;:!?.\"')") for token in said.split()}
    stems = re.compile("|".join({re.escape(word[:_STEM_CHARS]) for word in words}) or _NOTHING)

    def rank(name: str) -> tuple[bool, int, str]:
        return not _is_named(name, said), -_shared(name, words), name

    def may_matter(name: str) -> bool:
        low = name.lower()
        return low in tokens or stems.search(low) is not None

    names = [name for name in names if name.isprintable() and not _MORE.search(name)]
    matching = heapq.nsmallest(
        _MAX_RANKED, filter(may_matter, names), key=lambda name: (name.lower() not in tokens, name)
    )
    shown = (name for name in matching if not name.startswith(".") or _is_named(name, said))
    best = heapq.nsmallest(MAX_FILES, shown, key=rank)
    others = (name for name in names if not name.startswith(".") and name not in best)
    return tuple(sorted([*best, *heapq.nsmallest(MAX_FILES - len(best), others)]))


def _is_named(name: str, said: str) -> bool:
    """Whether *said* has all of *name*, and not as a part of a longer one."""
    before, found, after = said.partition(name.lower())
    return bool(found) and not (_PART.search(before[-1:]) or _PART.match(after))


def _shared(name: str, words: frozenset[str]) -> int:
    """Return how many words of *name* are among *words*, or begin as one of them does."""
    return sum(
        word in words or any(_is_stem(word, other) or _is_stem(other, word) for other in words)
        for word in _words(name.lower())
    )


def _is_stem(word: str, other: str) -> bool:
    return len(word) >= _STEM_CHARS and other.startswith(word)


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if len(word) >= _WORD_CHARS]
