"""A command line as a structure that is no shell's own: what every reader makes of its text.

    Statement = Call | Pipeline | Sequence | Background | Group | Loop | Branches | Definition
              | Test

bash_reader, fish_reader and the readers of code build it; `evaluation` walks it. So a rule never
knows which grammar a command was written in.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves, escapes resolved."""

    text: str
    is_quoted: bool = False
    """Patterns, braces and a tilde in it are plain characters."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter expansion: `$x`, `${x:-y}`, `$1`, `$argv`."""

    name: str
    source: str
    """As it stands in the line."""
    operator: str = ""
    """What follows the name inside `${ }`: `:-y`, `%/`, `:0:1`; `!` of `${!x}`, `#` of `${#x}`."""
    is_quoted: bool = False
    operand: "RawWord | None" = None
    """The words inside the operator, where it has any."""


@dataclass(frozen=True, slots=True)
class Substitution:
    """A script whose output becomes part of the word, or of the file that the word names."""

    script: "Statement"
    source: str
    kind: Literal["text", "input", "output"] = "text"
    """`$( )` is text; `<( )` names a file to read, `>( )` one to write."""
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """What only the shell can compute, such as arithmetic."""

    source: str
    is_quoted: bool = False


Part: TypeAlias = Text | Variable | Substitution | Unknown


@dataclass(frozen=True, slots=True)
class RawWord:
    """One word as written, before anything is expanded; it may become none, one or many."""

    parts: tuple[Part, ...]
    source: str


@dataclass(frozen=True, slots=True)
class RawRedirect:
    """A redirection; of a here-document or here-string the target is the text itself."""

    operator: str
    """`>`, `>>`, `>|`, `&>`, `&>>`, `>&`, `<`, `<>`, `<&`, `<<`, `<<<`."""
    target: RawWord
    fd: str = ""


@dataclass(frozen=True, slots=True)
class RawAssignment:
    """`name=value`; an array is its values in a row."""

    name: str
    values: tuple[RawWord, ...]
    is_append: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A simple command; with no words its assignments stay in the shell."""

    words: tuple[RawWord, ...]
    assignments: tuple[RawAssignment, ...] = ()
    redirects: tuple[RawRedirect, ...] = ()
    source: str = ""
    """As it stands in the line, for the reader of a verdict."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages that run beside each other, the output of each read by the next."""

    stages: "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class Sequence:
    """Statements one after the other, whether by `;`, `&&`, `||` or a line break."""

    statements: "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class Background:
    """A statement that is not waited for."""

    body: "Statement"


@dataclass(frozen=True, slots=True)
class Group:
    """A block with redirections of its own; in a subshell nothing it sets stays."""

    body: "Statement"
    redirects: tuple[RawRedirect, ...] = ()
    is_subshell: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """A body run again and again: for each value of *name*, or while the condition holds."""

    body: "Statement"
    condition: "Statement | None" = None
    name: str = ""
    values: tuple[RawWord, ...] = ()
    is_endless: bool = False
    """`while true`, `until false`, `for ((;;))`."""


@dataclass(frozen=True, slots=True)
class Branches:
    """Conditions and bodies of which only some run, in the order of the text."""

    statements: "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class Definition:
    """A function; its body runs when its name is called."""

    name: str
    body: "Statement"


@dataclass(frozen=True, slots=True)
class Test:
    """`[[ … ]]`, `(( … ))`: runs no program but those in its substitutions."""

    words: tuple[RawWord, ...]
    __test__ = False
    """Not a test for pytest."""


Statement: TypeAlias = (
    Call | Pipeline | Sequence | Background | Group | Loop | Branches | Definition | Test
)
