"""`eidosctl chat` as a person meets it: in scripts, and in a real terminal."""

import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest
from home import EIDOSCTL, Home
from msgspec.structs import replace
from real_daemon import until
from scripted_remote import NOTICE, ScriptedRemote
from shell.terminal import Terminal

from eidos.paths import runtime_dir
from eidos_remote.messages import Code, Redacted
from eidosctl.conversations import Conversations

OpenChat = Callable[..., Terminal]
WITHOUT_RICH = """
from importlib.machinery import PathFinder
find_spec = PathFinder.find_spec
def found(name, path=None, target=None):
    hidden = name.partition(".")[0] in {"rich", "markdown_it"}
    return None if hidden else find_spec(name, path, target)
PathFinder.find_spec = found
"""


@pytest.fixture
def remote(home: Home) -> Iterator[ScriptedRemote]:
    """A stand-in for eidos-remote."""
    with ScriptedRemote(runtime_dir(home.environ, os.getuid()) / "remote.sock") as remote:
        yield remote


@pytest.fixture
def open_chat(home: Home, remote: ScriptedRemote) -> Iterator[OpenChat]:
    """Open `eidosctl chat` with arguments in a terminal, which is closed after the test."""
    del remote  # it listens first
    opened: list[Terminal] = []

    def open_it(*arguments: str, rows: int = 24, columns: int = 80, **environ: str) -> Terminal:
        env = {**home.environ, "TERM": "xterm-256color", **environ}
        argv = [str(EIDOSCTL), "chat", *arguments]
        terminal = Terminal(argv, env=env, cwd=home.path, rows=rows, columns=columns)
        opened.append(terminal)
        return terminal

    yield open_it
    for terminal in opened:
        terminal.close()


def kept(home: Home) -> Conversations:
    """Return what is kept here."""
    return Conversations(Path(home.environ["XDG_STATE_HOME"], "eidos", "conversations.sqlite3"))


def runs(pid: int) -> bool:
    """Tell whether a child of ours has not ended."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def scrolled(terminal: Terminal, rows: int, columns: int) -> str:
    """Return all that the terminal shows or has scrolled away."""
    screen = pyte.HistoryScreen(columns, rows, history=2000, ratio=1)
    pyte.ByteStream(screen).feed(terminal.transcript)
    above = ["".join(line[x].data for x in range(columns)) for line in screen.history.top]
    return "\n".join(line.rstrip() for line in [*above, *screen.display])


def test_a_pipe_gets_the_answer_as_it_is(home: Home, remote: ScriptedRemote) -> None:
    """Standard output has the Markdown alone, ended by a line break; notes go elsewhere."""
    remote.pieces = ["Use `ls", "`:\n\n```bash\nls -l\n```"]

    result = home.run("chat", "how do I", "list files?")

    assert result.returncode == 0
    assert result.stdout == "Use `ls`:\n\n```bash\nls -l\n```\n"
    assert result.stderr == "to openai (api.test)\n"
    assert remote.asked[0].turns[-1].text == "how do I list files?"


def test_what_is_piped_in_goes_behind_the_question(home: Home, remote: ScriptedRemote) -> None:
    """The words say what is wanted of the text that comes by standard input."""
    home.ok("chat", "explain this", stdin=b"total 0\n")

    assert remote.asked[0].turns[-1].text == "explain this\n\ntotal 0"


def test_nothing_of_an_answer_reaches_a_terminal_as_a_command(
    home: Home, remote: ScriptedRemote
) -> None:
    """Escapes and direction marks are replaced, wherever an answer is cut into pieces."""
    remote.pieces = ["a\x1b", "]52;c;eA==\x07\r", "\nb\u202ec\r\n"]

    assert home.ok("chat", "x") == "a\ufffd]52;c;eA==\ufffd\nb\ufffdc\n"


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [(Code.UNREACHABLE, 6), (Code.OPEN, 6), (Code.CONFIG, 78), (Code.BUSY, 4), (Code.INTERNAL, 1)],
)
def test_failures_have_the_exit_codes_of_the_table(
    home: Home, remote: ScriptedRemote, code: Code, exit_code: int
) -> None:
    """A script tells a provider's failure from a wrong setting; the message is on stderr."""
    remote.pieces, remote.failure = [], (code, "what happened")

    result = home.run("chat", "x")

    assert (result.returncode, result.stdout) == (exit_code, "")
    assert "what happened" in result.stderr


def test_half_an_answer_is_kept_and_marked(home: Home, remote: ScriptedRemote) -> None:
    """What came before a failure stays to be read."""
    remote.pieces, remote.failure = ["half"], (Code.BROKEN, "gone")

    assert home.run("chat", "x").returncode == 6

    assert "assistant (broken off):\n  half" in home.ok("conversations", "show", "1")


def test_without_a_terminal_nobody_agrees(home: Home, remote: ScriptedRemote) -> None:
    """Before the user agreed nothing is sent, and a script is told what to run."""
    remote.notice = NOTICE

    result = home.run("chat", "x")

    assert result.returncode == 4
    assert "eidosctl remote allow chat" in result.stderr
    assert remote.allowed == []


def test_no_history_writes_nothing(home: Home, remote: ScriptedRemote) -> None:
    """With --no-history no file is made."""
    del remote

    home.ok("chat", "--no-history", "x")

    assert not kept(home).path.exists()


def test_continue_sends_what_was_said(home: Home, remote: ScriptedRemote) -> None:
    """--continue goes on with the last conversation, in the same record."""
    home.ok("chat", "one")
    home.ok("chat", "--continue", "two")

    assert [turn.text for turn in remote.asked[1].turns] == ["one", "hello", "two"]
    assert [summary.turns for summary in kept(home).summaries()] == [4]


def test_secrets_are_kept_as_they_were_sent(home: Home, remote: ScriptedRemote) -> None:
    """What was taken out of a text before it went is not in the file either."""
    del remote
    secret = "AKIA" + "Q3EGRIZVWXYZ2345"

    home.ok("chat", f"what is {secret}?")

    assert secret.encode() not in kept(home).path.read_bytes()
    assert "what is [" in home.ok("conversations", "show", "1")


def test_conversations_are_listed_and_deleted(home: Home, remote: ScriptedRemote) -> None:
    """One goes by its id, all by --all, and a wrong id is said."""
    del remote
    for text in ("one", "two", "three"):
        home.ok("chat", text)

    assert [line.split()[0] for line in home.ok("conversations", "list").splitlines()] == list(
        "321"
    )
    assert home.ok("conversations", "delete", "2") == "1 deleted\n"
    assert home.run("conversations", "delete", "2").returncode == 1
    assert home.run("conversations", "delete").returncode == 2
    assert home.ok("conversations", "delete", "--all") == "2 deleted\n"


def test_an_answer_is_rendered_in_a_terminal(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """Markdown is shown as it means, and commands with a verdict below."""
    remote.pieces = ["# Files\n\nUse **ls**:\n\n```bash\nls -l\nrm -rf /\n```\n"]

    terminal = open_chat("how?")

    terminal.until("--put N")
    assert "**" not in terminal.screen
    assert "```" not in terminal.screen
    assert "1  ok     ls -l" in terminal.screen
    assert "2  block  rm -rf /" in terminal.screen


def test_the_session_streams_and_answers_again(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """An answer is there before its end, and the next question has what was said before."""
    remote.pieces, remote.is_holding = ["first ", "words"], True
    terminal = open_chat()
    terminal.until_line(">")

    terminal.press("one\r")
    terminal.until("first words")
    remote.is_holding = False
    terminal.until_line(">")
    terminal.press("two\r")
    until(lambda: len(remote.asked) == 2)

    assert [turn.text for turn in remote.asked[1].turns] == ["one", "first words", "two"]
    terminal.until(lambda t: t.screen.count("first words") == 2)
    terminal.until_line(">")
    assert terminal.screen.count("to openai (api.test)") == 1
    terminal.press("\x04")
    terminal.until(lambda t: not runs(t.pid))


def test_ctrl_c_stops_the_answer_and_not_the_session(
    home: Home, remote: ScriptedRemote, open_chat: OpenChat
) -> None:
    """The provider is told, the half is kept and marked, and the prompt is back."""
    remote.pieces, remote.is_holding = ["half an answer"], True
    terminal = open_chat()
    terminal.until_line(">")
    terminal.press("one\r")
    terminal.until("half an answer")

    terminal.press("\x03")

    terminal.until("(stopped)")
    terminal.until_line(">")
    until(lambda: remote.cancelled)
    assert remote.cancelled == [remote.asked[0].id]
    assert [each.ending for each in kept(home).read(1)] == ["", "stopped"]
    terminal.press("\x03")
    terminal.until("Ctrl-D leaves, /help")
    terminal.press("abc")
    terminal.until_line("> abc")
    terminal.press("\x03")
    terminal.until_line(">")
    assert terminal.screen.count("Ctrl-D leaves, /help") == 1


def test_a_failure_keeps_what_was_typed(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """After a failure the session goes on, and the arrow key brings the text back."""
    remote.pieces, remote.failure = [], (Code.UNREACHABLE, "api.test cannot be reached")
    terminal = open_chat()
    terminal.until_line(">")
    terminal.press("a long question\r")
    terminal.until("cannot be reached")
    terminal.until_line(">")

    terminal.press("\x1b[A")

    terminal.until_line("> a long question")


def test_a_paste_of_lines_is_one_question(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """Line breaks in a paste are part of the text, and send nothing."""
    terminal = open_chat()
    terminal.until_line(">")

    terminal.paste("one\n\ttwo\nthree")
    terminal.until("three")
    assert remote.asked == []
    terminal.press("\r")

    until(lambda: remote.asked)
    assert remote.asked[0].turns[-1].text == "one\n\ttwo\nthree"


def test_the_user_is_told_and_asked_before_the_first_text(
    remote: ScriptedRemote, open_chat: OpenChat
) -> None:
    """Without a yes nothing goes, and the text is there to be sent again."""
    remote.notice = NOTICE
    terminal = open_chat()
    terminal.until_line(">")
    terminal.press("one\r")
    terminal.until("Keys stay here.")
    terminal.until("Send it? [y/N]:")
    terminal.press("\r")
    terminal.until("nothing was sent")
    terminal.until_line(">")

    terminal.press("\x1b[A\r")
    terminal.until(lambda t: t.screen.count("Send it?") == 2)
    terminal.press("y\r")

    terminal.until("hello")
    assert [allow.host for allow in remote.allowed] == ["api.test"]


def test_what_was_held_back_is_shown_once(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """Each placeholder is explained when it first stands in a text."""
    remote.redacted = (Redacted("AWS access key", "[AWS access key 1]"),)
    terminal = open_chat()
    terminal.until_line(">")
    for count in (1, 2):
        terminal.press("x\r")
        until(lambda count=count: len(remote.asked) == count)
        terminal.until(lambda t, count=count: t.screen.count("hello") == count)

    assert terminal.screen.count("[AWS access key 1] in its place") == 1


@pytest.mark.parametrize("columns", [20, 40, 132])
@pytest.mark.parametrize("between", ["\n", "\n\n"], ids=["one block", "many blocks"])
def test_a_long_answer_is_whole_on_any_screen(
    remote: ScriptedRemote, open_chat: OpenChat, columns: int, between: str
) -> None:
    """More than the screen holds: every word stands there once, in order."""
    words = [f"word{n}" for n in range(90)]
    remote.pieces = [f"{word}{between}" for word in words]

    terminal = open_chat("x", rows=8, columns=columns)
    terminal.until(lambda t: not runs(t.pid))
    while terminal.read(0.05):
        pass

    assert scrolled(terminal, 8, columns).split("api.test)")[1].split() == words


def test_ctrl_c_leaves_the_terminal_as_it_was(
    home: Home, remote: ScriptedRemote, open_chat: OpenChat
) -> None:
    """After an answer that was stopped the terminal echoes, and its cursor is shown."""
    del open_chat
    remote.pieces, remote.is_holding = ["half"], True
    script = f"trap : INT; {EIDOSCTL} chat x; echo code $?; stty -a"
    env = {**home.environ, "TERM": "xterm-256color"}
    with Terminal(["sh", "-c", script], env=env, cwd=home.path) as terminal:
        terminal.until("half")
        terminal.press("\x03")
        terminal.until("echoctl")

        assert "code 130" in terminal.screen
        assert " echo " in terminal.screen
        assert terminal.transcript.rindex(b"\x1b[?25h") > terminal.transcript.rindex(b"\x1b[?25l")


def test_a_resize_in_an_answer_leaves_a_whole_one(
    remote: ScriptedRemote, open_chat: OpenChat
) -> None:
    """What comes behind a change of the window's size is laid out for the new one."""
    remote.pieces, remote.is_holding = ["begin " * 30], True
    terminal = open_chat()
    terminal.until_line(">")
    terminal.press("x\r")
    terminal.until("begin begin")

    terminal.resize(24, 40)
    remote.is_holding = False

    terminal.until_line(">")
    assert terminal.screen.count("begin") >= 30


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_loses_nothing(
    home: Home, remote: ScriptedRemote, open_chat: OpenChat, number: signal.Signals
) -> None:
    """The half answer is kept, the provider is told, and the terminal echoes again."""
    remote.pieces, remote.is_holding = ["half"], True
    terminal = open_chat()
    terminal.until_line(">")
    terminal.press("one\r")
    terminal.until("half")

    os.kill(terminal.pid, number)

    until(lambda: remote.cancelled)
    until(lambda: kept(home).path.exists() and kept(home).summaries())
    assert [each.turn.text for each in kept(home).read(1)] == ["one", "half"]


def test_a_signal_at_the_prompt_leaves_the_terminal_as_it_was(
    home: Home, remote: ScriptedRemote
) -> None:
    """SIGTERM while a question is typed ends the session, and line editing with it."""
    del remote
    script = f"{EIDOSCTL} chat; echo code $?; stty -a"
    env = {**home.environ, "TERM": "xterm-256color"}
    with Terminal(["sh", "-c", script], env=env, cwd=home.path) as terminal:
        terminal.until_line(">")
        terminal.press("half a question")
        terminal.until("half a question")
        children = Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text()

        os.kill(int(children.split()[0]), signal.SIGTERM)

        terminal.until("echoctl")
        assert f"code {128 + signal.SIGTERM}" in terminal.screen
        assert " echo " in terminal.screen
        assert " icanon " in terminal.screen


def test_a_terminal_that_goes_loses_nothing(home: Home, remote: ScriptedRemote) -> None:
    """The window is closed in the middle of an answer: what came of it is kept."""
    remote.pieces, remote.is_holding = ["half"], True
    ours, theirs = pty.openpty()
    argv = ["setsid", "--ctty", str(EIDOSCTL), "chat"]
    env = {**home.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as child:
        os.close(theirs)
        os.write(ours, b"one\r")
        shown = b""
        while b"half" not in shown:
            shown += os.read(ours, 4096)

        os.close(ours)

        assert child.wait(timeout=30) in {128 + signal.SIGHUP, -signal.SIGHUP}
    assert [each.turn.text for each in kept(home).read(1)] == ["one", "half"]


def test_who_reads_no_more_ends_it(home: Home, remote: ScriptedRemote) -> None:
    """`eidosctl chat … | head -1` ends without a word."""
    remote.pieces = ["line\n"] * 100_000
    argv = [str(EIDOSCTL), "chat", "x"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, env=home.environ, stdin=subprocess.DEVNULL, stdout=pipe,
                          stderr=pipe) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"line\n"
        child.stdout.close()

        assert child.wait(timeout=30) == 128 + signal.SIGPIPE
        assert child.stderr.read() == b"to openai (api.test)\n"


def test_no_color_and_dumb_terminals(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """NO_COLOR has no colours, TERM=dumb no escapes at all."""
    remote.pieces = ["`code`\n\n```sh\nls\n```\n"]

    plain = open_chat("x", NO_COLOR="1")
    plain.until("1  ok")
    dumb = open_chat("x", TERM="dumb")
    dumb.until("1  ok")

    assert b"\x1b[36m" not in plain.transcript
    assert b"\x1b" not in dumb.transcript


def test_an_empty_answer_is_a_failure(home: Home, remote: ScriptedRemote) -> None:
    """A script tells it from an answer, and a person is not left without a word."""
    remote.pieces = []

    result = home.run("chat", "x")

    assert (result.returncode, result.stdout) == (6, "")
    assert "the answer is empty" in result.stderr


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_no_answer_to_the_notice_ends_no_session(
    remote: ScriptedRemote, open_chat: OpenChat, key: str
) -> None:
    """Who is asked whether to send it and wants out of that is back at the prompt."""
    remote.notice = NOTICE
    terminal = open_chat()
    terminal.until_line(">")

    terminal.press("one\r")
    asked = "Send it? [y/N]: "
    # With the blank at its end it is readline that waits; a key before that may find nobody.
    terminal.until(lambda t: t.line() == asked.rstrip() and t.cursor[1] == len(asked))
    terminal.press(key)

    terminal.until("(stopped)")
    terminal.until_line(">")
    assert remote.allowed == []


def test_what_is_typed_in_an_answer_survives_its_stop(
    remote: ScriptedRemote, open_chat: OpenChat
) -> None:
    """Ctrl-C ends the answer, and what was typed meanwhile stands at the next prompt."""
    remote.pieces, remote.is_holding = ["half an answer"], True
    terminal = open_chat()
    terminal.until_line(">")
    terminal.press("one\r")
    terminal.until("half an answer")

    terminal.press("typed ahead")
    terminal.press("\x03")

    terminal.until_line("> typed ahead")


def test_the_notice_is_not_cut_within_words(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """On a narrow screen it goes over several lines, broken between words."""
    remote.notice = replace(NOTICE, text="Your message and those before it are sent to api.test")
    terminal = open_chat("x", columns=30)

    terminal.until("Send it? [y/N]:")

    lines = [line.strip() for line in terminal.screen.splitlines() if line.strip()]
    assert lines[:2] == ["Your message and those before", "it are sent to api.test"]


def test_a_reason_is_not_cut_within_words(remote: ScriptedRemote, open_chat: OpenChat) -> None:
    """What the validator says of a command is broken between words, and indented."""
    remote.pieces = ["```sh\nrm -rf /\n```"]
    terminal = open_chat("x", columns=40)

    terminal.until("without which")

    assert "     deletes a system folder, a whole\n     home folder" in terminal.screen.replace(
        " \n", "\n"
    )


def test_commands_of_no_answer_are_said_to_be_none(
    remote: ScriptedRemote, open_chat: OpenChat
) -> None:
    """/commands says so where there is none."""
    del remote
    terminal = open_chat()
    terminal.until_line(">")

    terminal.press("/commands\r")

    terminal.until("the last answer has no command")


def test_a_full_disk_is_no_fault_of_ours(home: Home, remote: ScriptedRemote) -> None:
    """An answer that cannot be written is kept, and the user is told why it is not there."""
    del remote
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [EIDOSCTL, "chat", "x"], env=home.environ, stdout=full, stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert result.returncode == 1
    assert "cannot be written: No space left on device" in result.stderr
    assert "report this" not in result.stderr


def test_closed_streams_are_as_dev_null(home: Home, remote: ScriptedRemote) -> None:
    """A caller that closed standard input gets an answer all the same."""
    del remote
    result = subprocess.run(
        ["sh", "-c", 'exec "$0" chat x <&-', str(EIDOSCTL)], env=home.environ,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (result.returncode, result.stdout) == (0, "hello\n")


@pytest.mark.parametrize("arguments", [("x",), ("--put", "1")], ids=["a question", "--put"])
def test_without_its_packages_chat_says_what_to_install(
    home: Home, remote: ScriptedRemote, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Where only httpx is there, for another program's sake, chat names the extra, too."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_RICH)

    result = subprocess.run(
        [EIDOSCTL, "chat", *arguments], env={**home.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert result.returncode == 1
    assert "eidosctl[remote]" in result.stderr
    assert remote.asked == []
