"""The daemon's end of the socket: who may own the path, and how it is kept."""

import asyncio
import os
import resource
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zmq

from eidos.errors import AlreadyRunning, RuntimeDirError
from eidos.listener import Listener

Dial = Callable[[int], zmq.Socket[bytes]]


@pytest.fixture
def path() -> Iterator[Path]:
    """A short path for a socket: sun_path has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="eidos-", dir="/tmp") as folder:
        yield Path(folder) / "eidos" / "eidosd.sock"


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Open client sockets that are closed when the test ends."""
    with ExitStack() as stack:
        context = stack.enter_context(zmq.Context())

        def start(kind: int) -> zmq.Socket[bytes]:
            client = stack.enter_context(context.socket(kind))
            client.linger = 0
            return client

        yield start


def say(dial: Dial, path: Path, *frames: bytes) -> zmq.Socket[bytes]:
    """Send *frames* to *path* from a new DEALER and return it."""
    dealer = dial(zmq.DEALER)
    dealer.connect(f"ipc://{path}")
    dealer.send_multipart(frames)
    return dealer


def test_the_socket_and_its_folder_are_for_the_owner_only(path: Path) -> None:
    """The folder is 0700 and the socket 0600, whatever the umask."""

    async def body() -> None:
        umask = os.umask(0)
        try:
            listener = Listener(path, os.getuid())
        finally:
            os.umask(umask)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        listener.close()

    asyncio.run(body())


def test_frames_arrive_with_the_senders_uid_and_a_reply_finds_its_way(
    path: Path, dial: Dial
) -> None:
    """A message carries the kernel's word on who sent it; the reply reaches the sender."""

    async def body() -> None:
        listener = Listener(path, os.getuid())
        dealer = say(dial, path, b"a", b"b")
        message = await listener.receive()
        assert (message.uid, message.frames) == (os.getuid(), [b"a", b"b"])
        await listener.send(message.sender, [b"c"])
        assert dealer.poll(5000)
        assert dealer.recv_multipart() == [b"c"]
        listener.close()

    asyncio.run(body())


def test_a_second_owner_is_refused_and_the_first_keeps_the_path(path: Path) -> None:
    """ZeroMQ would let a second bind steal the path; the lock does not."""

    async def body() -> None:
        listener = Listener(path, os.getuid())
        inode = path.stat().st_ino
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"):
            Listener(path, os.getuid())
        assert path.stat().st_ino == inode
        listener.close()

    asyncio.run(body())


def test_a_full_disk_does_not_keep_the_daemon_from_the_socket(path: Path) -> None:
    """The lock holds although the pid, which is for people alone, cannot be written into it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def body() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            listener = Listener(path, os.getuid())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        with pytest.raises(AlreadyRunning, match="pid unknown"):
            Listener(path, os.getuid())
        listener.close()

    asyncio.run(body())


def test_a_stale_socket_is_replaced(path: Path, dial: Dial) -> None:
    """What a killed daemon left behind does not stop the next one."""

    async def body() -> None:
        path.parent.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(os.fspath(path))
        listener = Listener(path, os.getuid())
        say(dial, path, b"x")
        assert (await listener.receive()).frames == [b"x"]
        listener.close()
        assert not path.exists()

    asyncio.run(body())


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_what_is_not_a_socket_is_never_removed(path: Path, kind: str) -> None:
    """A file, link or directory at the path is left alone, and named."""
    path.parent.mkdir(mode=0o700)
    if kind == "file":
        path.write_text("precious")
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    else:
        path.mkdir()

    async def body() -> None:
        with pytest.raises(RuntimeDirError, match="is not a socket; move it away"):
            Listener(path, os.getuid())

    asyncio.run(body())
    assert path.is_symlink() if kind == "link" else path.exists()


@pytest.mark.parametrize("fault", ["open to others", "link", "other owner", "file"])
def test_an_unsafe_folder_is_refused(path: Path, fault: str) -> None:
    """A folder that others may enter, own or redirect is refused with the cure."""
    folder = path.parent
    uid = os.getuid()
    if fault == "file":
        folder.write_text("")
    elif fault == "link":
        folder.symlink_to("/tmp")
    else:
        folder.mkdir(mode=0o755 if fault == "open to others" else 0o700)
        folder.chmod(0o755 if fault == "open to others" else 0o700)
        uid += fault == "other owner"

    async def body() -> None:
        with pytest.raises(RuntimeDirError, match=r"chmod 700|belongs to|not a directory|create"):
            Listener(path, uid)

    asyncio.run(body())


@pytest.mark.parametrize("fate", ["deleted", "stolen"])
def test_a_lost_path_is_bound_again(path: Path, dial: Dial, fate: str) -> None:
    """After somebody deleted or replaced the socket file, upkeep makes it ours again."""

    async def body() -> None:
        listener = Listener(path, os.getuid())
        old = say(dial, path, b"before")
        before = await listener.receive()
        thief = dial(zmq.ROUTER)
        if fate == "deleted":
            path.unlink()
        else:
            thief.bind(f"ipc://{path}")
        listener.ensure_bound()
        say(dial, path, b"after")
        assert (await listener.receive()).frames == [b"after"]
        await listener.send(before.sender, [b"late"])
        assert old.poll(5000), "a client connected before must still get its reply"
        listener.close()

    asyncio.run(body())


def test_a_large_frame_drops_its_connection_only(path: Path, dial: Dial) -> None:
    """A 10 MB frame never reaches the daemon, and the next client is served."""

    async def body() -> None:
        listener = Listener(path, os.getuid())
        say(dial, path, b"x" * 10_000_000)
        say(dial, path, b"small")
        assert (await listener.receive()).frames == [b"small"]
        listener.close()

    asyncio.run(body())
