"""From a word as written to the words that the shell would see, as far as they can be known."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from eidos.validator.budget import OverBudget
from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.arithmetic import value_of
from eidos.validator.evaluating.braces import expand_braces
from eidos.validator.evaluating.parameter_values import is_list, values_of
from eidos.validator.patterns import Pattern
from eidos.validator.script import Part, RawWord, Statement, Substitution, Text, Unknown, Variable


class Scope(Protocol):
    """What is known where a word stands: variables, and what scripts inside it run and print."""

    @property
    def folder(self) -> str:
        """Where relative paths start, "" when that is not known."""
        ...

    def spend(self, steps: int) -> None:
        """Take *steps* off the budget; OverBudget is raised where it is used up."""
        ...

    def lookup(self, name: str) -> tuple[Word, ...] | None:
        """Return the values of a variable, None when it is not known."""
        ...

    def run(self, statement: Statement) -> tuple[Command, ...]:
        """Return the commands that *statement* runs."""
        ...

    def printed(self, statement: Statement) -> str | None:
        """Return the output of *statement* where it is always the same."""
        ...


def expand(word: RawWord, scope: Scope) -> list[Word]:
    """Return the words that *word* becomes: none, one or many.

    Raises:
        OverBudget: There are too many.
    """
    parts = word.parts
    if len(parts) == 1:
        only = parts[0]
        if isinstance(only, Text) and not only.is_quoted and _SIMPLE.fullmatch(only.text):
            return [Word(only.text, folder=scope.folder)]
    return [
        found
        for alternative in expand_braces(parts)
        for found in _Expander(scope).words(alternative)
    ]


_SIMPLE: Final = Pattern(r"[\w./:@%+=,^-]+")
_GLOB: Final = Pattern(r"[*?]|\[.")
_TILDE_OF_FOLDER: Final = Pattern(r"~\+(?=/|\Z)")
_DEFAULT_IFS: Final = " \t\n"
_HOME_OF_USER: Final = Pattern(
    r"/home/(?:\$(?:USER|LOGNAME|USERNAME)|\$\((?:whoami|id -un|logname)\)|`whoami`)(?=/|\Z)"
)
_NEIGHBOUR: Final = Pattern(r"[\w.-]")
_PWD: Final = Pattern(r"\A\$PWD(?=/|\Z)")
_HERE: Final = Pattern(r"\A\$PWD(?=/?\*?\Z)")
_PWD_SOURCES: Final = frozenset({"$(pwd)", "`pwd`", "$(pwd -P)"})
_PLAIN_OUTPUT: Final = Pattern(
    r"(?:\$\(|`)(?:date|hostname|uname|nproc|arch|whoami|logname|id -u|id -g|id -un|tput cols)"
    r"(?: [^;&|<>$`()/]*)?[)`]"
)
"""Programs whose output is a number or a name: never a path that reaches elsewhere."""
_MAX_FIELDS: Final = 1024
_MAX_CHARS: Final = 16_384
"""A line that doubles a variable again and again would fill the memory."""
_STEPS_OF_VARIABLE: Final = 8
"""With its operators it costs as much as this many other parts."""


class _Field(msgspec.Struct):
    """One word in the making."""

    texts: list[str] = []
    is_known: bool = True
    is_glob: bool = False
    sources: list[Command] = []
    length: int = 0
    exists: bool = False
    """Something, if only quotes, makes it a word."""


class _Expander:
    """Expands the parts of one word, from left to right."""

    def __init__(self, scope: Scope, *, splits_text: bool = False) -> None:
        self._scope = scope
        self._splits_text = splits_text
        """Blanks part words even in text: that of `${x:-a b}`."""
        self._words: list[Word] = []
        self._field = _Field()

    def words(self, parts: Iterable[Part]) -> list[Word]:
        """Return the words that *parts* become."""
        for part in parts:
            self._scope.spend(1)
            match part:
                case Text():
                    self._add_text(part)
                case Variable():
                    self._add_variable(part)
                case Substitution():
                    self._add_substitution(part)
                case Unknown():
                    self._add_unknown(part)
        self._finish()
        return self._words

    def _add_text(self, part: Text) -> None:
        text = part.text
        if text.startswith("~") and not any(self._field.texts):
            is_plain = part.is_quoted or self._field.exists  # behind '' it is no home
            text = f"./{text}" if is_plain else _TILDE_OF_FOLDER.sub(".", text)
        if part.is_quoted:
            self._put(text)
        elif self._splits_text:
            self._put_split(text)
        else:
            self._put(text)
            self._field.is_glob = self._field.is_glob or _GLOB.search(text) is not None

    def _add_variable(self, part: Variable) -> None:
        self._scope.spend(_STEPS_OF_VARIABLE)
        found = values_of(part, self._scope.lookup, self._words_of)
        if part.operand and not (found and found.is_split):
            self._field.sources += self._commands_in(part.operand.parts)
        if found is None:
            self._put(part.source, is_known=False)
        elif part.is_quoted and not is_list(part):
            self._put_joined(found.words)
        else:
            self._put_values(found.words, is_quoted=part.is_quoted or found.is_split)

    def _add_substitution(self, part: Substitution) -> None:
        self._field.sources += self._scope.run(part.script)
        if not part.source:
            return
        printed = self._scope.printed(part.script) if part.kind == "text" else None
        if printed is not None:
            values = (Word(printed.rstrip("\n")),)
            self._put_values(values, is_quoted=part.is_quoted)
        elif part.source in _PWD_SOURCES:
            self._put("$PWD")
        else:
            self._put(part.source, is_known=_PLAIN_OUTPUT.fullmatch(part.source) is not None)

    def _add_unknown(self, part: Unknown) -> None:
        value = value_of(part.source)
        self._put(part.source if value is None else value, is_known=value is not None)

    def _put(self, text: str, *, is_known: bool = True) -> None:
        field = self._field
        field.texts.append(text)
        field.length += len(text)
        if field.length > _MAX_CHARS:
            raise OverBudget(f"a word longer than {_MAX_CHARS} characters")
        field.exists = True
        field.is_known = field.is_known and is_known

    def _put_value(self, value: str, *, is_known: bool = True) -> None:
        """Add what a variable holds; behind nothing but slashes `~` is home all the same."""
        if value.startswith("~") and not "".join(self._field.texts).strip("/"):
            self._field.texts.clear()
        self._put(value, is_known=is_known)
        self._field.texts.append("")  # parts `${HOME}x`, a neighbour of home, from `~x`

    def _put_joined(self, values: tuple[Word, ...]) -> None:
        is_known = all(value.is_known for value in values)
        self._put_value(" ".join(value.text for value in values), is_known=is_known)
        for value in values:
            self._field.sources += value.sources
            self._field.is_glob = self._field.is_glob or value.is_glob

    def _put_values(self, values: tuple[Word, ...], *, is_quoted: bool) -> None:
        """Add *values* as words of their own, the first and last joined to what is around."""
        for position, value in enumerate(values):
            if position:
                self._finish()
            if is_quoted or not value.is_known:
                self._put_value(value.text, is_known=value.is_known)
                self._field.is_glob = self._field.is_glob or value.is_glob
            else:
                self._put_split(value.text)
            self._field.sources += value.sources

    def _put_split(self, text: str) -> None:
        separators = self._separators()
        pieces = re.split(f"[{re.escape(separators)}]+", text) if separators else [text]
        for position, piece in enumerate(pieces):
            if position:
                self._finish()
            if piece:
                self._put_value(piece)
                is_glob = _GLOB.search(piece) is not None and piece != "$?"
                self._field.is_glob = self._field.is_glob or is_glob

    def _separators(self) -> str:
        values = self._scope.lookup("IFS")
        return values[0].text if values and values[0].is_known else _DEFAULT_IFS

    def _finish(self) -> None:
        """End the word; what is neither text nor quotes is none."""
        field, self._field = self._field, _Field()
        if not field.exists:
            self._field.sources = field.sources
            if field.sources and self._words:
                last = self._words[-1]
                self._words[-1] = replace(last, sources=(*last.sources, *field.sources))
            return
        if len(self._words) >= _MAX_FIELDS:
            raise OverBudget(f"more than {_MAX_FIELDS} words from one")
        text = "".join(field.texts)
        if field.texts[:2] == ["~", ""] and _NEIGHBOUR.match(text, 1):
            text = f"/home/$USER{text[1:]}"
        if "$" in text or "`" in text:
            here = _HERE if not self._scope.folder else _PWD
            text = _HOME_OF_USER.sub("~", here.sub(self._scope.folder or ".", text))
        self._words.append(
            Word(text, field.is_known, field.is_glob, tuple(field.sources), self._scope.folder)
        )

    def _words_of(self, parts: Iterable[Part]) -> list[Word]:
        return _Expander(self._scope, splits_text=True).words(parts)

    def _commands_in(self, parts: Iterable[Part]) -> Iterator[Command]:
        for part in parts:
            if isinstance(part, Substitution):
                yield from self._scope.run(part.script)
            elif isinstance(part, Variable) and part.operand:
                yield from self._commands_in(part.operand.parts)
