"""Tcl as commands made of words: braces, quotes, brackets, variables."""

import re
from typing import Final

import msgspec

from eidos.validator.budget import OverBudget
from eidos.validator.code.calling import Caller
from eidos.validator.code.tables import Names
from eidos.validator.code.trace import Trace
from eidos.validator.code.values import Value, concatenated, known, variable
from eidos.validator.patterns import Pattern

_TCL: Final = Names("tcl")
_MAX_DEPTH: Final = 12
_PLAIN: Final = Pattern(r"[^\s;\[\]$\"\\{}]+")
_NAME: Final = Pattern(r"\$(?:\{([^}]{0,64})\}|((?:::)?\w+(?:::\w+)*)(?:\(([^)]{0,64})\))?)")
_STEPS: Final = {"n": "\n", "t": "\t", "r": "\r"}


class Word(msgspec.Struct, frozen=True):
    """A word of a command; of one in braces the text is not expanded."""

    value: Value
    is_braced: bool = False

    @property
    def text(self) -> str:
        """The text, as far as it is known."""
        return self.value.text or ""


class TclWords(Caller):
    """The commands of a program; what each does is for the reader of commands to say."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, _TCL)
        self.levels = 0

    def run(self, words: list[Word]) -> Value:
        """Do what a command says, and return its result."""
        raise NotImplementedError

    def script(self, text: str) -> Value:
        """Read the commands in *text*, and return what the last one does."""
        self.levels += 1
        if self.levels > _MAX_DEPTH:
            raise OverBudget("code that is too deeply nested")
        value, at = Value(), 0
        while at < len(text):
            words, at = self._command(text, at)
            if words:
                value = self.run(words)
        self.levels -= 1
        return value

    def _command(self, text: str, at: int) -> tuple[list[Word], int]:
        words: list[Word] = []
        while at < len(text):
            self.trace.budget.spend(2)
            char = text[at]
            if char in "\n;":
                return words, at + 1
            if char == "#" and not words:
                end = text.find("\n", at)
                return [], len(text) if end < 0 else end + 1
            if char.isspace():
                at += 1
            elif char == "{":
                end = _closed(text, at, "{", "}")
                words.append(Word(known(text[at + 1 : end]), is_braced=True))
                at = end + 1
            else:
                value, at = self._word(text, at)
                words.append(Word(value))
        return words, at

    def _word(self, text: str, at: int) -> tuple[Value, int]:
        is_quoted = text[at] == '"'
        parts: list[Value] = []
        start = at = at + is_quoted
        while at < len(text):
            char = text[at]
            if (is_quoted and char == '"') or (not is_quoted and char in " \t\n;"):
                at += is_quoted
                break
            self.trace.budget.spend(3)
            part, at = self._part(text, at)
            parts.append(part)
        if len(parts) == 1:
            return parts[0], at
        return (concatenated(*parts) if parts else known("")), max(at, start)

    def _part(self, text: str, at: int) -> tuple[Value, int]:
        char = text[at]
        if char == "[":
            end = _closed(text, at, "[", "]")
            return self.script(text[at + 1 : end]), end + 1
        if char == "$":
            name = _NAME.match(text, at)
            if name is not None:
                return self._variable(name[1] or name[2] or "", name[3]), name.end()
        if char == "\\" and at + 1 < len(text):
            return known(_STEPS.get(text[at + 1], text[at + 1])), at + 2
        plain = _PLAIN.match(text, at)
        return (known(plain[0]), plain.end()) if plain else (known(char), at + 1)

    def _variable(self, name: str, key: str | None) -> Value:
        bare = name.removeprefix("::")
        if bare == "env" and key:
            return variable(key)
        return self.names.get(bare, Value(name=f"${bare}"))


def _closed(text: str, at: int, opening: str, closing: str) -> int:
    """Return where the bracket at *at* is closed; at the end of the text if nowhere."""
    depth = 0
    for match in re.compile(rf"\\.|[{re.escape(opening + closing)}]").finditer(text, at):
        depth += (match[0] == opening) - (match[0] == closing)
        if not depth:
            return match.start()
    return len(text)
