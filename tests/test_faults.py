"""Faults, each done to the real daemon: it recovers or says why, and the next request works."""

import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import zmq
from real_daemon import EIDOSD, EXAMPLE, EXAMPLE_COMMAND, RealDaemon, private_folders, until

from eidos.client import ask, is_listening, ping
from eidos.day_counts import Item, read_days
from eidos.errors import DaemonSilent, RuntimeDirError
from eidos.frames import decode_reply
from eidos.protocol import ErrorCode, Failure, Reply, Shell, Suggestions, SuggestRequest
from eidos.state import State

pytestmark = pytest.mark.model

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
READY = b"\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"


def dial(daemon: RealDaemon) -> socket.socket:
    """Return a plain connection to the daemon's socket."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(os.fspath(daemon.socket))  # waits while the backlog is full
    sock.settimeout(30)
    return sock


def handshake(sock: socket.socket) -> None:
    """Speak ZMTP until both sides are ready."""
    sock.sendall(GREETING + READY)
    received = b""
    while b"READY" not in received:
        received += sock.recv(4096)


def answers(daemon: RealDaemon) -> bool:
    """Tell whether an ordinary request gets its ordinary answer."""
    reply = daemon.ask(EXAMPLE)
    return isinstance(reply, Suggestions) and reply.candidates[0].command == EXAMPLE_COMMAND


def raw(daemon: RealDaemon, *frames: bytes) -> Reply | None:
    """Send *frames* as they are; return the reply, or None where none comes."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(f"ipc://{daemon.socket}")
        dealer.send_multipart(frames)
        return decode_reply(dealer.recv_multipart()) if dealer.poll(3000) else None


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (
            [b"eidos/2", b"suggest", b"a", b"zsh", b"1", b"", b"", b"", b"\xff\xfe"],
            ErrorCode.INVALID_UTF8,
        ),
        (
            [b"eidos/2", b"suggest", b"a", b"zsh", b"1", b"", b"", b"", b"a\x00b"],
            ErrorCode.CONTROL_CHARACTER,
        ),
        ([b"eidos/9", b"suggest", b"a"], ErrorCode.VERSION),
        ([b"GET / HTTP/1.1"], ErrorCode.VERSION),
        ([b""], ErrorCode.VERSION),
        ([os.urandom(1000)] * 6, ErrorCode.INVALID_UTF8),
        ([b"x"] * 500, ErrorCode.VERSION),
        (
            [b"eidos/2", b"suggest", b"a", b"zsh", b"1", b"", b"", b"", b"x" * 60_000],
            ErrorCode.TOO_LONG,
        ),
    ],
    ids=["utf-8", "NUL", "version", "http", "empty", "random", "500 frames", "60 kB"],
)
def test_a_message_that_is_none_gets_an_error(
    running: RealDaemon, frames: list[bytes], code: ErrorCode
) -> None:
    """Whatever comes in well-formed frames is answered with the error that fits."""
    reply = raw(running, *frames)

    assert isinstance(reply, Failure)
    assert reply.code is code
    assert answers(running)


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        os.urandom(5000),
        GREETING[:10],
        GREETING + READY + b"\x02" + struct.pack("!Q", 2**62),
        GREETING + READY + b"\x02" + struct.pack("!Q", 10_000_000) + b"x" * 100_000,
        GREETING + READY + b"\x01\x07eidos/2" * 3,
    ],
    ids=["http", "random", "half a greeting", "2^62 bytes", "10 MB", "half a message"],
)
def test_bytes_that_are_no_message_disturb_nobody(running: RealDaemon, stream: bytes) -> None:
    """Garbage on the socket costs its own connection; others are answered meanwhile and after."""
    with dial(running) as sock:
        with suppress(OSError):
            sock.sendall(stream)
        assert answers(running)
    assert answers(running)


def test_a_client_that_leaves_before_its_answer_is_no_fault(running: RealDaemon) -> None:
    """Ctrl-C at the prompt closes the connection; the daemon answers the next one."""
    frames = [b"eidos/2", b"suggest", b"gone", b"zsh", b"1", b"", b"", b"", b"show disk usage"]
    with dial(running) as sock:
        handshake(sock)
        for frame in frames[:-1]:
            sock.sendall(bytes([1, len(frame)]) + frame)
        sock.sendall(bytes([0, len(frames[-1])]) + frames[-1])

    assert answers(running)


def test_a_thousand_idle_connections_disturb_nobody(own: RealDaemon) -> None:
    """Connections that say nothing are closed; the default limit of 1024 files is no wall."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    try:
        with ExitStack() as stack:
            idle = [stack.enter_context(dial(own)) for _ in range(1300)]
            assert answers(own)
            while idle[0].recv(100):  # the daemon's greeting, then its end
                pass
            assert answers(own)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_endless_frames_end_in_a_fresh_start_not_in_a_full_memory(stopped: RealDaemon) -> None:
    """No option of libzmq bounds a message; the daemon ends itself, says why, and was down."""
    stopped.start(EIDOS_MEMORY_LIMIT_MB="96").until_loaded()
    frames = b"\x01\x01x" * 100_000
    with dial(stopped) as sock:
        handshake(sock)
        # 64 bytes of memory a frame: well over the limit, and well under RLIMIT_DATA, which is four
        # times the limit, and at which libzmq aborts and says less. On a slow machine the daemon
        # has ended before the last of them is sent.
        with suppress(ConnectionError):
            for _ in range(25):
                sock.sendall(frames)

        assert stopped.wait() == 1
    assert "uses more than 96 MB" in stopped.log
    assert answers(stopped.start().until_loaded())
    stopped.stop()
    days = read_days(State(Path(stopped.environ["XDG_STATE_HOME"], "eidos", "state.sqlite3")))
    assert sum(day.amount(Item.UNCLEAN_ENDS) for day in days) == 1


def test_a_full_queue_says_busy_at_once(stopped: RealDaemon) -> None:
    """When more wait than may, the rest is refused with a reason, and nobody hangs."""
    stopped.start(EIDOS_QUEUE_SIZE="2", EIDOS_DEADLINE_S="60").until_loaded()
    replies: list[Reply] = []

    def one(number: int) -> None:
        replies.append(stopped.ask(f"{EXAMPLE}/{number}", count=4))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    busy = [reply for reply in replies if isinstance(reply, Failure)]
    assert len(replies) == 12
    assert busy
    assert {reply.code for reply in busy} == {ErrorCode.BUSY}
    assert "2 requests are waiting already; try again in a moment" in busy[0].message
    assert any(isinstance(reply, Suggestions) for reply in replies)
    assert answers(stopped)


def test_an_engine_killed_in_a_request_costs_one_retry(own: RealDaemon) -> None:
    """The request whose engine dies is answered by the next engine."""
    old = own.status()["engines"][0]["pid"]
    replies: list[Reply] = []
    worker = threading.Thread(target=lambda: replies.append(own.ask(EXAMPLE, count=8)))
    worker.start()
    until(lambda: own.status()["engines"][0]["state"] == "busy", log=lambda: own.log)

    os.kill(old, signal.SIGKILL)

    worker.join()
    assert isinstance(replies[0], Suggestions)
    assert replies[0].candidates[0].command == EXAMPLE_COMMAND
    assert own.status()["engines"][0]["restarts"] == 1
    assert "starting it again" in own.log


def test_an_engine_killed_while_idle_is_replaced(own: RealDaemon) -> None:
    """Nobody needs to ask before a dead engine is noticed."""
    old = own.status()["engines"][0]["pid"]

    os.kill(old, signal.SIGKILL)

    until(lambda: own.status()["engines"][0]["pid"] not in {old, None}, log=lambda: own.log)
    assert answers(own)


def test_a_request_that_kills_every_engine_gets_an_error(own: RealDaemon) -> None:
    """After two engines died of a request its client is told, and the next request works."""
    replies: list[Reply] = []
    worker = threading.Thread(target=lambda: replies.append(own.ask(EXAMPLE, count=8)))
    worker.start()
    killed: set[int] = set()

    def busy_engine() -> int:
        engine = own.status()["engines"][0]
        return engine["pid"] if engine["state"] == "busy" and engine["pid"] not in killed else 0

    for _ in range(2):
        pid = until(busy_engine, log=lambda: own.log)
        killed.add(pid)
        os.kill(pid, signal.SIGKILL)

    worker.join()

    assert isinstance(replies[0], Failure)
    assert replies[0].code is ErrorCode.ENGINE
    assert "died 2 times on this request" in replies[0].message
    assert answers(own)


def test_a_hanging_engine_is_restarted(stopped: RealDaemon) -> None:
    """An engine that is stopped (SIGSTOP) is given up, replaced, and the request answered."""
    stopped.start(EIDOS_ENGINE_TIMEOUT_S="3", EIDOS_DEADLINE_S="60").until_loaded()
    os.kill(stopped.status()["engines"][0]["pid"], signal.SIGSTOP)

    assert answers(stopped)
    assert stopped.status()["engines"][0]["restarts"] >= 1
    assert "no answer in 3 s" in stopped.log


def test_a_request_past_its_deadline_gets_an_error_not_silence(stopped: RealDaemon) -> None:
    """While the engine hangs, waiting requests are told so when their time is up."""
    stopped.start(EIDOS_DEADLINE_S="0.5").until_loaded()
    engine = stopped.status()["engines"][0]["pid"]
    os.kill(engine, signal.SIGSTOP)

    reply = stopped.ask(EXAMPLE)

    assert isinstance(reply, Failure)
    assert reply.code is ErrorCode.DEADLINE
    os.kill(engine, signal.SIGCONT)
    until(lambda: isinstance(stopped.ask("show disk usage"), Suggestions))


def test_a_wedged_daemon_is_called_silent(own: RealDaemon) -> None:
    """A daemon that is stopped (SIGSTOP) is found out by a ping, with the cure in the error."""
    own.signal(signal.SIGSTOP)
    try:
        with pytest.raises(DaemonSilent, match="eidosctl restart"):
            ping(own.socket, timeout_s=0.2)
    finally:
        own.signal(signal.SIGCONT)
    assert answers(own)


@pytest.mark.parametrize("fate", ["deleted", "stolen"])
def test_a_lost_socket_file_comes_back(own: RealDaemon, fate: str) -> None:
    """Delete the socket, or bind another one over it: the daemon takes its path back."""
    own.socket.unlink()
    with socket.socket(socket.AF_UNIX) as thief:
        if fate == "stolen":
            thief.bind(os.fspath(own.socket))
            thief.listen()
        until(lambda: "binding it again" in own.log, log=lambda: own.log)
        until(lambda: own.socket.exists() and _answers_ping(own), log=lambda: own.log)
    assert answers(own)
    assert "was deleted or replaced" in own.log


def test_without_a_runtime_dir_daemon_and_client_meet_in_the_cache(stopped: RealDaemon) -> None:
    """XDG_RUNTIME_DIR unset and no /run/user: the socket is in a 0700 folder under the cache."""
    if Path(f"/run/user/{os.getuid()}").exists():
        pytest.skip("this machine has a /run/user of its own")
    stopped.start(XDG_RUNTIME_DIR="")
    path = Path(stopped.environ["XDG_CACHE_HOME"], "eidos", "run", "eidosd.sock")
    until(lambda: path.exists() and is_listening(path), log=lambda: stopped.log)

    request = SuggestRequest(id="cache", shell=Shell.FISH, count=1, text=EXAMPLE)
    reply = ask(request, socket=path, timeout_s=60)

    assert isinstance(reply, Suggestions)


def test_a_runtime_dir_that_cannot_be_written_is_named(stopped: RealDaemon) -> None:
    """A folder in which no socket can be made gives the folder's name and what to do."""
    blocker = Path(stopped.environ["XDG_RUNTIME_DIR"], "eidos")
    blocker.write_text("in the way")
    stopped.start()

    assert stopped.wait() == 78
    assert f"cannot create {blocker}" in stopped.log
    assert "XDG_RUNTIME_DIR" in stopped.log


def test_a_full_disk_for_the_log_does_not_stop_the_daemon(stopped: RealDaemon) -> None:
    """With its stderr on /dev/full the daemon serves as ever."""
    with Path("/dev/full").open("wb") as full:
        stopped.process = subprocess.Popen(
            [EIDOSD], env=stopped.environ, stderr=full, stdin=subprocess.DEVNULL
        )
    stopped.until_loaded()

    assert answers(stopped)
    os.kill(stopped.status()["engines"][0]["pid"], signal.SIGKILL)
    assert answers(stopped)


def test_an_unsafe_folder_is_not_used_by_clients() -> None:
    """A socket in a folder that others may enter could be anybody's: clients refuse it."""
    with private_folders() as environ:
        folder = Path(environ["XDG_RUNTIME_DIR"], "eidos")
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)

        with pytest.raises(RuntimeDirError, match="chmod 700"):
            is_listening(folder / "eidosd.sock")


def test_another_user_is_refused(own: RealDaemon) -> None:
    """Even with folder and socket opened to all, requests of another uid are dropped."""
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    own.socket.chmod(0o666)
    for folder in list(own.socket.parents)[:3]:
        folder.chmod(0o755)
    program = (
        "import os, zmq; os.setuid(65534); c = zmq.Context(); s = c.socket(zmq.DEALER);"
        f"s.linger = 0; s.connect('ipc://{own.socket}');"
        "s.send_multipart([b'eidos/2', b'ping', b'x']); print(s.poll(1500))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout == "0\n"
    assert "a message of uid 65534 was dropped" in own.log
    own.socket.parent.chmod(0o700)
    assert answers(own)


def _answers_ping(daemon: RealDaemon) -> bool:
    try:
        return bool(ping(daemon.socket).version)
    except (DaemonSilent, OSError):
        return False
