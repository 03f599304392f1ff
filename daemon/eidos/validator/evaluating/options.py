"""The options of one program: which of its words they are, and what is given to them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from eidos.validator.commands import Word


class Grammar(msgspec.Struct, frozen=True):
    """Which options of a program take a value."""

    short: str = ""
    """The letters whose value is the rest of the word or the next word."""
    long: frozenset[str] = frozenset()
    """The long options, dashes included, whose value may be the next word."""
    pairs: frozenset[str] = frozenset()
    """The long options that take two words."""


PLAIN: Final = Grammar()


class Option(NamedTuple):
    """One option as given, `-u root` or `--user=root`; without a value None."""

    name: str
    value: Word | None = None


class Options(NamedTuple):
    """The options that stand before the operands."""

    given: tuple[Option, ...]
    end: int
    """The position of the first word that is neither option nor one of the operands skipped."""
    operands: tuple[Word, ...] = ()
    """The operands that were skipped."""

    def value_of(self, names: frozenset[str]) -> Word | None:
        """Return what is given to the first of the options *names*."""
        return next((o.value for o in self.given if o.name in names and o.value is not None), None)

    def has(self, *names: str) -> bool:
        """Whether one of the options *names* is given."""
        return any(option.name in names for option in self.given)


def read_options(
    words: Sequence[Word], grammar: Grammar, operands: int = 0, *, permutes: bool = False
) -> Options:
    """Read the options at the beginning of *words*, and among its first *operands* operands.

    A program that *permutes* takes options after the last of these too.
    """
    given: list[Option] = []
    skipped: list[Word] = []
    position = 0
    while position < len(words):
        text = words[position].text
        is_full = len(skipped) == operands
        if text == "--":
            taken = tuple(words[position + 1 :][: operands - len(skipped)])
            return Options(tuple(given), position + 1 + len(taken), (*skipped, *taken))
        if is_full and operands and not permutes:
            break
        if not _is_option(text):
            if is_full:
                break
            skipped.append(words[position])
            position += 1
            continue
        found, used = _read_one(words[position : position + 3], grammar)
        given += found
        position += used
    return Options(tuple(given), position, tuple(skipped))


def _is_option(text: str) -> bool:
    return text.startswith("-") and text != "-"


def rest_of(word: Word, start: int) -> Word:
    """Return *word* without its first *start* characters."""
    return replace(word, text=word.text[start:])


def _read_one(words: Sequence[Word], grammar: Grammar) -> tuple[list[Option], int]:
    """Read the option in the first of *words*, and say how many of them it takes."""
    word = words[0]
    text = word.text
    if text in grammar.pairs:
        return [Option(text, following) for following in words[1:3]], 3
    if text in grammar.long:
        return [Option(text, words[1] if len(words) > 1 else None)], 2
    if text.startswith("--"):
        name, equals, _ = text.partition("=")
        return [Option(name, rest_of(word, len(name) + 1) if equals else None)], 1
    return _read_cluster(words, grammar)


def _read_cluster(words: Sequence[Word], grammar: Grammar) -> tuple[list[Option], int]:
    word = words[0]
    found: list[Option] = []
    for position, letter in enumerate(word.text[1:], 2):
        name = f"-{letter}"
        if letter not in grammar.short:
            found.append(Option(name))
        elif position < len(word.text):
            return [*found, Option(name, rest_of(word, position))], 1
        else:
            return [*found, Option(name, words[1] if len(words) > 1 else None)], 2
    return found, 1
