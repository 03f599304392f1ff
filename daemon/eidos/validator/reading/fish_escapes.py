"""The backslash escapes of fish outside quotes and in single quotes."""

import re
from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern

_ESCAPE: Final = Pattern(
    r"\\(?:[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})"
    r"|c([A-Za-z\[\]^_])|([^xXuUc0-7]))",
    re.DOTALL,
)
_ESCAPED_IN_SINGLE: Final = Pattern(r"\\([\\'])")
_SIGNS: Final = {
    "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\n": "",
}  # fmt: skip
_LAST_OCTAL: Final = 0o177
_LAST_CODE: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_UNKNOWN: Final = "fish does not know this backslash escape"


def decode_escape(text: str, start: int, end: int) -> tuple[str, int]:
    r"""Return what the escape at *start* stands for, and where it ends.

    Raises:
        SyntaxFault: fish refuses it: `\x` without a number, a code that no character has.
    """
    match = _ESCAPE.match(text, start, end)
    if match is None:
        raise SyntaxFault(_UNKNOWN)
    byte, short, long, octal, control, sign = match.groups()
    if sign:
        return _SIGNS.get(sign, sign), match.end()
    if control:
        return chr(ord(control.upper()) & 0x1F), match.end()
    code = int(octal, 8) if octal else int(byte or short or long, 16)
    if code > (_LAST_OCTAL if octal else _LAST_CODE):
        raise SyntaxFault(_UNKNOWN)
    return "\ufffd" if code in _SURROGATES else chr(code), match.end()


def decode_single(text: str) -> str:
    r"""Return what stands between single quotes: only `\\` and `\'` are escapes there."""
    return _ESCAPED_IN_SINGLE.sub(r"\1", text) if "\\" in text else text
