"""What one command sends to another machine."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec.structs import replace

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.options import Grammar, Option, read_options
from eidos.validator.patterns import Pattern


class Sent(msgspec.Struct, frozen=True):
    """What one command sends."""

    files: tuple[Word, ...] = ()
    texts: tuple[Word, ...] = ()
    """Words whose text itself is sent, whatever it comes from."""
    badges: tuple[Word, ...] = ()
    """Texts in the places made for what lets one in: `Authorization: …`."""
    takes_input: bool = False
    is_own: bool = False
    """The receiver is a machine or an account that the user must log in to."""


_INPUT: Final = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_NAMES_KEY: Final = Pattern(
    r"--[\w-]*(?:cert|key|config|cred|token|password|identity|ca-?file)[\w-]*$"
)
"""Options of any program whose value lets one in, or says how, and is not sent."""
_EVERYTHING: Final = 10_000
"""More operands than a command has words."""


def split(command: Command, grammar: Grammar) -> tuple[tuple[Option, ...], tuple[Word, ...]]:
    """Return the options and the operands of *command*, in any order."""
    keys = {word.text for word in command.args if _NAMES_KEY.match(word.text)}
    if keys:
        grammar = replace(grammar, long=grammar.long | keys)
    found = read_options(command.args, grammar, _EVERYTHING)
    return found.given, found.operands


def given(options: Iterable[Option], names: frozenset[str]) -> Iterator[Word]:
    """Yield what is given to the options *names*."""
    return (value for name, value in options if name in names and value is not None)


def names_of(text: str) -> frozenset[str]:
    """Read `d data -x` as `-d`, `--data` and `-x`."""
    return frozenset(
        name if name.startswith("-") else f"-{name}" if len(name) == 1 else f"--{name}"
        for name in text.split()
    )


def without_input(words: Iterable[Word]) -> tuple[tuple[Word, ...], bool]:
    """Return the files among *words*, and whether the standard input is one."""
    found = tuple(words)
    files = tuple(word for word in found if word.text not in _INPUT)
    return files, len(files) < len(found)


def part_of(word: Word, start: int, end: int) -> Word:
    """Return the characters of *word* from *start* to *end* as a word."""
    return Word(word.text[start:end], word.is_known, word.is_glob, word.sources, word.folder)
