"""OpenAI's interface for chats, which Ollama and many servers have: what is sent, and what comes.

Events are read here and not by httpx-sse (0.4.3), which keeps a line that never ends until memory
is full. Of server-sent events these servers use `data:` alone, each with all of a JSON object.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Final, Literal

import msgspec

from eidos_remote.http import Incoming
from eidos_remote.provider import Finish, Message, Provider, ProviderName
from eidos_remote.provider_faults import Fault, broken_answer, broken_off

CHAT_PATH: Final = "/v1/chat/completions"
MODELS_PATH: Final = "/v1/models"
_OTHER_KINDS: Final = re.compile(
    r"embed|whisper|tts|rerank|moderation|image|\bbge\b", re.IGNORECASE
)
"""Models that do not chat, by what they are usually called."""
_OF_OPENAI: Final = re.compile(r"gpt-[0-9.]+o?-mini")
"""OpenAI lists some hundred models; these answer fast, and are named without a date."""
_MAX_PIECE_CHARS: Final = 16_384
"""A piece is one message on our socket, which must not be larger than MAX_FRAME_BYTES."""
_REASONS: Final[dict[str, Literal["stop", "length", "filtered"]]] = {
    "length": "length",
    "content_filter": "filtered",
}


class _Written(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Written | None = None
    message: _Written | None = None
    finish_reason: str | None = None

    @property
    def text(self) -> str:
        """What is written, in an event or in a whole answer."""
        written = self.delta or self.message
        return (written.content if written else None) or ""


class _Answer(msgspec.Struct, frozen=True):
    """One event, or an answer that comes as a whole."""

    choices: list[_Choice] | None = None
    error: msgspec.Raw = msgspec.Raw(b"null")


class _Model(msgspec.Struct, frozen=True):
    id: str
    created: float = 0


class _Models(msgspec.Struct, frozen=True):
    data: list[_Model] | None = None


_ANSWER: Final = msgspec.json.Decoder(_Answer)
_MODELS: Final = msgspec.json.Decoder(_Models)


def chat_body(model: str, messages: Sequence[Message]) -> bytes:
    """Return what is sent to have *model* go on behind *messages*, word for word as it writes."""
    return msgspec.json.encode({"model": model, "messages": messages, "stream": True})


async def read_pieces(incoming: Incoming, provider: Provider) -> AsyncGenerator[str | Finish]:
    """Yield what the model writes as it comes, then why it ends.

    Raises:
        Fault: it is no chat, reports an error, or ends before the model does.
    """
    if incoming.is_json:
        async for piece in _whole(incoming, provider):
            yield piece
        return
    reason, has_event = "", False
    async with aclosing(incoming.lines()) as lines:
        async for line in lines:
            if not line.startswith(b"data:"):
                continue
            has_event, data = True, line[5:].strip()
            choice = _choice(data, provider) if data != b"[DONE]" else None
            for part in _parts(choice):
                yield part
            reason = (choice.finish_reason if choice else None) or reason
            if reason or data == b"[DONE]":
                await incoming.settle(lines)
                yield Finish(_REASONS.get(reason, "stop"))
                return
    raise broken_off(provider) if has_event else _no_chat(provider)


def read_model(body: bytes, provider: Provider) -> str:
    """Return one model of those in *body*, a list of all that *provider* has.

    Raises:
        Fault: it is no such list, or has none that chats.
    """
    try:
        models = _MODELS.decode(body).data or []
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise broken_answer(provider, "does not say which models it has; set chat_model") from None
    if provider.name is ProviderName.OPENAI:
        models = [each for each in models if _OF_OPENAI.fullmatch(each.id)]
        models.sort(key=lambda each: each.created, reverse=True)
    for model in models:
        if model.id and not _OTHER_KINDS.search(model.id):
            return model.id
    cure = "run: ollama pull NAME" if provider.name is ProviderName.OLLAMA else "set chat_model"
    raise broken_answer(provider, f"names no model to chat with; {cure}")


async def _whole(incoming: Incoming, provider: Provider) -> AsyncGenerator[str | Finish]:
    """Yield the answer of a server that does not stream."""
    choice = _choice(await incoming.body(), provider)
    if choice is None:
        raise _no_chat(provider)
    for part in _parts(choice):
        yield part
    yield Finish(_REASONS.get(choice.finish_reason or "", "stop"))


def _parts(choice: _Choice | None) -> Iterator[str]:
    text = choice.text if choice else ""
    for start in range(0, len(text), _MAX_PIECE_CHARS):
        yield text[start : start + _MAX_PIECE_CHARS]


def _choice(data: bytes, provider: Provider) -> _Choice | None:
    """Return the first choice in *data*; None where it has none, as an event about usage."""
    try:
        answer = _ANSWER.decode(data)
    except (ValueError, RecursionError):
        raise _no_chat(provider) from None
    if bytes(answer.error) != b"null":
        raise broken_answer(
            provider, "reports an error in place of an answer; ask again, or ask who runs it"
        )
    return answer.choices[0] if answer.choices else None


def _no_chat(provider: Provider) -> Fault:
    return broken_answer(
        provider, "answered what is no chat of OpenAI's form; check its address and chat_model"
    )
