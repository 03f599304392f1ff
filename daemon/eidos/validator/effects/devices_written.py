"""What programs write that work on whole devices: dd and its kin, fio, socat."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command
from eidos.validator.effects.arguments import option_values
from eidos.validator.effects.fetched import Writer
from eidos.validator.effects.written import How, Write
from eidos.validator.evaluating.options import rest_of
from eidos.validator.patterns import Pattern

_HEADS_OF_DD: Final = ("of=", "hof=", "ofs=", "wipe=", "hwipe=")


def _by_dd(command: Command) -> Iterator[Write]:
    is_empty = any(word.text in {"if=/dev/null", "if=/dev/zero"} for word in command.args)
    how = How.EMPTY if is_empty else How.REPLACE
    for word in command.args:
        if word.text.startswith(_HEADS_OF_DD):
            yield Write(rest_of(word, word.text.index("=") + 1), how)


def _replacing_last(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.operands[-1:])


def _replacing_second(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.operands[1:2])


def _by_buffer(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in option_values(command, "o", "--output"))


def _by_fio(command: Command) -> Iterator[Write]:
    """Yield the files of a measurement that writes, and not only reads."""
    kinds = command.values("--rw", "--readwrite")
    if not any(_WRITING.search(kind.text) for kind in kinds):
        return
    for word in command.values("--filename"):
        for name in word.text.split(":"):
            yield Write(replace(word, text=name), How.REPLACE)


_WRITING: Final = Pattern(r"w|trim")


def _by_socat(command: Command) -> Iterator[Write]:
    """Yield the files among its two addresses; `-u` only reads the first, `-U` the second."""
    addresses = command.operands[-2:]
    if command.has_letter("u"):
        addresses = addresses[1:]
    elif command.has_letter("U"):
        addresses = addresses[:1]
    for word in addresses:
        if match := _OPENED.match(word.text):
            path = word.text[match.end() :].partition(",")[0]
            yield Write(replace(word, text=path), How.REPLACE)


_OPENED: Final = Pattern(r"(?:g?open|file|create|creat):", re.IGNORECASE)


ON_DEVICES: Final[dict[str, Writer]] = {
    **dict.fromkeys(("dd", "dcfldd", "dc3dd", "sg_dd", "ddpt", "lmdd"), _by_dd),
    **dict.fromkeys(("mbuffer", "buffer"), _by_buffer),
    "dd_rescue": _replacing_last,
    "ddrescue": _replacing_second,
    "fio": _by_fio,
    "socat": _by_socat,
}
