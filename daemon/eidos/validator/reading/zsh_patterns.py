"""Patterns of zsh in parentheses: which files, by which test, and the code that a test runs."""

from collections.abc import Iterator, Sequence
from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.script import Part, Text

_HIDDEN: Final = "\0"
_CLOSING: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_FUNCTION: Final = Pattern(r"\w+")
_SOME: Final = Pattern(r"L[kKmM]?[+-]?\d|[mac][Mhws]?[+-]\d|\[-?\d")
_SEPARATORS: Final = Pattern(r"([|,])")


def is_qualifier(inside: Sequence[Part]) -> bool:
    """Whether parentheses at the end of a word test the files that the word finds: `*(.)`."""
    return "|" not in _shape_of(inside)


def asks_for_some(inside: Sequence[Part]) -> bool:
    """Whether a test of zsh is for a size, an age or a number of files: `*(L0)`, `*(om[1])`."""
    return _SOME.search(_shape_of(inside)) is not None


def alternatives(inside: Sequence[Part]) -> list[Part]:
    """Return the words of `(a|b)` as braces would give them; flags like `(#i)` are nothing."""
    shape = _shape_of(inside)
    if shape.startswith("#"):
        return []
    if "|" not in shape:
        return list(inside)
    return [Text("{"), *(piece for part in inside for piece in _braced(part)), Text("}")]


def code_of_qualifiers(inside: Sequence[Part]) -> Iterator[str]:
    """Yield what zsh runs for each file: CODE of `*(e:CODE:)` and of `*(+CODE)`.

    Raises:
        SyntaxFault: The end of the code is not to be found.
    """
    shape, text = _shape_of(inside), "".join(map(_text_of, inside))
    position = 0
    while position < len(shape):
        char, delimiter = shape[position], shape[position + 1 : position + 2]
        position += 1
        if char == ":":
            return
        if char == "+" and (function := _FUNCTION.match(shape, position)):
            yield function[0]
        elif char == "e" and delimiter and not delimiter.isalnum():
            end = shape.find(_CLOSING.get(delimiter, delimiter), position + 1)
            if end < 0:
                raise SyntaxFault("the code of a pattern has no end", is_certain=False)
            yield text[position + 1 : end]
            position = end + 1


def _braced(part: Part) -> Iterator[Part]:
    """Yield *part* with a comma for every `|`, its own commas quoted."""
    if not isinstance(part, Text) or part.is_quoted:
        yield part
        return
    for piece in _SEPARATORS.split(part.text):
        yield Text("," if piece == "|" else piece, is_quoted=piece == ",")


def _text_of(part: Part) -> str:
    return part.text if isinstance(part, Text) else part.source


def _shape_of(parts: Sequence[Part]) -> str:
    """Return the text of *parts* with every character hidden that stands for itself."""
    return "".join(
        part.text
        if isinstance(part, Text) and not part.is_quoted
        else _HIDDEN * len(_text_of(part))
        for part in parts
    )
