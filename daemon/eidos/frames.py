"""Requests and replies as ZeroMQ frames: written, and read with every field checked."""

import re
import unicodedata
from typing import Final

import msgspec

from eidos.errors import ProtocolError
from eidos.protocol import (
    MAX_LAST_CHARS,
    MAX_TEXT_CHARS,
    PROTOCOL,
    REPLIES,
    REQUESTS,
    Candidate,
    ErrorCode,
    Health,
    MetricsText,
    Reply,
    Request,
    RequestId,
    Status,
    Suggestions,
    SuggestRequest,
)

MAX_FRAMES: Final = 9
"""Of the longest request."""
# What is said of a message is logged, and a client that mixes up its frames sends what was typed
# in any of them: only what looks like ours is quoted.
_VERSION: Final = re.compile(r"eidos/\d{1,4}")
_KIND: Final = re.compile(r"[a-z]{1,20}")
_VALUE: Final = re.compile(r"(?<=^Invalid enum value) (?!'[a-z]{1,20}' - ).*(?= - at `)", re.DOTALL)
"""How msgspec quotes a value that is in no enumeration."""


def check_text(text: str, *, limit: int = MAX_TEXT_CHARS, noun: str = "request") -> str:
    """Return *text* without surrounding blanks, if a model may be asked it.

    Line breaks and tabs are allowed, since a buffer may have several lines. *noun* is what the
    text is called in messages.

    Raises:
        ProtocolError: it is empty, longer than *limit*, or holds control characters.
    """
    stripped = text.strip()
    if not stripped:
        message = f"the {noun} is empty; type one, then ask again"
        raise ProtocolError(message, code=ErrorCode.EMPTY)
    if len(stripped) > limit:
        message = f"the {noun} has {len(stripped)} characters; the limit is {limit}"
        raise ProtocolError(message, code=ErrorCode.TOO_LONG)
    for position, char in enumerate(stripped, 1):
        if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cs"}:
            where = f"(U+{ord(char):04X}) at position {position}"
            message = f"the {noun} has a control character {where}; delete it and ask again"
            raise ProtocolError(message, code=ErrorCode.CONTROL_CHARACTER)
    return stripped


def encode_request(request: Request) -> list[bytes]:
    """Return the frames of *request*."""
    kind = next(kind for kind, cls in REQUESTS.items() if type(request) is cls)
    return [PROTOCOL.encode(), kind.encode(), *_fields(request)]


def decode_request(frames: list[bytes]) -> Request:
    """Return the request in *frames*, all fields checked, its text as `check_text` leaves it.

    Raises:
        ProtocolError: anything else than one well-formed request of this protocol version.
    """
    if frames and frames[0] != PROTOCOL.encode():
        version = _named(_VERSION, _text(frames[0]), "something else")
        said = f"this daemon speaks {PROTOCOL}, the client {version}"
        message = f"{said}; open a new shell after an upgrade, or run: eidosctl restart"
        raise ProtocolError(message, code=ErrorCode.VERSION)
    if not 3 <= len(frames) <= MAX_FRAMES:  # noqa: PLR2004 - protocol, kind, id
        raise ProtocolError(f"a request has 3 to {MAX_FRAMES} frames, this message {len(frames)}")
    kind = _text(frames[1])
    cls = REQUESTS.get(kind)
    if cls is None:
        name = _named(_KIND, kind, "of another form")
        raise ProtocolError(f"unknown request {name}; known: {', '.join(REQUESTS)}")
    names = cls.__struct_fields__
    if len(frames) - 2 != len(names):
        raise ProtocolError(f"{kind} has the fields {', '.join(names)}; {len(frames) - 2} came")
    fields = {name: _field(name, frame) for name, frame in zip(names, frames[2:], strict=True)}
    try:
        request = msgspec.convert(fields, cls, strict=False)
    except msgspec.ValidationError as exc:
        raise ProtocolError(f"{kind}: {_VALUE.sub('', str(exc))}") from exc
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
    kind = next(kind for kind, cls in REPLIES.items() if type(reply) is cls)
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
        cls = REPLIES[_text(kind)]
        if issubclass(cls, Status | Health | MetricsText):
            return cls(id=_text(rest[0]), body=rest[1])
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


def _fields(message: Request | Reply | Candidate) -> list[bytes]:
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


def _named(form: re.Pattern[str], text: str, otherwise: str) -> str:
    return repr(text) if form.fullmatch(text) else otherwise


def _text(frame: bytes) -> str:
    try:
        return frame.decode()
    except UnicodeDecodeError as exc:
        message = "the message is not valid UTF-8; type the request again"
        raise ProtocolError(message, code=ErrorCode.INVALID_UTF8) from exc
