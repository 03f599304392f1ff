"""The grammar of fish: its blocks, and through `fish_statements` what stands in them."""

from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.reading import pausing
from eidos.validator.reading.fish_commands import text_of
from eidos.validator.reading.fish_cursor import Cursor
from eidos.validator.reading.fish_functions import definition_of
from eidos.validator.reading.fish_statements import StatementReader, one
from eidos.validator.reading.fish_tokens import Kind, Token
from eidos.validator.script import (
    Branches,
    Group,
    Loop,
    RawRedirect,
    RawWord,
    Statement,
    Test,
)


class Grammar(StatementReader):
    """Reads the statements and blocks of a text of fish, or of a part of it."""

    def read_inside(self, start: int, end: int) -> Statement:
        """Read what stands in parentheses."""
        self.enter()
        inside = Grammar(self.tokenizer, start, end, self.depth)
        inside.defined = self.defined
        script = inside.read()
        self.depth -= 1
        return script

    def read_block(self, keyword: str) -> Statement:
        """Read the block that begins with *keyword*, or with `{`, and its redirections."""
        token = self.cursor.want(Kind.WORD, "")
        if keyword == "{":
            block = self._read_braces(token)
        else:
            block = self._read_inside_block(keyword)
            if self.cursor.keyword() != "end":
                raise SyntaxFault(f"there is no end for this {keyword}")
            self.cursor.index += 1
        redirects: list[RawRedirect] = []
        while self.cursor.is_kind(Kind.REDIRECT):
            redirects.append(self.read_redirect())
        if self.cursor.is_kind(Kind.WORD):
            raise SyntaxFault(f"a ; is missing behind the end of this {keyword}")
        is_group = redirects or keyword in {"begin", "{"}
        return Group(block, tuple(redirects)) if is_group else block

    def _read_braces(self, token: Token) -> Statement:
        outer = self.cursor
        self.cursor = Cursor(self.tokenizer, token.start + 1, token.end - 1)
        body = self.read()
        self.cursor = outer
        return body

    def _read_inside_block(self, keyword: str) -> Statement:
        match keyword:
            case "if":
                return self._read_if()
            case "while":
                return self._read_while()
            case "for":
                return self._read_for()
            case "switch":
                return self._read_switch()
            case "function":
                return self._read_function()
            case _:
                return self._read_body()

    def _read_body(self) -> Statement:
        return one(self.read_statements())

    def _read_if(self) -> Statement:
        found = [self._read_condition(), self._read_body()]
        while self.cursor.keyword() == "else" and self.cursor.keyword(1) == "if":
            self.cursor.index += 2
            found += [self._read_condition(), self._read_body()]
        if self.cursor.keyword() == "else":
            self.cursor.index += 1
            self.cursor.want(Kind.END, "a ; is missing behind else")
            found.append(self._read_body())
        return Branches(tuple(found))

    def _read_condition(self) -> Statement:
        """Read a condition; `and` and `or` in the statements behind it go on with it."""
        condition, is_background = self.read_conjunction()
        if is_background:
            raise SyntaxFault("a command in the background is no condition")
        found = [condition]
        self.cursor.skip_ends()
        while self.is_joined() and self.cursor.is_kind(Kind.WORD, 1):
            found.append(self.read_conjunction()[0])
            self.cursor.skip_ends()
        return one(found)

    def _read_while(self) -> Statement:
        is_in_loop, self.is_in_loop = self.is_in_loop, True
        start = self.cursor.index
        condition = self._read_condition()
        known = self.cursor.texts_since(start)
        goes_on = pausing.goes_on(condition) and {"not", "!"}.isdisjoint(known)
        is_endless = goes_on or known in _ENDLESS
        loop = Loop(self._read_body(), condition, is_endless=is_endless)
        self.is_in_loop = is_in_loop
        return loop

    def _read_for(self) -> Statement:
        name = self.cursor.want(Kind.WORD, "a variable is missing behind for").text
        if self.cursor.keyword() != "in":
            is_counting = name.startswith("((")
            raise SyntaxFault(_COUNTING if is_counting else "fish wants: for name in …; …; end")
        self.cursor.index += 1
        values = self._read_words()
        self.cursor.want(Kind.END, "a ; is missing behind the values of for")
        is_in_loop, self.is_in_loop = self.is_in_loop, True
        loop = Loop(self._read_body(), name=name, values=values)
        self.is_in_loop = is_in_loop
        return loop

    def _read_switch(self) -> Statement:
        words = [self.read_word(self.cursor.want(Kind.WORD, "a value is missing behind switch"))]
        self.cursor.want(Kind.END, "fish wants: switch value; case value; …; end")
        self.cursor.skip_ends()
        bodies: list[Statement] = []
        while self.cursor.keyword() == "case":
            self.cursor.index += 1
            words += self._read_words()
            self.cursor.want(Kind.END, "a ; is missing behind the values of case")
            bodies.append(self._read_body())
        return Branches((Test(tuple(words)), *bodies))

    def _read_function(self) -> Statement:
        start = self.cursor.index
        if not self.cursor.is_kind(Kind.WORD):
            raise SyntaxFault("a name is missing behind function")
        words = self._read_words()
        if any(_GROUP.match(word.source) for word in words):
            raise SyntaxFault("fish has no function name { … }; it has: function name; …; end")
        self.cursor.want(Kind.END, "a ; is missing behind the name of the function")
        header = " ".join(("function", *self.cursor.texts_since(start)))
        self.defined.add(text_of(words[0]))
        is_in_loop, self.is_in_loop = self.is_in_loop, False
        body = self._read_body()
        self.is_in_loop = is_in_loop
        return one(definition_of(words, body, header))

    def _read_words(self) -> tuple[RawWord, ...]:
        return tuple(self.read_word(token) for token in self.cursor.take_words())


_COUNTING: Final = "fish has no for ((…)); it has: for name in (seq …)"
_ENDLESS: Final = frozenset(
    tuple(text.split()) for text in ("true", ":", "not false", "! false", "test 1", "[ 1 ]")
)
_GROUP: Final = Pattern(r"\{\s")
