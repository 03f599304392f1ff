"""What a program is told to do: its subcommand, its operands and its options.

`git -C x push -f`, `kubectl --context=c -n web delete pod x` and `php artisan db:wipe` are read as
what they mean. The programs and their options are the tables of `programs/subcommands.toml`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from eidos.validator.answers import Once
from eidos.validator.commands import Command, Word, family, program
from eidos.validator.evaluating.interpreters import program_of


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of subcommands.toml, which explains the fields."""

    early: str = ""
    values: str = ""
    dry: str = ""
    same: str = ""
    runs: str = ""
    under: str = ""
    one_dash: bool = False
    shortens: bool = False


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    programs: dict[str, _Row]


class Syntax(msgspec.Struct, frozen=True):
    """How the words of one program are read."""

    values: frozenset[str] = frozenset()
    """Options that take the next word, wherever they stand."""
    early: frozenset[str] = frozenset()
    """Options that take the next word when they stand before the subcommand, the others too."""
    dry: tuple[str, ...] = ()
    """Options with which nothing is done, only shown."""
    one_dash: bool = False
    """One dash begins a whole name: `-auto-approve`; names are read with two."""
    shortens: bool = False
    """A long option may be cut short where that is clear: `--forc`."""


class Usage(msgspec.Struct, frozen=True):
    """One call of a program, read."""

    program: str
    """The name of its kind: git for hub, docker for podman."""
    operands: tuple[Word, ...]
    """The subcommand and what follows it, options and their values left out."""
    options: Mapping[str, Sequence[str]]
    """What is given to each option, dashes in its name; "" for one without a value."""
    syntax: Syntax

    def has(self, *names: str) -> bool:
        """Whether one of the options *names* is given, and not as `--name=false`."""
        if not self.options:
            return False
        if not self.syntax.shortens:
            given = self.options
            return any(value not in _OFF for name in names for value in given.get(name, ()))
        return any(value not in _OFF for name in names for value in self.values_of(name))

    def values_of(self, name: str) -> Iterator[str]:
        """Yield what is given to the option *name*."""
        yield from self.options.get(name, ())
        if self.syntax.shortens and name.startswith("--"):
            for given, values in self.options.items():
                if given != name and len(given) > len("--x") and name.startswith(given):
                    yield from values

    @property
    def does_nothing(self) -> bool:
        """Whether it only shows what it would do, or how it is used."""
        return "--help" in self.options or self.has(*self.syntax.dry)


_OFF: Final = frozenset({"false", "none", "no"})


@Once
def usage_of(command: Command) -> Usage:
    """Return what *command* tells its program to do."""
    name, args = _called(command)
    lead, _, subcommand = _SAME.get(name, name).partition(" ")
    if subcommand:
        args = (Word(subcommand), *args)
    elif args and args[0].text in _BROUGHT.get(name, ()):
        lead, args = args[0].text, args[2:] if args[1:2] == (_END,) else args[1:]
    operands, options = _read(args, lead)
    if lead == "git" and operands and (alias := _alias_of(operands[0].text, options)):
        rest = args[[word is operands[0] for word in args].index(True) + 1 :]
        operands, options = _read((*map(Word, alias.split()), *rest), lead)
    return Usage(lead, operands, options, SYNTAXES.get(lead, _PLAIN))


def _alias_of(name: str, options: Mapping[str, Sequence[str]]) -> str:
    """Return what `git -c alias.NAME=…` makes of *name*; of one for the shell nothing."""
    start = f"alias.{name}="
    values = (value for value in options.get("-c", ()) if value.startswith(start))
    return next((value[len(start) :] for value in values if value[len(start)] != "!"), "")


def kind_of(command: Command) -> str:
    """Return the name of the program, or of the one that is called in the same way."""
    name = command.name
    return _SAME[name].partition(" ")[0] if name in _SAME else name


@cache
def callers_of(name: str) -> frozenset[str]:
    """Return the programs by whose name *name* may be called: itself, its kin, interpreters."""
    kin = {other for other, same in _SAME.items() if same.partition(" ")[0] == name}
    names = {name, *kin, *(lead for lead, brought in _BROUGHT.items() if name in brought)}
    runners = {runner for other in names for runner in _RUNNERS.get(other, ())}
    return frozenset(names | runners | {f"{other}.exe" for other in names})


def _called(command: Command) -> tuple[str, tuple[Word, ...]]:
    """Return the program and its arguments; of an interpreter the script that it is given."""
    name, args = command.name, command.args
    name = name.removesuffix(".exe")
    if name not in _ROWS and family(name) in _ROWS:  # npx prisma@5, kubectl1.28
        name = family(name)
    if name in _SCRIPTS or family(name) not in _INTERPRETERS:
        return name, args
    for position, word in enumerate(args):
        if word.text.startswith("-m"):
            module = [word.text[2:]] if len(word.text) > len("-m") else []
            texts = module + [other.text for other in args[position + 1 :][:1]]
            return "".join(texts[:1]), args[position + 1 + (not module) :]
        if not word.text.startswith("-") or word.text.startswith("-c"):
            break
    script = program_of(name, args)
    file = script.file if script else None
    after = next((index for index, word in enumerate(args, 1) if word is file), None)
    return (program(file), args[after:]) if file and after else (name, args)


def _read(args: Sequence[Word], name: str) -> tuple[tuple[Word, ...], dict[str, list[str]]]:
    syntax = SYNTAXES.get(name, _PLAIN)
    operands: list[Word] = []
    options: dict[str, list[str]] = {}
    takes = syntax.early
    position = 0
    while position < len(args):
        word = args[position]
        position += 1
        if word.text == "--":
            operands += args[position:]
            break
        if len(word.text) < len("-x") or word.text[0] != "-":
            operands.append(word)
            group = SYNTAXES.get(f"{name} {word.text}") if len(operands) == 1 else None
            takes, syntax = (group.early, group) if group else (syntax.values, syntax)
            continue
        given = _options_in(word.text, takes, one_dash=syntax.one_dash)
        last, value = given[-1]
        if value is None and last in takes and position < len(args):
            given[-1] = last, args[position].text
            position += 1
        for option, value in given:
            options.setdefault(option, []).append(value or "")
    return tuple(operands), options


def _options_in(
    text: str, takes: frozenset[str], *, one_dash: bool
) -> list[tuple[str, str | None]]:
    """Return the options in one word with their values; the last may have its in the next word."""
    if one_dash or text.startswith("--"):
        name, equals, value = text.partition("=")
        return [("--" + name.lstrip("-"), value if equals else None)]
    found: list[tuple[str, str | None]] = []
    for position, letter in enumerate(text[1:_LONGEST_CLUSTER], 2):
        rest = text[position:]
        if rest and (f"-{letter}" in takes or rest[0] == "="):
            return [*found, (f"-{letter}", rest.removeprefix("="))]
        found.append((f"-{letter}", None))
    return found


_LONGEST_CLUSTER: Final = 24
"""Letters looked at in one word of short options."""


def _dashed(names: str, *, one_dash: bool) -> frozenset[str]:
    """Read `C chdir` as `-C --chdir`."""
    return frozenset(
        f"-{name}" if len(name) == 1 and not one_dash else f"--{name}" for name in names.split()
    )


def _syntax(row: _Row) -> Syntax:
    values, early, dry = (
        _dashed(names, one_dash=row.one_dash) for names in (row.values, row.early, row.dry)
    )
    return Syntax(values, values | early, tuple(dry), row.one_dash, row.shortens)


def _load() -> dict[str, _Row]:
    text = (files("eidos.validator") / "programs" / "subcommands.toml").read_bytes()
    return {
        name: row
        for names, row in msgspec.toml.decode(text, type=_Table).programs.items()
        for name in names.split(", ")
    }


_ROWS: Final = _load()
_PLAIN: Final = Syntax()
_END: Final = Word("--")
SYNTAXES: Final = {name: _syntax(row) for name, row in _ROWS.items() if not row.same}
_SAME: Final = {name: row.same for name, row in _ROWS.items() if row.same}
_BROUGHT: Final = {
    lead: frozenset(name for name, row in _ROWS.items() if lead in row.under.split())
    for lead in sorted({lead for row in _ROWS.values() for lead in row.under.split()})
}
_RUNNERS: Final = {name: tuple(row.runs.split()) for name, row in _ROWS.items() if row.runs}
_SCRIPTS: Final = frozenset(_RUNNERS)
_INTERPRETERS: Final = frozenset(runner for runners in _RUNNERS.values() for runner in runners)
