"""The client of bash and fish alone: what it says to a daemon, takes from one, and prints."""

import os
import signal
import socket
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from skips import need

from eidos.protocol import ErrorCode, Level

from .conftest import EidosEnv
from .fake_daemon import (
    Behaviour,
    FakeDaemon,
    RudeDaemon,
    WedgedDaemon,
    candidate,
    make_private_folder,
    raw,
    raw_command,
    refuse,
    suggest,
)
from .shells import CTRL_C, CTRL_G, ESCAPE, REPOSITORY
from .terminal import Terminal

pytestmark = pytest.mark.shell

CLIENT = REPOSITORY / "shell" / "eidos-client.pl"

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"


@dataclass(frozen=True)
class Answer:
    """What the client printed, taken apart as the widgets do."""

    code: int
    status: str
    message: str
    candidates: list[tuple[str, str]]
    typed: str

    @classmethod
    def read(cls, code: int, output: str) -> "Answer":
        """Take *output* apart."""
        status, message, count, *rest = output.split("\n")
        size = 2 * int(count)
        pairs, (*typed, dot, end) = rest[:size], rest[size:]
        assert (dot, end) == (".", "")
        return cls(
            code, status, message, list(zip(pairs[::2], pairs[1::2], strict=True)), "\n".join(typed)
        )


def run(
    env: EidosEnv, text: str | bytes = "list files", count: int = 1, **more: str | bytes
) -> Answer:
    """Run the client without a terminal, and return what it printed."""
    result = subprocess.run(
        ["perl", "-C0", CLIENT, "bash", str(count), "line"],
        env={**env.environ, "EIDOS_REQUEST": text, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
        start_new_session=True,  # else /dev/tty would be that of the person who runs the tests
    )
    assert result.stderr == b""
    return Answer.read(result.returncode, result.stdout.decode())


def failure(message: str) -> Answer:
    """Return the answer that says *message* and has nothing to offer."""
    return Answer(1, "error", message, [], "")


# --- The file ---------------------------------------------------------------------------------


def test_loads_no_module(eidos_env: EidosEnv) -> None:
    """Each module costs as much as the whole of perl; the client has none."""
    code = f"END {{ print STDERR keys %INC }} @ARGV = 'socket-path'; do '{CLIENT}'"

    result = subprocess.run(
        ["perl", "-C0", "-e", code], env=eidos_env.environ, capture_output=True, check=True
    )

    assert result.stderr == os.fsencode(CLIENT)


# --- Answers ----------------------------------------------------------------------------------


def test_prints_what_may_be_offered(eidos_env: EidosEnv, daemon: FakeDaemon) -> None:
    """Commands come in the daemon's order, with warnings and notices; blocked ones do not."""
    daemon.answer_with(
        suggest(
            candidate("ls -l", reason="from elsewhere"),
            candidate("rm -r build", Level.WARN, "removes a folder"),
            candidate("rm -rf /", Level.BLOCK, "removes everything"),
            "ls -l",
            "ls 文",
        )
    )

    answer = run(eidos_env, "list\nfiles", count=8)

    offers = [
        ("ls -l", "from elsewhere"),
        ("rm -r build", "careful: removes a folder"),
        ("ls 文", ""),
    ]
    assert answer == Answer(0, "ok", "", offers, "")
    (request,) = daemon.requests
    assert (request.shell, request.count, request.text) == ("bash", 8, "list\nfiles")


ERRORS: dict[str, tuple[Behaviour, str]] = {
    "refusal": (
        refuse(ErrorCode.BUSY, "8 requests wait already"),
        "eidos: 8 requests wait already",
    ),
    "refusal with controls": (
        raw(b"eidos/2", b"error", b"-", b"x", b"a\x1b[2Jb\xc2\x9bc\xe2\x80\xaed\n"),
        "eidos: a [2Jb c d ",
    ),
    "endless refusal": (
        raw(b"eidos/2", b"error", b"-", b"x", "é".encode() * 5000),
        "eidos: " + "é" * 293,
    ),
    "nothing": (suggest(), "eidos: no suggestion for this request; try other words"),
    "only blocked": (
        suggest(candidate("", Level.BLOCK, "first"), candidate("", Level.BLOCK, "second")),
        "eidos: not offered: first",
    ),
    "unclean": (raw_command(b"ls\n"), "eidos: refused an unclean suggestion"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_says_why_there_is_nothing(eidos_env: EidosEnv, daemon: FakeDaemon, error: str) -> None:
    """An answer without a command becomes one line of visible text."""
    behaviour, message = ERRORS[error]
    daemon.answer_with(behaviour)

    assert run(eidos_env) == failure(message)


def test_unclean_ones_do_not_spoil_the_others(eidos_env: EidosEnv, daemon: FakeDaemon) -> None:
    """A command that must not stand in a prompt is left out, whatever stands beside it."""
    fields = [b"ls\x1b[2K", b"ok", b"", b"1", b"sure", b"ls", b"ok", b"", b"1", b"sure"]
    daemon.answer_with(raw(b"eidos/2", b"suggestions", b"<id>", b"1.0", *fields))

    assert run(eidos_env).candidates == [("ls", "")]


REQUESTS = {
    "empty": ("", "type what you want to do, then press Ctrl-G"),
    "blank": (" \n\t ", "type what you want to do, then press Ctrl-G"),
    "long": ("é" * 1001, "the request has 1001 characters; the limit is 1000"),
    "control": (
        "  ab\x1bc",
        "the request has a control character (U+001B) at position 3; delete it and ask again",
    ),
    "C1 control": (
        "é\x9b",
        "the request has a control character (U+009B) at position 2; delete it and ask again",
    ),
    "not UTF-8": (b"caf\xe9", "the request is not valid UTF-8; type it again"),
}


@pytest.mark.parametrize("request_", REQUESTS)
def test_bad_request_is_not_asked(eidos_env: EidosEnv, daemon: FakeDaemon, request_: str) -> None:
    """What the daemon would refuse is refused at once, in the same words."""
    text, message = REQUESTS[request_]

    assert run(eidos_env, text) == failure(f"eidos: {message}")
    assert not daemon.requests


def test_longest_request_is_asked(eidos_env: EidosEnv, daemon: FakeDaemon) -> None:
    """1000 characters are asked, however many bytes they have, and blanks around do not count."""
    daemon.answer_with(suggest("ls"))

    assert run(eidos_env, " " + "文" * 1000 + "\n").status == "ok"
    assert daemon.requests[0].text == "文" * 1000


# --- Other daemons ----------------------------------------------------------------------------


@contextmanager
def listening(path: Path, talk: Callable[[socket.socket], object]) -> Iterator[None]:
    """Let one thread accept connections at *path* and do *talk* with each."""
    make_private_folder(path.parent)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def frame(body: bytes, *, more: bool = False, long: bool = False) -> bytes:
    """Return one ZMTP frame; *long* writes the length in eight bytes."""
    if long or len(body) > 255:
        return bytes([2 | more]) + len(body).to_bytes(8, "big") + body
    return bytes([more, len(body)]) + body


def reply(*fields: bytes, long: bool = False) -> bytes:
    """Return a message of *fields*, as bytes on the wire."""
    *rest, last = fields
    return b"".join(frame(f, more=True, long=long) for f in rest) + frame(last, long=long)


SUGGESTION = (b"eidos/2", b"suggestions", b"-", b"1", b"ls", b"warn", b"r" * 300, b"1", b"sure")


@pytest.mark.parametrize("long", [False, True], ids=["short lengths", "long lengths"])
def test_answer_may_come_in_pieces(eidos_env: EidosEnv, *, long: bool) -> None:
    """However few bytes come at a time, and however lengths are written, the answer is read."""

    def dribble(connection: socket.socket) -> None:
        ping = b"\x04\x07\x04PING\x00\x01"
        for byte in GREETING + READY + ping + reply(*SUGGESTION, long=long):
            connection.sendall(bytes([byte]))
        while connection.recv(65_536):  # to hang up on unread words would destroy ours
            pass

    with listening(eidos_env.socket, dribble):
        answer = run(eidos_env)

    assert answer.candidates == [("ls", "careful: " + "r" * 300)]


UNREADABLE = "eidos: the reply of the daemon cannot be read; try: eidosctl restart"
GONE = "eidos: the daemon went away; press the key again"
OTHER = "eidos: something else than eidosd listens on the socket; try: eidosctl doctor"
REFUSES = "eidos: the daemon refuses the connection; try: eidosctl restart"

RUDE = {
    "nothing": (b"", GONE),
    "half a greeting": (GREETING[:30], GONE),
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + bytes(99), OTHER),
    "ZMTP 2": (GREETING[:10] + b"\x01" + bytes(53), OTHER),
    "other mechanism": (GREETING.replace(b"NULL", b"CURVE") + READY, OTHER),
    "error command": (GREETING + b"\x04\x0a\x05ERROR\x03no!", REFUSES),
    "no answer": (GREETING + READY, GONE),
    "half an answer": (GREETING + READY + reply(*SUGGESTION)[:40], GONE),
    "empty frame": (GREETING + READY + frame(b""), UNREADABLE),
    "64 KiB and a byte": (GREETING + READY + frame(b"a" * 65_537), UNREADABLE),
    "2^63 bytes": (GREETING + READY + b"\x02\x80" + bytes(7), UNREADABLE),
    "2^64-1 bytes": (GREETING + READY + b"\x02" + b"\xff" * 8, UNREADABLE),
    "endless message": (GREETING + READY + frame(b"a", more=True) * 5000, UNREADABLE),
    "endless commands": (GREETING + READY + b"\x04\x02\x01x" * 5000, UNREADABLE),
}


@pytest.mark.parametrize("words", RUDE)
def test_rude_daemon(eidos_env: EidosEnv, words: str) -> None:
    """Whatever listens on the socket, the client says what is wrong and ends."""
    says, message = RUDE[words]
    with RudeDaemon(eidos_env.socket, says):
        answer = run(eidos_env)

    # A daemon that hangs up may be noticed when we write to it, before its words are read.
    assert answer in (failure(message), failure(GONE))


SILENT = "eidos: the daemon does not answer; try: eidosctl status"


def test_silent_daemon(eidos_env: EidosEnv) -> None:
    """A daemon that accepts and does not greet is given up."""
    with WedgedDaemon(eidos_env.socket):
        assert run(eidos_env) == failure(SILENT)


def test_full_listener(eidos_env: EidosEnv) -> None:
    """A daemon whose queue of connections is full is silent too, and does not block the client."""
    make_private_folder(eidos_env.socket.parent)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(eidos_env.socket))
        listener.listen(0)
        first.connect(str(eidos_env.socket))

        assert run(eidos_env) == failure(SILENT)


@pytest.mark.parametrize(
    ("limit", "said"), [("0.2", "0.2"), (".1", ".1")], ids=["fraction", "no zero"]
)
def test_answer_timeout(eidos_env: EidosEnv, daemon: FakeDaemon, limit: str, said: str) -> None:
    """EIDOS_TIMEOUT_S is how long to wait for an answer, fractions included."""
    daemon.hold()

    message = f"eidos: no answer within {said} s; try: eidosctl status"
    assert run(eidos_env, EIDOS_TIMEOUT_S=limit) == failure(message)


# --- Starting the daemon ----------------------------------------------------------------------


def test_request_stays_with_the_client(eidos_env: EidosEnv) -> None:
    """The daemon that is started inherits neither the request nor the terminal's session."""
    need("ps")
    facts = eidos_env.root / "facts"
    eidos_env.ctl_does(f"env >{facts}; ps -o sid=,tty= -p $$ >>{facts}; exit 1")

    answer = run(eidos_env, "my secret", READLINE_LINE="my secret")

    assert answer == failure("eidos: the daemon did not start; try: eidosctl doctor")
    said = facts.read_text()
    session, terminal = said.splitlines()[-1].split()
    assert "secret" not in said
    assert "PATH=" in said
    assert int(session) != os.getsid(0)
    assert terminal == "?"


def test_arguments_do_not_tell_the_request(eidos_env: EidosEnv, daemon: FakeDaemon) -> None:
    """Other users see the arguments of processes; the request is not among them."""
    daemon.hold()
    client = subprocess.Popen(
        ["perl", "-C0", CLIENT, "bash", "1", "line"],
        env={**eidos_env.environ, "EIDOS_REQUEST": "my secret"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    daemon.until_asked()

    arguments = Path(f"/proc/{client.pid}/cmdline").read_bytes()

    client.terminate()
    client.wait(timeout=10)
    assert b"eidos-client.pl" in arguments
    assert b"secret" not in arguments


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signal_cancels(eidos_env: EidosEnv, daemon: FakeDaemon, number: signal.Signals) -> None:
    """A signal ends the wait like Ctrl-C, with an answer that the widget can read."""
    daemon.hold()
    client = subprocess.Popen(
        ["perl", "-C0", CLIENT, "bash", "1", "line"],
        env={**eidos_env.environ, "EIDOS_REQUEST": "list files"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    daemon.until_asked()

    client.send_signal(number)

    output, _ = client.communicate(timeout=10)
    cancelled = "eidos: cancelled; the line is as it was"
    assert Answer.read(client.returncode, output) == Answer(130, "cancelled", cancelled, [], "")


def test_nobody_reads(eidos_env: EidosEnv, daemon: FakeDaemon) -> None:
    """Without standard input, output and error the client ends as quietly as with them."""
    daemon.answer_with(suggest("ls"))

    result = subprocess.run(
        ["sh", "-c", f"exec perl -C0 {CLIENT} bash 1 line <&- >&- 2>&-"],
        env={**eidos_env.environ, "EIDOS_REQUEST": "list files"},
        check=False,
        timeout=60,
        start_new_session=True,
    )

    assert result.returncode == 0


# --- The terminal -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Running:
    """The client in a terminal, waiting for an answer that the daemon holds back."""

    terminal: Terminal
    daemon: FakeDaemon
    root: Path
    """Holds what the client printed, and the modes of the terminal before and after."""

    def text(self, name: str) -> str:
        """Return what was written to the file *name*."""
        return (self.root / name).read_text()

    def answer(self) -> Answer:
        """Return what the client printed, once it has ended."""
        self.terminal.until("DONE")
        code = int(self.terminal.screen.split("DONE")[1].split()[0])
        return Answer.read(code, self.text("output"))


Start = Callable[..., Running]


@pytest.fixture
def start(eidos_env: EidosEnv, daemon: FakeDaemon) -> Iterator[Start]:
    """Start the client in a terminal: `start(draw="line", **environment)`."""
    opened: list[Terminal] = []

    def begin(draw: str = "line", **more: str) -> Running:
        daemon.answer_with(suggest("ls -l"))
        daemon.hold()
        script = (
            f"cd {eidos_env.root}; stty -g >before\n"
            f"sh -c 'echo $$ >pid; exec perl -C0 {CLIENT} bash 1 {draw}' >output; code=$?\n"
            "stty -g >after; echo DONE $code; read -r forever"
        )
        env = {**eidos_env.environ, "EIDOS_REQUEST": "list files", **more}
        terminal = Terminal(["sh", "-c", script], env=env, cwd=eidos_env.home)
        opened.append(terminal)
        daemon.until_asked()
        return Running(terminal, daemon, eidos_env.root)

    yield begin
    for terminal in opened:
        terminal.close()


TYPED = {
    "text": ([" é文x"], " é文x"),
    "a character in two reads": ([b"\xe6", b"\x96\x87"], "文"),
    "backspace": (["ab文\x7f\x08c"], "ac"),
    "backspace on nothing": (["\x7f\x7fa"], "a"),
    "Enter": (["a\rb\nc"], "abc"),
    "controls": (["\x01a\tb\x1a\x1c\x00\x04c"], "abc"),
    "C1 control": (["a\x9bb"], "ab"),
    "not UTF-8": ([b"a\xffb\xc3c"], "abc"),
    "arrow": (["a\x1b[Db\x1bODc\x1b[1;5Cd"], "abcd"),
    "arrow in two reads": (["a\x1b", "[Db"], "ab"),
    "function keys": (["a\x1b[15~b\x1b[[Ac\x1bOPd"], "abcd"),
    "Alt with a key": (["a\x1bbc"], "ac"),
    "answers of the terminal": (["a\x1b[?62;c\x1b]11;rgb:0/0/0\x07b\x1bP1+r\x1b\\c"], "abc"),
    "paste": (["\x1b[200~a\rb\r\nc\td\x1b[201~e"], "a\nb\nc\tde"),
    "paste with controls": (["\x1b[200~a\x03\x07\x1b[31m\x00b\x1b[201~"], "a[31mb"),
    "paste in pieces": (["\x1b[20", "0~a", "b\r", "c\x1b[2", "01~d"], "ab\ncd"),
    "two pastes": (["\x1b[200~a\x1b[201~\x1b[200~b\x1b[201~"], "ab"),
    "a line end at the end": (["\x1b[200~a\r\x1b[201~"], "a\n"),
}


@pytest.mark.parametrize("keys", TYPED)
def test_keys_while_waiting(start: Start, keys: str) -> None:
    """Text is kept, in whatever pieces it comes; what is no text leaves nothing behind."""
    writes, text = TYPED[keys]
    client = start()

    for data in writes:
        client.terminal.press(data)
    client.daemon.release()

    assert client.answer() == Answer(0, "ok", "", [("ls -l", "")], text)


CANCELS = {
    "Ctrl-C": CTRL_C,
    "Ctrl-G": CTRL_G,
    "Escape": ESCAPE,
    "Escape twice": ESCAPE * 2,
    "Ctrl-C of kitty": "\x1b[99;5u",
    "Ctrl-G of kitty, with its shifted key": "\x1b[103:71;5u",
    "Escape of kitty": "\x1b[27u",
    "Ctrl-C of xterm": "\x1b[27;5;99~",
    "after text": f"abc{CTRL_C}",
}


@pytest.mark.parametrize("keys", CANCELS)
def test_cancelling_keys(start: Start, keys: str) -> None:
    """Each way in which terminals write Ctrl-C, Ctrl-G and Escape ends the wait."""
    client = start()

    client.terminal.press(CANCELS[keys])

    answer = client.answer()
    assert (answer.code, answer.status, answer.candidates) == (130, "cancelled", [])
    assert answer.typed == ("abc" if keys == "after text" else "")


def test_paste_that_outlasts_the_answer(start: Start) -> None:
    """When the answer comes in the middle of a paste, the client waits for the paste's end."""
    client = start()
    client.terminal.press("\x1b[200~one\rtw")
    client.daemon.release()
    client.terminal.until(lambda _: client.daemon.answers)

    client.terminal.press("o\rthree\x1b[201~")

    assert client.answer().typed == "one\ntwo\nthree"


def test_paste_that_never_ends(start: Start) -> None:
    """A paste whose end does not come is over after some silence, and nothing of it is lost."""
    client = start()

    client.terminal.press("\x1b[200~one\rtwo")
    client.daemon.release()

    assert client.answer().typed == "one\ntwo"


@pytest.mark.parametrize("end", ["answer", "Ctrl-C", "signal"])
def test_terminal_is_given_back(start: Start, end: str) -> None:
    """However it ends, the terminal's modes are as they were, and the line is empty."""
    client = start()

    if end == "answer":
        client.daemon.release()
    elif end == "Ctrl-C":
        client.terminal.press(CTRL_C)
    else:
        os.kill(int(client.text("pid")), signal.SIGTERM)

    client.answer()
    assert client.terminal.screen.startswith("DONE")
    assert client.text("after") == client.text("before")


def test_fish_gets_no_enter_before_it_is_back(start: Start) -> None:
    """For fish, which sets its modes anew, Enter stays ignored until it does."""
    client = start(draw="cursor")
    client.daemon.release()
    client.answer()

    # The first field of `stty -g` is the input flags; nothing else may differ.
    before, after = (client.text(name).split(":") for name in ("before", "after"))
    assert int(after[0], 16) == int(before[0], 16) | termios.IGNCR
    assert after[1:] == before[1:]


@pytest.mark.parametrize(
    ("more", "frames"),
    [
        ({"LANG": "C.UTF-8"}, "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"),
        ({"LANG": "C"}, "|/-\\"),
        ({"TERM": "linux"}, "|/-\\"),
    ],
    ids=["UTF-8", "ASCII", "console"],
)
def test_spinner(start: Start, more: dict[str, str], frames: str) -> None:
    """The spinner turns before the request, in characters that the terminal has."""
    client = start(**more)
    seen = set[str]()

    def turned(terminal: Terminal) -> bool:
        line = terminal.line()
        if line.endswith(" list files"):
            seen.add(line[0])
        return len(seen) >= 3

    client.terminal.until(turned)
    assert seen <= set(frames)


def test_dumb_terminal_is_not_drawn_on(start: Start) -> None:
    """Where the terminal knows no escape sequences, none is written."""
    client = start(TERM="dumb")
    client.daemon.release()

    assert client.answer().status == "ok"
    assert b"\x1b" not in client.terminal.transcript


def test_request_cannot_draw(start: Start, eidos_env: EidosEnv) -> None:
    """What is shown of request and keys is text, even where it was pasted with line breaks."""
    client = start(EIDOS_REQUEST="one\n\ttwo")

    client.terminal.press("\x1b[200~three\rfour\x1b[201~")

    client.terminal.until("one  twothree four")
    assert client.terminal.cursor[0] == 0
    assert eidos_env.socket.exists()
