"""What the daemon and its engine process say to each other, over the engine's stdin and stdout.

    daemon → engine   EngineSettings as JSON, its only argument; then Jobs, as many at a time as
                      Loaded.slots says, and Cancel for one that nobody waits for any more
    engine → daemon   Loaded once, or Unusable once; then one Done, Failed or Cancelled for each
                      Job, in any order

Each message is 4 bytes of length, big-endian, and as many bytes of MessagePack.
"""

import struct
from typing import Final

import msgspec

from eidos.context import Context, Field
from eidos.endpoint import Endpoint
from eidos.finished import Phase, Tokens
from eidos.logs import LogFormat

_LENGTH: Final = struct.Struct("!I")
LENGTH_BYTES: Final = _LENGTH.size


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine needs to know; given by the daemon as JSON."""

    model_path: str
    tokenizer_path: str
    threads: int
    max_tokens: int
    log_level: str
    log_format: LogFormat = "auto"
    log_mb_per_day: float = 20.0
    graph_cache: str = ""
    """Where the graph is kept as engines share it; empty: each has its own in memory."""
    remote: Endpoint | None = None
    """The server that answers in the model's place."""


class Job(msgspec.Struct, frozen=True, tag=True):
    """Generate up to `count` candidates for the request `text`, asked in `context`."""

    id: str
    text: str
    count: int
    context: Context = Context()
    client: str = ""
    """Who asks, as far as the daemon can tell: jobs of different clients take turns."""


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Nobody waits for the Job of this id: stop it; nothing happens if it was answered already."""

    id: str


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The engine can serve; what it loaded, and how long that took."""

    model: str
    path: str
    sha256: str
    load_time_s: float
    told: tuple[Field, ...] = ()
    """What of a context the model reads."""
    slots: int = 1
    """How many jobs it works on at a time."""


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """The engine cannot serve with these settings; restarting it would not help."""

    message: str


class Draft(msgspec.Struct, frozen=True):
    """A candidate, judged by nobody: what the model wrote, or what is known to do it."""

    text: str
    log_probability: float
    """The natural logarithm of the model's probability of it."""
    tokens: int
    """How many tokens it has, the end counted."""
    is_generated: bool = True
    similarity: float = 0.0
    """How close the request is to a known one with this command; 1 is the same, 0 is none."""
    is_own_form: bool = False
    """Whether the known command is one for this shell alone."""


class Done(msgspec.Struct, frozen=True, tag=True):
    """The answer to the Job of the same id, and what it took."""

    id: str
    drafts: list[Draft]
    phases: tuple[Phase, ...] = ()
    tokens: Tokens = Tokens()


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The Job of this id could not be done; the next one may be."""

    id: str
    message: str


class Cancelled(msgspec.Struct, frozen=True, tag=True):
    """The Job of this id was stopped, as Cancel asked."""

    id: str


ToEngine = Job | Cancel
FromEngine = Loaded | Unusable | Done | Failed | Cancelled

_TO_ENGINE: Final = msgspec.msgpack.Decoder(ToEngine)
_FROM_ENGINE: Final = msgspec.msgpack.Decoder(FromEngine)


def pack(message: ToEngine | FromEngine) -> bytes:
    """Return *message* with its length in front."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def body_bytes(header: bytes) -> int:
    """Return the length that the LENGTH_BYTES bytes of *header* announce."""
    (length,) = _LENGTH.unpack(header)
    return length


def unpack_job(body: bytes) -> ToEngine:
    """Return the Job, or the Cancel of one, in *body*."""
    return _TO_ENGINE.decode(body)


def unpack_answer(body: bytes) -> FromEngine:
    """Return the engine's message in *body*."""
    return _FROM_ENGINE.decode(body)
