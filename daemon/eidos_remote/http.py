"""HTTP to providers: one request, and its answer as it comes; nothing is trusted, all is bounded.

No redirect is followed, no proxy of the environment used and no cookie kept; an answer that is
compressed is refused, for a megabyte of it could be a gigabyte.

The openai package is not used: docs/remote-faults.md has what it costs.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Final, cast

import httpx

from eidos_remote.provider import Provider, ProviderName
from eidos_remote.provider_faults import (
    Fault,
    broken_answer,
    broken_connection,
    refusal,
    too_late,
    unusable_address,
)

MAX_BODY_BYTES: Final = 8 << 20
"""A chat's longest answers have 10,000 tokens, each in an event of 200 to 400 bytes."""
_MAX_LINE_BYTES: Final = 1 << 20
_MAX_CONNECTIONS: Final = 8
_IDLE_S: Final = 30.0
"""How long a connection is kept: a new one costs a TLS handshake."""
_LINGER_S: Final = 0.2
"""How long the end of an answer is waited for that is known to be whole; then the connection can be
used again."""


class Incoming:
    """An answer of a provider's that has begun, with status 200."""

    def __init__(self, response: httpx.Response, provider: Provider, ends_s: float) -> None:
        self._response = response
        self._provider = provider
        self._ends_s = ends_s
        self.received_bytes = 0

    @property
    def is_json(self) -> bool:
        """Whether it is one JSON document, in place of events."""
        return self._response.headers.get("Content-Type", "").startswith("application/json")

    async def body(self) -> bytes:
        """Return all of it."""
        body = bytearray()
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
        return bytes(body)

    async def lines(self) -> AsyncGenerator[bytes]:
        """Yield its lines as they come, without their ends; the last one may have had none."""
        rest = bytearray()
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                rest += chunk
                if b"\n" in chunk:
                    *whole, rest = rest.split(b"\n")
                    for line in whole:
                        yield bytes(line.removesuffix(b"\r"))
                if len(rest) > _MAX_LINE_BYTES:
                    raise self._endless(_MAX_LINE_BYTES)
        if rest:
            yield bytes(rest)

    async def settle(self, lines: AsyncGenerator[bytes]) -> None:
        """Read what little may come behind the end, so that the connection can be used again."""
        with suppress(TimeoutError, httpx.HTTPError, Fault):
            async with asyncio.timeout(_LINGER_S):
                async for _ in lines:
                    pass

    async def _chunks(self) -> AsyncGenerator[bytes]:
        raw = cast("AsyncGenerator[bytes]", self._response.aiter_raw())
        async with aclosing(raw) as chunks:
            while True:
                try:
                    async with asyncio.timeout_at(self._ends_s):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise too_late(self._provider) from None
                self.received_bytes += len(chunk)
                if self.received_bytes > MAX_BODY_BYTES:
                    raise self._endless(MAX_BODY_BYTES)
                yield chunk

    def _endless(self, limit_bytes: int) -> Fault:
        what = f"answered more than {limit_bytes >> 20} MB; ask for less, or ask who runs it"
        return broken_answer(self._provider, what)


class Connections:
    """The connections to all providers; for one asyncio loop."""

    def __init__(self) -> None:
        for name in ("httpx", "httpcore"):  # they log each request at INFO
            logging.getLogger(name).setLevel(logging.WARNING)
        self._clients: dict[bool, httpx.AsyncClient] = {}
        """By whether they speak TLS."""

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()

    @asynccontextmanager
    async def exchange(
        self, provider: Provider, path: str, content: bytes | None, *, ends_s: float
    ) -> AsyncGenerator[Incoming]:
        """Send *content* to *path*, or only ask for it where that is None; the answer is given.

        Left early, it closes its connection, by which a server learns to stop.

        Raises:
            Fault: there is no answer by *ends_s* of the loop, or it is a refusal; also where its
                reader meets the end of the time or of the connection.
        """
        incoming = None
        try:
            response = await self._begun(provider, path, content, ends_s)
            try:
                _check(provider, response)
                incoming = Incoming(response, provider, ends_s)
                yield incoming
            finally:
                await response.aclose()
        # Without its cause: httpx' own words may quote what came, and it has the request in it.
        except httpx.HTTPError as exc:
            has_begun = incoming is not None and incoming.received_bytes > 0
            raise broken_connection(provider, exc, has_begun=has_begun) from None

    def _client(self, *, is_tls: bool) -> httpx.AsyncClient:
        if is_tls not in self._clients:
            # Reading all certificates that this machine trusts takes 30 to 50 ms, for nothing where
            # the provider is on it; the other context trusts none.
            trusting = ssl.create_default_context if is_tls else _trusting_nobody
            self._clients[is_tls] = _new_client(trusting())
        return self._clients[is_tls]

    async def _begun(
        self, provider: Provider, path: str, content: bytes | None, ends_s: float
    ) -> httpx.Response:
        client = self._client(is_tls=provider.url.startswith("https:"))
        try:
            request = _request(client, provider, path, content)
        except (httpx.InvalidURL, UnicodeError):  # UnicodeError: a wrong name that begins with xn--
            raise unusable_address(provider) from None
        try:
            async with asyncio.timeout_at(ends_s):
                return await client.send(request, stream=True)
        except TimeoutError:
            raise too_late(provider) from None
        except (httpx.InvalidURL, UnicodeError):  # httpx reads where a redirect leads, unasked
            raise broken_answer(provider, "sends us to an address that is none") from None


def _trusting_nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _new_client(context: ssl.SSLContext) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        headers={"Accept-Encoding": "identity", "User-Agent": "eidos"},
        verify=context,
        # A proxy that the environment names would see what is typed; nobody configured it here.
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=_MAX_CONNECTIONS, keepalive_expiry=_IDLE_S),
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def _request(
    client: httpx.AsyncClient, provider: Provider, path: str, content: bytes | None
) -> httpx.Request:
    return client.build_request(
        "GET" if content is None else "POST",
        provider.url + path,
        content=content,
        headers=_headers(provider, content),
        timeout=httpx.Timeout(
            provider.read_timeout_s,
            connect=provider.connect_timeout_s,
            pool=provider.connect_timeout_s,
        ),
    )


def _headers(provider: Provider, content: bytes | None) -> dict[str, str]:
    headers = {} if content is None else {"Content-Type": "application/json"}
    if provider.key and provider.name is not ProviderName.LIBRETRANSLATE:  # its key is in the body
        headers["Authorization"] = f"Bearer {provider.key.reveal()}"
    return headers


def _check(provider: Provider, response: httpx.Response) -> None:
    if response.status_code != HTTPStatus.OK:
        raise refusal(provider, response.status_code, response.headers)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise broken_answer(provider, "compresses its answers, unasked; switch that off there")
