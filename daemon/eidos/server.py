"""The daemon's loop: it starts, receives, hands over to another configuration, drains and stops.

What becomes of a message is answering.py's business; all that depends on the configuration is in
serving.py, so that it can be replaced while requests are under way.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from eidos import __version__
from eidos.answering import Answering, Asked
from eidos.config import Config
from eidos.errors import ConfigError, EidosError, ModelError
from eidos.frames import encode_reply
from eidos.health import take_health
from eidos.heartbeat import Heartbeat
from eidos.listener import Listener
from eidos.metrics import Metrics
from eidos.model_slots import EMBEDDED
from eidos.outside import Outside
from eidos.protocol import LogLevel
from eidos.serving import Serving, Unusable, choose, difference
from eidos.status import StatusBody, take_status
from eidos.upkeep import Upkeep

log = logging.getLogger(__name__)


class Server:
    """One daemon: a socket, a Serving behind it, and the requests between them."""

    def __init__(self, config: Config, outside: Outside) -> None:
        """Build the parts; nothing is answered yet.

        Raises:
            AlreadyRunning, RuntimeDirError, ConfigError: the socket or a server cannot be used.
        """
        self._outside = outside
        self._started_s = time.monotonic()
        self._metrics = Metrics()
        self._answering = Answering(self, [self._metrics, *outside.observers])
        self._stop = asyncio.Event()
        self._fault: asyncio.Future[None] = asyncio.Future()
        self._unusable = Unusable()
        self._requests: dict[asyncio.Task[None], Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        """What goes on beside the requests: retiring, reloading."""
        self._reloading = asyncio.Lock()
        self._is_reload_due = False
        self._past_restarts = 0
        self.serving: Serving
        """What new requests begin with."""
        self.heartbeat: Heartbeat
        self._listener = Listener(outside.socket, os.getuid())
        try:
            self._begin_with(Serving(config, choose(config), outside.audit))
        except BaseException:
            self._listener.close()
            raise

    @property
    def is_stopping(self) -> bool:
        """Whether no new work is begun."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the daemon to drain and end; may be called from a signal handler of the loop."""
        self._stop.set()

    @property
    def engine_restarts(self) -> int:
        """How often an engine was started again since this daemon was."""
        return self._past_restarts + self.serving.engine.restarts

    async def serve(self, chores: Sequence[Callable[[], None]] = ()) -> None:
        """Serve until `stop`; requests that come while the model loads wait for it.

        *chores* are done twice a minute, on a thread; none of them raises.

        Raises:
            RuntimeDirError: the socket cannot be ours any more.
            ModelError: the model cannot be used.
            ConfigError: the configuration names a rule that is none.
            EidosError: memory ran out of bounds; a fresh start is the cure.
        """
        outside, workers = self._outside, list[asyncio.Task[Any]]()
        log.info("listening on %s (eidosd %s, pid %d)", outside.socket, __version__, os.getpid())
        try:
            upkeep = Upkeep(self, self._listener, outside.notifier, chores)
            workers += [
                asyncio.create_task(self._receive(), name="receive"),
                asyncio.create_task(upkeep.run(), name="upkeep"),
                asyncio.create_task(self._stop.wait(), name="stop"),
            ]
            await self.serving.build()
            await self._until_end(workers)
            await self._drain()
        finally:
            outside.notifier.stopping()
            await self._end(workers)
            log.info("stopped")

    async def reload(self) -> str:
        """Read the configuration again, and hand over to it; return what came of it, in words.

        Requests that are under way end with the configuration that they began with.

        Raises:
            ConfigError: the old configuration stays in force; the message says why.
        """
        async with self._reloading:
            self._is_reload_due = False
            fresh: Serving | None = None
            try:
                config = self._outside.reread()
                fresh = await self._another(config)
                await fresh.prove()
                self._outside.apply(config)
            except BaseException as exc:
                self._metrics.reloaded(ok=False)
                self._outside.audit.record("reload", outcome="refused")
                if fresh is not None and fresh.engine is not self.serving.engine:
                    await fresh.end()
                if not isinstance(exc, EidosError):
                    raise
                raise ConfigError(f"{exc}; the old configuration stays in force") from exc
            told = f"the configuration was read again; {difference(self.serving, fresh)}"
            self._take_over(fresh)
            self._metrics.reloaded(ok=True)
            self._outside.audit.record("reload", outcome="ok")
            log.info("%s", told)
            return told

    def begin_reload(self) -> None:
        """Reload, as SIGHUP asks, unless one is still to begin; how it ended is in the log."""
        if not self._is_reload_due:
            self._is_reload_due = True
            self._beside_requests(self._reload_by_signal())

    def requests_of(self, client: str) -> int:
        """Return how many requests of *client* are under way."""
        return sum(asked.message.client == client for asked in self._requests.values())

    def call_off(self, sender: bytes, identity: str) -> None:
        """Stop the work on the request *identity* of the connection *sender*, if there is any."""
        wanted = [b"suggest", identity.encode()]  # all else is answered at once
        for task, asked in self._requests.items():
            message = asked.message
            if message.sender != sender or message.frames[1:3] != wanted:
                continue
            if not task.cancelling() and task.cancel():
                log.debug("request=%s: nobody waits for it any more", identity)

    def status(self) -> bytes:
        """Return the body of a status reply."""
        return msgspec.json.encode(self._status())

    def health(self) -> bytes:
        """Return the body of a health reply."""
        is_bound = self._listener.is_bound()
        return msgspec.json.encode(take_health(self.serving, self.heartbeat, is_bound=is_bound))

    async def metrics(self) -> bytes:
        """Return the body of a metrics reply."""
        limit_mb = self.serving.config.memory_limit_mb
        return await asyncio.to_thread(_exposition, self._metrics, self._status(), limit_mb)

    def set_level(self, level: LogLevel) -> str:
        """Log from *level* on; return in words what that means."""
        self._outside.set_level(level)
        self._outside.audit.record("level", level=level)
        return f"the daemon logs from {level} on, until it ends or reads its configuration again"

    def forget(self) -> str:
        """Forget the kept answers; return in words how many that were."""
        return f"{self.serving.forget()} kept answers are forgotten"

    def _beside_requests(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload_by_signal(self) -> None:
        try:
            await self.reload()
        except ConfigError as exc:
            log.error("%s", exc)  # noqa: TRY400 - a sentence for a person, not a traceback

    async def _receive(self) -> None:
        while True:
            message = await self._listener.receive()
            asked = Asked(message, self.serving)
            task = asyncio.create_task(self._reply(asked))
            self._requests[task] = asked
            task.add_done_callback(self._requests.pop)

    async def _reply(self, asked: Asked) -> None:
        reply = await self._answering.answer(asked)
        if reply is not None:
            await self._listener.send(asked.message.sender, encode_reply(reply))

    async def _another(self, config: Config) -> Serving:
        """Return a Serving for *config* beside the one that there is.

        Raises:
            ModelError: the model that is to serve cannot, and another one would in its place.
            ConfigError: the configuration names a server that cannot be used.
        """
        model = await asyncio.to_thread(choose, config, self._unusable.now())
        if model.fault and model.fault != self.serving.model.fault:
            raise ModelError(model.fault)
        return Serving(config, model, self._outside.audit, beside=self.serving)

    def _take_over(self, fresh: Serving) -> None:
        """Have *fresh* answer from now on; the one before it ends when its requests have."""
        self.heartbeat.close()
        if self.serving.engine is not fresh.engine:
            self._past_restarts += self.serving.engine.restarts
            self._beside_requests(self._retire(self.serving))
        self._begin_with(fresh)

    def _begin_with(self, fresh: Serving) -> None:
        if fresh.endpoint is not None:
            log.warning("%s (docs/remote-engine.md)", fresh.endpoint.warning)
        if fresh.model.fault:
            log.warning("%s", fresh.model.fault)
        self.serving = fresh
        self.heartbeat = Heartbeat(fresh)
        fresh.running.add_done_callback(self._on_engines_end)

    async def _retire(self, old: Serving) -> None:
        """End the engines of *old* once nothing is under way on them."""
        under_way = [t for t, asked in self._requests.items() if asked.serving.engine is old.engine]
        if under_way:
            await asyncio.wait(under_way)
        await old.end()

    async def _until_end(self, workers: Sequence[asyncio.Task[Any]]) -> None:
        """Wait until the daemon is to stop, or something ends that should not: raise that."""
        while True:
            ends = [*workers, self._fault]
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._fault in done and await self._falls_back(self._fault.exception()):
                continue
            for ended in done:
                ended.result()  # none ends by itself but by an error
            return

    async def _falls_back(self, fault: BaseException | None) -> bool:
        """Begin anew without the model of a slot, if it is that which cannot be used."""
        old = self.serving
        if old.model.name == EMBEDDED or not isinstance(fault, ModelError):
            return False
        self._fault = asyncio.Future()
        self._unusable.note(old.model, str(fault))
        model = await asyncio.to_thread(choose, old.config, self._unusable.now())
        if self.serving is old:  # else a reload was faster
            self._take_over(Serving(old.config, model, self._outside.audit))
            old.engine.hand_over(self.serving.engine)
            await self.serving.build()
        return True

    def _on_engines_end(self, running: asyncio.Task[None]) -> None:
        if running.cancelled() or running is not self.serving.running or self._fault.done():
            return  # of a model that serves no more, or that gave way already
        if fault := running.exception():
            self._fault.set_exception(fault)

    def _status(self) -> StatusBody:
        return take_status(self._outside.socket, self._started_s, self._metrics, self.serving)

    async def _drain(self) -> None:
        """Wait for the requests under way, as long as the configuration allows."""
        if self._requests:
            log.info("stopping; %d requests are under way", len(self._requests))
            await asyncio.wait(self._requests, timeout=self.serving.config.drain_timeout_s)

    async def _end(self, workers: Sequence[asyncio.Task[Any]]) -> None:
        self.heartbeat.close()
        ending = [*workers, *self._requests, *self._tasks]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await self.serving.end()
        self._listener.close()


def _exposition(metrics: Metrics, body: StatusBody, limit_mb: int) -> bytes:
    from eidos.exposition import exposition  # 45 ms and 3.5 MB, for whoever looks

    return exposition(metrics, body, memory_limit_mb=limit_mb)
