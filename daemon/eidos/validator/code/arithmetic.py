"""Operators on known values, none of which can make the reader itself slow or large."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from eidos.validator.code.trace import Trace
from eidos.validator.code.values import MAX_TEXT, Value, call, carried, concatenated, known

_MAX_BITS: Final = 256
_MAX_EXPONENT_DIGITS: Final = 2
_MAX_EXPONENT: Final = 64
_ENDLESS_EXPONENT: Final = 1_000_000
"""A power like `9**9**9` keeps a machine busy until it is killed."""
_HUGE: Final = 100_000_000
"""So many characters or items at once are taken to fill the memory."""
_MAX_ITEMS: Final = 64

_INTEGERS: Final[dict[str, Callable[[int, int], int]]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
    "/": int.__floordiv__,
    "%": int.__mod__,
    "^": int.__xor__,
    "&": int.__and__,
    "|": int.__or__,
    "<<": int.__lshift__,
    ">>": int.__rshift__,
    "**": lambda base, exponent: int(base**exponent),
}


def arithmetic(trace: Trace, sign: str, left: Value, right: Value) -> Value:
    """Return *left* and *right* under the operator *sign*, where both are numbers."""
    one, two = left.number, right.number
    if one is None or two is None:
        return carried((left, right))
    if sign == "**" and two > _ENDLESS_EXPONENT and abs(one) > 1:
        trace.add(call("stress", "--cpu", "1"))
    if sign in {"**", "<<"} and not 0 <= two <= _MAX_EXPONENT:
        return Value()
    if one.bit_length() > _MAX_BITS or two.bit_length() > _MAX_BITS:
        return Value()
    try:
        return whole(_INTEGERS[sign](one, two))
    except (ZeroDivisionError, ValueError, KeyError):
        return Value()


def whole(number: int) -> Value:
    """Return *number*, or an unknown value if it is too large for anything but arithmetic."""
    return Value(number=number) if number.bit_length() <= _MAX_BITS else Value()


def number_in(text: str) -> Value:
    """Return the number that is written as *text*: decimal, 0x, 0o, 0b, or octal after a 0."""
    plain = text.replace("_", "").lower()
    try:
        if plain.startswith("0") and plain.isdigit() and len(plain) > 1:
            return whole(int(plain, 8))
        if "e" in plain and not plain.startswith("0x"):
            base, _, exponent = plain.partition("e")
            is_small = (
                "." not in base and exponent.isdigit() and len(exponent) <= _MAX_EXPONENT_DIGITS
            )
            return whole(int(base) * 10 ** int(exponent)) if is_small else Value()
        return whole(int(plain, 0))
    except ValueError:
        return Value()


def repeated(trace: Trace, value: Value, count: Value) -> Value:
    """Return *value*, a text or a list, *count* times in a row."""
    times = count.number
    if times is None:
        return carried((value,))
    if times >= _HUGE:
        trace.add(call("stress", "--vm", "1"))
        return Value()
    if value.items is not None:
        few = 0 <= times * len(value.items) <= _MAX_ITEMS
        return Value(items=value.items * times) if few else carried((value,))
    text = value.text
    if text is None or not 0 <= times * len(text) <= MAX_TEXT:
        return carried((value,))
    return replace(known(text * times), is_decoded=value.is_decoded)


def added(left: Value, right: Value, trace: Trace) -> Value:
    """Return the sum of numbers, or texts or lists one after the other."""
    if left.number is not None and right.number is not None:
        return arithmetic(trace, "+", left, right)
    if left.items is not None or right.items is not None:
        return Value(items=(*row(left), *row(right)))
    return concatenated(left, right)


def row(value: Value) -> tuple[Value, ...]:
    """Return the items of a list; one that is not known is one unknown item."""
    return value.items if value.items is not None else (value,)
