"""Statements that are put together from pieces: `'dr' || 'op table x'`, `chr(68) || …`, 0x44….

Only what stands in the text itself is put together; of names that a query finds nothing is known.
"""

import re
from typing import Final

from eidos.validator.patterns import Pattern

_CODES: Final = Pattern(
    r"\b(?:n?char|chr)\s*\(\s*(\d{1,3}(?:\s*,\s*\d{1,3}){0,200})\s*\)", re.IGNORECASE
)
_HEX: Final = Pattern(r"\b0x([0-9a-f]{8,2000})\b|\bx'([0-9a-f]{8,2000})'", re.IGNORECASE)
_UNHEX: Final = Pattern(r"\bunhex\s*\(\s*'([0-9a-f]{8,2000})'\s*\)", re.IGNORECASE)
_REVERSED: Final = Pattern(r"\breverse\s*\(\s*'([^']*)'\s*\)", re.IGNORECASE)
_FORMAT: Final = Pattern(
    r"\bformat\s*\(\s*'([^']{0,1000})'\s*,\s*('[^']{0,200}'(?:\s*,\s*'[^']{0,200}'){0,9})\s*\)",
    re.IGNORECASE,
)
_PLACE: Final = Pattern(r"%(?:\d\$)?[sIL]")
_BETWEEN: Final = Pattern(r"'\s*(?:\|\||\+|,)\s*'")
_PART: Final = Pattern(r"'([^']*)'")


def joined(text: str) -> str:
    """Return *text* with the pieces of quoted text that it puts together in one."""
    text = _CODES.sub(lambda match: _quoted(_of_codes(match[1])), text)
    text = _UNHEX.sub(lambda match: _of_hex(match[1]), text)
    text = _HEX.sub(lambda match: _of_hex(match[1] or match[2]), text)
    text = _REVERSED.sub(lambda match: _quoted(match[1][::-1]), text)
    text = _FORMAT.sub(lambda match: _quoted(_formatted(match[1], match[2])), text)
    return _BETWEEN.sub("", text)


def _quoted(text: str) -> str:
    return f"'{text}'"


def _of_codes(codes: str) -> str:
    return "".join(chr(int(code)) for code in codes.split(","))


def _of_hex(digits: str) -> str:
    return _quoted(bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1"))


def _formatted(form: str, parts: str) -> str:
    values = iter(_PART.findall(parts))
    return _PLACE.sub(lambda match: next(values, match[0]), form)
