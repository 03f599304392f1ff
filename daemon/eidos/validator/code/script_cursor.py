"""Where the reader of a program of tokens has come to."""

from typing import Final

import msgspec

from eidos.validator.code.calling import Caller
from eidos.validator.code.lexicon import Lexicon
from eidos.validator.code.scanner import scan
from eidos.validator.code.tables import Names
from eidos.validator.code.tokens import Token, Tokens
from eidos.validator.code.trace import MAX_CALLS, Trace
from eidos.validator.code.values import Value, concatenated, known

END: Final = Token("end", "")
_CLOSES: Final = frozenset({";", ")", "]", "}"})
_MAX_SOURCE: Final = 160


class Body(msgspec.Struct, frozen=True):
    """Some of the tokens of a program, such as the body of a function."""

    tokens: Tokens
    start: int
    end: int


class Cursor(Caller):
    """A position among the tokens of one program."""

    def __init__(self, trace: Trace, lexicon: Lexicon, library: Names) -> None:
        super().__init__(trace, library)
        self.lexicon = lexicon
        self.tokens = Tokens("")
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        row = self.tokens.row
        return row[self.at] if self.at < len(row) else END

    def look(self, ahead: int) -> Token:
        """Return a token further on, or with a negative number one before."""
        return self.token(self.at + ahead)

    def token(self, at: int) -> Token:
        """Return the token at a place, the end when there is none."""
        return self.tokens.row[at] if 0 <= at < len(self.tokens.row) else END

    def take(self) -> Token:
        """Return the next token and go past it."""
        token = self.next
        self.at += 1
        self.trace.budget.spend(2)
        return token

    def is_sign(self, *signs: str) -> bool:
        """Whether one of *signs* comes next."""
        token = self.next
        return token.kind == "sign" and token.text in signs

    def is_word(self, *words: str) -> bool:
        """Whether one of *words* comes next."""
        token = self.next
        return token.kind == "name" and token.text in words

    def close(self) -> int:
        """Return where the bracket or word that comes next is closed."""
        return self.tokens.pairs.get(self.at, self.at)

    def statement_end(self, start: int) -> int:
        """Return where the statement at *start* ends: at a `;`, or what closes around it."""
        ends, at = self.tokens.ends, start
        visited: list[int] = []
        while at not in ends and not self._is_end(self.token(at)):
            visited.append(at)
            at = self.tokens.pairs.get(at, at) + 1
        end = ends.get(at, at)
        ends.update(dict.fromkeys(visited, end))
        return end

    def _is_end(self, token: Token) -> bool:
        if token.kind == "name":
            return token.text in {"end", "do"} and bool(self.lexicon.openers)
        return token.kind == "end" or (token.kind == "sign" and token.text in _CLOSES)

    def source(self, start: int) -> str:
        """Return the text from the token *start* up to where the reader is."""
        row = self.tokens.row
        if not start < self.at <= len(row):
            return ""
        return self.tokens.text[row[start].start : row[self.at - 1].end][:_MAX_SOURCE]

    def text_value(self, token: Token) -> Value:
        """Return the text that *token* is, with the values of the code in it."""
        parts = [
            self.inner_value(text) if is_code else known(text) for is_code, text in token.pieces
        ]
        return parts[0] if len(parts) == 1 else concatenated(*parts)

    def inner_value(self, text: str) -> Value:
        """Return the value of code that stands inside a text."""
        if self.depth >= MAX_CALLS:
            return Value()
        self.depth += 1
        outer = self.tokens, self.at
        self.tokens, self.at = scan(text, self.lexicon, self.trace.budget), 0
        try:
            return self.run(Body(self.tokens, 0, len(self.tokens.row) - 1))
        finally:
            self.tokens, self.at = outer
            self.depth -= 1

    def run(self, body: Body) -> Value:
        """Read *body* and come back; return the value of its last statement."""
        outer = self.tokens, self.at
        self.tokens, self.at = body.tokens, body.start
        try:
            return self.block(body.end)
        finally:
            self.tokens, self.at = outer

    def run_body(self, body: object) -> Value:
        """Run the body of a function."""
        return self.run(body) if isinstance(body, Body) else Value()

    def block(self, end: int) -> Value:
        """Read statements up to the token *end*, and return the value of the last."""
        raise NotImplementedError
