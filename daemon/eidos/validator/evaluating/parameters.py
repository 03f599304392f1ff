"""What an operator inside `${ }` makes of a value that is known."""

import re
from collections.abc import Callable
from typing import Final

from eidos.validator.patterns import Pattern
from eidos.validator.reading.escapes import decode_ansi_c

_MAX_VALUE: Final = 512
"""Longer values are not searched for patterns, nor beyond _MAX_VALUE_OF_TWO for two stars."""
_MAX_VALUE_OF_TWO: Final = 64
_SUBSTRING: Final = Pattern(r":\s*(-?\d+|\(-\d+\))\s*(?::\s*(-?\d+)\s*)?")
_SIGN: Final = Pattern(r"##?|%%?|/[/#%]?|\^\^?|,,?|@[A-Za-z]|:[a-zA-Z]")
_CHANGED: Final[dict[str, Callable[[str], str]]] = {
    "^^": str.upper,
    ",,": str.lower,
    "^": lambda value: value[:1].upper() + value[1:],
    ",": lambda value: value[:1].lower() + value[1:],
    "@U": str.upper,
    "@L": str.lower,
    "@u": lambda value: value[:1].upper() + value[1:],
    "@E": decode_ansi_c,
    "@Q": lambda value: value,
    ":u": str.upper,
    ":l": str.lower,
    ":t": lambda value: value.rstrip("/").rpartition("/")[2],
    ":h": lambda value: value.rstrip("/").rpartition("/")[0] or "/",
    ":r": lambda value: value.rpartition(".")[0] or value,
    ":e": lambda value: value.rpartition(".")[2],
}


def substring(value: str, operator: str) -> str | None:
    """Return what `${x:1:2}` takes of *value*; None where the numbers are not plain."""
    match = _SUBSTRING.fullmatch(operator)
    if match is None:
        return None
    start = int(match[1].strip("()"))
    start = max(len(value) + start, 0) if start < 0 else start
    if match[2] is None:
        return value[start:]
    length = int(match[2])
    return value[start : start + length] if length >= 0 else value[start : len(value) + length]


def changed(value: str, operator: str) -> str | None:
    """Return what `^^`, `@E`, `:t` and their kin make of *value*; None for anything else."""
    change = _CHANGED.get(operator)
    return change(value) if change else None


def without(value: str, sign: str, pattern: str) -> str | None:
    """Return *value* without the end that `#`, `##`, `%` or `%%` takes off by *pattern*.

    *pattern* is a regular expression from `pattern_of`; None where that could take long.
    """
    if _is_costly(value, pattern):
        return None
    is_short = len(sign) == 1
    glob = pattern.replace(_STAR, ".*?" if is_short else ".*")
    try:
        if sign[0] == "#":
            match = re.compile(glob, re.DOTALL).match(value)
            return value[match.end() :] if match else value
        rest = "(.*)" if is_short else "(.*?)"
        glob = pattern.replace(_STAR, ".*")
        match = re.compile(f"{rest}(?:{glob})", re.DOTALL).fullmatch(value)
    except re.error:
        return None
    return match[1] if match else value


def replaced(value: str, sign: str, pattern: str, replacement: str) -> str | None:
    """Return *value* with *replacement* for the first match of *pattern*, or for all of `//`."""
    if _is_costly(value, pattern):
        return None
    glob = pattern.replace(_STAR, ".*")
    if not glob:
        return value
    glob = {"/#": rf"\A(?:{glob})", "/%": rf"(?:{glob})\Z"}.get(sign, glob)
    try:
        found = re.compile(glob, re.DOTALL)
    except re.error:
        return None
    return found.sub(lambda _match: replacement, value, count=0 if sign == "//" else 1)


def pattern_of(text: str) -> str:
    """Return the pattern *text* of a shell as a regular expression with marks for its stars."""
    return _GLOB.sub(_translated, text)


_STAR: Final = "\0*"
_GLOB: Final = Pattern(r"\*+|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)


def _translated(match: re.Match[str]) -> str:
    sign = match[0]
    if sign[0] == "*":
        return _STAR
    if sign == "?":
        return "."
    if sign[0] == "[" and len(sign) > 1:
        inside = sign[1:-1].replace("\\", "\\\\").replace("[:", "").replace(":]", "")
        return f"[^{inside[1:]}]" if inside[:1] in {"!", "^"} else f"[{inside}]"
    return re.escape(sign)


def _is_costly(value: str, pattern: str) -> bool:
    stars = pattern.count(_STAR)
    return len(value) > _MAX_VALUE or stars > 2 or (stars > 1 and len(value) > _MAX_VALUE_OF_TWO)  # noqa: PLR2004
