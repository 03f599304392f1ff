"""HTTP to the server that answers in the model's place.

No message has a key, a text that was sent, or a word of the server's own: what a server says of
a request may quote it.
"""

import asyncio
import logging
import ssl
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from eidos.endpoint import Endpoint
from eidos.errors import EngineError
from eidos.http_faults import Advice, cause, meaning
from eidos.remote_answers import Answer, read_answer
from eidos.remote_questions import Form, Payload

MAX_BODY_BYTES: Final = 1 << 20
"""An answer of 512 tokens with their probabilities takes about 100 kB."""
_PAUSE_S: Final = 0.2
"""Before the second try, unless the server says how long to wait."""
_IDLE_S: Final = 30.0
"""How long a connection is kept: a new one costs a TLS handshake."""
_MAY_BE_LOGPROBS: Final = frozenset({400, 422, 500, 501})
"""What servers answer that cannot tell probabilities (llama-cpp-python: 500)."""
_ADVICE: Final = Advice(
    key="remote_key_file or EIDOS_REMOTE_KEY",
    address="remote_url",
    place="remote_url, remote_kind and remote_model",
    request="remote_model and remote_kind",
)

log = logging.getLogger(__name__)


class _TryError(EngineError):
    """One try failed; `status` is 0 where no answer came."""

    def __init__(self, message: str, *, status: int = 0, pause_s: float = _PAUSE_S) -> None:
        super().__init__(message)
        self.status = status
        self.pause_s = pause_s

    @property
    def is_passing(self) -> bool:
        """Whether the same may work in a moment."""
        return self.status in {0, HTTPStatus.TOO_MANY_REQUESTS} or self.status >= 500  # noqa: PLR2004


class RemoteClient:
    """The connections to one server; for one asyncio loop."""

    def __init__(self, endpoint: Endpoint, key: str, form: Form, *, connections: int) -> None:
        for name in ("httpx", "httpcore"):  # they log each request at INFO
            logging.getLogger(name).setLevel(logging.WARNING)
        self._place = endpoint.url
        self._address = endpoint.url + form.path
        self._timeout_s = endpoint.timeout_s
        self._form = form
        self._asks_logprobs = True
        self._has_logprobs = False
        self._client = httpx.AsyncClient(
            headers={"Accept-Encoding": "identity", "Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {key}"} if key else {}),
            verify=ssl.create_default_context(),
            # A proxy that the environment names would see what is typed; nobody configured it here.
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - `ask` limits the whole
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=_IDLE_S),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def ask(self, payload: Payload) -> Answer:
        """Return the answer to *payload*, tried a second time where that may help.

        Cancelled, it closes its connection, by which a server learns to stop.

        Raises:
            EngineError: there is none in time, or none that can be read.
        """
        try:
            async with asyncio.timeout(self._timeout_s) as limit:
                try:
                    return await self._try(payload, logprobs=self._asks_logprobs)
                except _TryError as exc:
                    doubts = exc.status in _MAY_BE_LOGPROBS and not self._has_logprobs
                    doubts = doubts and self._asks_logprobs
                    ends_s = limit.when() or 0.0
                    is_late = asyncio.get_running_loop().time() + exc.pause_s >= ends_s
                    if is_late or not (exc.is_passing or doubts):
                        raise
                    await asyncio.sleep(exc.pause_s)
                return await self._try(payload, logprobs=self._asks_logprobs and not doubts)
        except TimeoutError as exc:
            message = f"{self._place} did not answer within {self._timeout_s:g} s"
            raise EngineError(f"{message}; ask again, or set remote_timeout_s higher") from exc

    async def _try(self, payload: Payload, *, logprobs: bool) -> Answer:
        sent = {**payload, "logprobs": self._form.logprobs} if logprobs else payload
        body = await self._post(msgspec.json.encode(sent))
        try:
            answer = read_answer(body, is_chat=self._form.is_chat)
        except ValueError as exc:  # msgspec's errors are ValueErrors
            message = f"{self._place} answered what is no completion of OpenAI's form"
            raise EngineError(f"{message}; check remote_url and remote_kind") from exc
        self._has_logprobs = self._has_logprobs or answer.tells_probabilities
        if not logprobs and self._asks_logprobs and not self._has_logprobs:
            self._asks_logprobs = False
            log.info("%s tells no probabilities; it is not asked for them again", self._place)
        return answer

    async def _post(self, content: bytes) -> bytes:
        try:
            async with self._client.stream("POST", self._address, content=content) as response:
                if response.status_code != HTTPStatus.OK:
                    raise self._refusal(response)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    message = f"{self._place} compresses its answers, unasked"
                    raise EngineError(f"{message}; switch that off there")
                return await self._body(response)
        except httpx.HTTPError as exc:
            message = f"cannot reach {self._place}: {cause(exc)}"
            raise _TryError(f"{message}; look with: eidosctl doctor") from exc

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                message = f"{self._place} answered more than {MAX_BODY_BYTES >> 20} MB"
                raise EngineError(f"{message}; check remote_url")
        return bytes(body)

    def _refusal(self, response: httpx.Response) -> _TryError:
        status = response.status_code
        message = f"{self._place} answered with HTTP {status}: {meaning(status, _ADVICE)}"
        wait = response.headers.get("Retry-After", "")
        is_number = wait.isascii() and wait.isdigit()
        return _TryError(
            message, status=status, pause_s=min(float(wait), 1e6) if is_number else _PAUSE_S
        )
