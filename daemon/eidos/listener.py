"""The daemon's end of the socket: one owner, one file, frames in and out.

What libzmq does on ipc sockets, each seen on libzmq 4.3.5, and what is done about it:

- A second `bind` steals a live path silently: an flock on a file beside it comes first, and the
  path's inode is compared with the one that was bound, so a deleted or stolen file is bound anew.
- The socket file gets the umask's mode: it is made 0600, in a folder that is ours alone.
- A peer may send endless frames of one message, which no option limits: main.py limits memory.
- `accept` at the limit of open files aborts the process: main.py raises the limit, and peers
  that do not finish the handshake, or do not answer heartbeats, are closed here.
- A peer that reads slowly fills its queue: further replies to it are dropped (ROUTER's default).
- Nothing says which peer has gone. The monitor's event tells a file descriptor, which the next
  connection may have by then; ZMQ_DISCONNECT_MSG is a draft, and not in pyzmq's wheels.
  departures.py watches the peer's process instead.
"""

import contextlib
import fcntl
import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import zmq
import zmq.asyncio

from eidos.errors import AlreadyRunning, RuntimeDirError
from eidos.paths import make_private
from eidos.protocol import MAX_FRAME_BYTES

log = logging.getLogger(__name__)

OPTIONS: Final = {
    zmq.LINGER: 0,
    zmq.MAXMSGSIZE: MAX_FRAME_BYTES,
    zmq.RCVHWM: 16,
    zmq.SNDHWM: 16,
    zmq.BACKLOG: 128,
    zmq.HANDSHAKE_IVL: 1000,
    # The widgets answer pings while they wait. A client that does not has 35 s, longer than the
    # deadline of 10 s; an abandoned connection is gone after that.
    zmq.HEARTBEAT_IVL: 5000,
    zmq.HEARTBEAT_TIMEOUT: 30_000,
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came: who sent it (for the reply), as which user, and its frames."""

    sender: bytes
    uid: int
    pid: int
    """The process that connected; 0 where it is in another namespace than the daemon."""
    frames: list[bytes]

    @property
    def client(self) -> str:
        """Who asks, as far as it can be told: the process, else the connection."""
        return str(self.pid) if self.pid else self.sender.hex()


class Listener:
    """The bound ROUTER socket, together with the lock that makes it ours."""

    def __init__(self, path: Path, uid: int) -> None:
        """Take the lock beside *path* and bind there.

        Raises:
            RuntimeDirError: the folder is not safe, or something else than a socket is there.
            AlreadyRunning: another daemon holds the lock.
        """
        make_private(path.parent, uid)
        self._path = path
        self._lock_path = path.with_suffix(".lock")
        self._lock = take_lock(self._lock_path, "eidosd")
        self._context = zmq.asyncio.Context(io_threads=1)
        self._socket = self._context.socket(zmq.ROUTER)
        self._inode = 0
        for option, value in OPTIONS.items():
            self._socket.setsockopt(option, value)
        try:
            self._inode = self._bind()
        except BaseException:
            self.close()
            raise

    async def receive(self) -> Message:
        """Wait for the next message of our user's or root's; others are dropped."""
        return await receive_ours(self._socket)

    async def send(self, sender: bytes, frames: Sequence[bytes]) -> None:
        """Send *frames* to *sender*; a sender that has gone is not an error."""
        parts: list[Any] = [sender, *frames]  # pyzmq leaves the type of its elements open
        await self._socket.send_multipart(parts)  # pyright: ignore[reportUnknownMemberType]

    def is_bound(self) -> bool:
        """Tell whether the socket's path leads here."""
        try:
            return inode_of(self._path) == self._inode
        except OSError:  # its folder is closed to us, and so to our clients
            return False

    def ensure_bound(self) -> None:
        """Bind again if the socket file was deleted or replaced; the lock says it is ours.

        Raises:
            RuntimeDirError: the folder is not safe any more, or the path is taken by a file.
            AlreadyRunning: the lock's file was deleted too, and another daemon has made its own.
        """
        try:
            has_lock = inode_of(self._lock_path) == os.fstat(self._lock.fileno()).st_ino
            has_socket = inode_of(self._path) == self._inode
        except OSError:  # the folder is closed to us: its mode may be mended, and all goes on
            return
        if has_lock and has_socket:
            return
        make_private(self._path.parent, os.getuid())
        if not has_lock:
            log.warning("the lock beside %s was deleted or replaced; taking it again", self._path)
            lock = take_lock(self._lock_path, "eidosd")
            self._lock.close()
            self._lock = lock
        if not has_socket:
            log.warning("the socket %s was deleted or replaced; binding it again", self._path)
            # No unbind: it would close the connections that came through the lost file.
            self._inode = self._bind()

    def close(self) -> None:
        """Remove the socket file, if it is still ours, and let go of the lock."""
        owned = self._inode and self.is_bound()
        self._context.destroy(linger=0)
        if owned:
            self._path.unlink(missing_ok=True)
        self._lock.close()

    def _bind(self) -> int:
        # We hold the lock: a socket of ours here is what a killed daemon left behind.
        remove_stale(self._path)
        umask = os.umask(0o177)
        try:
            self._socket.bind(f"ipc://{self._path}")
        except zmq.ZMQError as exc:
            raise RuntimeDirError(f"cannot listen on {self._path}: {exc}") from exc
        finally:
            os.umask(umask)
        with contextlib.suppress(FileNotFoundError):  # deleted already: bound again in a second
            self._path.chmod(0o600)
        return inode_of(self._path)


async def receive_ours(router: zmq.asyncio.Socket) -> Message:
    """Return the next message that comes to *router* from our user or root; others are dropped."""
    while True:
        sender, *frames = await router.recv_multipart(copy=False)
        uid, pid = _peer(sender)
        if uid in {os.getuid(), 0}:
            return Message(sender.bytes, uid, pid, [frame.bytes for frame in frames])
        log.warning("a message of uid %s was dropped", uid)


def take_lock(path: Path, program: str) -> BinaryIO:
    """Return the open, locked file, which holds our pid for people to read.

    Raises:
        AlreadyRunning: another process, of *program*, holds it.
        RuntimeDirError: it cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        lock = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
    except OSError as exc:
        raise RuntimeDirError(f"cannot open {path}: {exc.strerror}; remove it") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        pid = path.read_text(encoding="ascii").strip() or "unknown"
        message = f"{program} runs already (pid {pid}); see: eidosctl status"
        raise AlreadyRunning(message) from None
    with contextlib.suppress(OSError):  # a full disk: the lock holds without it
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n".encode())
    return lock


def remove_stale(path: Path) -> None:
    """Remove the socket that a killed process left at *path*, if there is one; we hold the lock.

    Raises:
        RuntimeDirError: something else than a socket is there.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise RuntimeDirError(f"{path} is not a socket; move it away: mv {path} {path}.old")
    path.unlink()


def inode_of(path: Path) -> int:
    """Return the inode of *path*, 0 where there is nothing."""
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return 0


def _peer(frame: zmq.Frame) -> tuple[int, int]:
    """Return the user and the process that sent *frame*; -1 for a user that is not known.

    libzmq does not say who the peer is where that speaks the ZeroMQ of 2010, whose greeting random
    bytes can look like.
    """
    try:
        # libzmq's ipc transport gives "localhost:UID:GID:PID", from SO_PEERCRED.
        _, uid, _, pid = str(frame.get("Peer-Address")).split(":")
        return int(uid), int(pid)
    except zmq.ZMQError:
        return -1, 0
