"""The messages on the socket: what they hold; frames.py puts them into ZeroMQ frames.

A message is its fields, one frame each, in the order of the class, all UTF-8 text. There is no
JSON on the way from a key to the prompt, because a shell can split frames and cannot parse JSON.
Clients are DEALER sockets and send no empty delimiter; the daemon is a ROUTER.

    request  eidos/2 | suggest | id | shell | count | cwd | last | status | text
             eidos/2 | cancel  | id of a request
             eidos/2 | ping    | id
             eidos/2 | status  | id
             eidos/2 | health  | id
             eidos/2 | metrics | id
             eidos/2 | reload  | id
             eidos/2 | level   | id | level
             eidos/2 | forget  | id
             eidos/2 | offer   | id | shell | command
             eidos/2 | take    | id | shell
    reply    eidos/2 | suggestions | id | total_ms
                     | (command | verdict | reason | score | certainty)*
             eidos/2 | error       | id | code | message
             eidos/2 | pong        | id | version of the daemon
             eidos/2 | status      | id | body (one JSON object)
             eidos/2 | health      | id | body (one JSON object)
             eidos/2 | metrics     | id | body (Prometheus' text format)
             eidos/2 | done        | id | message

`id` is chosen by the client and stands in every log line about the request and in the reply
("-" where the daemon could not read one). A client that does not know `cwd`, `last` or `status`, or
does not tell, leaves it empty. `cancel` says that nobody waits any more for the request of that id;
it comes over the same connection, and neither it nor the request that it stops is answered. Where
no such request is under way, nothing happens. `reload`, `level`, `forget` and `offer` change the
daemon, and are answered with `done` or `error`; an older daemon answers `bad-message` to what it
does not know. `offer` gives a command that a person picked elsewhere, and `take`, which a widget
sends where its line is empty, brings it as the one candidate of `suggestions`, or `error` with
`empty` where there is none.
`reason` is the validator's; where that has none to say, or behind what it says, stands a notice for
the person at the prompt: that the request was translated, and to what; or who wrote the command.
Candidates come by their score, which is the
probability that they are right, the best first; those with the verdict `block` come last. Such a
one must never be placed in a prompt; its command is empty where even showing it would be unsafe.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

PROTOCOL: Final = "eidos/2"
MAX_TEXT_CHARS: Final = 1000
MAX_LAST_CHARS: Final = 1000  # what is longer is cut
MAX_FRAME_BYTES: Final = 65_536
"""No frame is larger, in either direction; ZMQ_MAXMSGSIZE drops the connection that tries."""
MAX_CANDIDATES: Final = 8

# \Z and not $, which would let a line break at the end pass, and so split a line of the log.
RequestId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")]


class LogLevel(StrEnum):
    """What is logged: this and all that is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Shell(StrEnum):
    """The shell a command is written for."""

    ZSH = "zsh"
    BASH = "bash"
    FISH = "fish"


class Level(StrEnum):
    """What the validator says of a command: offer it, offer it with a warning, do not offer it."""

    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


class Certainty(StrEnum):
    """Whether the daemon would stand by a command, or is guessing."""

    SURE = "sure"
    UNSURE = "unsure"


class ErrorCode(StrEnum):
    """Why there is no answer."""

    BAD_MESSAGE = "bad-message"
    VERSION = "version"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    CONTROL_CHARACTER = "control-character"
    INVALID_UTF8 = "invalid-utf8"
    BUSY = "busy"
    DEADLINE = "deadline"
    ENGINE = "engine"
    CONFIG = "config"
    STOPPING = "stopping"
    BLOCKED = "blocked"
    """A command that was to be offered may not be."""


class SuggestRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ask for up to `count` commands that do what `text` says, in the grammar of `shell`.

    `cwd` is the shell's folder, absolute or empty; `last` its last command line, and `status`
    that one's exit status, None if unknown. `cwd` may have surrogateescape'd bytes.
    """

    id: RequestId
    shell: Shell
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_CANDIDATES)]
    cwd: Annotated[str, msgspec.Meta(pattern=r"\A(/|\Z)")] = ""
    last: str = ""
    status: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None
    text: str


class StatusRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask how the daemon is."""

    id: RequestId


class PingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask whether the daemon's loop runs; answered without the engine."""

    id: RequestId


class CancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stop the work on the request of this id and connection; there is no answer to either."""

    id: RequestId


class HealthRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask whether the daemon can do its work, by its own view."""

    id: RequestId


class MetricsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for the figures that Prometheus collects."""

    id: RequestId


class ReloadRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have the daemon read its configuration again; it keeps the old one where that fails."""

    id: RequestId


class LevelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have the daemon log from `level` on, until it ends or reads its configuration again."""

    id: RequestId
    level: LogLevel


class ForgetRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have the daemon forget the answers that it keeps."""

    id: RequestId


class OfferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have the daemon keep `command`, which a person picked, for the next empty prompt."""

    id: RequestId
    shell: Shell
    command: str


class TakeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for the command that was offered last, for a prompt of `shell`; it is given once."""

    id: RequestId
    shell: Shell


AnsweredRequest = (
    SuggestRequest
    | PingRequest
    | StatusRequest
    | HealthRequest
    | MetricsRequest
    | ReloadRequest
    | LevelRequest
    | ForgetRequest
    | OfferRequest
    | TakeRequest
)
Request = AnsweredRequest | CancelRequest
REQUESTS: Final[dict[str, type[Request]]] = {
    "suggest": SuggestRequest,
    "cancel": CancelRequest,
    "ping": PingRequest,
    "status": StatusRequest,
    "health": HealthRequest,
    "metrics": MetricsRequest,
    "reload": ReloadRequest,
    "level": LevelRequest,
    "forget": ForgetRequest,
    "offer": OfferRequest,
    "take": TakeRequest,
}
"""The kinds of requests, as they are called in a message."""


class Candidate(msgspec.Struct, frozen=True):
    """One command with the validator's verdict; `score` is its probability of being right.

    A `reason` of a command that is ok is a notice, which says where it comes from.
    """

    command: str
    verdict: Level
    reason: str
    score: float
    certainty: Certainty = Certainty.SURE


class Suggestions(msgspec.Struct, frozen=True):
    """The answer to a SuggestRequest or a TakeRequest; `total_ms` counts from its arrival."""

    id: str
    total_ms: float
    candidates: tuple[Candidate, ...]


class Failure(msgspec.Struct, frozen=True):
    """The answer to a request that could not be served; `message` is for a person."""

    id: str
    code: ErrorCode
    message: str


class Status(msgspec.Struct, frozen=True):
    """The answer to a StatusRequest; `body` is one JSON object, documented in status.py."""

    id: str
    body: bytes


class Health(msgspec.Struct, frozen=True):
    """The answer to a HealthRequest; `body` is one JSON object, documented in health.py."""

    id: str
    body: bytes


class MetricsText(msgspec.Struct, frozen=True):
    """The answer to a MetricsRequest; `body` is in Prometheus' text format."""

    id: str
    body: bytes


class Done(msgspec.Struct, frozen=True):
    """The answer to a request that changes the daemon; `message` is for a person."""

    id: str
    message: str


class Pong(msgspec.Struct, frozen=True):
    """The answer to a PingRequest."""

    id: str
    version: str


Reply = Suggestions | Failure | Pong | Status | Health | MetricsText | Done
REPLIES: Final[dict[str, type[Reply]]] = {
    "suggestions": Suggestions,
    "error": Failure,
    "pong": Pong,
    "status": Status,
    "health": Health,
    "metrics": MetricsText,
    "done": Done,
}
"""The kinds of replies, as they are called in a message."""
