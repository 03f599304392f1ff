"""`if` and `case` of bash and zsh."""

from typing import Final

from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_tests import TestReader
from eidos.validator.script import Branches, RawWord, Statement, Test

_CASE_ITEM_END: Final = Pattern(r";;&|;;|;&|;\|")
_CASE_ITEM_ENDS: Final = frozenset({";;", ";&", ";;&", ";|"})


class BranchReader(TestReader):
    """Reads what runs only on a condition."""

    def read_if(self) -> Statement:
        """Read `if list; then list; elif list; then list; else list; fi`."""
        self.position += len("if")
        statements: list[Statement] = []
        while True:
            statements.append(self.read_condition("then"))
            if not self.accept_word("then"):
                self._read_short_branches(statements)
                break
            statements.append(self.read_body("elif", "else", "fi"))
            if self.accept_word("elif"):
                continue
            if self.accept_word("else"):
                statements.append(self.read_body("fi"))
            self.expect("fi", "if")
            break
        return Branches(tuple(statements))

    def read_case(self) -> Statement:
        """Read `case word in pattern) list ;; esac`."""
        self.position += len("case")
        self.skip_blanks()
        patterns: list[RawWord] = [self._read_pattern()]
        self.skip_lines()
        end = "}" if self.is_zsh and self.accept("{") else "esac"
        if end == "esac" and not self.accept_word("in"):
            raise self.unexpected("the case has no in")
        statements: list[Statement] = []
        self.skip_lines()
        while not self.accept_word(end):
            patterns += self._read_patterns()
            statements.append(self.read_list(_CASE_ITEM_ENDS | {end}))
            if not self.take(_CASE_ITEM_END) and not self.is_at_word(end):
                raise self.unexpected(f"{end} is missing")
            self.skip_lines()
        return Branches((Test(tuple(patterns)), *statements))

    def read_condition(self, end: str) -> Statement:
        """Read the statements before *end*; zsh lets a body follow without it."""
        condition = self.read_list(frozenset({end}), stops_freely=self.is_zsh)
        if self.is_at_end:
            raise self.fault(f"{end} is missing")
        return condition

    def read_short_body(self) -> Statement:
        """Read the body of a block as zsh allows it: in braces, or one command alone."""
        self.skip_blanks()
        if self.accept("{"):
            body = self.read_list(frozenset({"}"}))
            self.expect("}", "brace")
            return body
        if not self.is_zsh:
            raise self.unexpected("the body is missing")
        return self.read_and_or()

    def _read_short_branches(self, statements: list[Statement]) -> None:
        """Read the rest of `if condition { list } elif condition { list } else { list }`."""
        statements.append(self.read_short_body())
        while True:
            start = self.position
            self.skip_lines()
            if self.accept_word("elif"):
                statements.append(self.read_condition("then"))
            elif self.accept_word("else"):
                statements.append(self.read_short_body())
                return
            else:
                self.position = start
                return
            statements.append(self.read_short_body())

    def _read_patterns(self) -> list[RawWord]:
        self.accept("(")
        patterns: list[RawWord] = []
        while True:
            self.skip_blanks()
            patterns.append(self._read_pattern())
            self.skip_blanks()
            if self.accept(")"):
                return patterns
            if not self.accept("|"):
                raise self.unexpected("a parenthesis is missing after a pattern")

    def _read_pattern(self) -> RawWord:
        word = self.read_word()
        if not word.parts:
            raise self.unexpected("the case is not complete")
        return word
