r"""The grammar of phrasings: `(a|b)` picks one, `[x]` may be left out, `{slot}` is filled later.

A backslash before one of `()[]{}|` makes it plain text; a brace that opens no slot's name and a
`|` outside of any group are plain anyway. A sampled phrasing is a text in which each slot stands
as one mark, a character of Unicode's private use area, so that whatever is done to the words
afterwards cannot touch what goes in there.
"""

import re
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Final

from msgspec import Struct

from eidos.retrieval.index import FIRST_MARK

OPTION_SHARE: Final = 0.5
"""How often what may be left out is there."""
IS_MARK: Final = re.compile("[\ue000-\ue0ff]")
_TOKEN: Final = re.compile(
    r"\\(?P<plain>[()\[\]{}|])|\{(?P<slot>[A-Za-z_]+\d*)\}|(?P<sign>[()\[\]|])|[^\\{()\[\]|]+|[\\{]"
)
_GAP_BEFORE_SIGN: Final = re.compile(r" +([?,])(?= |$)")


class PhrasingError(ValueError):
    """A phrasing that does not follow the grammar; the message says where."""


class Choice(Struct, frozen=True):
    """One of several sequences, the empty one among them where it may be left out."""

    alternatives: "tuple[Sequence, ...]"
    is_optional: bool


Sequence = tuple["str | Choice", ...]
"""Text with marks, and choices, one behind the other."""


class Phrasing(Struct, frozen=True):
    """One way to ask, parsed."""

    text: str
    sequence: Sequence
    slots: tuple[str, ...]
    """Names of the slots by first appearance: the slot number n stands as `mark(n)`."""

    def sample(self, rng: Random) -> str:
        """Return one variant, each group's alternatives being equally likely."""
        return tidy(_sampled(self.sequence, rng))

    def variants(self) -> Iterator[str]:
        """Yield every variant once or more."""
        return (tidy(text) for text in _variants(self.sequence))

    def count(self) -> int:
        """Return how many variants there are, those that read the same counted each."""
        return _count(self.sequence)

    def required(self) -> frozenset[str]:
        """Return the slots that stand in every variant."""
        return frozenset(self.slots[ord(sign) - FIRST_MARK] for sign in _required(self.sequence))

    def groups(self) -> Iterator[Choice]:
        """Yield every group, from outside to inside."""
        return _groups(self.sequence)


def mark(number: int) -> str:
    """Return the sign that stands for slot *number* in a sampled text."""
    return chr(FIRST_MARK + number)


def marks(text: str) -> list[int]:
    """Return the numbers of the slots in *text*, in order."""
    return [ord(sign) - FIRST_MARK for sign in IS_MARK.findall(text)]


def fill(text: str, phrases: dict[int, str]) -> str:
    """Return *text* with the marks replaced by the phrases of their numbers."""
    return IS_MARK.sub(lambda match: phrases[ord(match[0]) - FIRST_MARK], text)


def tidy(text: str) -> str:
    """Return *text* with single blanks, and none that an option left before `?` or a comma."""
    return _GAP_BEFORE_SIGN.sub(r"\1", " ".join(text.split()))


def parse(text: str) -> Phrasing:
    """Return *text* as a phrasing.

    Raises:
        PhrasingError: A group is not closed, or closed where none is open.
    """
    if found := IS_MARK.search(text):
        raise PhrasingError(f"{found[0]!r} is reserved for slots")
    slots: list[str] = []
    levels: list[_Level] = [_Level("")]
    for token in _TOKEN.finditer(text):
        sign = token["sign"]
        if slot := token["slot"]:
            slots += [slot] if slot not in slots else []
            levels[-1].add(mark(slots.index(slot)))
        elif sign in ("(", "["):
            levels.append(_Level(sign))
        elif sign in (")", "]"):
            _close(levels, sign, token.start())
        elif sign == "|" and len(levels) > 1:
            levels[-1].alternatives.append([])
        else:
            levels[-1].add(token["plain"] or token[0])
    if len(levels) > 1:
        raise PhrasingError(f"a {levels[-1].opener!r} is never closed; plain ones need a backslash")
    return Phrasing(text, levels[0].sequences()[0], tuple(slots))


class _Level:
    """A group that is being read."""

    def __init__(self, opener: str) -> None:
        self.opener = opener
        self.alternatives: list[list[str | Choice]] = [[]]

    def add(self, node: str | Choice) -> None:
        last = self.alternatives[-1]
        if last and isinstance(node, str) and isinstance(last[-1], str):
            last[-1] += node
        else:
            last.append(node)

    def sequences(self) -> tuple[Sequence, ...]:
        return tuple(tuple(nodes) for nodes in self.alternatives)


def _close(levels: list[_Level], sign: str, position: int) -> None:
    """Make the innermost group, which *sign* ends, a part of the one around it."""
    opener = "(" if sign == ")" else "["
    if levels[-1].opener != opener:
        raise PhrasingError(f"{sign!r} at {position} closes nothing; a plain one needs a backslash")
    level = levels.pop()
    levels[-1].add(Choice(level.sequences(), opener == "["))


def _sampled(sequence: Sequence, rng: Random) -> str:
    text = ""
    for node in sequence:
        if isinstance(node, str):
            text += node
        elif not node.is_optional or rng.random() < OPTION_SHARE:
            count = len(node.alternatives)
            text += _sampled(node.alternatives[int(rng.random() * count)], rng)
    return text


def _variants(sequence: Sequence) -> Iterator[str]:
    choices = [[node] if isinstance(node, str) else _options(node) for node in sequence]
    return ("".join(texts) for texts in product(*choices))


def _options(choice: Choice) -> list[str]:
    empty = [""] if choice.is_optional else []
    return empty + [text for each in choice.alternatives for text in _variants(each)]


def _count(sequence: Sequence) -> int:
    total = 1
    for node in sequence:
        if isinstance(node, Choice):
            total *= node.is_optional + sum(_count(each) for each in node.alternatives)
    return total


def _required(sequence: Sequence) -> set[str]:
    found: set[str] = set()
    for node in sequence:
        if isinstance(node, str):
            found.update(IS_MARK.findall(node))
        elif not node.is_optional:
            found |= set[str].intersection(*(_required(each) for each in node.alternatives))
    return found


def _groups(sequence: Sequence) -> Iterator[Choice]:
    for node in sequence:
        if isinstance(node, Choice):
            yield node
            for alternative in node.alternatives:
                yield from _groups(alternative)
