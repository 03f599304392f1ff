"""Builtins of the shells that change what later commands see: variables, parameters, the folder."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from eidos.protocol import Shell
from eidos.validator.commands import Assignment, Command, Word
from eidos.validator.evaluating.environment import Environment, Value
from eidos.validator.evaluating.finding import listed
from eidos.validator.evaluating.options import Grammar, read_options, rest_of
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.printing import printf_text
from eidos.validator.evaluating.wrappers import joined
from eidos.validator.patterns import Pattern

_Act = Callable[[Environment, Sequence[Word], Place], tuple[Assignment, ...]]
"""Changes the environment as a builtin with these arguments would; returns what it assigns."""

_ASSIGNED: Final = Pattern(r"([A-Za-z_]\w*)(\+?)=", re.DOTALL)
_NAME: Final = Pattern(r"[A-Za-z_]\w*")
_READ: Final = Grammar("adDinNptuPcS", frozenset({"--prompt", "--delimiter", "--nchars"}))


def declare(
    name: str, environment: Environment, args: Sequence[Word], place: Place
) -> tuple[Assignment, ...]:
    """Do what the builtin *name* does to *environment*, and return the assignments in it."""
    act = _ACTS.get(name)
    return act(environment, args, place) if act else ()


def split_assignment(word: Word) -> Assignment | None:
    """Read `name=value` in one word."""
    match = _ASSIGNED.match(word.text)
    return Assignment(match[1], rest_of(word, match.end())) if match else None


def _export(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    del place
    found = tuple(a for a in map(split_assignment, args) if a is not None)
    for assignment in found:
        environment.assign(assignment.name, (assignment.value,))
    return found


def _set(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    if environment.shell is Shell.FISH:
        return _set_in_fish(environment, args)
    del place
    options = read_options(args, Grammar("oA"))
    rest = tuple(args[options.end :])
    if rest or any(word.text == "--" for word in args):
        environment.positional = rest
    return ()


def _set_in_fish(environment: Environment, args: Sequence[Word]) -> tuple[Assignment, ...]:
    options = read_options(args, Grammar())
    rest = args[options.end :]
    if not rest or options.has("-q", "--query", "-S", "--show", "-n", "--names"):
        return ()
    name, value = rest[0].text.partition("[")[0], tuple(rest[1:])
    if options.has("-e", "--erase"):
        environment.assign(name, None)
        return (Assignment(name, Word("")),)
    before = environment.lookup(name)
    if options.has("-a", "--append"):
        value = (*before, *value) if before is not None else value
    if options.has("-p", "--prepend"):
        value = (*value, *before) if before is not None else value
    environment.assign(name, value)
    return (Assignment(name, joined(value)),)


def _unset(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    del place
    for word in args:
        environment.assign(word.text, None)
    return ()


def _cd(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    del place
    words = [word for word in args if word.text == "-" or not word.text.startswith("-")]
    environment.enter(words[0] if words else Word("~"))
    return ()


def _popd(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    del args, place
    environment.enter(Word("-"))
    return ()


def _shift(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    del place
    count = int(args[0].text) if args and args[0].text.isdigit() else 1
    if environment.positional is not None:
        environment.positional = environment.positional[count:]
    return ()


def _read(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    options = read_options(args, _READ)
    arrays = [value for name, value in options.given if name == "-a" and value is not None]
    names = [word.text.partition("?")[0] for word in args[options.end :]] or ["REPLY"]
    separators = environment.lookup("IFS")
    ifs = separators[0].text if separators else " \t\n"
    if arrays:
        environment.assign(arrays[0].text, _fields_read(place, ifs))
        return ()
    for name, value in zip(names, _values_read(names, place, ifs), strict=False):
        if _NAME.fullmatch(name):
            environment.assign(name, value)
    return ()


def _values_read(names: Sequence[str], place: Place, ifs: str) -> Iterator[Value | None]:
    if place.stdin is not None and place.stdin.is_known:
        line = place.stdin.text.partition("\n")[0]
        splits = len(names) > 1 and ifs
        parts = (
            re.split(f"[{re.escape(ifs)}]+", line, maxsplit=len(names) - 1) if splits else [line]
        )
        for position, _ in enumerate(names):
            yield (Word(parts[position].strip() if position < len(parts) else ""),)
        return
    found = listed(place) if place.upstream else ()
    for name in names:
        if not found:
            yield None
        elif found[0].is_known:
            yield found[:1]
        else:
            yield (Word(f"${name}", is_known=False, sources=found[0].sources),)


def _fields_read(place: Place, ifs: str) -> Value | None:
    if place.stdin is not None and place.stdin.is_known:
        line = place.stdin.text.partition("\n")[0]
        return tuple(map(Word, re.split(f"[{re.escape(ifs)}]+", line) if ifs else [line]))
    return listed(place) if place.upstream else None


def _mapfile(
    environment: Environment, args: Sequence[Word], place: Place
) -> tuple[Assignment, ...]:
    options = read_options(args, Grammar("dnOsuCc"))
    name = args[options.end].text if options.end < len(args) else "MAPFILE"
    if place.stdin is not None and place.stdin.is_known:
        environment.assign(name, tuple(map(Word, place.stdin.text.splitlines())))
    else:
        environment.assign(name, listed(place) if place.upstream else None)
    return ()


def _printf(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    del place
    if len(args) > len(("-v", "name")) and args[0].text == "-v":
        text = printf_text(args[2:])
        maker = Command((Word("printf"), *args[2:]))
        value = None if text is None else (Word(text, sources=(maker,)),)
        environment.assign(args[1].text, value)
    return ()


def _alias(environment: Environment, args: Sequence[Word], place: Place) -> tuple[Assignment, ...]:
    del place
    is_global = any(word.text == "-g" for word in args)
    table = environment.global_aliases if is_global else environment.aliases
    table.update(aliases_in(args))
    return ()


_ABBREVIATION: Final = Grammar(
    "fpr", frozenset({"--function", "--position", "--regex", "--set-cursor", "--command"})
)
"""The options of abbr that have a value."""


def aliases_in(args: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    """Yield the names and texts that alias or abbr defines: `x=text`, and fish's `x text`."""
    words = args[read_options(args, _ABBREVIATION).end :]
    if words and "=" not in words[0].text and len(words) > 1:
        text = words[1 + read_options(words[1:], _ABBREVIATION).end :]
        if text:
            yield words[0].text, joined(text)
        return
    for word in words:
        name, equals, _ = word.text.partition("=")
        if equals and name:
            yield name, rest_of(word, len(name) + 1)


def _unalias(
    environment: Environment, args: Sequence[Word], place: Place
) -> tuple[Assignment, ...]:
    del place
    for word in args:
        environment.aliases.pop(word.text, None)
    return ()


DECLARING: Final = frozenset(
    {"export", "declare", "typeset", "local", "readonly", "integer", "float"}
)
"""Builtins behind which `name=value` is an assignment."""
_ACTS: Final[dict[str, _Act]] = {
    **dict.fromkeys(DECLARING, _export),
    **dict.fromkeys(("cd", "chdir", "pushd", "z"), _cd),
    **dict.fromkeys(("mapfile", "readarray"), _mapfile),
    "popd": _popd,
    "set": _set,
    "unset": _unset,
    "shift": _shift,
    "read": _read,
    "printf": _printf,
    "alias": _alias,
    "abbr": _alias,
    "unalias": _unalias,
}
