"""What the commands of a line leave behind for the later ones: variables, functions, the folder.

Only what the line itself says is known; nothing is asked of the machine.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from posixpath import normpath
from typing import Final, Self

import msgspec

from eidos.protocol import Shell
from eidos.validator.commands import Command, Redirect, Word
from eidos.validator.script import Statement

Value = tuple[Word, ...]
"""What a variable holds: one word, or several if it is an array."""

_HOMES: Final = "/home"
MAX_VALUE: Final = 8192
"""Characters of a variable that are kept."""
MAX_CHOICES: Final = 8
"""Values of one variable, or combinations of values, that are followed one by one."""
_FISH_IFS: Final[Value] = (Word("\n"),)
"""fish splits what a command prints at the ends of lines alone."""
_FIRST_VALUES: Final[dict[str, Value]] = {
    "HOME": (Word("~"),),
    "IFS": (Word(" \t\n"),),
    "SHELL": (Word("/bin/bash"),),
    "BASH": (Word("/bin/bash"),),
    "0": (Word("bash"),),
}


class Other(msgspec.Struct, frozen=True):
    """The file that stands behind another name."""

    path: str
    is_copy: bool = False
    """It is another file with the same contents."""


class Environment(msgspec.Struct):
    """The state of one shell; a subshell works on a copy of it."""

    shell: Shell = Shell.BASH
    variables: dict[str, Value] = msgspec.field(default_factory=lambda: dict(_FIRST_VALUES))
    choices: dict[str, tuple[Value, ...]] = {}
    """Variables that may hold one of several values, as only one of several branches ran."""
    functions: dict[str, Statement] = {}
    aliases: dict[str, Word] = {}
    global_aliases: dict[str, Word] = {}
    """Those that zsh puts in the place of any word."""
    positional: Value | None = ()
    """The arguments of the script or function; None: nobody knows. A prompt has none."""
    references: dict[str, str] = {}
    """What `declare -n name=other` makes another name for."""
    folder: str = ""
    """The working folder if the line says which, absolute, below `~`, or relative to the first."""
    last_folder: str = ""
    descriptors: dict[str, Redirect] = {}
    """What `exec 3< file` has opened, by number."""
    called: set[str] = set()
    """The functions that have been called; shared with every copy."""
    written: dict[str, tuple[Command, ...]] = {}
    """By path: the commands that may have written that file; shared with every copy."""
    links: dict[str, Other] = {}
    """By path: the file for which the line has made another name; shared with every copy."""
    texts: dict[str, str] = {}
    """By path: what the line itself wrote into that file; shared with every copy."""

    def copy(self) -> Self:
        """Return what a subshell begins with."""
        return type(self)(
            self.shell,
            dict(self.variables),
            dict(self.choices),
            dict(self.functions),
            dict(self.aliases),
            dict(self.global_aliases),
            self.positional,
            dict(self.references),
            self.folder,
            self.last_folder,
            dict(self.descriptors),
            self.called,
            self.written,
            self.links,
            self.texts,
        )

    def lookup(self, name: str) -> Value | None:
        """Return what the variable or parameter *name* holds; None if nobody knows."""
        name = self.references.get(name, name)
        if name.isdigit() and name != "0":
            return self._argument(int(name))
        if name in {"@", "*", "argv"}:
            return self.positional
        if name == "IFS" and self.shell is Shell.FISH:
            return _FISH_IFS
        if name == "PWD" and self.folder:
            return (Word(self.folder),)
        return self.variables.get(name)

    def _argument(self, number: int) -> Value | None:
        if self.positional is None:
            return None
        return self.positional[number - 1 : number]

    def assign(self, name: str, value: Value | None) -> None:
        """Set the variable *name*; None: to something unknown."""
        self.choices.pop(name, None)
        # `x=$x$x` again and again doubles it each time.
        if value is not None and sum(len(word.text) for word in value) > MAX_VALUE:
            value = None
        if value is None:
            self.variables.pop(name, None)
        else:
            self.variables[name] = value
        name, bracket, index = name.partition("[")
        if bracket and value is not None:
            self._put_element(name, index.rstrip("]"), value)

    def _put_element(self, name: str, index: str, value: Value) -> None:
        """Do what `name[3]=value` does, where the elements before are known."""
        before = self.variables.get(name, ())
        if index.isdigit() and int(index[:9]) <= len(before):
            position = int(index)
            self.variables[name] = (*before[:position], *value, *before[position + 1 :])

    def append(self, name: str, value: Value, *, is_array: bool) -> None:
        """Do what `name+=value` does to the variable *name*."""
        before = self.variables.get(name)
        if before is None:
            self.assign(name, None)
        elif is_array:
            self.assign(name, before + value)
        else:
            self.assign(name, _joined(before, value))

    def enter(self, folder: Word | None) -> None:
        """Make *folder* the working folder; None: one that nobody knows."""
        before, self.folder = self.folder, _entered(self.folder, folder)
        if folder is not None and folder.text == "-":
            self.folder = self.last_folder
        self.last_folder = before

    def merge(self, other: "Environment") -> None:
        """Add what *other*, the same shell before a branch ran, knew otherwise."""
        for name in {*self.variables, *other.variables}:
            mine, theirs = self.values_of(name), other.values_of(name)
            if mine is theirs or (len(mine) == len(theirs) == 1 and mine[0] is theirs[0]):
                continue
            # By their texts: to compare words is to compare all commands that made them.
            by_text = {tuple(word.text for word in value): value for value in (*mine, *theirs)}
            values = tuple(by_text.values())
            if values:
                self.variables[name] = values[0]
            if len(values) > 1:
                self.choices[name] = values[:MAX_CHOICES]
        self.functions = {**other.functions, **self.functions}
        self.aliases = {**other.aliases, **self.aliases}

    def values_of(self, name: str) -> tuple[Value, ...]:
        """Return all that the variable *name* may hold."""
        if name in self.choices:
            return self.choices[name]
        return (self.variables[name],) if name in self.variables else ()

    def chosen(self, names: Iterable[str]) -> Iterator[dict[str, Value]]:
        """Yield the combinations of the values that the variables *names* may hold."""
        several = sorted({name for name in names if name in self.choices})
        combinations = product(*(self.choices[name] for name in several))
        for _, values in zip(range(MAX_CHOICES), combinations, strict=False):
            yield dict(zip(several, values, strict=True))


def _joined(before: Value, value: Value) -> Value:
    """Return the text that `+=` makes of two."""
    first, second = before[0], value[0]
    return (
        Word(
            first.text + second.text,
            first.is_known and second.is_known,
            first.is_glob or second.is_glob,
            first.sources + second.sources,
            first.folder,
        ),
    )


def path_in(folder: str, text: str) -> str:
    """Return the path *text* as seen from *folder*, without needless dots."""
    if not text:
        return ""
    is_whole = not folder or text.startswith(("/", "~"))
    path = text if is_whole else f"{folder}/{text}"
    home, slash, below = path.partition("/")
    if home.startswith("~") and slash:
        return _below_home(home, below)
    path = normpath(path)
    return path[1:] if path.startswith("//") else path


def _below_home(home: str, below: str) -> str:
    """Return the path *below* a home without its dots, which may lead out of the home."""
    path = normpath(f"{_HOMES}/{home}/{below}")
    is_inside = path == f"{_HOMES}/{home}" or path.startswith(f"{_HOMES}/{home}/")
    return path.removeprefix(f"{_HOMES}/") if is_inside else path


def _entered(before: str, folder: Word | None) -> str:
    if folder is None or not folder.is_known:
        return ""
    text = folder.text
    if text.startswith(("/", "~")) or not before:
        return path_in("", text) if text else before
    return path_in(before, text)
