"""What the daemon does once a second, asked or not: socket, memory, heartbeat, watchdog, chores."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from eidos.engine_messages import Loaded
from eidos.errors import EidosError
from eidos.heartbeat import Heartbeat
from eidos.listener import Listener
from eidos.notify import Notifier
from eidos.serving import Serving

log = logging.getLogger(__name__)

INTERVAL_S: Final = 1.0
_CHORES_EVERY_S: Final = 30.0
_PAGE_BYTES: Final = 4096
_MEBIBYTE: Final = 1024 * 1024


class Daemon(Protocol):
    """What is looked after: the server here."""

    serving: Serving
    heartbeat: Heartbeat


class Upkeep:
    """Keeps the socket bound, memory and answers in bounds, and the service manager informed."""

    def __init__(
        self,
        daemon: Daemon,
        listener: Listener,
        notifier: Notifier,
        chores: Sequence[Callable[[], None]] = (),
    ) -> None:
        """Look after *daemon*; *chores* are done twice a minute, on a thread."""
        self._daemon = daemon
        self._listener = listener
        self._notifier = notifier
        self._chores = chores
        self._chores_begun_s: float | None = None
        self._doing_chores: asyncio.Task[None] | None = None
        self._ready = False
        self._said: Loaded | None = None
        """What the service manager was told to be serving."""
        self._fed_s = 0.0

    async def run(self) -> None:
        """Look after everything until cancelled.

        Raises:
            EidosError: the daemon's memory is beyond its limit.
            RuntimeDirError: the socket cannot be bound again.
        """
        try:
            while True:
                self._say_ready()
                self._listener.ensure_bound()
                self._daemon.serving.answers.expire()
                self._check_memory()
                self._daemon.heartbeat.beat()
                self._feed_watchdog()
                self._begin_chores()
                # Until the model is loaded the manager waits for us: look more often.
                await asyncio.sleep(INTERVAL_S if self._ready else INTERVAL_S / 20)
        finally:
            if self._doing_chores is not None:
                self._doing_chores.cancel()

    def _begin_chores(self) -> None:
        begun_s, now_s = self._chores_begun_s, time.monotonic()
        if not self._ready or (begun_s is not None and now_s - begun_s < _CHORES_EVERY_S):
            return  # nothing is to come before the first answer
        self._chores_begun_s = now_s
        self._daemon.serving.engine.end_if_written_to()
        # Never waited for: a home on a network disk that hangs must not starve the watchdog.
        if self._doing_chores is None or self._doing_chores.done():
            self._doing_chores = asyncio.create_task(self._do_chores(), name="chores")

    async def _do_chores(self) -> None:
        for chore in self._chores:
            try:
                await asyncio.to_thread(chore)
            except Exception:  # whatever it is, requests go on
                log.exception("a chore failed; it is tried again in %g s", _CHORES_EVERY_S)

    def _say_ready(self) -> None:
        loaded = self._daemon.serving.engine.loaded
        if loaded and loaded is not self._said:
            tell = self._notifier.status if self._ready else self._notifier.ready
            self._said, self._ready = loaded, True
            tell(f"serving {loaded.model}")

    def _feed_watchdog(self) -> None:
        # That this line is reached says that the loop turns; the heartbeat, that answers come.
        interval_s = self._notifier.watchdog_interval_s
        if not self._daemon.heartbeat.works:
            return
        if self._ready and interval_s is not None and time.monotonic() - self._fed_s >= interval_s:
            self._fed_s = time.monotonic()
            self._notifier.alive()

    def _check_memory(self) -> None:
        try:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        except OSError:  # no file descriptor is left: it is looked at again in a second
            return
        limit_mb = self._daemon.serving.config.memory_limit_mb
        if pages * _PAGE_BYTES > limit_mb * _MEBIBYTE:
            message = (
                f"the daemon uses more than {limit_mb} MB, which only "
                "a faulty or hostile client can cause; it ends, to be started afresh"
            )
            raise EidosError(message)
