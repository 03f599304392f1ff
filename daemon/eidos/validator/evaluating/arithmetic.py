"""Arithmetic of a shell, as far as it is made of plain numbers."""

from typing import Final

from eidos.validator.patterns import Pattern

_CONSTANT: Final = Pattern(r"\$(?:\(\(([\d\s+*/%()-]{1,60})\)\)|\[([\d\s+*/%()-]{1,60})\])")
_TOKENS: Final = Pattern(r"\s*(\d+|[-+*/%()])")
_MAX_DIGITS: Final = 18


def value_of(source: str) -> str | None:
    """Return what `$((…))` comes to; None where it is not made of numbers alone."""
    match = _CONSTANT.fullmatch(source)
    if match is None:
        return None
    tokens = _TOKENS.findall(match[1] or match[2])
    if any(len(token) > _MAX_DIGITS for token in tokens):
        return None
    try:
        value, rest = _sum(tokens)
    except (ValueError, IndexError, ZeroDivisionError):
        return None
    return None if rest else str(value)


def _sum(tokens: list[str]) -> tuple[int, list[str]]:
    value, rest = _product(tokens)
    while rest and rest[0] in "+-":
        sign = 1 if rest[0] == "+" else -1
        term, rest = _product(rest[1:])
        value += sign * term
    return value, rest


def _product(tokens: list[str]) -> tuple[int, list[str]]:
    value, rest = _atom(tokens)
    while rest and rest[0] in "*/%":
        sign = rest[0]
        factor, rest = _atom(rest[1:])
        if sign == "*":
            value *= factor
        else:  # C cuts towards nought, Python floors
            quotient = abs(value) // abs(factor) * (1 if (value < 0) == (factor < 0) else -1)
            value = quotient if sign == "/" else value - quotient * factor
    return value, rest


def _atom(tokens: list[str]) -> tuple[int, list[str]]:
    first = tokens[0]
    if first in "+-":
        value, rest = _atom(tokens[1:])
        return (value if first == "+" else -value), rest
    if first == "(":
        value, rest = _sum(tokens[1:])
        if rest[0] != ")":
            raise ValueError(rest[0])
        return value, rest[1:]
    return (int(first, 8) if first[0] == "0" else int(first)), tokens[1:]
