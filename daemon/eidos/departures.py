"""Notice that the process behind a connection has ended, as the kernel tells it at once.

A client that is killed, or whose terminal is closed, says nothing, and libzmq does not tell which
connection has gone (listener.py). A client that closes its connection and lives on without a
`cancel` is not noticed: the deadline of its request bounds that.
"""

import asyncio
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def on_departure(pid: int | None, act: Callable[[], object]) -> Generator[None]:
    """Call *act* once, from the running loop, if the process *pid* ends before the block does.

    Where the process cannot be watched, nothing is noticed: it is not known or in another
    namespace, the kernel is older than Linux 5.3, or too many files are open.
    """
    loop = asyncio.get_running_loop()
    try:
        watch = os.pidfd_open(pid or 0)
    except ProcessLookupError:
        loop.call_soon(act)
        yield
        return
    except OSError:
        yield
        return

    def departed() -> None:
        loop.remove_reader(watch)  # it stays readable
        act()

    loop.add_reader(watch, departed)
    try:
        yield
    finally:
        loop.remove_reader(watch)
        os.close(watch)
