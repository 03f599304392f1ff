"""Ask providers: through their breakers, again where that helps, within the time they may take."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

from eidos_remote.breaker import Breaker, BreakerState, Trial
from eidos_remote.http import Connections
from eidos_remote.libretranslate import TRANSLATE_PATH, read_translation, translate_body
from eidos_remote.messages import Code
from eidos_remote.openai_chat import CHAT_PATH, MODELS_PATH, chat_body, read_model, read_pieces
from eidos_remote.provider import Finish, Message, Provider, ProviderName
from eidos_remote.provider_faults import Fault
from eidos_remote.retrying import TRIES, Sleep, with_retries

Value = TypeVar("Value")
Pieces = AsyncGenerator[str | Finish]


class Asking:
    """All providers of this process; for one asyncio loop."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._connections = Connections()
        self._breakers: dict[tuple[ProviderName, str], Breaker] = {}
        """By name and address."""
        self._models: dict[str, str] = {}
        """What was found at an address where no model is named."""

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    def breakers(self) -> list[BreakerState]:
        """Return how each provider does that was asked."""
        return [breaker.state() for breaker in self._breakers.values()]

    async def model_of(self, provider: Provider) -> str:
        """Return the model that *provider* is asked for; where none is named, one that it has.

        Raises:
            ProviderError: it cannot be asked, or has none.
        """
        # What is known is no answer of the provider's: counted as one, it would close its breaker.
        if known := self._known_model(provider):
            return known
        return await self._guarded(provider, lambda ends_s: self._model(provider, ends_s))

    async def stream(self, provider: Provider, messages: Sequence[Message]) -> Pieces:
        """Yield what *provider* answers to *messages*, piece by piece, then why it ends.

        It is tried again only as long as no piece has come. Closed or cancelled, it closes its
        connection, by which a server learns to stop; so close it, with `contextlib.aclosing`.

        Raises:
            ProviderError: there is no answer, or no more of it.
        """
        ends_s = asyncio.get_running_loop().time() + provider.total_timeout_s

        async def begin() -> tuple[str | Finish, Pieces]:
            pieces = self._pieces(provider, messages, ends_s)
            return await anext(pieces), pieces

        with self._breaker(provider).trial() as trial:
            first, pieces = await self._retried(begin, ends_s, trial)
            trial.is_answered = True
            async with aclosing(pieces):
                yield first
                async for piece in pieces:
                    yield piece

    async def translate(self, provider: Provider, text: str, *, source: str, to: str) -> str:
        """Return *text* in the language *to*, by a LibreTranslate server.

        Raises:
            ProviderError: there is no answer.
        """
        body = translate_body(provider, text, source=source, to=to)

        async def attempt(ends_s: float) -> str:
            answer = await self._fetch(provider, TRANSLATE_PATH, body, ends_s)
            return read_translation(answer, provider)

        return await self._guarded(provider, attempt)

    async def _guarded(
        self, provider: Provider, attempt: Callable[[float], Awaitable[Value]]
    ) -> Value:
        ends_s = asyncio.get_running_loop().time() + provider.total_timeout_s
        with self._breaker(provider).trial() as trial:
            return await self._retried(lambda: attempt(ends_s), ends_s, trial)

    async def _retried(
        self, attempt: Callable[[], Awaitable[Value]], ends_s: float, trial: Trial
    ) -> Value:
        """Return what *attempt* returns; where a provider is probed, it is made once."""
        tries = 1 if trial.is_probe else TRIES
        return await with_retries(attempt, ends_s=ends_s, tries=tries, sleep=self._sleep)

    async def _pieces(
        self, provider: Provider, messages: Sequence[Message], ends_s: float
    ) -> Pieces:
        body = chat_body(await self._model(provider, ends_s), messages)
        try:
            async with (
                self._connections.exchange(provider, CHAT_PATH, body, ends_s=ends_s) as incoming,
                aclosing(read_pieces(incoming, provider)) as pieces,
            ):
                async for piece in pieces:
                    yield piece
        except Fault as exc:
            if exc.code == Code.REFUSED:  # the model may be gone
                self._models.pop(provider.url, None)
            raise

    async def _model(self, provider: Provider, ends_s: float) -> str:
        if not self._known_model(provider):
            answer = await self._fetch(provider, MODELS_PATH, None, ends_s)
            self._models[provider.url] = read_model(answer, provider)
        return self._known_model(provider)

    def _known_model(self, provider: Provider) -> str:
        return provider.model or self._models.get(provider.url, "")

    async def _fetch(
        self, provider: Provider, path: str, content: bytes | None, ends_s: float
    ) -> bytes:
        async with self._connections.exchange(provider, path, content, ends_s=ends_s) as incoming:
            return await incoming.body()

    def _breaker(self, provider: Provider) -> Breaker:
        place = (provider.name, provider.url)
        if place not in self._breakers:
            self._breakers[place] = Breaker(provider.shown, self._clock)
        return self._breakers[place]


async def whole(pieces: Pieces, *, max_chars: int) -> str | None:
    """Return all of the answer *pieces*, None where it is cut off, or longer than *max_chars*.

    It is read to its end, so that the connection can be used again.

    Raises:
        ProviderError: there is no answer, or no more of it.
    """
    written, is_whole = "", False
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Finish):
                is_whole = piece.reason == "stop"
            else:
                written += piece
            if len(written) > max_chars:
                return None
    return written if is_whole else None
