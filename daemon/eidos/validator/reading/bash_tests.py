"""`[[ … ]]` of bash and zsh."""

from typing import Final

from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_lists import ListReader
from eidos.validator.script import Part, RawWord, Test, Text

_NEGATION: Final = Pattern(r"!(?=[\s(])")
_UNARY: Final = Pattern(r"-[A-Za-z](?=[ \t\n])")
_BINARY: Final = Pattern(
    r"==|=~|!=|=(?=[\s])|[<>]|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef)(?=\s)|-(?:pcre|regex)-match(?=\s)"
)
_END: Final = Pattern(r"\]\](?=[\s;&|)<>]|\Z)")
_AND_OR: Final = Pattern(r"&&|\|\|")
_PLAIN_IN_REGEX: Final = Pattern(r"[^\s()'\"\\$`]+")


class TestReader(ListReader):
    """Reads conditions."""

    __test__ = False

    def read_test(self) -> Test:
        """Read `[[ … ]]`, which stands here."""
        self.position += len("[[")
        words: list[RawWord] = []
        self._read_condition(words)
        self.skip_lines()
        if not self.take(_END):
            raise self.unexpected("]] is missing")
        return Test(tuple(words))

    def _read_condition(self, words: list[RawWord]) -> None:
        self.enter()
        while True:
            self._read_term(words)
            self.skip_lines()
            if not self.take(_AND_OR):
                break
        self.leave()

    def _read_term(self, words: list[RawWord]) -> None:
        self.skip_lines()
        while self.take(_NEGATION):
            self.skip_lines()
        if self.accept("("):
            self._read_condition(words)
            self.expect(")", "parenthesis")
            return
        is_unary = self.take(_UNARY) is not None
        self.skip_blanks()
        if self.look(_END):
            if not is_unary and not self.is_zsh:  # bash takes [[ ]] for false
                return
            raise self.fault("a condition is not complete", is_certain=not self.is_zsh)
        self._read_operand(words)
        self.skip_lines()
        operator = self.take(_BINARY)
        if operator is None:
            return
        self.skip_lines()
        if operator[0] == "=~":
            words.append(self._read_regex())
        else:
            self._read_operand(words)

    def _read_operand(self, words: list[RawWord]) -> None:
        word = self.read_word()
        if not word.parts:
            raise self.unexpected("]] is missing")
        words.append(word)

    def _read_regex(self) -> RawWord:
        """Read a regular expression, in whose parentheses blanks and bars are plain."""
        start = self.position
        parts: list[Part] = []
        opened = 0
        while not self.is_at_end:
            if plain := self.take(_PLAIN_IN_REGEX):
                parts.append(Text(plain[0]))
                continue
            char = self.text[self.position]
            if not opened and (char.isspace() or char == ")"):
                break
            opened += (char == "(") - (char == ")")
            if not self.read_quoting(parts, is_quoted=False):
                self.position += 1
                parts.append(Text(char))
        if not parts:
            raise self.unexpected("]] is missing")
        return RawWord(tuple(parts), self.text[start : self.position])
