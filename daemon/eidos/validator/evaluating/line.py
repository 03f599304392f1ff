"""The line under evaluation: what has been found in it so far, and how its parts are walked."""

from collections.abc import Callable

import msgspec

from eidos.validator.budget import Budget
from eidos.validator.commands import Assignment, Command, Redirect, Word
from eidos.validator.evaluating.environment import Environment
from eidos.validator.evaluating.place import Place
from eidos.validator.script import Statement


class Invocation(msgspec.Struct, frozen=True):
    """A simple command whose words are expanded."""

    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()
    assignments: tuple[Assignment, ...] = ()


class Defined(msgspec.Struct, frozen=True):
    """A function defined in the line, and where."""

    name: str
    body: Statement
    place: Place


class Line(msgspec.Struct):
    """What evaluating one line has found, and the budget that it may use."""

    budget: Budget
    walk_in: "Callable[[Line, Statement, Environment, Place], Word | None]"
    commands: list[Command] = []
    """Every command found, in the order in which they would run."""
    defined: list[Defined] = []
    is_unreadable: bool = False
    """A script inside it cannot be read or followed."""

    def walk(self, statement: Statement, environment: Environment, place: Place) -> Word | None:
        """Evaluate *statement* and return what it prints; None if only running would tell."""
        self.budget.spend()
        return self.walk_in(self, statement, environment, place)
