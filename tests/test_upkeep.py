"""What the daemon does once a second, and what must not keep it from that."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

from eidos.upkeep import Upkeep

PATIENCE_S = 30


def daemon() -> Any:
    """Return a daemon whose model is loaded and works."""
    engine = SimpleNamespace(loaded=SimpleNamespace(model="m"), end_if_written_to=list)
    config = SimpleNamespace(memory_limit_mb=1_000_000)
    serving = SimpleNamespace(engine=engine, answers=SimpleNamespace(expire=list), config=config)
    return SimpleNamespace(serving=serving, heartbeat=SimpleNamespace(beat=list, works=True))


def test_a_disk_that_hangs_does_not_starve_the_watchdog() -> None:
    """While a chore waits for the disk the service manager hears of us again and again."""
    fed: list[float] = []
    release = threading.Event()
    begun = threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(PATIENCE_S)

    async def look_after() -> None:
        manager: Any = SimpleNamespace(
            ready=str, alive=lambda: fed.append(time.monotonic()), watchdog_interval_s=0.0
        )
        listener: Any = SimpleNamespace(ensure_bound=list)
        upkeep = asyncio.create_task(Upkeep(daemon(), listener, manager, [hang]).run())
        deadline_s = time.monotonic() + PATIENCE_S
        while not begun.is_set() or len(fed) < 3:
            assert time.monotonic() < deadline_s, fed
            await asyncio.sleep(0.02)
        assert not release.is_set()
        release.set()
        upkeep.cancel()

    try:
        asyncio.run(look_after())
    finally:
        release.set()
