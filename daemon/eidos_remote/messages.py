"""The messages between `eidos-remote` and who asks it: eidosctl, and eidosd where it may.

A message is two frames: the protocol's name, and one JSON object that names its kind. No shell
speaks it, so it need not be frames of text as on the daemon's socket.

    Chat, Translate, Suggest   Sending, Piece*, End | Translation | Suggested   or Failure
                               at any time; Failure with the code `consent` where the user
                               has not been told yet what is sent and where
    Allow, Revoke, Ping        Done or Failure
    State                      StateOf
    Cancel                     nothing; neither is what it stops answered

Every reply has the id of its request, and its last one is any of `LAST`.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from eidos.errors import ProtocolError
from eidos.protocol import RequestId, Shell

PROTOCOL: Final = b"eidos-remote/1"
MAX_FRAME_BYTES: Final = 1 << 20
MAX_CHAT_CHARS: Final = 10_000
"""Of one message of a person's; a conversation has more."""
MAX_CONVERSATION_CHARS: Final = 32_000
"""Of what is sent of a conversation, about 8,000 tokens: the oldest turns are left out."""
MAX_TURNS: Final = 1000
MAX_TRANSLATE_CHARS: Final = 5000
VARIABLES: Final = (
    "LLM_API_URL",
    "LLM_API_KEY",
    "OPENAI_API_KEY",
    "OLLAMA_HOST",
    "LIBRETRANSLATE_URL",
    "LIBRETRANSLATE_API_KEY",
)
"""What in a person's environment names a provider, or is its key."""


class Purpose(StrEnum):
    """What a text is sent for; each has to be allowed by itself, for each host."""

    CHAT = "chat"
    TRANSLATE = "translate"
    REQUESTS = "requests"
    """Requests typed at the prompt, to be translated."""
    SUGGEST = "suggest"
    """Requests typed at the prompt, to be answered."""


class Code(StrEnum):
    """Why there is no answer."""

    BAD_MESSAGE = "bad-message"
    VERSION = "version"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    CONTROL_CHARACTER = "control-character"
    CONFIG = "config"
    """No provider, or one that cannot be used as it is configured."""
    CONSENT = "consent"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    """The provider says no: a wrong key, no such model, too many requests."""
    BROKEN = "broken"
    """The provider fails, or answers what cannot be read, or half of it."""
    OPEN = "open"
    """It failed so often that it is not asked for a while (breaker.py)."""
    STOPPING = "stopping"
    INTERNAL = "internal"


class Given(msgspec.Struct, frozen=True):
    """Of who asks: those of VARIABLES that are set. Keys are among them, so it is never shown."""

    variables: dict[str, str] = {}

    def __repr__(self) -> str:
        """Name the variables, without a value."""
        return f"Given({', '.join(sorted(self.variables))})"

    __str__ = __repr__


class Turn(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=True):
    id: RequestId


class Chat(_Request, frozen=True, kw_only=True):
    """Ask for the next turn of a conversation whose last one is the user's."""

    turns: Annotated[tuple[Turn, ...], msgspec.Meta(min_length=1, max_length=MAX_TURNS)]
    shell: Shell | None = None
    """What the answer's commands are to be written for, if that is known."""
    given: Given = Given()


class Translate(_Request, frozen=True, kw_only=True):
    """Ask for `text` in the language `to`; `source` is its own, empty where that is to be found."""

    text: str
    to: str
    source: str = ""
    is_request: bool = False
    """Whether it was typed at the prompt, to become a command."""
    given: Given = Given()

    @property
    def purpose(self) -> Purpose:
        """What has to be allowed for it."""
        return Purpose.REQUESTS if self.is_request else Purpose.TRANSLATE


class Suggest(_Request, frozen=True, kw_only=True):
    """Ask for a command that does what `text` says; eidosd judges whatever comes."""

    text: str
    shell: Shell
    given: Given = Given()


class Allow(_Request, frozen=True, kw_only=True):
    """Note that the user was told what is sent for `purpose` and to which host, and agreed."""

    purpose: Purpose
    host: str


class Revoke(_Request, frozen=True, kw_only=True):
    """Forget what the user agreed to, for one purpose or, where it is None, for all."""

    purpose: Purpose | None = None


class State(_Request, frozen=True, kw_only=True):
    """Ask which providers there are, how they do, and what the user agreed to."""

    given: Given = Given()


class Ping(_Request, frozen=True, kw_only=True):
    """Ask whether anybody is there."""


class Cancel(_Request, frozen=True, kw_only=True):
    """Stop the work on the request of this id and connection."""


AnsweredRequest = Chat | Translate | Suggest | Allow | Revoke | State | Ping
Request = AnsweredRequest | Cancel


class Redacted(msgspec.Struct, frozen=True):
    """Something that was taken out of a text before it went; `shown` has none of the secret."""

    kind: str
    """Like `AWS access key`."""
    shown: str
    """What stands in its place: `[AWS access key 1]`."""


class _Reply(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    id: str


class Sending(_Reply, frozen=True, kw_only=True):
    """The text is about to be sent, to whom, and without what."""

    provider: str
    host: str
    model: str = ""
    redacted: tuple[Redacted, ...] = ()
    left_out_turns: int = 0
    """How many of the oldest turns are not sent: the conversation is too long."""


class Piece(_Reply, frozen=True, kw_only=True):
    """The next part of an answer."""

    text: str


class End(_Reply, frozen=True, kw_only=True):
    """The answer is whole, or was cut by the provider."""

    finish: Literal["stop", "length", "filtered"]
    provider_ms: float
    """From sending to the provider's last byte."""
    total_ms: float


class Translation(_Reply, frozen=True, kw_only=True):
    """The translated text."""

    text: str
    source: str
    """The code of its language, as it was given or found."""
    to: str
    is_same: bool = False
    """Whether the text is in the language already; then nothing was sent."""
    is_kept: bool = False
    """Whether the answer is one of before; then nothing was sent."""
    provider: str = ""
    provider_ms: float = 0.0
    total_ms: float = 0.0


class Suggested(_Reply, frozen=True, kw_only=True):
    """What the provider wrote for a request, as it is: a draft for the validator to judge."""

    command: str
    provider: str
    host: str


class Done(_Reply, frozen=True, kw_only=True):
    """It is done; `message` is for a person."""

    message: str


class StateOf(_Reply, frozen=True, kw_only=True):
    """How it is; `body` is documented in status.py."""

    body: msgspec.Raw


class Notice(msgspec.Struct, frozen=True):
    """What a user is told before the first text goes to a host for a purpose."""

    purpose: Purpose
    provider: str
    host: str
    text: str
    """Some sentences: what is sent, to whom, what is taken out, how to forbid it again."""


class Failure(_Reply, frozen=True, kw_only=True):
    """There is no answer, or no more of it; `message` is for a person and has no secret."""

    code: Code
    message: str
    notice: Notice | None = None
    """With the code `consent` alone."""


Reply = Sending | Piece | End | Translation | Suggested | Done | StateOf | Failure
LAST: Final = (End, Translation, Suggested, Done, StateOf, Failure)
"""The kinds of which one ends a request."""

_encoder: Final = msgspec.json.Encoder()
_requests: Final = msgspec.json.Decoder(Request)
_replies: Final = msgspec.json.Decoder(Reply)


def encode(message: Request | Reply) -> list[bytes]:
    """Return the frames of *message*."""
    return [PROTOCOL, _encoder.encode(message)]


def decode_request(frames: list[bytes]) -> Request:
    """Return the request in *frames*.

    Raises:
        ProtocolError: they hold none of this protocol; the message quotes nothing of it.
    """
    try:
        return _requests.decode(_body(frames))
    except msgspec.MsgspecError as exc:
        raise ProtocolError(
            "the message is no request of eidos-remote's", code=Code.BAD_MESSAGE
        ) from exc


def decode_reply(frames: list[bytes]) -> Reply:
    """Return the reply in *frames*.

    Raises:
        ProtocolError: they hold none of this protocol.
    """
    try:
        return _replies.decode(_body(frames))
    except msgspec.MsgspecError as exc:
        raise ProtocolError(
            "the reply of eidos-remote cannot be read", code=Code.BAD_MESSAGE
        ) from exc


def _body(frames: list[bytes]) -> bytes:
    if len(frames) != 2 or frames[0] != PROTOCOL:  # noqa: PLR2004 - the protocol and the object
        said = f"eidos-remote speaks {PROTOCOL.decode()}, and the other side something else"
        raise ProtocolError(f"{said}; run: eidosctl remote stop", code=Code.VERSION)
    return frames[1]
