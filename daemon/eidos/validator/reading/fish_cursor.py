"""Where the grammar of fish stands among the tokens of a line."""

from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.fish_tokens import Kind, Token, Tokenizer

KEYWORDS: Final = frozenset(
    """
    and or not ! time command builtin exec begin end if else for in while switch case function
    """.split()
)
_UNQUOTED: Final = str.maketrans("", "", "'\"")


def keyword_of(token: Token | None) -> str:
    """Return the keyword that *token* is, "" if none; fish takes a quoted one for one too."""
    if token is None or token.kind is not Kind.WORD:
        return ""
    text = token.text.translate(_UNQUOTED)
    return text if text in KEYWORDS else ""


class Cursor:
    """The tokens of a part of the text, and the next of them."""

    def __init__(self, tokenizer: Tokenizer, start: int, end: int) -> None:
        self._tokens = tokenizer.tokens(start, end)
        self.index = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """Return the next token, or one behind it; None at the end."""
        index = self.index + ahead
        return self._tokens[index] if index < len(self._tokens) else None

    def keyword(self, ahead: int = 0) -> str:
        """Return the keyword that the next token is, or one behind it."""
        return keyword_of(self.peek(ahead))

    def is_kind(self, kind: Kind, ahead: int = 0) -> bool:
        """Whether the next token is of *kind*, or one behind it."""
        token = self.peek(ahead)
        return token is not None and token.kind is kind

    def accept(self, kind: Kind) -> Token | None:
        """Pass the next token if it is of *kind*."""
        if not self.is_kind(kind):
            return None
        self.index += 1
        return self._tokens[self.index - 1]

    def want(self, kind: Kind, reason: str) -> Token:
        """Pass the next token.

        Raises:
            SyntaxFault: It is not of *kind*; *reason* says so.
        """
        token = self.accept(kind)
        if token is None:
            raise SyntaxFault(reason)
        return token

    def take_words(self) -> list[Token]:
        """Pass all words up to something else."""
        start = self.index
        while self.is_kind(Kind.WORD):
            self.index += 1
        return self._tokens[start : self.index]

    def skip_line_breaks(self) -> None:
        """Pass line breaks, but no semicolon."""
        while (token := self.peek()) and token.kind is Kind.END and ";" not in token.text:
            self.index += 1

    def skip_ends(self) -> None:
        """Pass line breaks and semicolons."""
        while self.accept(Kind.END):
            pass

    def has_option(self, ahead: int = 1) -> bool:
        """Whether the token after the next is an option."""
        token = self.peek(ahead)
        return token is not None and token.kind is Kind.WORD and token.text.startswith("-")

    def asks_for_help(self, ahead: int = 1) -> bool:
        """Whether the token after the next is `-h` or `--help`."""
        token = self.peek(ahead)
        return token is not None and token.text in {"-h", "--help"}

    def texts_since(self, index: int) -> tuple[str, ...]:
        """Return the tokens from *index* up to here, without the ends of statements."""
        return tuple(
            token.text for token in self._tokens[index : self.index] if token.kind is not Kind.END
        )
