"""What the daemon does once a second, asked or not: socket, memory, watchdog, status line."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

from eidos.answer_cache import AnswerCache
from eidos.engine_supervisor import EngineSupervisor
from eidos.errors import EidosError
from eidos.listener import Listener
from eidos.notify import Notifier

log = logging.getLogger(__name__)

INTERVAL_S: Final = 1.0
_PAGE_BYTES: Final = 4096
_MEBIBYTE: Final = 1024 * 1024


class Upkeep:
    """Keeps the socket bound, memory and answers in bounds, and the service manager informed."""

    def __init__(
        self,
        listener: Listener,
        engine: EngineSupervisor,
        answers: AnswerCache,
        notifier: Notifier,
        memory_limit_mb: int,
    ) -> None:
        self._listener = listener
        self._engine = engine
        self._answers = answers
        self._notifier = notifier
        self._memory_limit_bytes = memory_limit_mb * _MEBIBYTE
        self._ready = False
        self._fed_s = 0.0

    async def run(self) -> None:
        """Look after everything until cancelled.

        Raises:
            EidosError: the daemon's memory is beyond its limit.
            RuntimeDirError: the socket cannot be bound again.
        """
        while True:
            self._say_ready()
            self._listener.ensure_bound()
            self._answers.expire()
            self._check_memory()
            self._feed_watchdog()
            # Until the model is loaded the manager waits for us: look more often.
            await asyncio.sleep(INTERVAL_S if self._ready else INTERVAL_S / 20)

    def _say_ready(self) -> None:
        if not self._ready and self._engine.loaded:
            self._ready = True
            self._notifier.ready(f"serving {self._engine.loaded.model}")

    def _feed_watchdog(self) -> None:
        # That this line is reached says that the loop turns; a hung engine is the supervisor's.
        interval_s = self._notifier.watchdog_interval_s
        if self._ready and interval_s is not None and time.monotonic() - self._fed_s >= interval_s:
            self._fed_s = time.monotonic()
            self._notifier.alive()

    def _check_memory(self) -> None:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        if pages * _PAGE_BYTES > self._memory_limit_bytes:
            message = (
                f"the daemon uses more than {self._memory_limit_bytes // _MEBIBYTE} MB, which only "
                "a faulty or hostile client can cause; it ends, to be started afresh"
            )
            raise EidosError(message)
