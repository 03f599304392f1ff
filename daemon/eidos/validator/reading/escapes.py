"""Backslash sequences that stand for other characters: those of `$'…'`, of printf and of echo."""

import re
from typing import Final

from eidos.validator.patterns import Pattern

_ANSI_C: Final = Pattern(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)
_SIGNS: Final = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b",
    "f": "\f", "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_LAST_CODE: Final = 0x10FFFF


def decode_ansi_c(text: str) -> str:
    """Return what `$'text'` stands for; a NUL ends it, as it does in the shell."""
    return _ANSI_C.sub(_decoded, text).partition("\0")[0] if "\\" in text else text


def _decoded(match: re.Match[str]) -> str:
    hexadecimal = match[1] or match[2] or match[3]
    if hexadecimal:
        return _character(int(hexadecimal, 16))
    if match[4]:
        return _character(int(match[4], 8) & 0xFF)
    if match[5]:
        return chr(ord(match[5].upper()) & 0x1F)
    return _SIGNS.get(match[6], match[0])


def _character(code: int) -> str:
    return chr(code) if code <= _LAST_CODE else ""
