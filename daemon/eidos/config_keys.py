"""The keys of the daemon: what each is for, what it may be, and what it is when nobody sets it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta

RuleLevel = Literal["ok", "warn", "block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonKeys:
    """What `eidosd` reads."""

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
