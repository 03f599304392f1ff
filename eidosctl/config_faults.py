"""Every fault of a configuration file at once, each with its line; the daemon stops at the first.

What the daemon would say no to, this does, in the order of the file; what it says yes to, this does
too: a test compares the two. Of the addresses that eidos-remote alone reads this says what that
would say when it is asked.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final, cast, get_type_hints

import msgspec

from eidos import config_schema
from eidos.addresses import CHAT, TRANSLATION, checked, trace_address
from eidos.config import Config, allowed, describe, variable
from eidos.config_keys import RuleLevel
from eidos.endpoint import endpoint_of
from eidos.errors import ConfigError
from eidos.validator.policy import Policy
from eidosctl import files
from eidosctl.config_document import KeyPath, line_of
from eidosctl.place import Place

KEYS: Final = tuple(key.name for key in fields(Config))
_HINTS: Final = get_type_hints(Config, include_extras=True)
_LINE: Final = re.compile(r"at line (\d+)")
_NOTHING: Final = Path(os.devnull)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a file, and on which line, where that is known."""

    text: str
    line: int | None

    def at(self, place: str) -> str:
        """Return it as one line about *place*."""
        return f"{place}:{self.line}: {self.text}" if self.line else f"{place}: {self.text}"


def convert(key: str, value: object, *, strict: bool) -> object:
    """Return *value* as *key* has it; *strict*: of the right type, else text as in a variable.

    Raises:
        ConfigError: it is not allowed there.
    """
    return _converted(_HINTS[key], key, value, allowed(key), strict=strict)


def convert_level(rule: str, value: object) -> str:
    """Return *value* as the level of *rule*.

    Raises:
        ConfigError: it is no level, or one that this rule may not have; or there is no such rule.
    """
    words = "one of ok, warn, block"
    level = cast("str", _converted(RuleLevel, f"rules.{rule}", value, words, strict=True))
    Policy.build("balanced", {rule: level})
    return level


def known(key: str) -> None:
    """Return if *key* is a key of the configuration.

    Raises:
        ConfigError: it is none; the message names the one that is most like it.
    """
    if key not in KEYS:
        near = get_close_matches(key, KEYS, n=1)
        hint = f"did you mean {near[0]}?" if near else "eidosctl config show lists all"
        raise ConfigError(f"unknown key {key!r}; {hint}")


def in_file(content: bytes) -> list[Fault]:
    """Return all faults of a configuration file that holds *content*."""
    if fault := of_syntax(content):
        return [fault]
    text = content.decode()
    try:
        table = config_schema.migrate(tomllib.loads(text), place=config_schema.KEY)
    except ConfigError as exc:
        message = str(exc).removeprefix(f"{config_schema.KEY}: ")
        return [Fault(message, line_of(text, (config_schema.KEY,)))]
    found = [Fault(message, line_of(text, path)) for path, message in _of_values(table)]
    return found or [Fault(message, line_of(text, path)) for path, message in _of_all(table)]


def of_syntax(content: bytes) -> Fault | None:
    """Return why *content* is no TOML, or None where it is."""
    try:
        tomllib.loads(content.decode())
    except UnicodeDecodeError as exc:
        return Fault("this is not UTF-8", content[: exc.start].count(b"\n") + 1)
    except tomllib.TOMLDecodeError as exc:
        where = _LINE.search(str(exc))
        line = int(where[1]) if where else content.count(b"\n") + 1  # "at end of document"
        return Fault(f"this is not TOML: {exc}", line)
    return None


def in_environment(place: Place) -> list[str]:
    """Return what is wrong with the variables of *place*, whatever the file says."""
    wrong: list[str] = []
    for name in map(variable, KEYS):
        given = {name: place.environ.get(name, "")}
        wrong.extend(message for _, message in _tried((), lambda g=given: describe(g, _NOTHING)))
    return wrong


def hidden(place: Place) -> list[str]:
    """Return which keys of the file, which must be sound, a variable of *place* hides."""
    return [
        f"{variable(key)} is set here, before which {key} in {place.config} counts for nothing"
        for key in tomllib.loads((files.read(place.config) or b"").decode())
        if place.environ.get(variable(key))
    ]


def require_sound(content: bytes, place: str) -> None:
    """Return if the daemon would take a file that holds *content*.

    Raises:
        ConfigError: it would not; the message has every fault.
    """
    if faults := in_file(content):
        raise ConfigError("; ".join(fault.at(place) for fault in faults))


def _of_values(table: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with single values, with the place of each."""
    for key, value in table.items():
        if key == "rules" and isinstance(value, dict):
            for rule, level in cast("dict[str, Any]", value).items():
                yield from _tried((key, rule), lambda r=rule, v=level: convert_level(r, v))
        else:
            yield from _tried((key,), lambda k=key, v=value: _known_and_allowed(k, v))


def _of_all(table: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with sound values that do not go together."""
    given = {key: convert(key, value, strict=True) for key, value in table.items()}
    yield from _tried(("remote_url",), lambda: endpoint_of(Config(**cast("Any", given))))
    if url := given.get("trace_url"):
        yield from _tried(("trace_url",), lambda: trace_address(cast("str", url)))
    hosts = cast("str", given.get("plain_http_hosts", ""))
    for setting in (CHAT, TRANSLATION):
        if url := cast("str", given.get(setting.key, "")):
            test = partial(checked, setting, url, plain_hosts=hosts)
            yield from _tried((setting.key,), test)


def _tried(path: KeyPath, test: Callable[[], object]) -> Iterator[tuple[KeyPath, str]]:
    try:
        test()
    except ConfigError as exc:
        yield path, str(exc)


def _known_and_allowed(key: str, value: object) -> None:
    known(key)
    convert(key, value, strict=True)


def _converted(kind: Any, name: str, value: object, words: str, *, strict: bool) -> object:  # noqa: ANN401 - a type of any key
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"{name} = {value!r} is not allowed; it must be {words}") from exc
