"""Programs whose options or arguments carry commands for a shell, or code of another language."""

import re
from collections.abc import Iterator
from importlib.resources import files
from shlex import quote
from typing import Final

import msgspec
from msgspec.structs import replace

from eidos.validator.commands import Assignment, Command, Machine, Word
from eidos.validator.evaluating.sed_scripts import run_by_sed
from eidos.validator.evaluating.wrappers import joined
from eidos.validator.patterns import Pattern


class Carried(msgspec.Struct, frozen=True):
    """A script among the words of a command; of the language "" it is in that of the line."""

    script: Word
    language: str = "sh"
    machine: Machine = Machine.HOST
    is_input: bool = False
    """It stood on the standard input, so what it runs does not read that."""


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of carriers.toml, which explains the fields."""

    options: str = ""
    first: bool = False
    operands: bool = False
    line: bool = False
    percent: bool = False
    input: bool = False
    pattern: str = ""
    language: str = "sh"
    machine: Machine = Machine.HOST


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    programs: dict[str, tuple[_Row, ...]]
    variables: dict[str, str]


class _Carrier(msgspec.Struct, frozen=True):
    row: _Row
    options: tuple[str, ...]
    pattern: Pattern | None


def _carrier(row: _Row) -> _Carrier:
    pattern = Pattern(row.pattern, re.MULTILINE) if row.pattern else None
    return _Carrier(row, tuple(row.options.split()), pattern)


def _load() -> tuple[dict[str, tuple[_Carrier, ...]], dict[str, str]]:
    text = (files("eidos.validator") / "programs" / "carriers.toml").read_bytes()
    table = msgspec.toml.decode(text, type=_Table)
    carriers: dict[str, tuple[_Carrier, ...]] = {}
    for programs, rows in table.programs.items():
        found = tuple(map(_carrier, rows))
        for name in programs.split(", "):
            carriers[name] = (*carriers.get(name, ()), *found)
    return carriers, {
        name: kind for kind, names in table.variables.items() for name in names.split()
    }


_TOO_LONG: Final = Word("$long", is_known=False)
_MAX_SEARCHED: Final = 2048
"""Characters of an argument that a pattern is looked for in."""
_CARRIERS, _VARIABLES = _load()


def carries(program: str) -> bool:
    """Whether words of *program* may carry scripts."""
    return program in _CARRIERS


def carried_by(command: Command, stdin: Word | None) -> Iterator[Carried]:
    """Yield the scripts that the words of *command*, or the text *stdin* that it reads, carry."""
    if command.name in {"sed", "gsed"}:
        for value in sed_scripts(command):
            found = (text for text in run_by_sed(value.text) if text)
            yield from (Carried(replace(value, text=text)) for text in found)
    for carrier in _CARRIERS.get(command.name, ()):
        row = carrier.row
        for value in _values_of(carrier, command, stdin):
            if carrier.pattern is not None and len(value.text) > _MAX_SEARCHED:
                yield Carried(_TOO_LONG)
            for script in _scripts_in(value, carrier.pattern):
                if row.percent:
                    script = replace(script, text=script.text.replace("% ", "\\ "))  # noqa: PLW2901
                yield Carried(script, row.language, row.machine, row.input)


def sed_scripts(command: Command) -> Iterator[Word]:
    """Yield the programs that sed is given."""
    given = tuple(command.values("-e", "--expression", "-ne", "-Ee", "-re", "-ie", "-nE"))
    yield from given or command.operands[:1]


def _values_of(carrier: _Carrier, command: Command, stdin: Word | None) -> Iterator[Word]:
    row = carrier.row
    if carrier.options:
        yield from command.values(*carrier.options)
    if row.first:
        yield from command.operands[:1]
    if row.operands:
        yield from command.args
    if row.line:
        yield joined(command.args, "\0")
    if row.input and stdin is not None:
        yield stdin


def _scripts_in(value: Word, pattern: Pattern | None) -> Iterator[Word]:
    if pattern is None:
        yield value
        return
    for match in pattern.finditer(value.text[:_MAX_SEARCHED]):
        groups = match.groupdict()
        text = groups["script"] if "script" in groups else match[match.lastindex or 0]
        if text:
            yield replace(value, text=text)


def carried_in_variable(assignment: Assignment) -> Word | None:
    """Return the script that the value of a variable is to the programs that read it."""
    kind = _VARIABLES.get(assignment.name)
    value = assignment.value
    if kind is None or not value.text:
        return None
    if kind == "sh":
        text = value.text.lstrip("|")
        if assignment.name in text:  # `X="mine; $X"`
            text = re.sub(rf"\$(?:{assignment.name}\b|\{{{assignment.name}\b[^{{}}]*\}})", "", text)
        return replace(value, text=text)
    if kind == "text":
        if "$(" not in value.text and "`" not in value.text:
            return None
        quoted = value.text.replace("\\", "").replace('"', '\\"')
        return replace(value, text=f': "{quoted}"')
    program, _, option = kind.partition(" ")
    if not option:
        return replace(value, text=f"{kind} {value.text}")
    # make takes its options with or without dashes, `\ ` for a blank in one.
    argument = quote(value.text.replace("\\ ", " "))
    return replace(value, text=f"{program} {option.replace('--', '')} {argument}")
