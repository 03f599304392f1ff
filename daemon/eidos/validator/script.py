"""A command line as a structure that is no shell's own: what every reader makes of its text.

    Statement = Call | Pipeline | Sequence | Background | Group | Loop | Branches | Definition
              | Test

bash_reader, fish_reader and the readers of code build it; `evaluation` walks it. So a rule never
knows which grammar a command was written in.
"""

from typing import Literal, TypeAlias

import msgspec


class Text(msgspec.Struct, frozen=True):
    """Characters that stand for themselves, escapes resolved."""

    text: str
    is_quoted: bool = False
    """Patterns, braces and a tilde in it are plain characters."""


class Variable(msgspec.Struct, frozen=True):
    """A parameter expansion: `$x`, `${x:-y}`, `$1`, `$argv`."""

    name: str
    source: str
    """As it stands in the line."""
    operator: str = ""
    """What follows the name inside `${ }`: `:-y`, `%/`, `:0:1`; `!` of `${!x}`, `#` of `${#x}`."""
    is_quoted: bool = False
    operand: "RawWord | None" = None
    """The words inside the operator, where it has any."""


class Substitution(msgspec.Struct, frozen=True):
    """A script whose output becomes part of the word, or of the file that the word names."""

    script: "Statement"
    source: str
    kind: Literal["text", "input", "output"] = "text"
    """`$( )` is text; `<( )` names a file to read, `>( )` one to write."""
    is_quoted: bool = False


class Unknown(msgspec.Struct, frozen=True):
    """What only the shell can compute, such as arithmetic."""

    source: str
    is_quoted: bool = False


Part: TypeAlias = Text | Variable | Substitution | Unknown


class RawWord(msgspec.Struct, frozen=True):
    """One word as written, before anything is expanded; it may become none, one or many."""

    parts: tuple[Part, ...]
    source: str


class RawRedirect(msgspec.Struct, frozen=True):
    """A redirection; of a here-document or here-string the target is the text itself."""

    operator: str
    """`>`, `>>`, `>|`, `&>`, `&>>`, `>&`, `<`, `<>`, `<&`, `<<`, `<<<`."""
    target: RawWord
    fd: str = ""


class RawAssignment(msgspec.Struct, frozen=True):
    """`name=value`."""

    name: str
    values: tuple[RawWord, ...]
    """One, but for an array."""
    is_append: bool = False
    is_array: bool = False


class Call(msgspec.Struct, frozen=True):
    """A simple command; with no words its assignments stay in the shell."""

    words: tuple[RawWord, ...]
    assignments: tuple[RawAssignment, ...] = ()
    redirects: tuple[RawRedirect, ...] = ()
    source: str = ""
    """As it stands in the line, for the reader of a verdict."""


class Pipeline(msgspec.Struct, frozen=True):
    """Stages that run beside each other, the output of each read by the next."""

    stages: "tuple[Statement, ...]"


class Sequence(msgspec.Struct, frozen=True):
    """Statements one after the other, whether by `;`, `&&`, `||` or a line break."""

    statements: "tuple[Statement, ...]"


class Background(msgspec.Struct, frozen=True):
    """A statement that is not waited for."""

    body: "Statement"


class Group(msgspec.Struct, frozen=True):
    """A block with redirections of its own; in a subshell nothing it sets stays."""

    body: "Statement"
    redirects: tuple[RawRedirect, ...] = ()
    is_subshell: bool = False


class Loop(msgspec.Struct, frozen=True):
    """A body run again and again: for each value of *name*, or while the condition holds."""

    body: "Statement"
    condition: "Statement | None" = None
    name: str = ""
    values: tuple[RawWord, ...] = ()
    is_endless: bool = False
    """`while true`, `until false`, `for ((;;))`."""


class Branches(msgspec.Struct, frozen=True):
    """Conditions and bodies of which only some run, in the order of the text."""

    statements: "tuple[Statement, ...]"


class Definition(msgspec.Struct, frozen=True):
    """A function; its body runs when its name is called."""

    name: str
    body: "Statement"


class Test(msgspec.Struct, frozen=True):
    """`[[ … ]]`, `(( … ))`: runs no program but those in its substitutions."""

    words: tuple[RawWord, ...]
    __test__ = False
    """Not a test for pytest."""


Statement: TypeAlias = (
    Call | Pipeline | Sequence | Background | Group | Loop | Branches | Definition | Test
)
