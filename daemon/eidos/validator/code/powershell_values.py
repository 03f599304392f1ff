"""The values of PowerShell's expressions, and what is called on them."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from eidos.validator.budget import OverBudget
from eidos.validator.code.arithmetic import added, number_in, row
from eidos.validator.code.calling import Caller
from eidos.validator.code.lexicon import Inside, Quote
from eidos.validator.code.literals import read_text
from eidos.validator.code.tables import Names
from eidos.validator.code.texts import characters, filled, glued
from eidos.validator.code.trace import Site, Trace
from eidos.validator.code.values import (
    Function,
    Value,
    carried,
    concatenated,
    known,
    variable,
)
from eidos.validator.patterns import Pattern

POWERSHELL: Final = Names("powershell", {"$true": Value(name="true")})
_MAX_DEPTH: Final = 12
_BLANK: Final = Pattern(r"[ \t\r]+|`\n|<#.*?#>|#[^\n]*", re.DOTALL)
_VARIABLE: Final = Pattern(r"[$@](?:\{([^}]*)\}|((?:\w+:)?\w+|[$?^_]))")
_TYPE: Final = Pattern(r"\[([\w.]+)(\[\])?\]")
_MEMBER: Final = Pattern(r"(?:\.|::)\s*['\"]?(\w+)['\"]?")
_NUMBER: Final = Pattern(r"0x[\da-fA-F]+|\d+(?:\.\d+)?")
_OPERATOR: Final = Pattern(r"-(?:[ci]?[a-z]+)(?=[\s('\"$@{]|$)|\.\.|[+*/%](?!=)", re.IGNORECASE)
_BRACKETS: Final = Pattern(r"`.|'[^']*'|\"(?:[^\"`]|`.)*\"|[()\[\]{}]", re.DOTALL)
_DOUBLE: Final = Quote('"', Inside.ROUND, has_escapes=False)
_OPENING: Final = "([{"


class PowerShellValues(Caller):
    """A position in one program, and the values that stand there."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, POWERSHELL)
        self.text = ""
        self.at = 0
        self.levels = 0

    def inner(self, text: str) -> Value:
        """Return the value of commands inside brackets."""
        self.levels += 1
        if self.levels > _MAX_DEPTH:
            raise OverBudget("code that is too deeply nested")
        outer = self.text, self.at
        self.text, self.at = text, 0
        value = self.block()
        self.text, self.at = outer
        self.levels -= 1
        return value

    def block(self) -> Value:
        """Read commands up to the end of the text."""
        raise NotImplementedError

    def skip(self) -> None:
        """Go past blanks and comments."""
        while (blank := _BLANK.match(self.text, self.at)) is not None:
            self.at = blank.end()

    @property
    def char(self) -> str:
        """The character that comes next, "" at the end."""
        return self.text[self.at : self.at + 1]

    def bracketed(self) -> str:
        """Return what stands in the brackets that come next, gone past."""
        depth = 0
        for match in _BRACKETS.finditer(self.text, self.at):
            self.trace.budget.spend()
            if len(match[0]) > 1:
                continue
            depth += 1 if match[0] in _OPENING else -1
            if not depth:
                start, self.at = self.at + 1, match.end()
                return self.text[start : match.start()]
        start, self.at = self.at + 1, len(self.text)
        return self.text[start:]

    def expression(self) -> Value:
        """Return the value of the expression that comes next."""
        value = self.operand()
        while True:
            self.trace.budget.spend(4)
            self.skip()
            if self.char == ",":
                self.at += 1
                self.skip()
                self.trace.budget.spend(len(row(value)))
                value = Value(items=(*row(value), self.operand()))
                continue
            operator = _OPERATOR.match(self.text, self.at)
            if operator is None:
                return value
            self.at = operator.end()
            self.skip()
            value = self._combined(operator[0].lower(), value, self.operand())

    def _combined(self, operator: str, left: Value, right: Value) -> Value:
        if operator == "+":
            return added(left, right, self.trace)
        if operator == "-join":
            return glued(row(left), right)
        if operator == "-f":
            return filled(left, row(right))
        if operator in {"-replace", "-creplace", "-split", "-csplit"}:
            name = operator.removeprefix("-c").removeprefix("-")
            return self.apply(Site(f"x.{name}", row(right), {}, left))
        return carried((left, right))

    def operand(self) -> Value:
        """Return the value that comes next, with all that is called on it."""
        self.skip()
        value = self._first()
        while self.at < len(self.text):
            member = _MEMBER.match(self.text, self.at)
            if member is not None:
                self.at = member.end()
                value = self._member(value, member[1])
            elif self.char == "[":
                key = self.inner(self.bracketed())
                value = self._item(value, key)
            else:
                break
        return value

    def _first(self) -> Value:
        reader = _FIRST.get(self.char)
        if reader is not None:
            return reader(self)
        operator = _OPERATOR.match(self.text, self.at)
        if operator is not None:
            self.at = operator.end()
            value = self.operand()
            return glued(row(value), known("")) if operator[0].lower() == "-join" else value
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            return number_in(number[0])
        self.at += 1
        return Value()

    def grouped(self) -> Value:
        """Return the value of commands in parentheses."""
        return self.inner(self.bracketed())

    def script_block(self) -> Value:
        """Return a block as a function."""
        return Value(function=Function(("$_",), self.bracketed()))

    def quoted(self) -> Value:
        """Return a text in quotes."""
        quote = _DOUBLE if self.char == '"' else Quote("'", has_escapes=False)
        pieces, self.at = read_text(self.text, self.at + 1, quote)
        parts = [self._inside(text) if is_code else known(text) for is_code, text in pieces]
        return parts[0] if len(parts) == 1 else concatenated(*parts)

    def _inside(self, text: str) -> Value:
        return self._named(text[1:]) if text.startswith("$") else self.inner(text)

    def variable_or_group(self) -> Value:
        """Return what `$x`, `$(x)`, `@(x)` or `@{x}` stands for."""
        if self.text.startswith(("$(", "@(", "@{"), self.at):
            self.at += 1
            is_table = self.char == "{"
            text = self.bracketed()
            return self._table(text) if is_table else self.inner(text)
        found = _VARIABLE.match(self.text, self.at)
        if found is None:
            self.at += 1
            return Value()
        self.at = found.end()
        return self._named(found[1] or found[2] or "")

    def _named(self, name: str) -> Value:
        lower = name.lower().removeprefix("script:").removeprefix("global:")
        if lower.startswith("env:"):
            return variable(name[4:])
        if lower == "home":
            return variable("HOME")
        found = self.names.get(f"${lower}") or POWERSHELL.constants.get(f"${lower}")
        return found or Value(name=f"${lower}")

    def _table(self, text: str) -> Value:
        pairs = re.findall(r"(?:^|[;\n])\s*['\"]?(\w+)['\"]?\s*=\s*([^;\n]*)", text)
        return Value(entries={key.lower(): self.inner(value) for key, value in pairs})

    def typed(self) -> Value:
        """Return a type, or the value behind it."""
        found = _TYPE.match(self.text, self.at)
        if found is None:
            return self.inner(self.bracketed())
        self.at = found.end()
        name = found[1].lower().removeprefix("system.")
        self.skip()
        if self.text.startswith("::", self.at) or self.char in {"", ")", ";", "|"}:
            return Value(name=name)
        value = self.operand()
        return characters(row(value)) if name == "char" and _are_codes(value) else value

    def _member(self, base: Value, name: str) -> Value:
        full = f"{base.name}.{name}".lower()
        if self.char == "(":
            args = self.inner(self.bracketed())
            given = args.items if args.items is not None else (args,)
            return self.apply(Site(full, tuple(v for v in given if v != Value()), {}, base))
        if base.parts is not None or base.items is not None:
            return base
        return Value(name=full)

    @staticmethod
    def _item(base: Value, key: Value) -> Value:
        if base.items is not None and key.number is not None:
            at = key.number
            return base.items[at] if -len(base.items) <= at < len(base.items) else Value()
        return carried((base,))


_FIRST: Final[Mapping[str, Callable[[PowerShellValues], Value]]] = {
    "'": PowerShellValues.quoted,
    '"': PowerShellValues.quoted,
    "$": PowerShellValues.variable_or_group,
    "@": PowerShellValues.variable_or_group,
    "(": PowerShellValues.grouped,
    "{": PowerShellValues.script_block,
    "[": PowerShellValues.typed,
}


def _are_codes(value: Value) -> bool:
    return all(item.number is not None for item in row(value))
