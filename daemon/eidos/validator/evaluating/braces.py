"""Brace expansion: one word as written becomes several, before anything else is expanded."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from eidos.validator.budget import OverBudget
from eidos.validator.patterns import Pattern
from eidos.validator.script import Part, Text

MAX_WORDS: Final = 1024
_MAX_PIECES: Final = 1024
"""Signs, and texts between them, of one word: each is added to all that stand before it."""
_MAX_NESTING: Final = 16
_MAX_RANGE: Final = 32
"""A longer range is judged by its first words and its last one."""
_SIGNS: Final = Pattern(r"([{},])")
_RANGE: Final = Pattern(
    r"(?:([+-]?\d{1,18})\.\.([+-]?\d{1,18})|([A-Za-z])\.\.([A-Za-z]))(?:\.\.([+-]?\d{1,18}))?"
)

_SEQUENCE: Final = Pattern(r"\.\.(?!$)")
_NESTED: Final = Pattern(r"\{[^{}]*\}")

_Words = list[tuple[Part, ...]]


class _Open(msgspec.Struct):
    """Braces that are open: what stands in them so far, by the commas between."""

    choices: list[_Words] = []
    current: _Words = msgspec.field(default_factory=lambda: [()])
    sources: list[str] = msgspec.field(default_factory=lambda: [""])
    """What each choice looks like, to find ranges."""


def expand_braces(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    """Return the words that *parts* become: `a{b,c}` is `ab` and `ac`.

    Raises:
        OverBudget: They are more than MAX_WORDS, or of too many pieces.
    """
    if not any(
        isinstance(part, Text) and not part.is_quoted and "{" in part.text for part in parts
    ):
        return [tuple(parts)]
    stack = [_Open()]
    pieces = list(_pieces(parts))
    if len(pieces) > _MAX_PIECES:
        raise OverBudget(f"more than {_MAX_PIECES} pieces around braces")
    # Bash leaves `{}` alone where a word begins with it, and only there.
    begins_empty = pieces[:2] == ["{", "}"]
    for position, piece in enumerate(pieces):
        match piece:
            case "{" if len(stack) <= _MAX_NESTING and (position or not begins_empty):
                stack.append(_Open())
            case "," if len(stack) > 1:
                _next_choice(stack[-1])
            case "}" if len(stack) > 1 and _may_close(stack):
                closed = stack.pop()
                _append(stack[-1], *_closed(closed))
            case str():
                _append(stack[-1], [(Text(piece),)], piece)
            case _:
                _append(stack[-1], [(piece,)], "\0")
    while len(stack) > 1:
        unclosed = stack.pop()
        _append(stack[-1], *_unclosed(unclosed))
    return stack[0].current


def _may_close(stack: Sequence[_Open]) -> bool:
    """Whether a `}` ends what is open; before the first comma or `..` it is plain: `{a}b,c}`."""
    open_ = stack[-1]
    is_outermost = len(stack) == 2  # noqa: PLR2004 - the word itself, and these braces
    if not is_outermost or open_.choices:
        return True
    return _SEQUENCE.search(_NESTED.sub("", open_.sources[0])) is not None


def _pieces(parts: Sequence[Part]) -> Iterator[Part | str]:
    """Yield the signs of braces and the text between them as str, all else as it is."""
    for part in parts:
        if isinstance(part, Text) and not part.is_quoted:
            yield from filter(None, _SIGNS.split(part.text))
        else:
            yield part


def _append(open_: _Open, words: _Words, source: str) -> None:
    if len(open_.current) * len(words) > MAX_WORDS:
        raise OverBudget(f"more than {MAX_WORDS} words from one")
    open_.current = [head + tail for head in open_.current for tail in words]
    open_.sources[-1] += source


def _next_choice(open_: _Open) -> None:
    open_.choices.append(open_.current)
    open_.current = [()]
    open_.sources.append("")


def _closed(open_: _Open) -> tuple[_Words, str]:
    source = "{" + ",".join(open_.sources) + "}"
    if open_.choices:
        words = [word for choice in (*open_.choices, open_.current) for word in choice]
        if len(words) > MAX_WORDS:
            raise OverBudget(f"more than {MAX_WORDS} words from one")
        return words, source
    if match := _RANGE.fullmatch(open_.sources[0]):
        return [(Text(text),) for text in _range(match)], source
    return [(Text("{"), *word, Text("}")) for word in open_.current], source


def _unclosed(open_: _Open) -> tuple[_Words, str]:
    """Return what stands in braces that nothing closes: they and their commas are plain."""
    whole = _Open()
    _append(whole, [(Text("{"),)], "{")
    for position, choice in enumerate((*open_.choices, open_.current)):
        if position:
            _append(whole, [(Text(","),)], ",")
        _append(whole, choice, open_.sources[position])
    return whole.current, whole.sources[0]


def _range(match: re.Match[str]) -> list[str]:
    is_letters = match[3] is not None
    first = ord(match[3]) if is_letters else int(match[1])
    last = ord(match[4]) if is_letters else int(match[2])
    step = max(1, abs(int(match[5] or 1)))
    values = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    count = (abs(last - first) // step) + 1
    chosen = [*values[: _MAX_RANGE - 1], values[-1]] if count > _MAX_RANGE else list(values)
    if is_letters:
        return [chr(value) for value in chosen]
    width = _padding(match[1], match[2])
    return [f"{value:0{width}d}" for value in chosen]


def _padding(first: str, last: str) -> int:
    """Return the width that `{01..10}` asks for, 0 where neither end begins with a nought."""
    is_padded = any(
        len(end.lstrip("+-")) > 1 and end.lstrip("+-")[0] == "0" for end in (first, last)
    )
    return max(len(first), len(last)) if is_padded else 0
