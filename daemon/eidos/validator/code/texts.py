"""What the functions do that make texts of texts: join, decode, format, replace."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from eidos.validator.code.decoding import CODEC_NAMES, decode
from eidos.validator.code.trace import Act, Site, Trace
from eidos.validator.code.values import (
    HOME,
    MAX_TEXT,
    Value,
    carried,
    concatenated,
    known,
    variable,
)
from eidos.validator.patterns import Pattern

_PLACE: Final = Pattern(
    r"%(?:%|(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[a-zA-Z])|\{(\w*)(?:[:!][^{}]*)?\}"
)
_MAX_BITS: Final = 256
_LAST_CHARACTER: Final = 0x10FFFF


def same(trace: Trace, site: Site) -> Value:
    """Return what the method is called on, or else the first argument, as it is."""
    del trace
    is_receiver = site.receiver.parts is not None or site.receiver.items is not None
    if is_receiver or not site.args or site.args[0].function is not None:
        return site.receiver
    return site.args[0]


def decoder(how: str) -> Act:
    """Return the act of a function that makes a hidden text readable."""

    def act(trace: Trace, site: Site) -> Value:
        del trace
        return decoded(first_of(site), how)

    return act


def first_of(site: Site) -> Value:
    """Return the first argument, or else what the method is called on."""
    return site.args[0] if site.args else site.receiver


def decoded(value: Value, how: str) -> Value:
    """Return *value* decoded; that it was hidden is remembered even when it cannot be read."""
    text = value.text
    plain = decode(text, how) if text is not None else None
    if plain is None:
        return replace(carried((value,)), is_decoded=True)
    return replace(known(plain), is_decoded=True)


def decode_by_name(trace: Trace, site: Site) -> Value:
    """Decode by an encoding that an argument names; an ordinary one changes nothing."""
    del trace
    names = [value.text for value in (*site.args, *site.named.values())]
    how = next((CODEC_NAMES[name] for name in names if name in CODEC_NAMES), None)
    value = site.receiver if site.receiver.parts is not None else site.arg(0)
    return decoded(value, how) if how else value


def glued(values: Iterable[Value], between: Value) -> Value:
    """Return *values* written one after the other with *between* between them."""
    row: list[Value] = []
    for value in values:
        row += [between, value] if row and between.text != "" else [value]
    return concatenated(*row) if row else known("")


def join_items(trace: Trace, site: Site) -> Value:
    """Join a list by a text, whichever of them the method is called on."""
    del trace
    values = [v for v in (site.receiver, *site.args) if v.parts is not None or v.items is not None]
    lists = [value for value in values if value.items is not None]
    between = next((value for value in values if value.items is None), known(""))
    if not lists:
        return carried(values)
    return glued(lists[0].items or (), between)


def join_rest(trace: Trace, site: Site) -> Value:
    """Join all arguments after the first by the first, as perl's join does."""
    del trace
    flat = [inner for value in site.args[1:] for inner in (value.items or (value,))]
    return glued(flat, site.arg(0))


def character(trace: Trace, site: Site) -> Value:
    """Return the character of a number: `chr`."""
    del trace
    value = site.args[0] if site.args else site.receiver
    return characters((value,))


def characters(values: Iterable[Value]) -> Value:
    """Return the characters of numbers as a text that was hidden."""
    codes = [value.number for value in values]
    if not all(code is not None and 0 <= code <= _LAST_CHARACTER for code in codes):
        return Value(is_decoded=True)
    return replace(known("".join(chr(code or 0) for code in codes)), is_decoded=True)


def from_codes(trace: Trace, site: Site) -> Value:
    """Return the text of character codes: `String.fromCharCode`, `bytes`, `pack('C*', …)`."""
    del trace
    flat = [inner for value in site.args for inner in (value.items or (value,))]
    codes = [value for value in flat if value.number is not None]
    if not codes:
        return flat[0] if flat else Value()
    return characters(codes)


def code_of(trace: Trace, site: Site) -> Value:
    """Return the number of a character: `ord`."""
    del trace
    text = (site.args[0] if site.args else site.receiver).text
    return Value(number=ord(text)) if text and len(text) == 1 else Value()


def number_of(trace: Trace, site: Site) -> Value:
    """Return a text as a number: `int`, `hex`."""
    del trace
    value = first_of(site)
    base = site.arg(1).number
    try:
        number = int(value.text or "", 10 if base is None else base)
    except ValueError:
        return carried((value,))
    return Value(number=number) if number.bit_length() <= _MAX_BITS else Value()


def reverse(trace: Trace, site: Site) -> Value:
    """Turn a text or a list round."""
    del trace
    value = first_of(site)
    if value.items is not None:
        return replace(value, items=value.items[::-1])
    return decoded(value, "reversed")


def change_case(*, is_upper: bool) -> Act:
    """Return the act of `upper` or `lower`."""

    def act(trace: Trace, site: Site) -> Value:
        value = same(trace, site)
        text = value.text
        if text is None:
            return value
        return replace(known(text.upper() if is_upper else text.lower()), name=value.name)

    return act


def substitute(trace: Trace, site: Site) -> Value:
    """Replace one known text by another in a third: `replace`, `str_replace`, `gsub`."""
    del trace
    values = (site.receiver, *site.args) if site.receiver.parts is not None else site.args
    texts = [value.text for value in values[:3]]
    match texts:
        case [str(text), str(old), str(new)] if old and len(text) <= MAX_TEXT:
            longest = len(text) + text.count(old) * max(0, len(new) - len(old))
            return known(text.replace(old, new)) if longest <= MAX_TEXT else Value()
        case _:
            return carried(values)


def split(trace: Trace, site: Site) -> Value:
    """Take a text apart at a text or at blanks."""
    del trace
    is_method = site.receiver.parts is not None
    values = [site.receiver, *site.args] if is_method else sorted(site.args, key=_length)[::-1]
    if not values or values[0].text is None:
        return carried(values)
    text = values[0].text
    between = values[1].text if len(values) > 1 else None
    is_decoded = values[0].is_decoded
    if between == "":
        found = list(text)
    else:
        found = text.split(between) if between and between.strip() else text.split()
    return Value(items=tuple(replace(known(piece), is_decoded=is_decoded) for piece in found))


def _length(value: Value) -> int:
    return len(value.text or "")


def fill(trace: Trace, site: Site) -> Value:
    """Put values in the places of a template: `format`, `sprintf`."""
    del trace
    is_method = site.receiver.parts is not None
    template = site.receiver if is_method else site.arg(0)
    return filled(template, site.args if is_method else site.args[1:], site.named)


def filled(
    template: Value, args: tuple[Value, ...], named: Mapping[str, Value] | None = None
) -> Value:
    """Return *template* with its places (`%s`, `{}`) filled."""
    text = template.text
    if text is None:
        return carried((template, *args))
    table = named or {}
    flat = [inner for value in args for inner in (value.items or (value,))]
    pieces: list[Value] = []
    position = taken = 0
    for place in _PLACE.finditer(text):
        pieces.append(known(text[position : place.start()]))
        position = place.end()
        key = place[1] or place[2] or ""
        if place[0] == "%%":
            pieces.append(known("%"))
        elif key in table:
            pieces.append(table[key])
        else:
            index = int(key) if key.isdecimal() else taken
            taken += 1
            pieces.append(flat[index] if index < len(flat) else Value())
    return concatenated(*pieces, known(text[position:]))


def expand_user(trace: Trace, site: Site) -> Value:
    """Put the home directory for a leading `~`."""
    del trace
    value = first_of(site)
    text = value.text
    if text is not None and (text == "~" or text.startswith("~/")):
        return replace(concatenated(HOME, known(text[1:])), name=value.name)
    return value


def environment(trace: Trace, site: Site) -> Value:
    """Return a variable of the environment."""
    del trace
    name = site.arg(0).text
    return variable(name) if name and name.isidentifier() else Value()


def home(trace: Trace, site: Site) -> Value:
    """Return the home directory."""
    del trace, site
    return HOME


def constant(value: Value) -> Act:
    """Return the act of a function that always returns *value*."""
    return lambda _trace, _site: value
