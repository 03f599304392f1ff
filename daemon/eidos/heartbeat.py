"""Whether inference really works: when the model last answered, and a probe where that is long ago.

A daemon can take messages for days while no answer comes out of its engines. So the service
manager's watchdog is fed from here: only while answers come, or would.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from eidos.errors import EidosError
from eidos.serving import Serving

log = logging.getLogger(__name__)

PROBE_AFTER_S: Final = 300.0
"""An idle engine is asked so often: 0.1 s of CPU each time, 0.03 % of one core."""
PROBE_AGAIN_S: Final = 10.0
"""How soon it is asked again after it failed."""
PATIENCE_S: Final = 60.0
"""How long all may fail before the daemon is better started afresh."""
LOADING_PATIENCE_S: Final = 180.0
"""The same while no engine has a model; a cold disk may take two minutes for a large one."""


class Heartbeat:
    """Follows one Serving; `beat` is called about once a second."""

    def __init__(self, serving: Serving, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._serving = serving
        self._clock = clock
        self._born_s = clock()
        self._probed_s = self._born_s
        self._failing_since_s: float | None = None
        self._probe: asyncio.Task[None] | None = None

    @property
    def last_answer_s(self) -> float | None:
        """When the model last answered, in seconds of CLOCK_MONOTONIC; None if it never has."""
        return self._serving.engine.last_answer_s

    @property
    def works(self) -> bool:
        """Whether inference works, or has not failed for so long that it cannot be hoped for."""
        since_s = self._failing_since_s if self._serving.engine.loaded else self._born_s
        return since_s is None or self._clock() - since_s < self._patience_s()

    @property
    def fails(self) -> bool:
        """Whether the last thing that is known of inference is that it failed."""
        return self._failing_since_s is not None

    def beat(self) -> None:
        """Take note of answers since the last beat, and ask for one where there were none."""
        now_s = self._clock()
        answer_s = self.last_answer_s
        if self._failing_since_s is not None and (answer_s or 0.0) > self._failing_since_s:
            log.info("the model answers again")
            self._failing_since_s = None
        if self._serving.endpoint is not None or self._probe is not None:
            return  # a server may cost money, and is not mended by a new start here
        if self._serving.engine.loaded is None:
            return  # it starts
        if self._serving.engine.pid is None:
            self._fail(now_s)
        elif now_s - max(self._probed_s, answer_s or 0.0) >= self._interval_s():
            self._probed_s = now_s
            self._probe = asyncio.create_task(self._ask(), name="probe")

    def close(self) -> None:
        """Stop asking."""
        if self._probe is not None:
            self._probe.cancel()

    async def _ask(self) -> None:
        begin_s = self._clock()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._serving.probe()
        except (EidosError, TimeoutError) as exc:
            log.warning("the model did not answer a probe: %s", exc or "no answer in time")
            self._fail(begin_s)
        finally:
            self._probe = None

    def _fail(self, since_s: float) -> None:
        if self._failing_since_s is None:
            self._failing_since_s = since_s

    def _interval_s(self) -> float:
        return PROBE_AFTER_S if self._failing_since_s is None else PROBE_AGAIN_S

    def _patience_s(self) -> float:
        return LOADING_PATIENCE_S if self._serving.engine.pid is None else PATIENCE_S
