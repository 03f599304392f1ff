"""The tokens of a line of fish: words, redirections, pipes and what stands between commands.

The limits of a word are those of fish 3.6, tried with `fish --no-execute`: parentheses, braces and
brackets hold a word together across blanks, and a `#` behind a blank is a comment even in them.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern

MAX_DEPTH: Final = 32
"""Of parentheses, braces and blocks in each other; ordinary lines have at most 5."""


class Kind(Enum):
    """What a token is to the grammar."""

    WORD = "word"
    REDIRECT = "redirect"
    PIPE = "pipe"
    LOGIC = "logic"
    """`&&` and `||`."""
    BACKGROUND = "background"
    END = "end"
    """Semicolons and line breaks."""


class Token(NamedTuple):
    """A piece of the line, with the places where it begins and ends."""

    kind: Kind
    text: str
    start: int
    end: int


class Pair(NamedTuple):
    """Where a parenthesis or brace is closed, and the last square bracket between, if any."""

    end: int
    bracket: str


class Tokenizer:
    """Cuts a text, or a part of it, into tokens; what is in parentheses is looked at only once."""

    def __init__(self, text: str, budget: Budget, *, is_split_at_ampersand: bool = False) -> None:
        self.text = text
        self.budget = budget
        self.pairs: dict[int, Pair] = {}
        """By the place of the opening parenthesis or brace: all in the words read so far."""
        self.is_split_at_ampersand = is_split_at_ampersand
        """Whether `a&b` is two commands, as before fish 3.5, and not one word."""
        self.has_ampersand_in_word = False

    def tokens(self, start: int, end: int) -> list[Token]:
        """Return the tokens between *start* and *end*.

        Raises:
            SyntaxFault: A word is not complete, or fish has no such operator.
            OverBudget: There are too many, or they are nested too deeply.
        """
        found: list[Token] = []
        position = self._skip_blanks(start, end)
        while position < end:
            self.budget.spend()
            token = self._token(position, end)
            found.append(token)
            position = self._skip_blanks(token.end, end)
        return found

    def _token(self, start: int, end: int) -> Token:
        if operator := _OPERATOR.match(self.text, start, end):
            kind = operator.lastgroup or ""
            if kind in _NOT_IN_FISH:
                raise SyntaxFault(_NOT_IN_FISH[kind])
            return Token(Kind(kind), operator[0], start, operator.end())
        simple = _SIMPLE.match(self.text, start, end)
        stop = simple.end() if simple else start
        if stop < end and self.text[stop] not in _CERTAIN_SEPARATORS:
            stop = _WordScan(self, start, end).run()
        return Token(Kind.WORD, self.text[start:stop], start, stop)

    def _skip_blanks(self, start: int, end: int) -> int:
        blanks = _BLANKS.match(self.text, start, end)
        position = blanks.end() if blanks else start
        is_continued = blanks is not None and "\\\n" in blanks[0]
        while comment := _COMMENT.match(self.text, position, end):
            position = comment.end()
            if is_continued and position < end:
                position += 1
            if blanks := _BLANKS.match(self.text, position, end):
                position = blanks.end()
        return position


_CERTAIN_SEPARATORS: Final = " \t\r\n|;<>"
_SEPARATORS: Final = f"{_CERTAIN_SEPARATORS}&"
_SIMPLE: Final = Pattern(r"[^\\#(){}\[\]'\" \t\r\n|;<>&\0]+")
_BLANKS: Final = Pattern(r"(?:\\\n|[^\S\n])+")
_COMMENT: Final = Pattern(r"#[^\n]*")
_OPERATOR: Final = Pattern(
    r"(?P<end>[;\n][;\n\r\t ]*)"
    r"|(?P<logic>&&|\|\|)"
    r"|(?P<bash_pipe>\|&)"
    r"|(?P<input_pipe>0+>>?\|)"
    r"|(?P<pipe>\||&\||[0-9]*>>?\|)"
    r"|(?P<here_string><<<)"
    r"|(?P<here_document><<)"
    r"|(?P<both><>)"
    r"|(?P<process>[<>]\()"
    r"|(?P<redirect>&>>?\??|[0-9]*>>?[&?]?|[0-9]*<[&?]?)"
    r"|(?P<background>&)"
    r"|(?P<nul>\0)"
)
_NOT_IN_FISH: Final = {
    "bash_pipe": "fish has no |&; it has: &|",
    "input_pipe": "fish has no pipe from the standard input",
    "here_string": "fish has no <<<; it has: echo text | command",
    "here_document": "fish has no <<; it has: echo text | command",
    "both": "fish has no <>",
    "process": "fish has no <( … ) and >( … ); it has: (command | psub)",
    "nul": "there is a NUL character in this line",
}


class _WordScan:
    """Finds the end of one word, and the pairs of parentheses and braces in it."""

    def __init__(self, tokenizer: Tokenizer, start: int, end: int) -> None:
        self._tokenizer = tokenizer
        self._text = tokenizer.text
        self._start = start
        self._end = end
        self._position = start
        self._open: list[int] = []
        self._parentheses = 0
        self._quoted: list[int] = []
        """How many parentheses were open around each `$(` that interrupts a quoted text."""
        self._brackets: list[tuple[int, str]] = []
        self._can_comment = False

    def run(self) -> int:
        """Return where the word ends."""
        while self._position < self._end:
            if plain := _SIMPLE.match(self._text, self._position, self._end):
                self._position = plain.end()
                self._can_comment = False
                continue
            self._tokenizer.budget.spend()
            char = self._text[self._position]
            if char in _SEPARATORS and self._is_separator():
                break
            _SCANNERS[char](self)
        if self._is_in_brackets:
            raise SyntaxFault("a [ in this line is not closed")
        if self._open:
            raise SyntaxFault(f"a {self._text[self._open[-1]]} in this line is not closed")
        return self._position

    @property
    def _is_in_brackets(self) -> bool:
        return bool(self._brackets) and self._brackets[-1][1] == "["

    def _is_separator(self) -> bool:
        if self._open or self._is_in_brackets:
            return False
        following = self._text[self._position + 1 : min(self._position + 2, self._end)]
        if self._text[self._position] != "&" or following in {"", *_SEPARATORS}:
            return True
        self._tokenizer.has_ampersand_in_word = True
        return self._tokenizer.is_split_at_ampersand

    def separator(self) -> None:
        self._can_comment = True
        self._position += 1

    def nul(self) -> None:
        raise SyntaxFault(_NOT_IN_FISH["nul"])

    def escape(self) -> None:
        if self._position + 1 >= self._end:
            raise SyntaxFault("this line ends in a backslash")
        self._can_comment = self._text[self._position + 1] in f"({_SEPARATORS}"
        self._position += 2

    def hash(self) -> None:
        comment = (
            _COMMENT.match(self._text, self._position, self._end) if self._can_comment else None
        )
        self._position = comment.end() if comment else self._position + 1
        self._can_comment = False

    def quote(self) -> None:
        self._close_quote(self._position + 1, self._text[self._position])

    def _close_quote(self, start: int, quote: str) -> None:
        """Go behind the end of a quoted text, or before the parenthesis that interrupts it."""
        inside = _QUOTED[quote].match(self._text, start, self._end)
        stop = inside.end() if inside else self._end
        if stop >= self._end:
            raise SyntaxFault("a quote in this line is not closed")
        if self._text[stop] == "$":
            self._quoted.append(self._parentheses)
        self._position = stop + 1
        self._can_comment = False

    def opening(self) -> None:
        position = self._position
        is_parenthesis = self._text[position] == "("
        if pair := self._tokenizer.pairs.get(position):
            if pair.bracket:
                self._brackets.append((position, pair.bracket))
            self._position = pair.end + 1
            self._can_comment = False
            if is_parenthesis:
                self._resume_quote()
            return
        if len(self._open) >= MAX_DEPTH:
            raise OverBudget(f"nested deeper than {MAX_DEPTH}")
        self._open.append(position)
        self._parentheses += is_parenthesis
        self._can_comment = is_parenthesis
        self._position += 1

    def closing(self) -> None:
        closing = self._text[self._position]
        opening = _OPENING[closing]
        if not self._open or self._text[self._open[-1]] != opening:
            raise SyntaxFault(f"there is a {closing} without its {opening}")
        start = self._open.pop()
        last, bracket = self._brackets[-1] if self._brackets else (-1, "")
        self._tokenizer.pairs[start] = Pair(self._position, bracket if last > start else "")
        self._position += 1
        self._can_comment = False
        if closing == ")":
            self._parentheses -= 1
            self._resume_quote()

    def _resume_quote(self) -> None:
        """Behind a `$( )` in a quoted text the text goes on as if a quote stood there."""
        if self._quoted and self._quoted[-1] == self._parentheses:
            self._quoted.pop()
            self._close_quote(self._position, '"')

    def bracket(self) -> None:
        """One [ is closed by the next ], however many were opened; a word may begin with [."""
        if self._position != self._start:
            self._brackets.append((self._position, self._text[self._position]))
        self._position += 1
        self._can_comment = False


_OPENING: Final = {")": "(", "}": "{"}
_QUOTED: Final = {
    "'": Pattern(r"(?:[^'\\]|\\.)*", re.DOTALL),
    '"': Pattern(r'(?:[^"\\$]|\\.|\$(?!\())*', re.DOTALL),
}
_SCANNERS: Final[dict[str, Callable[[_WordScan], None]]] = {
    **dict.fromkeys(_SEPARATORS, _WordScan.separator),
    "\0": _WordScan.nul,
    "\\": _WordScan.escape,
    "#": _WordScan.hash,
    "'": _WordScan.quote,
    '"': _WordScan.quote,
    "(": _WordScan.opening,
    "{": _WordScan.opening,
    ")": _WordScan.closing,
    "}": _WordScan.closing,
    "[": _WordScan.bracket,
    "]": _WordScan.bracket,
}
