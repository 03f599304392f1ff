"""Asking the daemon from Python when there is no daemon, or something else in its place."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from real_daemon import private_folders

from eidos.client import ask, is_listening, ping
from eidos.errors import DaemonSilent, DaemonUnavailable, ProtocolError
from eidos.frames import encode_reply, encode_request
from eidos.protocol import PROTOCOL, PingRequest, Reply, Shell, Suggestions, SuggestRequest

SUGGEST = SuggestRequest(id="a1", shell=Shell.BASH, count=1, text="list files")


@pytest.fixture
def path() -> Iterator[Path]:
    """The path of a socket in a private folder that is there."""
    with private_folders() as environ:
        folder = Path(environ["XDG_RUNTIME_DIR"], "eidos")
        folder.mkdir(mode=0o700)
        yield folder / "eidosd.sock"


def answer_once(path: Path, *frames: bytes) -> threading.Thread:
    """Bind a ROUTER to *path* that answers the first message with *frames*; return its thread."""
    bound = threading.Event()

    def serve() -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
            router.linger = 1000
            router.bind(f"ipc://{path}")
            bound.set()
            if router.poll(10_000):
                sender, *_ = router.recv_multipart()
                router.send_multipart([sender, *frames])

    thread = threading.Thread(target=serve)
    thread.start()
    assert bound.wait(10)
    return thread


def test_nobody_there_is_said_with_the_cure(path: Path) -> None:
    """No folder, no file and a dead socket file are all "start it"."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(path))

    for socket_path in (path, path.with_name("none"), Path("/nowhere/eidos/eidosd.sock")):
        assert not is_listening(socket_path)
        with pytest.raises(DaemonUnavailable, match="start it: eidosctl start"):
            ask(PingRequest(id="x"), socket=socket_path, timeout_s=10)


def test_somebody_silent_is_said_with_the_cure(path: Path) -> None:
    """A listener that never speaks is given up after the timeout."""
    with socket.socket(socket.AF_UNIX) as wedged:
        wedged.bind(os.fspath(path))
        wedged.listen()

        assert is_listening(path)
        with pytest.raises(DaemonSilent, match=r"after 0.2 s; try: eidosctl restart"):
            ping(path, timeout_s=0.2)


@pytest.mark.parametrize(
    "frames",
    [
        [b"garbage"],
        [b""],
        [b"eidos/9", b"pong", b"ping", b"9.9"],
        [PROTOCOL.encode(), b"pong"],
        [PROTOCOL.encode(), b"suggestions", b"ping", b"soon"],
        [PROTOCOL.encode(), b"suggestions", b"ping", b"1.0", b"ls", b"fine", b"", b"1"],
        [PROTOCOL.encode(), b"pong", b"ping", b"\xff"],
    ],
    ids=["garbage", "empty", "version", "short", "total_ms", "verdict", "utf-8"],
)
def test_a_reply_that_is_none_is_an_error_not_a_crash(path: Path, frames: list[bytes]) -> None:
    """Whoever sits on the socket cannot make a client fail but with a sentence."""
    server = answer_once(path, *frames)

    with pytest.raises(ProtocolError):
        ping(path, timeout_s=10)

    server.join()


@pytest.fixture
def router(path: Path) -> Iterator["zmq.Socket[bytes]"]:
    """A ROUTER at *path* that the test reads."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.linger = 0
        router.bind(f"ipc://{path}")
        yield router


def next_frames(router: "zmq.Socket[bytes]") -> list[bytes]:
    """Return the sender and the frames of the next message."""
    assert router.poll(10_000), "no message within 10 s"
    return router.recv_multipart()


def test_a_wait_that_is_over_cancels_the_request(path: Path, router: "zmq.Socket[bytes]") -> None:
    """The daemon is told over the same connection that nobody waits any more."""
    with pytest.raises(DaemonSilent):
        ask(SUGGEST, socket=path, timeout_s=0.2)

    sender, *asked = next_frames(router)
    assert asked == encode_request(SUGGEST)
    assert next_frames(router) == [sender, PROTOCOL.encode(), b"cancel", b"a1"]


def test_only_suggestions_are_cancelled(path: Path, router: "zmq.Socket[bytes]") -> None:
    """What is answered without the engine takes no time that could be saved."""
    with pytest.raises(DaemonSilent):
        ping(path, timeout_s=0.2)

    assert next_frames(router)[2] == b"ping"
    assert not router.poll(100)


def test_an_answered_request_is_not_cancelled(path: Path, router: "zmq.Socket[bytes]") -> None:
    """After the reply the connection ends without another word."""
    replies: list[Reply] = []
    client = threading.Thread(
        target=lambda: replies.append(ask(SUGGEST, socket=path, timeout_s=10))
    )
    client.start()
    sender, *_ = next_frames(router)
    router.send_multipart([sender, *encode_reply(Suggestions("a1", 1.0, ()))])
    client.join()

    assert replies == [Suggestions("a1", 1.0, ())]
    assert not router.poll(100)


def test_another_kind_of_reply_to_a_ping_is_not_a_daemon(path: Path) -> None:
    """A well-formed answer to another question is refused too."""
    server = answer_once(path, PROTOCOL.encode(), b"status", b"ping", b"{}")

    with pytest.raises(ProtocolError, match="is not eidosd"):
        ping(path, timeout_s=10)

    server.join()
