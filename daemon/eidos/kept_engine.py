"""One engine of the daemon, kept alive: started, given jobs, and started again when it dies."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from eidos import engine_messages as messages
from eidos.engine_process import PROGRAM, EngineProcess, EngineUnusable
from eidos.errors import EngineError

log = logging.getLogger(__name__)

RESTART_DELAYS_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0)
"""Pause before the first, second, … start in a row without a served job between."""
_MOST_UNLOADED: Final = 3
"""So many starts in a row may bring no engine before those who ask are told so."""


class KeptEngine:
    """An engine that may die, and is there again soon after."""

    def __init__(
        self,
        settings: messages.EngineSettings,
        *,
        job_timeout_s: float,
        is_required: bool,
        program: tuple[str, ...] = PROGRAM,
    ) -> None:
        """Prepare an engine; one that *is_required* ends `run` if it can never be used."""
        self._settings = settings
        self._job_timeout_s = job_timeout_s
        self._is_required = is_required
        self._program = program
        self._process: EngineProcess | None = None
        self._failures = 0
        self._unloaded = 0
        """Starts in a row that brought no engine."""
        self.restarts = 0
        self.unusable = ""
        """Why its last start found no model of use; empty where it was another end."""

    @property
    def pid(self) -> int | None:
        """Its process id, None while there is no process that can serve."""
        return self._process.pid if self._process else None

    @property
    def slots(self) -> int:
        """How many jobs it works on at a time; 0 while it cannot serve."""
        return self._process.loaded.slots if self._process else 0

    async def run(
        self,
        on_start: Callable[[messages.Loaded], None],
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep it running until cancelled, then end it; tell of each start and each end.

        Raises:
            EngineUnusable: it is required, and its very first start found no model of use.
        """
        while True:
            await asyncio.sleep(RESTART_DELAYS_S[min(self._failures, len(RESTART_DELAYS_S) - 1)])
            try:
                await self._one_life(on_start)
            except EngineError as exc:
                if isinstance(exc, EngineUnusable) and self._is_required:
                    raise
                log.warning("the engine failed: %s; starting it again", exc)
                self._note(exc)
            self._failures += 1
            self.restarts += 1
            on_failure()

    async def ask(self, job: messages.Job) -> messages.Done | str | None:
        """Return the answer to *job*, or in words why there are none; None where it just died.

        Raises:
            EngineError: the engine died with *job* in its hands.
        """
        if self._process is None:
            return None
        answer = await self._process.ask(job, timeout_s=self._job_timeout_s)
        self._failures = 0
        return answer

    def _note(self, fault: EngineError) -> None:
        """Note why there is no engine, if it cannot be hoped that the next start brings one."""
        if isinstance(fault, EngineUnusable):
            self.unusable = str(fault)
        elif self._unloaded >= _MOST_UNLOADED:  # a broken installation, or too little memory
            self.unusable = f"the engine does not start: {fault}; see: eidosctl logs"

    def kill(self) -> None:
        """Have its process end at once; the next one is started as after any death."""
        if self._process is not None:
            self._process.kill()

    async def _one_life(self, on_start: Callable[[messages.Loaded], None]) -> None:
        """Start a process and wait for its end, which is the EngineError that this raises."""
        self._unloaded += 1
        process = await EngineProcess.start(self._settings, self._program)
        self._unloaded = 0
        self._process = process
        self._is_required = False
        self.unusable = ""
        loaded = process.loaded
        log.info(
            "the engine is ready: pid %d, model loaded in %.2f s", process.pid, loaded.load_time_s
        )
        try:
            on_start(loaded)
            raise await process.death()
        finally:
            self._process = None
            await process.end()
