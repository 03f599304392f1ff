"""Statements of fish: commands, pipelines and what joins them; `fish_grammar` reads the blocks."""

from abc import ABC, abstractmethod
from typing import Final

from eidos.validator.budget import OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.reading.fish_commands import check_call, check_name, check_pipeline, text_of
from eidos.validator.reading.fish_cursor import Cursor
from eidos.validator.reading.fish_tokens import MAX_DEPTH, Kind, Token, Tokenizer
from eidos.validator.reading.fish_words import read_word
from eidos.validator.script import (
    Background,
    Call,
    Pipeline,
    RawAssignment,
    RawRedirect,
    RawWord,
    Sequence,
    Statement,
)


class StatementReader(ABC):
    """Reads a part of a text: the whole line, or what stands in one pair of parentheses."""

    def __init__(self, tokenizer: Tokenizer, start: int = 0, end: int = -1, depth: int = 0) -> None:
        self.tokenizer = tokenizer
        self.text = tokenizer.text
        self.cursor = Cursor(tokenizer, start, len(self.text) if end < 0 else end)
        self.depth = depth
        self.is_in_loop = False
        self.defined: set[str] = set()
        """The functions that the text defines, so far."""

    @abstractmethod
    def read_block(self, keyword: str) -> Statement:
        """Read the block that begins with *keyword*, or with `{`."""

    @abstractmethod
    def read_inside(self, start: int, end: int) -> Statement:
        """Read what stands in parentheses."""

    def read_all(self) -> Statement:
        """Return the structure of the whole text.

        Raises:
            SyntaxFault: fish would not take it, or there is no command in it.
            OverBudget: It is too large or too deep.
        """
        script = self.read()
        if script == _NOTHING:
            raise SyntaxFault("there is no command in this line")
        return script

    def read(self) -> Statement:
        """Return the structure of this part, which may be empty."""
        statements = self.read_statements()
        if keyword := self.cursor.keyword():
            raise SyntaxFault(WITHOUT_BLOCK[keyword])
        return one(statements)

    def read_statements(self) -> list[Statement]:
        """Read statements up to the end, or to what continues or ends the block around them."""
        found: list[Statement] = []
        is_after_background = False
        while True:
            self.cursor.skip_ends()
            keyword = self.cursor.keyword()
            if self.cursor.peek() is None or keyword in WITHOUT_BLOCK:
                return found
            if is_after_background and self.is_joined():
                raise SyntaxFault(f"fish has no {keyword} after a command in the background")
            statement, is_after_background = self.read_conjunction()
            found.append(statement)

    def is_joined(self) -> bool:
        """Whether `and` or `or` stands here, and does not only ask for help."""
        return self.cursor.keyword() in {"and", "or"} and not self.cursor.asks_for_help()

    def read_conjunction(self) -> tuple[Statement, bool]:
        """Read `a && b || c;`; return it, and whether its first part is in the background."""
        if self.is_joined():
            self.cursor.index += 1
        first = self._job()
        found = [first]
        while self.cursor.accept(Kind.LOGIC):
            self.cursor.skip_line_breaks()
            found.append(self._job())
        self.cursor.accept(Kind.END)
        return one(found), isinstance(first, Background)

    def _job(self) -> Statement:
        if self.cursor.keyword() == "time" and not self.cursor.has_option():
            self.cursor.index += 1
        stages = [self._stage(is_first=True)]
        while self.cursor.accept(Kind.PIPE):
            self.cursor.skip_line_breaks()
            stages.append(self._stage(is_first=False))
        if len(stages) > 1:
            check_pipeline(stages)
        job = Pipeline(tuple(stages)) if len(stages) > 1 else stages[0]
        return Background(job) if self.cursor.accept(Kind.BACKGROUND) else job

    def _stage(self, *, is_first: bool) -> Statement:
        first = self.cursor.peek()
        assignments = self._assignments()
        while self.cursor.keyword() in {"not", "!"} and not self.cursor.has_option():
            self.tokenizer.budget.spend()
            self.cursor.index += 1
            first = first if assignments else self.cursor.peek()
            assignments += self._assignments()
            if self.cursor.keyword() == "time" and not self.cursor.has_option():
                self.cursor.index += 1
        self._check_beginning(is_first=is_first)
        if keyword := self._keyword_of_block():
            return self._block(keyword, assignments)
        return self._call(first if assignments else self.cursor.peek(), assignments)

    def _check_beginning(self, *, is_first: bool) -> None:
        """Refuse what cannot be the first word of a command."""
        token = self.cursor.peek()
        if token is None or token.kind is not Kind.WORD:
            raise SyntaxFault(_reason_for_no_command(token))
        if _ASSIGNMENT.match(token.text):
            raise SyntaxFault(_BARE_ASSIGNMENT)
        keyword = self.cursor.keyword()
        if keyword in WITHOUT_BLOCK:
            raise SyntaxFault(WITHOUT_BLOCK[keyword])
        if self.is_joined() or (keyword == "time" and not is_first):
            raise SyntaxFault(f"fish has {keyword} only at the beginning of a command")

    def _keyword_of_block(self) -> str:
        """Return what begins a block here, "" if nothing does."""
        keyword, token = self.cursor.keyword(), self.cursor.peek()
        if keyword in _BLOCKS and not self._is_help(keyword):
            return keyword
        if token is None or not _GROUP.match(token.text):
            return ""
        return "{" if self.tokenizer.pairs[token.start].end == token.end - 1 else ""

    def _block(self, keyword: str, assignments: list[RawAssignment]) -> Statement:
        self.enter()
        block = self.read_block(keyword)
        self.depth -= 1
        return Sequence((Call((), tuple(assignments)), block)) if assignments else block

    def _is_help(self, keyword: str) -> bool:
        is_function = keyword == "function"
        return self.cursor.asks_for_help() if is_function else self.cursor.has_option()

    def _assignments(self) -> list[RawAssignment]:
        found: list[RawAssignment] = []
        while (token := self.cursor.peek()) and (match := _ASSIGNMENT.match(token.text)):
            self.cursor.index += 1
            if not self.cursor.is_kind(Kind.WORD):
                raise SyntaxFault(_BARE_ASSIGNMENT)
            value = self._read(token.start + match.end(), token.end)
            found.append(RawAssignment(match[1], (value,)))
        return found

    def _call(self, first: Token | None, assignments: list[RawAssignment]) -> Call:
        words: list[RawWord] = []
        redirects: list[RawRedirect] = []
        while token := self.cursor.peek():
            if token.kind is Kind.WORD:
                self.cursor.index += 1
                words.append(self.read_word(token))
            elif token.kind is Kind.REDIRECT:
                redirects.append(self.read_redirect())
            else:
                break
        if text_of(words[0]) not in self.defined:
            check_name(words[0])
        if text_of(words[0]) in _DECORATIONS and len(words) > 1:
            check_name(words[1])
        source = self._source_since(first)
        call = Call(tuple(words), tuple(assignments), tuple(redirects), source)
        check_call(call, is_in_loop=self.is_in_loop)
        return call

    def _source_since(self, first: Token | None) -> str:
        last = self.cursor.peek(-1)
        return self.text[first.start : last.end] if first and last else ""

    def read_redirect(self) -> RawRedirect:
        """Read the redirection that stands here, with its target."""
        operator = self.cursor.want(Kind.REDIRECT, "")
        target = self.cursor.want(Kind.WORD, f"there is no file behind the {operator.text}")
        sign = operator.text.lstrip("0123456789")
        fd = operator.text[: -len(sign)]
        return RawRedirect(_REDIRECTS.get(sign, sign), self.read_word(target), fd)

    def read_word(self, token: Token) -> RawWord:
        """Return the word that *token* is."""
        return self._read(token.start, token.end)

    def _read(self, start: int, end: int) -> RawWord:
        self.tokenizer.budget.spend()
        return read_word(self.tokenizer, self.read_inside, start, end)

    def enter(self) -> None:
        """Count a block or a pair of parentheses; `depth` goes down again behind it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise OverBudget(f"nested deeper than {MAX_DEPTH}")


def one(statements: list[Statement]) -> Statement:
    """Return the only one of *statements*, or all of them in their order."""
    return statements[0] if len(statements) == 1 else Sequence(tuple(statements))


def _reason_for_no_command(token: Token | None) -> str:
    if token is None or token.kind is Kind.END:
        return "a command is missing in this line"
    if token.kind is Kind.REDIRECT:
        return "fish wants the command before its redirections"
    return f"there is no command before the {token.text}"


_NOTHING: Final = Sequence(())
_ASSIGNMENT: Final = Pattern(r"(\w+)=")
_BARE_ASSIGNMENT: Final = "fish has no name=value; it has: set name value"
_GROUP: Final = Pattern(r"\{[\s;]")
_BLOCKS: Final = frozenset({"begin", "if", "while", "for", "switch", "function"})
WITHOUT_BLOCK: Final = {
    "end": "there is an end without its block",
    "else": "there is an else without its if",
    "case": "fish has no case … esac; it has: switch …; case …; …; end",
}
"""What ends or continues a block, and what is said of it elsewhere."""
_DECORATIONS: Final = frozenset({"command", "builtin", "exec"})
_REDIRECTS: Final = {
    # What `>?` finds it leaves alone, as `>>` does.
    ">?": ">>",
    ">>?": ">>",
    ">>&": ">&",
    "&>?": "&>>",
    "&>>?": "&>>",
    "<?": "<",
}
