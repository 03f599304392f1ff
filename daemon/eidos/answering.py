"""One message in, one reply out, whatever happens; and a record of how it went.

No policy lives here: what a message may hold is frames.py's, what an answer is pipeline.py's.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

import msgspec

from eidos import __version__
from eidos.departures import on_departure
from eidos.errors import ConfigError, EngineError, ProtocolError, RequestRefused
from eidos.finished import Account, Finished, Observer
from eidos.frames import decode_request, request_id
from eidos.listener import Message
from eidos.offers import Offers
from eidos.protocol import (
    AnsweredRequest,
    CancelRequest,
    Candidate,
    Done,
    ErrorCode,
    Failure,
    ForgetRequest,
    Health,
    HealthRequest,
    LevelRequest,
    LogLevel,
    MetricsRequest,
    MetricsText,
    OfferRequest,
    PingRequest,
    Pong,
    ReloadRequest,
    Reply,
    Request,
    Status,
    StatusRequest,
    Suggestions,
    SuggestRequest,
    TakeRequest,
)
from eidos.serving import Serving

log = logging.getLogger(__name__)

CALLED_OFF: Final = "cancelled"
"""The outcome of a request that nobody waits for any more."""


class Daemon(Protocol):
    """What the rest of the daemon does for a request: the server here."""

    @property
    def is_stopping(self) -> bool:
        """Whether no new work is begun."""
        ...

    def requests_of(self, client: str) -> int:
        """Return how many requests of *client* are under way."""
        ...

    def call_off(self, sender: bytes, identity: str) -> None:
        """Stop the work on the request *identity* of the connection *sender*, if there is any."""
        ...

    def status(self) -> bytes:
        """Return the body of a status reply."""
        ...

    def health(self) -> bytes:
        """Return the body of a health reply."""
        ...

    async def metrics(self) -> bytes:
        """Return the body of a metrics reply."""
        ...

    async def reload(self) -> str:
        """Read the configuration again; return what came of it, in words.

        Raises:
            ConfigError: the old one stays in force; the message says why.
        """
        ...

    def set_level(self, level: LogLevel) -> str:
        """Log from *level* on; return in words what that means."""
        ...

    def forget(self) -> str:
        """Forget the kept answers; return in words how many that were."""
        ...


@dataclass(slots=True)
class Asked:
    """A message that is being answered, the Serving that it began with, and what it takes."""

    message: Message
    serving: Serving
    begin_s: float = field(default_factory=time.monotonic)
    request: Request | None = None
    account: Account = field(default_factory=Account)


class Answering:
    """Turns messages into replies, and tells the observers of each."""

    def __init__(self, daemon: Daemon, observers: Sequence[Observer]) -> None:
        self._daemon = daemon
        self._observers = observers
        self._offers = Offers()

    async def answer(self, asked: Asked) -> Reply | None:
        """Return the reply; None where nobody waits for one."""
        reply: Reply | None = None
        outcome = CALLED_OFF
        try:
            reply = await self._reply(asked)
            outcome = str(reply.code) if isinstance(reply, Failure) else "ok"
        finally:
            self._tell(asked, reply, outcome)
        return reply

    async def _reply(self, asked: Asked) -> Reply | None:
        identity = request_id(asked.message.frames)
        try:
            asked.request = decode_request(asked.message.frames)
            return await self._fulfil(asked.request, asked)
        except (ProtocolError, RequestRefused) as exc:
            return _failure(identity, ErrorCode(exc.code), str(exc))
        except EngineError as exc:
            return _failure(identity, ErrorCode.ENGINE, str(exc))
        except ConfigError as exc:
            return _failure(identity, ErrorCode.CONFIG, str(exc))
        except Exception as exc:  # the client of a bug still gets an answer, and the next one too
            log.exception("request=%s failed", identity)
            reason = f"internal error: {type(exc).__name__}"
            return _failure(identity, ErrorCode.ENGINE, reason)

    async def _fulfil(self, request: Request, asked: Asked) -> Reply | None:
        message, rate = asked.message, asked.serving.rate
        if isinstance(request, CancelRequest):
            self._daemon.call_off(message.sender, request.id)
            return None
        rate.take(message.client)
        reply = await self._done(request, asked)
        if self._daemon.requests_of(message.client) == 1:
            # `eidosctl suggest` asks a file's lines one by one, more than 50 a second where the
            # answers are kept: who waits for each answer keeps nobody from theirs.
            rate.give_back(message.client)
        return reply

    async def _done(self, request: AnsweredRequest, asked: Asked) -> Reply:
        daemon, message = self._daemon, asked.message
        reply: Reply
        match request:
            case SuggestRequest():
                departed = partial(daemon.call_off, message.sender, request.id)
                with on_departure(message.pid, departed):
                    reply = await self._suggest(request, asked)
            case PingRequest():
                reply = Pong(request.id, __version__)
            case StatusRequest():
                reply = Status(request.id, daemon.status())
            case HealthRequest():
                reply = Health(request.id, daemon.health())
            case MetricsRequest():
                reply = MetricsText(request.id, await daemon.metrics())
            case ReloadRequest():
                reply = Done(request.id, await daemon.reload())
            case LevelRequest():
                reply = Done(request.id, daemon.set_level(request.level))
            case ForgetRequest():
                self._offers.forget()
                reply = Done(request.id, daemon.forget())
            case OfferRequest() | TakeRequest():
                reply = await self._picked(request, asked)
        return reply

    async def _suggest(self, request: SuggestRequest, asked: Asked) -> Reply:
        serving, client = asked.serving, asked.message.client
        config = serving.config
        if self._daemon.is_stopping:
            raise RequestRefused("the daemon is stopping; ask again", code=ErrorCode.STOPPING)
        if not config.context:
            request = msgspec.structs.replace(request, cwd="", last="", status=None)
        elif serving.engine.loaded and "files" not in serving.engine.loaded.told:
            # Reading a folder takes up to 20 ms, and choosing among 2,000 names as much.
            request = msgspec.structs.replace(request, cwd="")
        try:
            async with asyncio.timeout(config.deadline_s):
                pipeline = await serving.pipeline()
                candidates = await pipeline.suggest(request, client, asked.account)
        except TimeoutError:
            message = f"no answer within {config.deadline_s:g} s; try again in a moment"
            raise RequestRefused(message, code=ErrorCode.DEADLINE) from None
        return Suggestions(request.id, (time.monotonic() - asked.begin_s) * 1000, candidates)

    async def _picked(self, request: OfferRequest | TakeRequest, asked: Asked) -> Reply:
        pipeline = await asked.serving.pipeline()

        def judged(command: str) -> Candidate:
            return pipeline.judged(command, request.shell, request.id)

        if isinstance(request, OfferRequest):
            return Done(request.id, self._offers.put(judged(request.command)))
        taken = self._offers.take(judged)
        return Suggestions(request.id, (time.monotonic() - asked.begin_s) * 1000, (taken,))

    def _tell(self, asked: Asked, reply: Reply | None, outcome: str) -> None:
        """Tell the observers how it went; a fault of theirs is not the client's."""
        finished = _finished(asked, reply, outcome)
        for observer in self._observers:
            try:
                observer.observe(finished)
            except Exception:
                log.exception("request=%s was answered, but not accounted for", finished.id)


def _finished(asked: Asked, reply: Reply | None, outcome: str) -> Finished:
    request = asked.request
    candidates = reply.candidates if isinstance(reply, Suggestions) else ()
    return Finished(
        id=request_id(asked.message.frames),
        command=type(request).__name__.removesuffix("Request").lower() if request else "unknown",
        outcome=outcome,
        begin_s=asked.begin_s,
        end_s=time.monotonic(),
        shell=str(request.shell) if isinstance(request, SuggestRequest) else "",
        phases=tuple(asked.account.phases),
        tokens=asked.account.tokens,
        verdicts=tuple(str(candidate.verdict) for candidate in candidates),
    )


def _failure(identity: str, code: ErrorCode, message: str) -> Failure:
    # Messages never quote the request's text (test_privacy.py), so they may be logged.
    log.info("request=%s error=%s: %s", identity, code, message)
    return Failure(identity, code, message)
