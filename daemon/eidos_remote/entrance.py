"""The socket of `eidos-remote`: systemd's or its own, and how it ends with nobody left before it.

A process that ends when it is idle must not take with it the client that comes just then. What is
in the queue of the listening socket is safe, for systemd keeps that socket and starts the next
process; what libzmq has accepted is lost. Two things of libzmq 4.3.5 stand in the way: it cannot
be told to accept no more (`unbind` ends the connections that came that way), and it does not say
that it has accepted one before its message is there. So:

- The descriptor that libzmq accepts from is, for a moment, made that of a socket that nobody can
  find (dup2). libzmq's poller still waits for the real one, and finds nothing to accept.
- The monitor tells of connections in their order. When it has told of the end of a socket that was
  bound and unbound after that, it has told of every connection before.

With no connection then, nobody can be lost; else all goes on as before. Once it was left, libzmq
cannot be closed (its poller would abort, the descriptor not being the one that it knows): the
process ends by `os._exit`.
"""

import asyncio
import os
import select
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

from eidos.errors import RuntimeDirError
from eidos.listener import OPTIONS, Message, inode_of, receive_ours, remove_stale, take_lock
from eidos.paths import make_private
from eidos_remote.messages import MAX_FRAME_BYTES

_FIRST_INHERITED: Final = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""
_BACKLOG: Final = 128
_FULL_WAIT_S: Final = 0.005
"""How long to wait for a client that has not read what it was sent."""
_OPTIONS: Final = {
    **OPTIONS,
    zmq.MAXMSGSIZE: MAX_FRAME_BYTES,
    # A full queue is an error, not a gap in the answer; `send` waits.
    zmq.ROUTER_MANDATORY: 1,
    zmq.SNDHWM: 64,
}


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket on which clients wait; where it is ours, its path and the lock on that."""

    socket: socket.socket
    path: Path | None = None
    lock: BinaryIO | None = None


def inherited(environ: Mapping[str, str]) -> Listening | None:
    """Return the socket that systemd handed over, None where it did not."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS") != "1":
        return None
    os.set_inheritable(_FIRST_INHERITED, False)  # noqa: FBT003 - its only form
    return Listening(socket.socket(fileno=_FIRST_INHERITED))


def own(path: Path, uid: int) -> Listening:
    """Return a socket at *path*, whose folder and file nobody else may open.

    Raises:
        AlreadyRunning: another process listens there.
        RuntimeDirError: the folder is not safe, or the path cannot be bound.
    """
    make_private(path.parent, uid)
    lock = take_lock(path.with_suffix(".lock"), "eidos-remote")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)
    try:
        remove_stale(path)
        listening.bind(os.fspath(path))
        listening.listen(_BACKLOG)
    except OSError as exc:
        listening.close()
        lock.close()
        raise RuntimeDirError(f"cannot listen on {path}: {exc.strerror}") from exc
    except BaseException:
        listening.close()
        lock.close()
        raise
    finally:
        os.umask(umask)
    return Listening(listening, path, lock)


class Entrance:
    """A ROUTER socket on a listening one, which knows who stands in it."""

    def __init__(self, listening: Listening) -> None:
        """Begin to accept; to be called where an event loop runs."""
        self._listening = listening
        self._inode = inode_of(listening.path) if listening.path else 0
        listening.socket.settimeout(0)
        self._accepting = os.dup(listening.socket.fileno())
        """libzmq's own, which it closes."""
        self._nowhere = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._nowhere.settimeout(0)
        self._nowhere.bind("")  # the kernel chooses an abstract name
        self._nowhere.listen(1)
        self._context = zmq.asyncio.Context(io_threads=1)
        self._socket = self._context.socket(zmq.ROUTER)
        for option, value in _OPTIONS.items():
            self._socket.setsockopt(option, value)
        self._socket.setsockopt(zmq.USE_FD, self._accepting)
        told = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED
        self._monitor: zmq.asyncio.Socket = self._socket.get_monitor_socket(told)
        self._socket.bind(f"ipc://{listening.path or listening.socket.getsockname()}")
        self._socket.setsockopt(zmq.USE_FD, -1)
        self._standing: set[int] = set()
        """Descriptors of the connections there are."""
        self._emptied = asyncio.Event()
        self._synced: asyncio.Future[None] | None = None
        self._watch = asyncio.create_task(self._count(), name="connections")

    @property
    def connections(self) -> int:
        """How many clients are connected, as far as it is known."""
        return len(self._standing)

    @property
    def is_own(self) -> bool:
        """Whether it is our own, so that nobody starts the next process for who asks then."""
        return self._listening.path is not None

    async def emptied(self) -> None:
        """Return when nobody is connected."""
        self._emptied.clear()
        if self._standing:
            await self._emptied.wait()

    async def receive(self) -> Message:
        """Wait for the next message of our user's or root's; others are dropped."""
        return await receive_ours(self._socket)

    async def send(self, sender: bytes, frames: Sequence[bytes]) -> None:
        """Send *frames* to *sender*, when it has read enough of those before.

        A sender that has gone is not an error, and one that reads nothing is gone after its
        heartbeats have been missing for 30 s.
        """
        parts: list[Any] = [sender, *frames]  # pyzmq leaves the type of its elements open
        while True:
            try:
                await self._socket.send_multipart(  # pyright: ignore[reportUnknownMemberType]
                    parts, flags=zmq.NOBLOCK
                )
            except zmq.Again:
                await asyncio.sleep(_FULL_WAIT_S)
            except zmq.ZMQError as exc:
                if exc.errno != zmq.EHOSTUNREACH:
                    raise
                return
            else:
                return

    async def leave(self) -> bool:
        """Say that nobody is in it and nobody will be, for good; False changes nothing.

        After True this process must end, and clients wait for the next one.
        """
        await self._hold()
        is_empty = not self._standing and not self._is_somebody_waiting()
        if is_empty and self._is_path_given_up():
            return True
        os.dup2(self._listening.socket.fileno(), self._accepting, inheritable=False)
        return False

    async def shut(self) -> None:
        """Let nobody in any more, for good: this process must end. Who is in stays in."""
        if self._owns_path() and self._listening.path:
            self._listening.path.unlink()
        await self._hold()

    async def flush(self) -> None:
        """Return when what was sent has left this process, as far as clients read it."""
        synced = self._synced = asyncio.get_running_loop().create_future()
        passing = f"ipc://@eidos-remote-{os.getpid()}-{id(synced)}"
        self._socket.bind(passing)
        self._socket.unbind(passing)
        await synced

    def close(self) -> None:
        """Let go of everything, unless it was left or shut; who is in is lost."""
        self._watch.cancel()
        self._context.destroy(linger=0)
        if self._owns_path() and self._listening.path:
            self._listening.path.unlink(missing_ok=True)
        self._listening.socket.close()
        self._nowhere.close()
        if self._listening.lock:
            self._listening.lock.close()

    async def _hold(self) -> None:
        """Accept nobody; return when all who were accepted are known."""
        # A process that has just begun: libzmq's thread would else begin to wait for the one that
        # nobody finds, and hear of nobody ever again (one start of a hundred, on a busy machine).
        await self.flush()
        os.dup2(self._nowhere.fileno(), self._accepting, inheritable=False)
        await self.flush()

    async def _count(self) -> None:
        while True:
            event = parse_monitor_message(await self._monitor.recv_multipart())
            match event["event"]:
                case zmq.EVENT_ACCEPTED:
                    self._standing.add(event["value"])
                case zmq.EVENT_DISCONNECTED:
                    self._standing.discard(event["value"])
                    if not self._standing:
                        self._emptied.set()
                case _:
                    if self._synced and not self._synced.done():
                        self._synced.set_result(None)

    def _is_somebody_waiting(self) -> bool:
        return bool(select.select([self._listening.socket], [], [], 0)[0])

    def _is_path_given_up(self) -> bool:
        """Take our path away, unless somebody came while we did; systemd's stays."""
        path = self._listening.path
        if path is None or not self._owns_path():
            return True
        aside = path.with_suffix(".leaving")
        with suppress(FileNotFoundError):
            path.rename(aside)
            if self._is_somebody_waiting():
                aside.rename(path)
                return False
            aside.unlink()
        return True

    def _owns_path(self) -> bool:
        return bool(self._inode) and inode_of(self._listening.path or Path()) == self._inode
