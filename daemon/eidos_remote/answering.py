"""One request in, its replies out, whatever happens: the order of the steps, and no more.

A text goes nowhere before it has been checked, has been cleaned of secrets and may go there:
limits → provider → consent → redaction → `Sending` → the provider.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from eidos.config import Config
from eidos.errors import (
    ConfigError,
    EidosError,
    ProtocolError,
    ProviderError,
    RequestRefused,
    raised_at,
)
from eidos.frames import check_text
from eidos_remote.asking import Asking
from eidos_remote.chat import check_turns, conversation
from eidos_remote.consent import ConsentNeeded, Consents
from eidos_remote.messages import (
    MAX_TRANSLATE_CHARS,
    Allow,
    AnsweredRequest,
    Chat,
    Code,
    Done,
    End,
    Failure,
    Notice,
    Piece,
    Ping,
    Purpose,
    Redacted,
    Reply,
    Revoke,
    Sending,
    State,
    StateOf,
    Suggest,
    Suggested,
    Translate,
    Translation,
)
from eidos_remote.provider import Finish, Provider
from eidos_remote.providers import chat_provider, translate_provider
from eidos_remote.redaction import Clean, redact, redact_turns
from eidos_remote.suggestion import command_for
from eidos_remote.translation import MAX_ANSWER_CHARS, Translator, too_long

log = logging.getLogger(__name__)

Send = Callable[[Reply], Awaitable[None]]
"""Sends a reply to whoever asked."""


class Host(Protocol):
    """What the rest of the process knows: the server here."""

    def config(self) -> Config:
        """Return the configuration as it is now.

        Raises:
            ConfigError: it cannot be read.
        """
        ...

    def state(self, request: State) -> msgspec.Raw:
        """Return the body of a StateOf."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What an answer needs beside its request."""

    host: Host
    environ: Mapping[str, str]
    """Of this process; what a request brings comes before it."""
    consents: Consents
    asking: Asking
    translator: Translator


class Answering:
    """Fulfils requests, one at a time or many at once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, request: AnsweredRequest, send: Send) -> str:
        """Send all replies to *request*, the last of which ends it; return the outcome for a log.

        Cancelled, it closes the connection to the provider and sends nothing more.
        """
        try:
            await self._fulfil(request, send)
        except ConsentNeeded as exc:
            return await _fail(request, send, Code.CONSENT, str(exc), exc.notice)
        except (ProtocolError, ProviderError, RequestRefused) as exc:
            return await _fail(request, send, Code(exc.code), str(exc))
        except ConfigError as exc:
            return await _fail(request, send, Code.CONFIG, str(exc))
        except EidosError as exc:
            return await _fail(request, send, Code.INTERNAL, str(exc))
        except Exception as exc:  # noqa: BLE001 - who meets a bug gets an answer, and so does the next
            # Neither the exception's words nor the lines of a traceback: a text may be in both.
            log.error("request=%s failed: %s", request.id, raised_at(exc))  # noqa: TRY400
            reason = f"internal error: {raised_at(exc)}; please report this"
            return await _fail(request, send, Code.INTERNAL, reason)
        return "ok"

    async def _fulfil(self, request: AnsweredRequest, send: Send) -> None:
        parts = self._parts
        match request:
            case Chat():
                await self._chat(request, send)
            case Translate():
                await self._translate(request, send)
            case Suggest():
                await self._suggest(request, send)
            case Allow():
                await asyncio.to_thread(parts.consents.allow, request.purpose, request.host)
                message = f"{request.host} may be asked for: {request.purpose}"
                await send(Done(id=request.id, message=message))
            case Revoke():
                parts.translator.forget()
                count = await asyncio.to_thread(parts.consents.revoke, request.purpose)
                await send(Done(id=request.id, message=_taken_back(count)))
            case State():
                await send(StateOf(id=request.id, body=parts.host.state(request)))
            case Ping():
                await send(Done(id=request.id, message="eidos-remote is there"))

    async def _chat(self, request: Chat, send: Send) -> None:
        begin_s = time.monotonic()
        check_turns(request.turns)
        config = self._parts.host.config()
        provider = chat_provider(config, request.given.variables, self._parts.environ)
        self._parts.consents.check(Purpose.CHAT, provider, is_redacted=config.redact)
        turns, found = request.turns, ()
        if config.redact:  # up to 3 ms for 1,000 characters
            turns, found = await asyncio.to_thread(redact_turns, request.turns)
        messages, left_out = conversation(turns, request.shell)
        provider = replace(provider, model=await self._parts.asking.model_of(provider))
        await send(_sending(request.id, provider, found, left_out))
        finish, sent_s = Finish("stop"), time.monotonic()
        async with aclosing(self._parts.asking.stream(provider, messages)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Finish):
                    finish = piece
                else:
                    await send(Piece(id=request.id, text=piece))
        end_s = time.monotonic()
        await send(
            End(
                id=request.id,
                finish=finish.reason,
                provider_ms=(end_s - sent_s) * 1000,
                total_ms=(end_s - begin_s) * 1000,
            )
        )

    async def _translate(self, request: Translate, send: Send) -> None:
        begin_s = time.monotonic()
        text = check_text(request.text, limit=MAX_TRANSLATE_CHARS, noun="text")
        config = self._parts.host.config()
        provider = translate_provider(config, request.given.variables, self._parts.environ)
        clean = await self._clean(text, config)

        async def about_to_send() -> None:
            # Not before: who asks for what is kept, or is in the language already, sends nothing.
            self._parts.consents.check(request.purpose, provider, is_redacted=config.redact)
            await send(_sending(request.id, provider, clean.found))

        result = await self._parts.translator.translate(
            clean.text,
            source=request.source,
            to=request.to,
            provider=provider,
            about_to_send=about_to_send,
        )
        restored = clean.restore(result.text)
        if len(restored) > MAX_ANSWER_CHARS:  # who writes a mark a thousand times gets it so often
            raise too_long(provider)
        await send(
            Translation(
                id=request.id,
                text=restored,
                source=result.source,
                to=request.to,
                is_same=result.is_same,
                is_kept=result.is_kept,
                provider=provider.shown,
                provider_ms=result.provider_ms,
                total_ms=(time.monotonic() - begin_s) * 1000,
            )
        )

    async def _suggest(self, request: Suggest, send: Send) -> None:
        text = check_text(request.text)
        config = self._parts.host.config()
        provider = chat_provider(config, request.given.variables, self._parts.environ)
        self._parts.consents.check(Purpose.SUGGEST, provider, is_redacted=config.redact)
        clean = await self._clean(text, config)
        await send(_sending(request.id, provider, clean.found))
        command = await command_for(clean.text, request.shell, provider, self._parts.asking)
        await send(
            Suggested(
                id=request.id,
                command=clean.restore(command),
                provider=provider.name,
                host=provider.host,
            )
        )

    async def _clean(self, text: str, config: Config) -> Clean:
        return await asyncio.to_thread(redact, text) if config.redact else Clean(text, (), {})


def _sending(
    identity: str, provider: Provider, found: tuple[Redacted, ...], left_out: int = 0
) -> Sending:
    return Sending(
        id=identity,
        provider=provider.name,
        host=provider.host,
        model=provider.model,
        redacted=found,
        left_out_turns=left_out,
    )


async def _fail(
    request: AnsweredRequest, send: Send, code: Code, message: str, notice: Notice | None = None
) -> str:
    await send(Failure(id=request.id, code=code, message=message, notice=notice))
    return str(code)


def _taken_back(count: int) -> str:
    return "there was no permission" if not count else f"taken back: {count} of your permissions"
