"""The end of a client's process is noticed, and nothing else is taken for it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eidos.departures import on_departure

Process = subprocess.Popen[bytes]


@pytest.fixture
def client() -> Iterator[Process]:
    """A process that lives until it is killed."""
    program = [sys.executable, "-c", "input()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_process_that_ends_is_noticed_once(client: Process) -> None:
    """A killed process is noticed while nobody has asked for its exit status yet."""

    async def body() -> None:
        calls: list[str] = []
        noticed = asyncio.Event()

        def act() -> None:
            calls.append("gone")
            noticed.set()

        with on_departure(client.pid, act):
            await asyncio.sleep(0)
            assert calls == []
            client.kill()
            await asyncio.wait_for(noticed.wait(), 10)
            await asyncio.sleep(0)
        assert calls == ["gone"]

    asyncio.run(body())


def test_a_process_that_has_gone_before_is_noticed(client: Process) -> None:
    """A client may be dead by the time its request is read."""
    client.kill()
    client.wait()

    async def body() -> None:
        noticed = asyncio.Event()
        with on_departure(client.pid, noticed.set):
            await asyncio.wait_for(noticed.wait(), 10)

    asyncio.run(body())


def test_after_the_block_nothing_is_noticed_and_nothing_left_open(client: Process) -> None:
    """A client that ends after its answer is no departure."""

    async def body() -> None:
        noticed = asyncio.Event()
        before = open_files()
        with on_departure(client.pid, noticed.set):
            assert open_files() == before + 1
        assert open_files() == before
        client.kill()
        client.wait()
        await asyncio.sleep(0)
        assert not noticed.is_set()

    asyncio.run(body())


@pytest.mark.parametrize("pid", [None, 0, os.getpid()], ids=["unknown", "elsewhere", "alive"])
def test_who_cannot_be_watched_or_lives_has_not_gone(pid: int | None) -> None:
    """Not to know a process is no reason to stop its request."""

    async def body() -> None:
        noticed = asyncio.Event()
        with on_departure(pid, noticed.set):
            await asyncio.sleep(0)
        assert not noticed.is_set()

    asyncio.run(body())
