"""The loop of `eidos-remote`: it receives, has each request answered, drains, and ends when idle.

What becomes of a request is answering.py's business, and who may connect is entrance.py's.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from eidos.config import Config
from eidos.departures import on_departure
from eidos.errors import ConfigError, ProtocolError, RequestRefused
from eidos.listener import Message
from eidos.notify import Notifier
from eidos.rate_limit import RateLimit
from eidos_remote.entrance import Entrance
from eidos_remote.messages import (
    AnsweredRequest,
    Cancel,
    Chat,
    Code,
    Failure,
    Ping,
    Reply,
    State,
    Suggest,
    Translate,
    decode_request,
    encode,
)
from eidos_remote.status import Counts

log = logging.getLogger(__name__)

MAX_UNDER_WAY: Final = 64
"""Requests at once: each may hold a conversation and a connection."""
DRAIN_S: Final = 3.0
_LAST_WORDS_S: Final = 0.2
"""How long clients that were told the last may take to read it and go."""
_MINUTE_S: Final = 60.0
_TO_PROVIDERS: Final = (Chat, Translate, Suggest)

Send = Callable[[Reply], Awaitable[None]]


class Answerer(Protocol):
    """Who knows what is answered."""

    async def answer(self, request: AnsweredRequest, send: Send) -> str:
        """Send all replies to *request*; return the outcome for a log. Raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A request on which somebody works."""

    sender: bytes
    identity: str


class Server:
    """One process: an entrance, who answers, and the requests between them."""

    def __init__(
        self,
        entrance: Entrance,
        answerer: Answerer,
        config: Callable[[], Config],
        *,
        counts: Counts,
        notifier: Notifier,
    ) -> None:
        """Build it; *config* returns the configuration as it is now, or raises ConfigError."""
        self._entrance = entrance
        self._answerer = answerer
        self._config = config
        self._counts = counts
        self._notifier = notifier
        self._requests: dict[asyncio.Task[None], _UnderWay] = {}
        self._stop = asyncio.Event()
        self._is_draining = False
        self._quiet_since_s = time.monotonic()
        self._limit = RateLimit(0)
        self._per_minute = 0

    def stop(self) -> None:
        """Ask it to drain and end; may be called from a signal handler of the loop."""
        self._stop.set()

    async def serve(self) -> None:
        """Serve until `stop`, or until nobody has asked for a while; then the process must end."""
        workers: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._receive(), name="receive"),
            asyncio.create_task(self._until_idle(), name="idle"),
            asyncio.create_task(self._stop.wait(), name="stop"),
        ]
        self._notifier.ready("waiting for requests")
        try:
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()  # none ends by itself but by an error
            self._notifier.stopping()
            if self._stop.is_set():
                await self._drain()
        finally:
            for task in (*workers, *self._requests):
                task.cancel()
            await asyncio.gather(*workers, *self._requests, return_exceptions=True)

    async def _receive(self) -> None:
        while True:
            message = await self._entrance.receive()
            try:
                request = decode_request(message.frames)
            except ProtocolError as exc:
                log.debug("a message that is no request: %s", exc.code)
                failure = Failure(id="", code=Code(exc.code), message=str(exc))
                await self._entrance.send(message.sender, encode(failure))
                continue
            if isinstance(request, Cancel):
                self._call_off(message.sender, request.id)
                continue
            task = asyncio.create_task(self._answer(message, request))
            self._requests[task] = _UnderWay(message.sender, request.id)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._requests[task]
        self._quiet_since_s = time.monotonic()

    def _call_off(self, sender: bytes, identity: str) -> None:
        for task, work in self._requests.items():
            if work == _UnderWay(sender, identity) and not task.cancelling():
                task.cancel()

    async def _answer(self, message: Message, request: AnsweredRequest) -> None:
        begin_s, outcome = time.monotonic(), "cancelled"
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - create_task made it

        async def send(reply: Reply) -> None:
            await self._entrance.send(message.sender, encode(reply))

        try:
            with on_departure(message.pid, task.cancel):
                self._admit(request)
                outcome = await self._answerer.answer(request, send)
        except asyncio.CancelledError:
            if self._is_draining:
                outcome = str(Code.STOPPING)
                await send(_stopping(request.id))
        except RequestRefused as exc:
            outcome = exc.code
            await send(Failure(id=request.id, code=Code(exc.code), message=str(exc)))
        finally:
            self._note(request, outcome, time.monotonic() - begin_s)

    def _admit(self, request: AnsweredRequest) -> None:
        """Return if *request* may begin.

        Raises:
            RequestRefused: this process ends, has too much to do, or was asked too often.
        """
        if self._is_draining:
            raise RequestRefused(_stopping(request.id).message, code=Code.STOPPING)
        if not isinstance(request, _TO_PROVIDERS):
            return
        if len(self._requests) > MAX_UNDER_WAY:
            message = f"{MAX_UNDER_WAY} requests are under way already; wait for one of them"
            raise RequestRefused(message, code=Code.BUSY)
        try:
            per_minute = self._config().remote_per_minute
        except ConfigError:
            return  # the answer says so
        if per_minute != self._per_minute:
            self._per_minute = per_minute
            self._limit = RateLimit(per_minute / _MINUTE_S, burst_s=_MINUTE_S)
        try:
            self._limit.take("")  # one bucket for all: a program that loops is a new one each time
        except RequestRefused as exc:
            message = f"more than {per_minute} requests in a minute; wait, or set remote_per_minute"
            raise RequestRefused(message, code=Code.BUSY) from exc

    def _note(self, request: AnsweredRequest, outcome: str, took_s: float) -> None:
        kind = type(request).__name__.lower()
        self._counts.add(kind, outcome)
        is_quiet = isinstance(request, Ping | State) and outcome == "ok"
        took_ms = round(took_s * 1000, 3)
        log.log(
            logging.DEBUG if is_quiet else logging.INFO,
            "request=%s %s %s in %.1f ms",
            request.id,
            kind,
            outcome,
            took_ms,
            extra={
                "fields": {
                    "request_id": request.id,
                    "command": kind,
                    "outcome": outcome,
                    "duration_ms": took_ms,
                }
            },
        )

    async def _until_idle(self) -> None:
        """Return when there was no work for as long as the configuration says, and nobody is in.

        Where eidosd may ask, and systemd would not start us for it, that is never.
        """
        while True:
            idle_s = self._idle_s()
            rest_s = self._quiet_since_s + idle_s - time.monotonic()
            if self._requests or self._entrance.connections or self._is_waited_for():
                await asyncio.sleep(idle_s)
            elif rest_s > 0:
                await asyncio.sleep(rest_s)
            elif await self._entrance.leave():
                log.info("ending: no request for %g s", idle_s)
                return
            else:
                self._quiet_since_s = time.monotonic()

    def _is_waited_for(self) -> bool:
        if not self._entrance.is_own:
            return False
        with suppress(ConfigError):
            return self._config().asks_remote
        return False

    def _idle_s(self) -> float:
        try:
            return self._config().remote_idle_s
        except ConfigError:
            return Config().remote_idle_s

    async def _drain(self) -> None:
        """Wait DRAIN_S for the requests under way, and tell those that are left."""
        self._is_draining = True
        await self._entrance.shut()
        if self._requests:
            log.info("stopping; %d requests are under way", len(self._requests))
            await asyncio.wait(self._requests, timeout=DRAIN_S)
        for task in self._requests:
            task.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._entrance.emptied(), _LAST_WORDS_S)
        await self._entrance.flush()


def _stopping(identity: str) -> Failure:
    message = "eidos-remote was told to stop; ask again"
    return Failure(id=identity, code=Code.STOPPING, message=message)
