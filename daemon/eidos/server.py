"""The daemon's loop: messages in, replies out; it starts, serves, drains and stops.

No policy lives here: what a message may hold is protocol.py's, what an answer is pipeline.py's.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from eidos import __version__
from eidos.answer_cache import AnswerCache
from eidos.audit import AuditLog
from eidos.config import Config
from eidos.departures import on_departure
from eidos.endpoint import Endpoint, endpoint_of
from eidos.engine_messages import EngineSettings
from eidos.engine_process import PROGRAM, REMOTE_PROGRAM
from eidos.engine_supervisor import EngineSupervisor
from eidos.errors import EngineError, ProtocolError, RequestRefused
from eidos.frames import decode_request, encode_reply, request_id
from eidos.listener import Listener, Message
from eidos.metrics import Metrics
from eidos.notify import Notifier
from eidos.paths import graph_cache_dir
from eidos.protocol import (
    CancelRequest,
    ErrorCode,
    Failure,
    PingRequest,
    Pong,
    Reply,
    Request,
    Status,
    StatusRequest,
    Suggestions,
    SuggestRequest,
)
from eidos.rate_limit import RateLimit
from eidos.status import StatusBody, take_status
from eidos.upkeep import Upkeep

if TYPE_CHECKING:
    from eidos.pipeline import Pipeline

log = logging.getLogger(__name__)


class Server:
    """One daemon: a socket, an engine, and the requests between them."""

    def __init__(
        self, config: Config, socket: Path, notifier: Notifier, *, audit: AuditLog
    ) -> None:
        """Build the parts; nothing is started yet.

        Raises:
            ConfigError: the configuration names a server that cannot be used.
        """
        self._config = config
        self._path = socket
        self._notifier = notifier
        self._started_s = time.monotonic()
        self._metrics = Metrics()
        self._stop = asyncio.Event()
        self._requests: dict[asyncio.Task[None], Message] = {}
        endpoint = endpoint_of(config)
        if endpoint is not None:
            log.warning("%s (docs/remote-engine.md)", endpoint.warning)
        self._engine = EngineSupervisor(
            _engine_settings(config, endpoint),
            queue_size=config.queue_size,
            job_timeout_s=config.engine_timeout_s,
            deadline_s=config.deadline_s,
            engines=config.engines,
            program=PROGRAM if endpoint is None else REMOTE_PROGRAM,
        )
        self._answers = AnswerCache(
            self._engine, size=config.cache_size, max_age_s=config.cache_age_s
        )
        self._rate = RateLimit(config.rate_limit_per_s)
        self._audit = audit
        self._pipeline: Pipeline | None = None
        self._is_ready = asyncio.Event()

    def stop(self) -> None:
        """Ask the daemon to drain and end; may be called from a signal handler of the loop."""
        self._stop.set()

    async def serve(self) -> None:
        """Serve until `stop`; requests that come while the model loads wait for it.

        Raises:
            AlreadyRunning, RuntimeDirError: the socket cannot be ours.
            ModelError: the model cannot be used.
            ConfigError: the configuration names a rule that is none.
            EidosError: memory ran out of bounds; a fresh start is the cure.
        """
        listener = Listener(self._path, os.getuid())
        upkeep = Upkeep(
            listener, self._engine, self._answers, self._notifier, self._config.memory_limit_mb
        )
        log.info("listening on %s (eidosd %s, pid %d)", self._path, __version__, os.getpid())
        workers = [
            asyncio.create_task(self._receive(listener), name="receive"),
            asyncio.create_task(self._engine.run(), name="engine"),
            asyncio.create_task(upkeep.run(), name="upkeep"),
        ]
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            self._pipeline = await asyncio.to_thread(self._build_pipeline)
            self._is_ready.set()
            done, _ = await asyncio.wait([*workers, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a worker never ends but by an error: raise it
            await self._drain()
        finally:
            self._notifier.stopping()
            await _cancel([*workers, stopping, *self._requests])
            listener.close()
            log.info("stopped")

    async def _receive(self, listener: Listener) -> None:
        while True:
            message = await listener.receive()
            if message.uid not in {os.getuid(), 0}:
                log.warning("a message of uid %s was dropped", message.uid)
                continue
            task = asyncio.create_task(self._reply(listener, message))
            self._requests[task] = message
            task.add_done_callback(self._requests.pop)

    async def _reply(self, listener: Listener, message: Message) -> None:
        reply = await self._answer(message)
        if reply is not None:
            await listener.send(message.sender, encode_reply(reply))

    async def _answer(self, message: Message) -> Reply | None:
        """Return the reply to *message*, whatever happens; None where nobody waits for one."""
        started_s = time.monotonic()
        identity = request_id(message.frames)
        try:
            return await self._fulfil(decode_request(message.frames), message, started_s)
        except (ProtocolError, RequestRefused) as exc:
            return self._failure(identity, ErrorCode(exc.code), str(exc))
        except EngineError as exc:
            return self._failure(identity, ErrorCode.ENGINE, str(exc))
        except Exception as exc:  # the client of a bug still gets an answer, and the next one too
            log.exception("request=%s failed", identity)
            reason = f"internal error: {type(exc).__name__}"
            return self._failure(identity, ErrorCode.ENGINE, reason)

    async def _fulfil(self, request: Request, message: Message, started_s: float) -> Reply | None:
        match request:
            case PingRequest():
                return Pong(request.id, __version__)
            case StatusRequest():
                return Status(request.id, msgspec.json.encode(self._status()))
            case CancelRequest():
                return self._call_off(message.sender, request.id)
            case SuggestRequest():
                with on_departure(message.pid, lambda: self._call_off(message.sender, request.id)):
                    return await self._suggest(request, message.client, started_s)

    def _call_off(self, sender: bytes, identity: str) -> None:
        """Stop the work on the request *identity* of the connection *sender*, if there is any."""
        asked = [b"suggest", identity.encode()]  # all else is answered at once
        for task, message in self._requests.items():
            if message.sender != sender or message.frames[1:3] != asked:
                continue
            if not task.cancelling() and task.cancel():
                self._metrics.cancelled()
                log.debug("request=%s: nobody waits for it any more", identity)

    def _status(self) -> StatusBody:
        return take_status(
            self._path, self._started_s, self._metrics, self._engine, self._answers, self._rate
        )

    async def _suggest(self, request: SuggestRequest, client: str, started_s: float) -> Reply:
        self._rate.take(client)
        if self._stop.is_set():
            raise RequestRefused("the daemon is stopping; ask again", code=ErrorCode.STOPPING)
        if not self._config.context:
            request = msgspec.structs.replace(request, cwd="", last="", status=None)
        elif self._engine.loaded and "files" not in self._engine.loaded.told:
            # Reading a folder takes up to 20 ms, and choosing among 2,000 names as much.
            request = msgspec.structs.replace(request, cwd="")
        try:
            async with asyncio.timeout(self._config.deadline_s):
                candidates = await (await self._ready_pipeline()).suggest(request, client)
        except TimeoutError:
            message = f"no answer within {self._config.deadline_s:g} s; try again in a moment"
            raise RequestRefused(message, code=ErrorCode.DEADLINE) from None
        if sum(message.client == client for message in self._requests.values()) == 1:
            # `eidosctl suggest` asks a file's lines one by one, more than 50 a second where the
            # answers are kept: who waits for each answer keeps nobody from theirs.
            self._rate.give_back(client)
        total_ms = (time.monotonic() - started_s) * 1000
        self._metrics.answered(total_ms)
        log.debug("request=%s candidates=%d ms=%.1f", request.id, len(candidates), total_ms)
        return Suggestions(request.id, total_ms, candidates)

    async def _ready_pipeline(self) -> "Pipeline":
        while self._pipeline is None:
            await self._is_ready.wait()
        return self._pipeline

    def _build_pipeline(self) -> "Pipeline":
        """Build the pipeline while the engine loads its model: the rules take 0.2 s to import.

        Raises:
            ConfigError: the configuration names a rule that is none.
            ModelError: the weights of the ranking are damaged.
        """
        from eidos.pipeline import Pipeline
        from eidos.ranking import load_weights
        from eidos.surroundings import Host
        from eidos.validator.policy import Policy, Profile

        config = self._config
        if config.profile != Profile.BALANCED or config.rules:
            # On record: this daemon judges otherwise than the table of rules says.
            rules = " ".join(f"{rule}={level}" for rule, level in config.rules.items())
            self._audit.record("policy", profile=config.profile, rules=rules)
        policy = Policy.build(config.profile, config.rules)
        host = Host(os.environ.get("PATH", os.defpath))
        return Pipeline(self._answers, policy, self._audit, host, load_weights())

    def _failure(self, identity: str, code: ErrorCode, message: str) -> Failure:
        self._metrics.failed(code)
        # Messages never quote the request's text (test_privacy.py), so they may be logged.
        log.info("request=%s error=%s: %s", identity, code, message)
        return Failure(identity, code, message)

    async def _drain(self) -> None:
        """Wait for the requests under way, as long as the configuration allows."""
        if self._requests:
            log.info("stopping; %d requests are under way", len(self._requests))
            await asyncio.wait(self._requests, timeout=self._config.drain_timeout_s)


def _engine_settings(config: Config, endpoint: Endpoint | None) -> EngineSettings:
    return EngineSettings(
        model_path=config.model_path,
        tokenizer_path=config.tokenizer_path,
        threads=config.threads,
        max_tokens=config.max_tokens,
        log_level=config.log_level,
        # A kept graph is loaded no faster, and saves memory from the second engine on.
        graph_cache=str(graph_cache_dir()) if config.engines > 1 else "",
        remote=endpoint,
    )


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    running = list(tasks)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
