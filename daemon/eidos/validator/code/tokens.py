"""The tokens of a program, and what closes what among them."""

from typing import Final, Literal

import msgspec

from eidos.validator.budget import OverBudget
from eidos.validator.code.lexicon import Lexicon
from eidos.validator.code.literals import Pieces

MAX_TOKENS: Final = 1500
MAX_NESTING: Final = 60
VALUE_ENDS: Final = frozenset({")", "]", "}"})
_STARTS: Final = frozenset({";", "(", "{", "=", "[", "|", "&&", "||", "=>", ","})
_START_WORDS: Final = frozenset("then do else begin end return and or not".split())
_MAX_BACK: Final = 40
"""Tokens between a loop's word and its `do`."""
Kind = Literal["name", "number", "text", "command", "regex", "angle", "sign", "end"]


class Token(msgspec.Struct, frozen=True):
    """A word, sign or literal of a program."""

    kind: Kind
    text: str
    """A sign, a name, a number as written; a line break is the sign `;`."""
    pieces: Pieces = ()
    """Of a text: what it is made of, and whether that is code."""
    start: int = 0
    end: int = 0
    is_spaced: bool = False
    """A blank stands before it."""


class Tokens(msgspec.Struct):
    """The tokens of a program, and for each opening bracket or word the token that closes it."""

    text: str
    row: list[Token] = []
    pairs: dict[int, int] = {}
    ends: dict[int, int] = {}
    """Where the statement around a token ends, once somebody has asked."""


def pair(tokens: Tokens, lexicon: Lexicon) -> None:
    """Find for each bracket, and each word that wants an `end`, what closes it."""
    open_at: list[int] = []
    for at, token in enumerate(tokens.row):
        if token.kind == "sign" and token.text in "([{" and token.text:
            open_at.append(at)
        elif token.kind == "sign" and token.text in VALUE_ENDS:
            if open_at:
                tokens.pairs[open_at.pop()] = at
        elif token.kind == "name" and token.text in lexicon.openers:
            if _opens(tokens.row, at, lexicon):
                open_at.append(at)
        elif token.kind == "name" and token.text == "end" and lexicon.openers and open_at:
            tokens.pairs[open_at.pop()] = at
        if len(open_at) > MAX_NESTING:
            raise OverBudget("code that is too deeply nested")
    for at in open_at:
        tokens.pairs[at] = len(tokens.row) - 1


def _opens(row: list[Token], at: int, lexicon: Lexicon) -> bool:
    """Whether the word at *at* begins a block: a modifier does not, nor the `do` of a loop."""
    before = row[at - 1] if at else Token("sign", ";")
    if before.kind == "sign" and before.text in {".", "::", "&.", ":"}:
        return False
    word = row[at].text
    if word == "do":
        for earlier in reversed(row[max(0, at - _MAX_BACK) : at]):
            if earlier.text in {";", "do", "end"} and earlier.kind != "text":
                return True
            if earlier.kind == "name" and earlier.text in {"while", "until", "for"}:
                return earlier.text not in lexicon.openers
        return True
    if word in {"if", "unless", "while", "until", "for"} and lexicon.has_modifiers:
        return before.text in (_STARTS if before.kind == "sign" else _START_WORDS)
    return True
