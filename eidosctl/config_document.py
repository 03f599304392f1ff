"""The text of a configuration file: a key changed in it, and every other byte left as it was.

The only module that imports tomlkit. What it makes is read back with tomllib, which the daemon
reads with, and compared with what was meant.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import fields
from typing import Any, Final, cast

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from eidos import config_schema
from eidos.config import Config, allowed, default, explanation
from eidos.errors import ConfigError

KeyPath = tuple[str, ...]
"""The way to a value: ("threads",), ("rules", "git-clean")."""

_MARK: Final = "eidos-line-mark"
_HEAD: Final = """\
# The settings of Eidos. Each key is shown with its default; take the "#" away to change it.
# `eidosctl config show` says what counts, and docs/configuration.md says more of each.
"""
_RULES: Final = '# [rules]\n# git-clean = "warn"\n'


def with_value(text: str, path: KeyPath, value: object) -> str:
    """Return *text* with *value* at *path*; a new key stands where it is commented out, if it is.

    Raises:
        ConfigError: *text* is so written that the key cannot be changed alone.
    """
    wanted = _changed(text, path, value)
    if _at(tomllib.loads(text), path) is None:
        for candidate in _with_new_line(text, path, value):
            if _reads_as(candidate, wanted):
                return candidate

    def change(document: TOMLDocument) -> None:
        parent: MutableMapping[str, Any] = document
        for part in path[:-1]:
            parent = parent.setdefault(part, tomlkit.table())
        parent[path[-1]] = value

    return _edited(text, change, wanted=wanted, path=path)


def has(text: str, path: KeyPath) -> bool:
    """Return whether there is a value at *path*."""
    return _at(tomllib.loads(text), path) is not None


def without(text: str, path: KeyPath) -> str:
    """Return *text* without the value at *path*; of a table its keys go and its comments stay.

    Raises:
        ConfigError: *text* is so written that the key cannot be removed alone.
    """
    found = _at(tomllib.loads(text), path)
    if isinstance(found, dict) and found:
        for key in cast("dict[str, Any]", found):
            text = without(text, (*path, key))
        return text
    wanted = _changed(text, path, None)

    def change(document: TOMLDocument) -> None:
        del _inside(document, path[:-1])[path[-1]]

    return _edited(text, change, wanted=wanted, path=path)


def migrated(text: str) -> str:
    """Return *text* in today's schema and with its number, comments kept.

    Raises:
        ConfigError: its number is wrong, or it is so written that it cannot be changed.
    """
    place = "the configuration file"
    wanted = config_schema.migrate(tomllib.loads(text), place=place)

    def change(document: TOMLDocument) -> None:
        config_schema.climb(document, place=place)

    body = _edited(text, change, wanted=wanted, path=(config_schema.KEY,))
    return f"{config_schema.KEY} = {config_schema.newest()}{_line_end(text)}{body}"


def line_of(text: str, path: KeyPath) -> int | None:
    """Return the line, from 1, on which the value at *path* begins; None where that is not known.

    It is not for a key that has another name in the older schema of *text*.
    """
    try:
        document = tomlkit.parse(text)
        parent = _inside(document, path[:-1])
        item = parent[path[-1]]
    except (TOMLKitError, KeyError):
        return None
    if isinstance(item, AoT):
        item = item[0]
    if isinstance(item, Table):
        item.comment(_MARK)
    else:
        parent[path[-1]] = _MARK
    before, found, _ = tomlkit.dumps(document).partition(_MARK)
    if found:
        return before.count("\n") + 1
    first = next(iter(cast("Mapping[str, Any]", item)), None) if isinstance(item, Table) else None
    return line_of(text, (*path, first)) if first else None


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the dotted names of the keys whose values differ, sorted; those of tables apart."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return tuple(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))


def template() -> str:
    """Return a file that sets nothing, and says of every key what it is for."""
    parts = [_HEAD, f"{config_schema.KEY} = {config_schema.newest()}\n"]
    for key in fields(Config):
        about = f"# {explanation(key.name)}\n# Allowed: {allowed(key.name)}.\n"
        value = default(key)
        line = _RULES if isinstance(value, Mapping) else f"# {setting((key.name,), value)}\n"
        parts.append(about + line)
    return "\n".join(parts)


def _edited(
    text: str, change: Callable[[TOMLDocument], None], *, wanted: Mapping[str, Any], path: KeyPath
) -> str:
    """Return *text* after *change*, if it says what is *wanted*."""
    try:
        document = tomlkit.parse(text)
        change(document)
        new = tomlkit.dumps(document)
    except (TOMLKitError, KeyError):
        new = text
    if not _reads_as(new, wanted):
        key = ".".join(path)
        raise ConfigError(f"{key} cannot be changed alone in this file; run: eidosctl config edit")
    return new


def _with_new_line(text: str, path: KeyPath, value: object) -> Iterator[str]:
    """Yield *text* with a line for *path* in places that a person would choose."""
    key = re.escape(path[-1])
    commented = re.search(rf"^#[ \t]*{key}[ \t]*=[^\n]*\n?", text, re.MULTILINE)
    if commented:
        yield _inserted(text, commented.end(), setting(path, value))
    beside = cast("dict[str, Any]", _at(tomllib.loads(text), path[:-1]) or {})
    values = [name for name, found in beside.items() if not isinstance(found, dict | list)]
    last = line_of(text, (*path[:-1], values[-1])) if values else None
    if last is not None:
        end = sum(len(line) for line in text.splitlines(keepends=True)[:last])
        yield _inserted(text, end, setting(path[-1:], value))


def _inserted(text: str, at: int, line: str) -> str:
    end = _line_end(text)
    before = text[:at] if not text[:at] or text[:at].endswith("\n") else text[:at] + end
    return f"{before}{line}{end}{text[at:]}"


def setting(path: KeyPath, value: object) -> str:
    """Return the line that gives the key at *path* the *value*."""
    return f"{'.'.join(path)} = {tomlkit.item(value).as_string()}"


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _changed(text: str, path: KeyPath, value: object) -> dict[str, Any]:
    """Return what *text* says, with *value* at *path*; None: with nothing there."""
    table = tomllib.loads(text)
    parent = table
    for part in path[:-1]:
        parent = parent.setdefault(part, {})
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return table


def _reads_as(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return dict(_flat(tomllib.loads(text))) == dict(_flat(wanted))
    except tomllib.TOMLDecodeError:
        return False


def _at(table: Mapping[str, Any], path: KeyPath) -> Any:  # noqa: ANN401 - a value of any key
    found: Any = table
    for part in path:
        if not isinstance(found, dict):
            return None
        found = cast("dict[str, Any]", found).get(part)
    return found


def _inside(table: MutableMapping[str, Any], path: KeyPath) -> MutableMapping[str, Any]:
    for part in path:
        table = table[part]
    return table


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), f"{before}{key}.")
        else:
            yield f"{before}{key}", value
