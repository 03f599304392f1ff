"""The values of a variable, and what the operators inside `${ }` make of them."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from eidos.validator.commands import Word
from eidos.validator.evaluating.parameters import changed, pattern_of, replaced, substring, without
from eidos.validator.patterns import Pattern
from eidos.validator.script import Part, Text, Variable

Values: TypeAlias = tuple[Word, ...]
Lookup: TypeAlias = Callable[[str], Values | None]
ExpandParts: TypeAlias = Callable[[Iterable[Part]], list[Word]]

_ALL: Final = frozenset({"@", "*"})
_SUBSCRIPT: Final = Pattern(r"\[([^\[\]]*)\](.*)", re.DOTALL)
_ALTERNATIVE: Final = Pattern(r":?([-=+?])")
_PATTERN: Final = Pattern(r"##?|%%?|/[/#%]?")
_HOME_OF_USER: Final = "/home/$USER"
_SLASH_FIRST: Final = frozenset({"PATH", "PWD", "OLDPWD"})
_FIRST_CHARACTER: Final = Pattern(r":\s*0\s*:\s*1\s*|%%\[?[a-z][^/]*\*")
_KNOWN: Final = {
    "HOME": "~",
    "IFS": " \t\n",
    "SHELL": "/bin/bash",
    "BASH": "/bin/bash",
    "0": "bash",
}
_PLAIN: Final = frozenset(
    {"USER", "LOGNAME", "USERNAME", "UID", "EUID", "GID", "HOSTNAME", "HOST", "PPID", "RANDOM",
     "SECONDS", "LINENO", "BASHPID", "OSTYPE", "HOSTTYPE", "MACHTYPE", "SHLVL", "COLUMNS", "LINES",
     "EPOCHSECONDS", "TERM", "$", "?", "#", "!", "-"}
)  # fmt: skip
"""Variables of the shell that hold a number or a name, never a path that reaches elsewhere."""


class Found(NamedTuple):
    """The values of a variable, one word for each element."""

    words: Values
    is_split: bool = False
    """They come from the word of an operator such as `:-`, and blanks part them already."""


def values_of(variable: Variable, lookup: Lookup, expand_parts: ExpandParts) -> Found | None:
    """Return what *variable* stands for; None when that is unknown."""
    values = lookup(variable.name) if variable.name else None
    if values is None:
        values = _values_of_shell(variable)
    operation = _Operation(variable, lookup, expand_parts)
    if variable.operator:
        values = operation.apply(variable.operator, values)
    return None if values is None else Found(values, operation.has_used_word)


def is_list(variable: Variable) -> bool:
    """Whether double quotes leave the elements apart: `"$@"`, `"${a[@]}"`."""
    return variable.name == "@" or variable.operator.startswith("[@]")


def _values_of_shell(variable: Variable) -> Values | None:
    name = variable.name
    if name == "PWD":
        return None if variable.operator else (Word("$PWD"),)
    if name in _PLAIN:
        return (Word(f"${name}"),)
    return (Word(_KNOWN[name]),) if name in _KNOWN else None


class _Operation:
    """The operators of one variable."""

    def __init__(self, variable: Variable, lookup: Lookup, expand_parts: ExpandParts) -> None:
        self._variable = variable
        self._lookup = lookup
        self._expand_parts = expand_parts
        self.has_used_word = False

    def apply(self, operator: str, values: Values | None) -> Values | None:
        """Return what *operator* makes of *values*."""
        if subscript := _SUBSCRIPT.fullmatch(operator):
            values = self._element(subscript[1], values)
            operator = subscript[2]
        if not operator:
            return values
        if operator == "!":
            return self._indirect(values)
        if alternative := _ALTERNATIVE.match(operator):
            return self._alternative(alternative[0], values)
        if values is None:
            is_slash = self._variable.name in _SLASH_FIRST and _FIRST_CHARACTER.fullmatch(operator)
            return (Word("/"),) if is_slash else None
        if operator in {"#[@]", "#[*]"}:
            return (Word(str(len(values))),)
        return self._each(operator, values)

    def _element(self, index: str, values: Values | None) -> Values | None:
        element = self._lookup(f"{self._variable.name}[{index}]")
        if element is not None:
            return element
        if values is None or index in _ALL:
            return values
        try:
            return (values[int(index)],)
        except (ValueError, IndexError):
            return None

    def _indirect(self, values: Values | None) -> Values | None:
        is_name = values and len(values) == 1 and values[0].is_known
        return self._lookup(values[0].text) if values and is_name else None

    def _alternative(self, sign: str, values: Values | None) -> Values | None:
        """Return what `:-`, `:=`, `:+` and `:?` give; where the variable is unknown, their word."""
        has_value = values is not None and (sign[0] != ":" or any(value.text for value in values))
        if sign[-1] == "?" or (has_value and sign[-1] in "-="):
            return values
        if sign[-1] == "+" and values is not None and not has_value:
            return ()
        operand = self._variable.operand
        self.has_used_word = True
        return tuple(self._expand_parts(operand.parts)) if operand else None

    def _each(self, operator: str, values: Values) -> Values | None:
        if not all(value.is_known for value in values):
            return None
        results: list[Word] = []
        for value in values or (Word(""),):
            text = value.text
            is_home = text.startswith("~") and text[1:2] in {"", "/"}
            result = self._changed(operator, _HOME_OF_USER + text[1:] if is_home else text)
            if result is None:
                return None
            if is_home and result.startswith(_HOME_OF_USER):
                result = "~" + result[len(_HOME_OF_USER) :]
            results.append(replace(value, text=result))
        return tuple(results)

    def _changed(self, operator: str, value: str) -> str | None:
        if operator == "#":
            return str(len(value))
        result = changed(value, operator)
        if result is None:
            result = substring(value, operator)
        if result is not None:
            return result
        sign = _PATTERN.match(operator)
        operand = self._variable.operand
        if sign is None or operand is None:
            return None
        if sign[0][0] != "/":
            pattern = self._pattern(operand.parts)
            return None if pattern is None else without(value, sign[0], pattern)
        searched, replacement = _split_at_slash(operand.parts)
        pattern = self._pattern(searched)
        if pattern is None:
            return None
        words = self._expand_parts(replacement)
        return replaced(value, sign[0], pattern, " ".join(word.text for word in words))

    def _pattern(self, parts: Iterable[Part]) -> str | None:
        """Return *parts* as a regular expression, None where one is unknown."""
        pieces: list[str] = []
        for part in parts:
            if isinstance(part, Text):
                pieces.append(re.escape(part.text) if part.is_quoted else pattern_of(part.text))
                continue
            words = self._expand_parts((part,))
            if not all(word.is_known for word in words):
                return None
            pieces.append(pattern_of(" ".join(word.text for word in words)))
        return "".join(pieces)


def _split_at_slash(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Return the parts before and after the first plain slash."""
    for position, part in enumerate(parts):
        if isinstance(part, Text) and not part.is_quoted and "/" in part.text:
            before, _, after = part.text.partition("/")
            return (
                [*parts[:position], Text(before)],
                [Text(after, is_quoted=True), *parts[position + 1 :]],
            )
    return list(parts), []
