"""Where programs that fetch from the network put what they fetch."""

import re
from collections.abc import Callable, Iterator
from posixpath import basename
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.arguments import option_values
from eidos.validator.effects.written import How, Write
from eidos.validator.patterns import Pattern

Writer = Callable[[Command], Iterator[Write]]


def _by_curl(command: Command) -> Iterator[Write]:
    folder = next(command.values("--output-dir"), None)
    for word in option_values(command, "o", "--output"):
        yield Write(_in(folder, word), How.REPLACE)
    if command.has_letter("O") or command.has_long("--remote-name", "--remote-name-all"):
        yield from _named_by_addresses(command, folder)


def _by_wget(command: Command) -> Iterator[Write]:
    named = list(option_values(command, "O", "--output-document"))
    yield from (Write(word, How.REPLACE) for word in named)
    if not named:
        folder = next(option_values(command, "P", "--directory-prefix"), None)
        yield from _named_by_addresses(command, folder)


def _by_aria2c(command: Command) -> Iterator[Write]:
    folder = next(option_values(command, "d", "--dir"), None)
    named = list(option_values(command, "o", "--out"))
    yield from (Write(_in(folder, word), How.REPLACE) for word in named)
    if not named:
        yield from _named_by_addresses(command, folder)


def _named_by_addresses(command: Command, folder: Word | None) -> Iterator[Write]:
    """Yield the files that get the last name in an address, where the folder is known."""
    for word in command.args:
        match = _ADDRESS.match(word.text)
        if match and (folder is not None or word.folder):
            name = basename(word.text[match.end() :].partition("?")[0].partition("#")[0])
            if name:
                yield Write(_in(folder, Word(name, word.is_known, folder=word.folder)), How.REPLACE)


_ADDRESS: Final = Pattern(r"(?:https?|ftps?|file)://[^/]*(?=/)", re.IGNORECASE)


def _in(folder: Word | None, name: Word) -> Word:
    """Return the path of *name* in *folder*."""
    if folder is None or name.text.startswith(("/", "~")):
        return name
    is_known = folder.is_known and name.is_known
    return Word(f"{folder.text}/{name.text}", is_known, sources=name.sources, folder=name.folder)


FETCHING: Final[dict[str, Writer]] = {
    "aria2c": _by_aria2c,
    "curl": _by_curl,
    "wget": _by_wget,
    "wget2": _by_wget,
}
