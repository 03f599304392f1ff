"""What clients do to the daemon: too many, too slow, too fast, and in other tongues."""

import resource
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import zmq

from eidos.frames import encode_request
from eidos.protocol import PROTOCOL, Shell, SuggestRequest
from faults.frame_faults import garbled, send_all
from faults.load import Load
from faults.scene import Scene
from faults.strangers import message, strangers

_IDLE: Final = 1000
_SLOW: Final = 6
_STATUS: Final = message(PROTOCOL.encode(), b"status", b"slow")
_ASKED: Final = 400
"""Questions of each slow reader: their answers are far more than any buffer on the way holds."""
_MOST_GROWTH_BYTES: Final = 64 << 20
_FLOOD_AHEAD: Final = 200


def stay_idle(scene: Scene) -> None:
    """Keep 1,000 connections open that shook hands and say nothing."""
    with _files(4 * _IDLE), scene.load.fault(), strangers(scene.daemon.socket, _IDLE) as idle:
        assert len(idle) == _IDLE
        scene.load.last(scene.lasting_s)


def read_slowly(scene: Scene) -> None:
    """Ask for far more than one reads: half of them nothing at all, the others a byte at a time."""
    before_bytes = rss_bytes(scene.daemon.pid)
    with scene.load.fault(), strangers(scene.daemon.socket, _SLOW) as slow:
        assert len(slow) == _SLOW
        for connection in slow:
            connection.settimeout(0)
            with suppress(BlockingIOError):
                for _ in range(_ASKED):
                    connection.sendall(_STATUS)
        for _ in range(max(3, round(scene.lasting_s))):
            for connection in slow[::2]:
                with suppress(BlockingIOError):
                    connection.recv(1)
            scene.load.last(1)
    assert rss_bytes(scene.daemon.pid) - before_bytes < _MOST_GROWTH_BYTES


def flood(scene: Scene) -> None:
    """Ask thousands of times a second over one connection, beside one client that waits its turn.

    The polite one gets each of its answers.
    """
    polite = Load(scene.daemon.socket, first=100_000, clients=1, per_s=2)
    with polite, scene.load.fault(), _flooding(scene.daemon.socket):
        scene.load.last(scene.lasting_s)
        polite.until_answered(2, log=lambda: scene.daemon.log)
    found = polite.tally()
    assert found.answered == found.sent, f"the polite client: {found}"


@contextmanager
def _flooding(socket: Path) -> Generator[None]:
    """Have a program of its own ask without waiting for answers, as fast as they are read."""
    is_over = threading.Event()
    thread = threading.Thread(target=_pour, args=(socket, is_over))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _pour(socket: Path, is_over: threading.Event) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.sndhwm = _FLOOD_AHEAD
        dealer.connect(f"ipc://{socket}")
        number = 0
        while not is_over.is_set():
            text = f"show the last {number} lines of log.txt"
            asked = SuggestRequest(id=f"flood-{number}", shell=Shell.BASH, count=1, text=text)
            if dealer.poll(100, zmq.POLLOUT | zmq.POLLIN) & zmq.POLLIN:
                dealer.recv_multipart()
            with suppress(zmq.Again):
                dealer.send_multipart(encode_request(asked), zmq.NOBLOCK)
            number += 1


def garble(scene: Scene) -> None:
    """Send messages that are none, each of which gets an error."""
    with scene.load.fault():
        for turn in range(scene.repeats):
            count = 300
            assert send_all(scene.daemon.socket, garbled(count, turn)) == (count, count)


def rss_bytes(pid: int) -> int:
    """Return the resident memory of the process *pid*."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


@contextmanager
def _files(count: int) -> Generator[None]:
    """Allow this process *count* open files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
