"""Lists and pipelines of bash and zsh."""

import re
from abc import abstractmethod
from typing import Final

from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_commands import CommandReader
from eidos.validator.script import Background, Pipeline, Sequence, Statement

_CLOSER: Final = Pattern(
    r"\)|;;&|;;|;&|(?:then|do|done|fi|elif|else|esac|\}|in|\]\])(?=[\s;&|()<>]|\Z)"
)
"""What no command begins with; most of it ends a list of statements."""
_ZSH_CLOSER: Final = Pattern(
    r"\)|;;&|;;|;&|;\||(?:then|do|done|fi|elif|else|esac|\}|end)(?=[\s;&|)<>]|\Z)"
)
_SEPARATOR: Final = Pattern(r";(?![;&|])|&[|!]|&(?!&)")
_BASH_SEPARATOR: Final = Pattern(r";(?![;&])|&(?!&)")
_NOTHING_IN_ZSH: Final = Pattern(r";(?![;&|])")
_AND_OR: Final = Pattern(r"&&|\|\|")
_PIPE: Final = Pattern(r"\|&|\|(?!\|)")
_NEGATION: Final = Pattern(r"!(?=[\s(;&|]|\Z)")
_ZSH_NEGATION: Final = Pattern(r"!(?=[\s;&|]|\Z)")
_TIME: Final = Pattern(r"time(?:[ \t]+-p)?(?=[\s(]|\Z)(?![ \t]+-)")


class ListReader(CommandReader):
    """Reads statements up to what closes the block around them."""

    @abstractmethod
    def read_command(self) -> Statement | None:
        """Read one command, a block or a call; None where none begins."""

    def read_all(self) -> Statement:
        """Read the whole text."""
        statement = self.read_list(frozenset())
        if not self.is_at_end:
            raise self.unexpected("")
        return statement

    def read_script(self, end: str) -> Statement:
        """Read the statements up to *end*, and pass it."""
        statement = self.read_list(frozenset({end}))
        self.expect(end, "substitution")
        return statement

    def read_text(self, text: str) -> Statement:
        """Read another text that the shell would run, within the same budget."""
        self.enter()
        reader = type(self)(text, self.shell, self.budget, self.nesting)
        statement = reader.read_all()
        self.has_comment = self.has_comment or reader.has_comment
        self.leave()
        return statement

    def read_body(self, *ends: str) -> Statement:
        """Read the statements of a block up to one of *ends*, which is left standing.

        Raises:
            SyntaxFault: There are none, which zsh alone allows.
        """
        statement = self.read_list(frozenset(ends))
        if self.is_at_end:
            raise self.fault(f"{ends[-1]} is missing")
        if statement == _NOTHING and not self.is_zsh:
            raise self.unexpected("")
        return statement

    def read_list(self, ends: frozenset[str], *, stops_freely: bool = False) -> Statement:
        """Read statements up to one of *ends*, which is left standing, or the end of the text.

        With *stops_freely* it ends too where a block is followed by no separator.
        """
        statements: list[Statement] = []
        self._skip_nothing()
        while not self._is_at(ends):
            statement = self.read_and_or()
            separator = self._read_separator()
            statements.append(Background(statement) if separator[:1] == "&" else statement)
            self._skip_nothing()
            if not separator and not self._is_at(ends):
                if stops_freely:
                    break
                raise self.unexpected("")
        return statements[0] if len(statements) == 1 else Sequence(tuple(statements))

    def read_and_or(self) -> Statement:
        """Read pipelines joined by `&&` and `||`."""
        statements = [self.read_pipeline()]
        self.skip_blanks()
        while match := self.take(_AND_OR):
            self._skip_nothing()
            statements.append(self.read_pipeline(f"nothing follows {match[0]}"))
            self.skip_blanks()
        return statements[0] if len(statements) == 1 else Sequence(tuple(statements))

    def read_pipeline(self, at_end: str = "there is no command in this line") -> Statement:
        """Read commands joined by `|`; neither `!` nor `time` changes what runs."""
        is_negated = False
        negation = _ZSH_NEGATION if self.is_zsh else _NEGATION
        while self.take(negation) or self.take(_TIME):
            is_negated = True
            self.skip_blanks()
        stages: list[Statement] = []
        while True:
            stage = self.read_command()
            if stage is None:
                if is_negated and not stages:
                    return _NOTHING
                raise self.unexpected(at_end)
            stages.append(stage)
            self.skip_blanks()
            if not self.take(_PIPE):
                break
            at_end = "nothing follows |"
            self._skip_nothing()
            if self.look(negation):
                raise self.unexpected(at_end)
        return stages[0] if len(stages) == 1 else Pipeline(tuple(stages))

    def _is_at(self, ends: frozenset[str]) -> bool:
        """Whether the list ends here.

        Raises:
            SyntaxFault: Another block ends here, which does not enclose this list.
        """
        if self.is_at_end:
            return True
        closer = self.look_at_closer()
        if closer is None:
            return False
        if closer[0] not in ends:
            raise self.fault(f"{closer[0]} without the beginning of its block")
        return True

    def look_at_closer(self) -> re.Match[str] | None:
        """Return what stands here, if it is what no command begins with."""
        return self.look(_ZSH_CLOSER if self.is_zsh else _CLOSER)

    def _skip_nothing(self) -> None:
        """Pass line breaks, and in zsh the `;` between which nothing stands."""
        self.skip_lines()
        while self.is_zsh and self.take(_NOTHING_IN_ZSH):
            self.skip_lines()

    def _read_separator(self) -> str:
        self.skip_blanks()
        if match := self.take(_SEPARATOR if self.is_zsh else _BASH_SEPARATOR):
            return match[0]
        return "\n" if self.accept_line_break() else ""


_NOTHING: Final = Sequence(())
