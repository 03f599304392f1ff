"""The server of eidos-remote: several replies, cancelling, draining, and ending when idle."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import zmq
from real_daemon import until
from remote_serving import LONG, SLOW

from eidos_remote.messages import (
    LAST,
    Cancel,
    Chat,
    Code,
    Done,
    End,
    Failure,
    Piece,
    Ping,
    Reply,
    Request,
    Revoke,
    Turn,
    decode_reply,
    encode,
)

PROGRAM = Path(__file__).with_name("remote_serving.py")
TESTS = str(Path(__file__).parents[1])
ROUNDS = 200


class Asked:
    """A connection of its own, as every client has one."""

    def __init__(self, context: zmq.Context, path: Path) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{path}")

    def say(self, request: Request) -> "Asked":
        """Send *request*."""
        self.socket.send_multipart(encode(request))
        return self

    def reply(self, timeout_s: float = 30) -> Reply:
        """Return the next reply."""
        assert self.socket.poll(int(timeout_s * 1000)), "no reply"
        return decode_reply(self.socket.recv_multipart())

    def replies(self) -> list[Reply]:
        """Return all replies to one request."""
        found = [self.reply()]
        while not isinstance(found[-1], LAST):
            found.append(self.reply())
        return found


class Service:
    """A process that serves at `path`, and its clients."""

    def __init__(self, path: Path, process: subprocess.Popen[str], context: zmq.Context) -> None:
        self.path = path
        self.process = process
        self._context = context
        self._clients: list[Asked] = []

    def client(self) -> Asked:
        """Return a new connection."""
        self._clients.append(Asked(self._context, self.path))
        return self._clients[-1]

    def part(self) -> None:
        """End every connection."""
        while self._clients:
            self._clients.pop().socket.close()


@contextmanager
def served(
    *arguments: str, idle_s: float = 600, most: int = 1000, is_asked: bool = False
) -> Iterator[Service]:
    """Run PROGRAM, and end it."""
    with (
        tempfile.TemporaryDirectory(prefix="eidos-", dir="/tmp") as folder,
        # No pipe: nobody reads it meanwhile, and 64 kB of log would block the process.
        Path(folder, "log").open("w+", encoding="utf-8") as log,
        zmq.Context() as zeromq,
    ):
        path = Path(folder, "run", "remote.sock")
        if arguments[0] == "again":
            path.parent.mkdir()
        variables = {"MOST": str(most), "ASKED": "yes" if is_asked else ""}
        process = subprocess.Popen(
            [sys.executable, PROGRAM, arguments[0], path, *arguments[1:]],
            env={**os.environ, "IDLE_S": str(idle_s), "PYTHONPATH": TESTS, **variables},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        service = Service(path, process, zeromq)
        try:
            until(path.is_socket)
            yield service
        finally:
            service.part()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def service() -> Iterator[Service]:
    """A server that stays."""
    with served("own") as running:
        yield running


def chat(identity: str, text: str = "hello") -> Chat:
    """Return a request of one turn."""
    return Chat(id=identity, turns=(Turn("user", text),))


def is_there(path: Path) -> Callable[[], bool]:
    """Return what tells whether *path* exists."""
    return path.exists


def test_a_request_has_several_replies(service: Service) -> None:
    """Pieces come one after the other, then the end; the socket is its owner's alone."""
    replies = service.client().say(chat("a")).replies()

    assert [type(reply) for reply in replies] == [Piece, End]
    assert {reply.id for reply in replies} == {"a"}
    assert service.path.stat().st_mode & 0o777 == 0o600
    assert service.path.parent.stat().st_mode & 0o777 == 0o700


def test_requests_of_one_connection_do_not_wait_for_each_other(service: Service) -> None:
    """While one answer takes long another one is given."""
    client = service.client().say(chat("a", SLOW))
    assert client.reply().id == "a"

    assert client.say(Ping(id="b")).reply().id == "b"


def test_a_slow_reader_gets_all_of_it(service: Service) -> None:
    """Where the client reads slowly the answer waits, and no piece is lost or out of order."""
    client = service.client().say(chat("a", LONG))
    assert isinstance(client.reply(), Piece)
    others = service.client()
    assert [others.say(Ping(id=str(each))).reply().id for each in range(20)]

    pieces = client.replies()[:-1]

    assert [int(each.text.split()[0]) for each in pieces if isinstance(each, Piece)] == list(
        range(1, 20_000)
    )


def test_cancel_stops_the_work(service: Service) -> None:
    """The work ends, nothing more is said of it, and other requests go on."""
    client = service.client().say(chat("a", SLOW))
    assert client.reply().id == "a"

    client.say(Cancel(id="a"))

    until(is_there(service.path.with_suffix(".stopped")))
    assert client.say(Ping(id="b")).reply().id == "b"


def test_a_client_that_dies_stops_the_work(service: Service) -> None:
    """Nobody waits for an answer whose reader was killed."""
    ask = (
        "import sys, time, zmq; from eidos_remote.messages import *\n"
        "dealer = zmq.Context().socket(zmq.DEALER); dealer.connect('ipc://' + sys.argv[1])\n"
        "dealer.send_multipart(encode(Chat(id='a', turns=(Turn('user', 'slow'),))))\n"
        "dealer.recv_multipart(); print(1, flush=True); dealer.recv_multipart()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", ask, str(service.path)], stdout=subprocess.PIPE
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"1\n"
        client.kill()

    until(is_there(service.path.with_suffix(".stopped")))


def test_what_is_no_request_is_answered(service: Service) -> None:
    """Other protocols and other fields are refused by name, and the process goes on."""
    client = service.client()

    client.socket.send_multipart([b"eidos/1", b"{}"])
    version = client.reply()
    client.socket.send_multipart([b"eidos-remote/1", b'{"type":"Chat","secret":"x"}'])
    bad = client.reply()

    assert isinstance(version, Failure)
    assert isinstance(bad, Failure)
    assert (version.code, bad.code) == (Code.VERSION, Code.BAD_MESSAGE)
    assert "secret" not in bad.message
    assert isinstance(client.say(Ping(id="b")).reply(), Done)


def test_a_frame_that_is_too_long_ends_its_connection(service: Service) -> None:
    """More than a mebibyte is not taken, and others are answered."""
    client = service.client()
    client.socket.send_multipart([b"eidos-remote/1", b" " * (1 << 20) + b"x"])

    assert not client.socket.poll(300)
    assert isinstance(service.client().say(Ping(id="b")).reply(), Done)


def test_too_many_requests_in_a_minute_are_refused() -> None:
    """All programs together may ask so often; what asks no provider is not counted."""
    with served("own", most=2) as service:
        first = [service.client().say(chat(str(each))).replies()[-1] for each in range(3)]
        other = service.client().say(Revoke(id="r")).reply()

    assert [type(reply) for reply in first] == [End, End, Failure]
    refused = first[-1]
    assert isinstance(refused, Failure)
    assert refused.code is Code.BUSY
    assert "remote_per_minute" in refused.message
    assert isinstance(other, Done)


def test_stopping_waits_for_what_is_under_way_and_says_so_to_the_rest(service: Service) -> None:
    """On SIGTERM an answer that takes too long ends with a reason, and a new request has one."""
    client = service.client().say(chat("a", SLOW))
    assert client.reply().id == "a"

    service.process.send_signal(signal.SIGTERM)
    until(lambda: not service.path.exists())
    late, last = client.say(chat("b")).reply(), client.reply()

    assert isinstance(late, Failure)
    assert isinstance(last, Failure)
    assert (late.id, late.code) == ("b", Code.STOPPING)
    assert (last.id, last.code) == ("a", Code.STOPPING)
    assert service.process.wait(30) == 0


def test_a_second_one_refuses_to_start(service: Service) -> None:
    """Who finds the lock taken leaves the socket alone."""
    program = (
        "import os, sys; from pathlib import Path; from eidos_remote.entrance import own\n"
        "own(Path(sys.argv[1]), os.getuid())"
    )
    second = subprocess.run(
        [sys.executable, "-c", program, service.path], capture_output=True, text=True, check=False
    )

    assert "eidos-remote runs already" in second.stderr
    assert isinstance(service.client().say(Ping(id="b")).reply(), Done)


def test_without_work_it_ends_and_takes_its_socket_away() -> None:
    """An own socket is gone with its process."""
    with served("own", idle_s=0.2) as service:
        assert service.process.wait(30) == 0
        assert not service.path.exists()


def test_it_does_not_end_where_eidosd_may_ask_and_nobody_starts_the_next() -> None:
    """Without systemd it stays while requests may be translated; one beside it ends."""
    with served("own", idle_s=1, is_asked=True) as kept, served("own", idle_s=1) as other:
        assert other.process.wait(timeout=30) == 0
        assert kept.process.poll() is None
        assert kept.path.exists()


def test_it_does_not_end_while_somebody_is_connected() -> None:
    """A client that waits before its next question finds the same process."""
    with served("own", idle_s=0.05) as service:
        client = service.client()
        first = client.say(Revoke(id="a")).reply()
        other = service.client()
        assert not other.socket.poll(500)  # ten times as long as it would wait

        assert isinstance(first, Done)
        second = client.say(Revoke(id="b")).reply()
        assert isinstance(second, Done)
        assert second.message == first.message


def test_no_request_is_lost_when_it_ends() -> None:
    """Two clients ask again and again just when the process ends, and each is answered at once.

    Where it ends there is a next process, on the same socket that systemd would hold.
    """
    with served("again", "1000000", idle_s=0.002) as service:
        pids: list[str] = []
        number = 0
        # A slow machine needs more rounds to end as often.
        while number < ROUNDS or len(set(pids)) < ROUNDS / 10:
            number += 1
            # From at once to well after the end, in steps of 0.1 ms.
            assert not service.client().socket.poll(0)
            service.part()
            signal.sigtimedwait([], (number % 50) / 10_000)
            asked = [service.client().say(Revoke(id=f"{number}-{each}")) for each in range(2)]
            for each in asked:
                reply = each.reply(10)
                assert isinstance(reply, Done)
                pids.append(reply.message)
            service.part()
        service.process.kill()
        assert service.process.stdout is not None
        output = service.process.stdout.read()
        log = service.path.parents[1].joinpath("log").read_text()

    assert set(output.split()) == {"0"}, log


def test_an_own_socket_loses_nobody_either() -> None:
    """Who finds a socket is answered there; who finds none would start a new process."""
    lost = 0
    for number in range(10):
        with served("own", idle_s=0.02) as service:
            signal.sigtimedwait([], number / 500)
            if not service.path.exists():
                continue
            asked = service.client().say(Revoke(id="a"))
            if not asked.socket.poll(2000):
                lost += service.process.poll() is None
    assert not lost
