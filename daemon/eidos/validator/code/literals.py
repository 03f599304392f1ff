"""The texts and patterns of a program: where they end, and what their escapes stand for."""

import re
from functools import cache
from typing import Final

from eidos.validator.budget import OverBudget
from eidos.validator.code.lexicon import Inside, Quote
from eidos.validator.patterns import Pattern

MAX_PIECES: Final = 64
MAX_INNER: Final = 512
"""Characters of code inside a text."""
Pieces = tuple[tuple[bool, str], ...]
"""What a text is made of, and of each piece whether it is code."""
_ESCAPE: Final = Pattern(
    r"x\{([\da-fA-F]{1,6})\}|x([\da-fA-F]{1,2})|u\{([\da-fA-F]{1,6})\}|u([\da-fA-F]{4})"
    r"|U([\da-fA-F]{8})|([0-7]{1,3})|(.)",
    re.DOTALL,
)
_SIGNS: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "v": "\v",
    "z": "",
    "\n": "",
}


def regex_end(text: str, at: int, closing: str) -> int | None:
    """Return where a pattern ends that begins at *at*; None when it does not."""
    in_class = False
    for found in _regex_stops(closing).finditer(text, at):
        char = found[0]
        if char == closing and not in_class:
            return found.start()
        if char == "\n":
            return None
        in_class = char == "[" or (in_class and char != "]")
    return None


@cache
def _regex_stops(closing: str) -> re.Pattern[str]:
    brackets = "" if closing in "[]" else r"|\[|\]"
    return re.compile(rf"\\.|\n|{re.escape(closing)}{brackets}" if closing else r"\n")


def read_text(
    text: str, at: int, quote: Quote, opening: str = ""
) -> tuple[tuple[tuple[bool, str], ...], int]:
    """Return the pieces of a text that begins at *at*, and where what follows it begins.

    Raises:
        OverBudget: It has too much code in it.
    """
    pieces: list[tuple[bool, str]] = []
    plain: list[str] = []
    depth = 0
    stops = _stops(quote, opening if opening != quote.close else "")
    while (found := stops.search(text, at)) is not None:
        plain.append(text[at : found.start()])
        sign, at = found[0], found.end()
        if sign == quote.close:
            if not depth:
                return (*pieces, (False, "".join(plain))), at
            depth -= 1
            plain.append(sign)
        elif sign == opening:
            depth += 1
            plain.append(sign)
        elif sign == "\\":
            escaped, at = _escape(text, at, quote)
            plain.append(escaped)
        else:
            pieces.append((False, "".join(plain)))
            plain = []
            if len(pieces) > MAX_PIECES:
                raise OverBudget("a text with too much code in it")
            code, at = _code(text, found.start(), at)
            pieces.append((True, code))
    plain.append(text[at:])
    return (*pieces, (False, "".join(plain))), len(text)


@cache
def _stops(quote: Quote, opening: str) -> re.Pattern[str]:
    signs = [re.escape(quote.close)] if quote.close else []
    signs += [re.escape(opening)] if opening else []
    signs += [quote.inside.value] if quote.inside is not Inside.NOTHING else []
    return re.compile("|".join([*signs, r"\\"]))


def _escape(text: str, at: int, quote: Quote) -> tuple[str, int]:
    match = _ESCAPE.match(text, at)
    if match is None:
        return "\\", at
    if not quote.has_escapes:
        is_sign = text[at] in {"\\", quote.close}
        return (text[at], at + 1) if is_sign else ("\\", at)
    code = match[1] or match[2] or match[3] or match[4] or match[5]
    if code or match[6]:
        number = int(code, 16) if code else int(match[6], 8)
        return (chr(number) if number <= 0x10FFFF else ""), match.end()  # noqa: PLR2004
    return _SIGNS.get(match[7], match[7]), match.end()


@cache
def _brackets(opening: str, closing: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(opening + closing)}]")


def _code(text: str, start: int, at: int) -> tuple[str, int]:
    """Return the code in a text that begins at *start*, and where the text goes on."""
    opening = text[start:at]
    if opening[-1] not in "({[":
        return opening, at
    depth = 1
    closing = {"(": ")", "{": "}", "[": "]"}[opening[-1]]
    for bracket in _brackets(opening[-1], closing).finditer(text, at, at + MAX_INNER):
        depth += 1 if bracket[0] == opening[-1] else -1
        if not depth:
            end = bracket.start()
            more = 2 if opening == "@{[" else 1
            inner = text[at:end]
            is_name = opening == "${" and inner.isidentifier()
            return (f"${inner}" if is_name else inner), end + more
    return opening.strip("${("), at
