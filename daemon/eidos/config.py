"""Settings: environment over file over defaults, each value checked against its type.

Every field of Config is a key of the TOML file and, in capitals behind `EIDOS_`, a variable.
docs/configuration.md is generated from this module.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from eidos import config_schema
from eidos.errors import ConfigError

RuleLevel = Literal["ok", "warn", "block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one daemon; immutable, built once in `main`."""

    model_path: Annotated[
        str, Meta(description="A causal-LM ONNX file, or its folder; empty: the embedded model.")
    ] = ""
    tokenizer_path: Annotated[
        str, Meta(description="The model's tokenizer.json; empty: the one beside the model.")
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="What is logged; request texts and commands appear at debug only."),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "plain", "json"],
        Meta(description="auto: fields for the journal under systemd, else plain lines."),
    ] = "auto"
    log_mb_per_day: Annotated[
        int, Meta(ge=1, le=10_000, description="More than this is not logged in a day.")
    ] = 100
    trace_url: Annotated[
        str,
        Meta(
            description="An OpenTelemetry collector that is told how long each request took.",
            extra={"noun": "an address: https, or http to this machine"},
        ),
    ] = ""
    trace_share: Annotated[
        float, Meta(ge=0, le=1, description="The share of requests that the collector is told of.")
    ] = 1.0
    keep_days: Annotated[
        int, Meta(ge=1, le=3650, description="How long day counts and the audit log are kept.")
    ] = 400
    threads: Annotated[int, Meta(ge=1, le=64, description="Threads that a model uses.")] = 2
    max_tokens: Annotated[
        int, Meta(ge=8, le=512, description="Longest command, in tokens of the model.")
    ] = 96
    queue_size: Annotated[
        int, Meta(ge=1, le=1000, description="Requests that may wait; more are told 'busy'.")
    ] = 32
    deadline_s: Annotated[
        float,
        Meta(ge=0.1, le=300, description="A request that is older, or would be, gets an error."),
    ] = 10.0
    rate_limit_per_s: Annotated[
        int,
        Meta(ge=0, le=10_000, description="Requests a second from one program; 0: no limit."),
    ] = 50
    engines: Annotated[
        int, Meta(ge=1, le=8, description="Engine processes, each with a model and its threads.")
    ] = 1
    engine_timeout_s: Annotated[
        float, Meta(ge=0.1, le=300, description="An engine silent for longer is restarted.")
    ] = 20.0
    cache_size: Annotated[
        int, Meta(ge=0, le=1024, description="Answers that are kept, in memory alone; 0: none.")
    ] = 256
    cache_age_s: Annotated[
        float, Meta(ge=1, le=86_400, description="How long an answer is kept.")
    ] = 3600.0
    drain_timeout_s: Annotated[
        float, Meta(ge=0, le=60, description="How long SIGTERM waits for requests under way.")
    ] = 3.0
    memory_limit_mb: Annotated[
        int,
        Meta(
            ge=64,
            le=65_536,
            description="The daemon (without its engine) stops itself above this, to be restarted.",
        ),
    ] = 512
    context: Annotated[
        bool,
        Meta(description="Whether the folder and the last command that a shell tells may count."),
    ] = True
    remote_url: Annotated[
        str,
        Meta(
            description="An OpenAI-compatible server to ask in the model's place: texts go there.",
            extra={"noun": "an address: https, or http to this machine"},
        ),
    ] = ""
    remote_model: Annotated[
        str,
        Meta(description="The model's name on that server.", extra={"noun": "a name"}),
    ] = ""
    remote_kind: Annotated[
        Literal["completion", "chat"],
        Meta(description="Whether it serves Eidos' own weights, or a general chat model."),
    ] = "completion"
    remote_key_file: Annotated[
        str, Meta(description="A file of mode 0600 with its key; or EIDOS_REMOTE_KEY.")
    ] = ""
    remote_timeout_s: Annotated[
        float,
        Meta(ge=0.1, le=300, description="How long its answer may take, a second try included."),
    ] = 8.0
    profile: Annotated[
        Literal["strict", "balanced", "warn-only"],
        Meta(description="How strict the validator is; docs/validator.md says what each does."),
    ] = "balanced"
    rules: Annotated[
        Mapping[str, RuleLevel],
        Meta(description="Levels of single rules of the validator; uses are in the audit log."),
    ] = field(default_factory=lambda: MappingProxyType({}))

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
