"""What a word of the line can refer to: the variables of its shell, and the scripts inside it."""

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.environment import Environment, Value
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.printing import as_text
from eidos.validator.script import Statement

if TYPE_CHECKING:
    from eidos.validator.evaluating.line import Line


class LineScope:
    """The scope of the words of one command; a script in them is evaluated once."""

    __slots__ = ("_environment", "_found", "_line", "_place")

    def __init__(self, line: "Line", environment: Environment, place: Place) -> None:
        self._line: Final = line
        self._environment: Final = environment
        self._place: Final = place
        self._found: Final[dict[int, tuple[tuple[Command, ...], Word | None]]] = {}

    @property
    def folder(self) -> str:
        """Where relative paths start, "" when that is not known."""
        return self._environment.folder

    def spend(self, steps: int) -> None:
        """Take *steps* off the budget of the line."""
        self._line.budget.spend(steps)

    def lookup(self, name: str) -> Value | None:
        """Return the values of a variable, None when it is not known."""
        return self._environment.lookup(name)

    def run(self, statement: Statement) -> tuple[Command, ...]:
        """Return the commands that *statement* runs in a subshell."""
        return self._evaluated(statement)[0]

    def printed(self, statement: Statement) -> str | None:
        """Return the output of *statement* where it is always the same."""
        printed = self._evaluated(statement)[1]
        return as_text(printed.text) if printed is not None and printed.is_known else None

    def feed(self, statement: Statement, upstream: tuple[Command, ...]) -> None:
        """Evaluate *statement*, which reads what *upstream* writes: the script of `>( )`."""
        self._evaluate(statement, replace(self._place, upstream=upstream, redirects=()))

    def _evaluated(self, statement: Statement) -> tuple[tuple[Command, ...], Word | None]:
        found = self._found.get(id(statement))
        if found is None:
            found = self._evaluate(statement, replace(self._place, redirects=()))
        return found

    def _evaluate(
        self, statement: Statement, place: Place
    ) -> tuple[tuple[Command, ...], Word | None]:
        start = len(self._line.commands)
        printed = self._line.walk(statement, self._environment.copy(), place)
        found = tuple(self._line.commands[start:]), printed
        self._found[id(statement)] = found
        return found
