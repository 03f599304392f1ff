"""Loops of bash and zsh."""

from typing import Final

from eidos.validator.patterns import Pattern
from eidos.validator.reading import pausing
from eidos.validator.reading.bash_branches import BranchReader
from eidos.validator.script import Loop, RawWord, Statement, Test, Variable

_NAME: Final = Pattern(r"[A-Za-z_]\w*(?=[\s;(]|\Z)")
_ENDLESS: Final = {
    "while": frozenset(
        {"true", ":", "((1))", "(( 1 ))", "[ 1 ]", "[[ 1 ]]", "test 1", "[ true ]", "[[ true ]]",
         "/bin/true", "! false", "(true)", "(:)", "[ : ]"}
    ),
    "until": frozenset({"false", "((0))", "(( 0 ))", "! true", "! :", "/bin/false", "(false)"}),
}  # fmt: skip
_ENDLESS_FOR: Final = Pattern(r"\(\([^;]*;\s*(?:1|true|)\s*;[^;]*\Z")
_MANY_TIMES: Final = Pattern(r"\d{4,}")
_ALL_ARGUMENTS: Final = RawWord((Variable("@", '"$@"', is_quoted=True),), '"$@"')


class LoopReader(BranchReader):
    """Reads what runs again and again."""

    def read_while(self) -> Statement:
        """Read `while list; do list; done`, or `until`."""
        keyword = "while" if self.starts("while") else "until"
        self.position += len(keyword)
        start = self.position
        condition = self.read_condition("do")
        known = self.text[start : self.position].strip().rstrip(";").rstrip()
        body = self._read_loop_body()
        goes_on = keyword == "while" and "!" not in known and pausing.goes_on(condition)
        return Loop(body, condition, is_endless=goes_on or known in _ENDLESS[keyword])

    def read_repeat(self) -> Statement:
        """Read `repeat word; do list; done` of zsh."""
        self.position += len("repeat")
        self.skip_blanks()
        count = self.read_word()
        if not count.parts:
            raise self.unexpected("nothing follows repeat")
        self._skip_separator()
        is_endless = _MANY_TIMES.fullmatch(count.source) is not None
        return Loop(self._read_loop_body(), Test((count,)), is_endless=is_endless)

    def read_for(self) -> Statement:
        """Read `for`, `select` and `foreach` in all their forms."""
        is_foreach = self.accept("foreach")
        if not is_foreach:
            self.position += len("for" if self.starts("for") else "select")
        self.skip_blanks()
        if self.starts("(("):
            return self._read_counting_loop()
        name = self._read_names()
        self.skip_lines()
        values: tuple[RawWord, ...] = (_ALL_ARGUMENTS,)
        if self.is_zsh and self.accept("("):
            values = self.read_values()
        elif self.accept_word("in"):
            values = self._read_words()
        self._skip_separator()
        body = self._read_until_end() if is_foreach else self._read_loop_body()
        return Loop(body, name=name, values=values)

    def _read_counting_loop(self) -> Statement:
        start = self.position
        parts = self.read_arithmetic("((")
        if parts is None:
            raise self.fault("the for is not complete")
        source = self.text[start : self.position]
        self.skip_blanks()
        self._skip_separator()
        body = self._read_loop_body()
        condition = Test((RawWord(tuple(parts), source),))
        return Loop(body, condition, is_endless=_ENDLESS_FOR.match(source) is not None)

    def _read_names(self) -> str:
        name = self.take(_NAME)
        if name is None:
            raise self.unexpected("the loop has no variable")
        self.skip_blanks()
        while self.is_zsh and not self._is_after_names() and self.take(_NAME):
            self.skip_blanks()
        return name[0]

    def _is_after_names(self) -> bool:
        return self.is_at_word("in") or self.is_at_word("do")

    def _read_words(self) -> tuple[RawWord, ...]:
        words: list[RawWord] = []
        self.skip_blanks()
        while (word := self.read_word()).parts:
            words.append(word)
            self.skip_blanks()
        return tuple(words)

    def _skip_separator(self) -> None:
        self.skip_blanks()
        self.accept(";")
        self.skip_lines()

    def _read_loop_body(self) -> Statement:
        self.skip_lines()
        if not self.accept_word("do"):
            return self.read_short_body()
        body = self.read_body("done")
        self.expect("done", "loop")
        return body

    def _read_until_end(self) -> Statement:
        body = self.read_body("end")
        self.expect("end", "loop")
        return body
