"""Settings: environment over file over defaults, each value checked against its type.

Every field of Config is a key of the TOML file and, in capitals behind `EIDOS_`, a variable.
The keys stand in config_keys.py and config_remote_keys.py. docs/configuration.md is generated from
them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from eidos import config_schema
from eidos.config_remote_keys import RemoteKeys
from eidos.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(RemoteKeys):
    """The settings of one daemon; immutable, built once in `main`."""

    @classmethod
    def load(cls, environ: Mapping[str, str], path: Path) -> "Config":
        """Return the settings in *environ* and in the TOML file *path*, which may be missing.

        Raises:
            ConfigError: an unreadable file, an unknown key, or a value that is not allowed.
        """
        return cls(**{key: value for key, value, _ in _merge(environ, path)})


def describe(environ: Mapping[str, str], path: Path) -> list[tuple[str, Any, str]]:
    """Return (key, value, source) for every key; source is environment, file or default.

    Raises:
        ConfigError: as `Config.load` does.
    """
    return _merge(environ, path)


def allowed(key: str) -> str:
    """Return what may stand at *key*, in words."""
    kind, meta = _type_of(key)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if kind is str:
        return (meta.extra or {}).get("noun", "a path")
    if kind is bool:
        return "true or false"
    if get_origin(kind) is Mapping:
        return "rule = level, each level one of ok, warn, block"
    noun = "a whole number" if kind is int else "a number"
    return f"{noun} from {meta.ge:g} to {meta.le:g}"


def explanation(key: str) -> str:
    """Return what *key* is for, in a sentence."""
    return _type_of(key)[1].description or ""


def tells_context(environ: Mapping[str, str]) -> bool:
    """Return whether a client with *environ* may tell the daemon where it is, and what it ran.

    Whoever writes `no` or `off` means it: anything but a yes is a no.
    """
    return environ.get("EIDOS_CONTEXT", "").lower() in {"", "1", "true"}


def variable(key: str) -> str:
    """Return the name of the environment variable for *key*."""
    return f"EIDOS_{key.upper()}"


def _merge(environ: Mapping[str, str], path: Path) -> list[tuple[str, Any, str]]:
    in_file = _read(path)
    merged: list[tuple[str, Any, str]] = []
    for key in fields(Config):
        if text := environ.get(variable(key.name), ""):
            given = _pairs(text) if key.name == "rules" else text
            value = _convert(key.name, given, place=variable(key.name), strict=False)
            merged.append((key.name, value, "environment"))
        elif key.name in in_file:
            value = _convert(key.name, in_file[key.name], place=str(path), strict=True)
            merged.append((key.name, value, "file"))
        else:
            merged.append((key.name, default(key), "default"))
    return merged


def default(key: Field[Any]) -> object:
    """Return what a key is when nobody sets it."""
    return key.default if key.default is not MISSING else getattr(Config(), key.name)


def _pairs(text: str) -> dict[str, str]:
    """Read `rule=level rule=level`, the form of a table in a variable."""
    return {name: level for name, _, level in (pair.partition("=") for pair in text.split())}


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(f"cannot read {path}: {exc}; mend it or move it away") from exc
    table = config_schema.migrate(table, place=str(path))
    keys = [key.name for key in fields(Config)]
    for key in table:
        if key not in keys:
            from difflib import get_close_matches

            near = get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(keys)}"
            raise ConfigError(f"{path}: unknown key {key!r}; {hint}")
    return table


def _convert(key: str, value: object, *, place: str, strict: bool) -> object:
    kind, meta = _type_of(key)
    try:
        return msgspec.convert(value, Annotated[kind, meta], strict=strict)
    except msgspec.ValidationError as exc:
        message = f"{place}: {key} = {value!r} is not allowed; it must be {allowed(key)}"
        raise ConfigError(message) from exc


def _type_of(key: str) -> tuple[Any, Meta]:
    kind, meta = get_args(get_type_hints(Config, include_extras=True)[key])
    return kind, meta
