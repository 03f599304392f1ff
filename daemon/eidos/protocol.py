"""The messages on the socket: what they hold, and how they become ZeroMQ frames.

A message is its fields, one frame each, in the order of the class, all UTF-8 text. There is no
JSON on the way from a key to the prompt, because a shell can split frames and cannot parse JSON.
Clients are DEALER sockets and send no empty delimiter; the daemon is a ROUTER.

    request  eidos/2 | suggest | id | shell | count | cwd | last | status | text
             eidos/2 | status  | id
             eidos/2 | ping    | id
             eidos/2 | cancel  | id of a request
    reply    eidos/2 | suggestions | id | total_ms
                     | (command | verdict | reason | score | certainty)*
             eidos/2 | error       | id | code | message
             eidos/2 | status      | id | body (one JSON object)
             eidos/2 | pong        | id | version of the daemon

`id` is chosen by the client and stands in every log line about the request and in the reply
("-" where the daemon could not read one). A client that does not know `cwd`, `last` or `status`, or
does not tell, leaves it empty. `cancel` says that nobody waits any more for the request of that id;
it comes over the same connection, and neither it nor the request that it stops is answered. Where
no such request is under way, nothing happens. Candidates come by their score, which is the
probability that they are right, the best first; those with the verdict `block` come last. Such a
one must never be placed in a prompt; its command is empty where even showing it would be unsafe.
"""

import unicodedata
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from eidos.errors import ProtocolError

PROTOCOL: Final = "eidos/2"
MAX_TEXT_CHARS: Final = 1000
MAX_LAST_CHARS: Final = 1000  # what is longer is cut
MAX_FRAME_BYTES: Final = 65_536
"""No frame is larger, in either direction; ZMQ_MAXMSGSIZE drops the connection that tries."""
MAX_FRAMES: Final = 9  # of the longest request
MAX_CANDIDATES: Final = 8

# \Z and not $, which would let a line break at the end pass, and so split a line of the log.
RequestId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")]


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
    STOPPING = "stopping"


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


Request = SuggestRequest | StatusRequest | PingRequest | CancelRequest
_REQUESTS: Final[dict[str, type[Request]]] = {
    "suggest": SuggestRequest,
    "status": StatusRequest,
    "ping": PingRequest,
    "cancel": CancelRequest,
}


class Candidate(msgspec.Struct, frozen=True):
    """One command with the validator's verdict; `score` is its probability of being right."""

    command: str
    verdict: Level
    reason: str
    score: float
    certainty: Certainty = Certainty.SURE


class Suggestions(msgspec.Struct, frozen=True):
    """The answer to a SuggestRequest; `total_ms` counts from the request's arrival."""

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


class Pong(msgspec.Struct, frozen=True):
    """The answer to a PingRequest."""

    id: str
    version: str


Reply = Suggestions | Failure | Status | Pong
_REPLIES: Final = {"suggestions": Suggestions, "error": Failure, "status": Status, "pong": Pong}


def check_text(text: str) -> str:
    """Return *text* without surrounding blanks, if a model may be asked it.

    Line breaks and tabs are allowed, since a buffer may have several lines.

    Raises:
        ProtocolError: it is empty, longer than MAX_TEXT_CHARS, or holds control characters.
    """
    stripped = text.strip()
    if not stripped:
        message = "the request is empty; type what you want to do, then ask again"
        raise ProtocolError(message, code=ErrorCode.EMPTY)
    if len(stripped) > MAX_TEXT_CHARS:
        message = f"the request has {len(stripped)} characters; the limit is {MAX_TEXT_CHARS}"
        raise ProtocolError(message, code=ErrorCode.TOO_LONG)
    for position, char in enumerate(stripped, 1):
        if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cs"}:
            where = f"(U+{ord(char):04X}) at position {position}"
            message = f"the request has a control character {where}; delete it and ask again"
            raise ProtocolError(message, code=ErrorCode.CONTROL_CHARACTER)
    return stripped


def encode_request(request: Request) -> list[bytes]:
    """Return the frames of *request*."""
    kind = next(kind for kind, cls in _REQUESTS.items() if type(request) is cls)
    return [PROTOCOL.encode(), kind.encode(), *_fields(request)]


def decode_request(frames: list[bytes]) -> Request:
    """Return the request in *frames*, all fields checked, its text as `check_text` leaves it.

    Raises:
        ProtocolError: anything else than one well-formed request of this protocol version.
    """
    if frames and frames[0] != PROTOCOL.encode():
        said = f"this daemon speaks {PROTOCOL}, the client {_text(frames[0])[:20]!r}"
        message = f"{said}; open a new shell after an upgrade, or run: eidosctl restart"
        raise ProtocolError(message, code=ErrorCode.VERSION)
    if not 3 <= len(frames) <= MAX_FRAMES:  # noqa: PLR2004 - protocol, kind, id
        raise ProtocolError(f"a request has 3 to {MAX_FRAMES} frames, this message {len(frames)}")
    kind = _text(frames[1])
    cls = _REQUESTS.get(kind)
    if cls is None:
        raise ProtocolError(f"unknown request {kind[:20]!r}; known: {', '.join(_REQUESTS)}")
    names = cls.__struct_fields__
    if len(frames) - 2 != len(names):
        raise ProtocolError(f"{kind} has the fields {', '.join(names)}; {len(frames) - 2} came")
    fields = {name: _field(name, frame) for name, frame in zip(names, frames[2:], strict=True)}
    try:
        request = msgspec.convert(fields, cls, strict=False)
    except msgspec.ValidationError as exc:
        raise ProtocolError(f"{kind}: {exc}") from exc
    if isinstance(request, SuggestRequest):
        request = msgspec.structs.replace(request, text=check_text(request.text))
    return request


def request_id(frames: list[bytes]) -> str:
    """Return the id in *frames* for an error reply, or "-" where there is none to trust."""
    try:
        return msgspec.convert(_text(frames[2]), RequestId)
    except (IndexError, ProtocolError, msgspec.ValidationError):
        return "-"


def encode_reply(reply: Reply) -> list[bytes]:
    """Return the frames of *reply*."""
    kind = next(kind for kind, cls in _REPLIES.items() if type(reply) is cls)
    head = [PROTOCOL.encode(), kind.encode()]
    if not isinstance(reply, Suggestions):
        return [*head, *_fields(reply)]
    frames = [*head, reply.id.encode(), f"{reply.total_ms:.1f}".encode()]
    for candidate in reply.candidates:
        frames += _fields(msgspec.structs.replace(candidate, score=round(candidate.score, 4)))
    return frames


def decode_reply(frames: list[bytes]) -> Reply:
    """Return the reply in *frames*.

    Raises:
        ProtocolError: the frames are not a reply of this protocol version.
    """
    try:
        head, kind, *rest = frames
        if head != PROTOCOL.encode():
            message = f"the daemon speaks {head[:20]!r}, this client {PROTOCOL}: eidosctl restart"
            raise ProtocolError(message, code=ErrorCode.VERSION)
        cls = _REPLIES[_text(kind)]
        if cls is Status:
            return Status(id=_text(rest[0]), body=rest[1])
        texts = [_text(frame) for frame in rest]
        if cls is not Suggestions:
            return msgspec.convert(dict(zip(cls.__struct_fields__, texts, strict=True)), cls)
        body, flat = texts[:2], texts[2:]
        fields = Candidate.__struct_fields__
        rows = [flat[i : i + len(fields)] for i in range(0, len(flat), len(fields))]
        candidates = [dict(zip(fields, row, strict=True)) for row in rows]
        message = {"id": body[0], "total_ms": body[1], "candidates": candidates}
        return msgspec.convert(message, Suggestions, strict=False)
    except (KeyError, ValueError, IndexError, msgspec.ValidationError) as exc:
        raise ProtocolError(f"the reply of the daemon cannot be read: {exc}") from exc


def _fields(message: Request | Candidate | Failure | Status | Pong) -> list[bytes]:
    return [_frame(getattr(message, name)) for name in message.__struct_fields__]


def _frame(value: bytes | str | int | None) -> bytes:
    if isinstance(value, bytes):
        return value
    return b"" if value is None else str(value).encode(errors="surrogateescape")


def _field(name: str, frame: bytes) -> str | None:
    if name == "cwd":
        return frame.decode(errors="surrogateescape")  # any byte may be in a folder's name
    if name == "last":
        text = frame.decode(errors="replace")[:MAX_LAST_CHARS]
        return "".join(char if char.isprintable() else " " for char in text).strip()
    return _text(frame) or (None if name == "status" else "")


def _text(frame: bytes) -> str:
    try:
        return frame.decode()
    except UnicodeDecodeError as exc:
        message = "the message is not valid UTF-8; type the request again"
        raise ProtocolError(message, code=ErrorCode.INVALID_UTF8) from exc
