"""What Ctrl-G does, in every shell: the request in, the command in the prompt, nothing executed.

The suggestion of most tests makes a file. That the file is missing in the end shows that the
command was not executed, whatever was typed.
"""

from contextlib import suppress

import pytest

from eidos.protocol import ErrorCode, Level

from . import shells
from .conftest import EidosEnv, OpenShell
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
from .shells import BACKSPACE, CTRL_C, CTRL_G, ENTER, ESCAPE, LEFT, Shell, ask
from .terminal import Terminal

pytestmark = pytest.mark.shell

COMMAND = "touch PWNED"
THREE = suggest("ls -l", "ls -la", "ls -lah")


def assert_nothing_ran(terminal: Terminal, shell: Shell, env: EidosEnv) -> None:
    """Drop the line, see the shell run a command of ours, and find that COMMAND has not run."""
    drop_line(terminal, shell)
    terminal.press(f'echo "RE""ADY"{ENTER}')
    terminal.until(lambda t: "READY" in t.screen.splitlines())
    assert not env.ran("PWNED")


def drop_line(terminal: Terminal, shell: Shell) -> None:
    """Press Ctrl-C until the prompt is empty.

    Once is not always enough: a signal in the 0.1 ms between painting a line and reading the next
    key is seen by zsh 5.9 only with that key, with or without our widget.
    """
    for _ in range(5):
        terminal.press(CTRL_C)
        with suppress(AssertionError):
            terminal.until_line(shell.prompt, timeout_s=1)
            return
    terminal.until_line(shell.prompt)


# --- The suggestion ---------------------------------------------------------------------------


def test_suggestion_replaces_the_request(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """Ctrl-G asks for one command and puts it in the place of the request, cursor at the end."""
    daemon.answer_with(suggest(COMMAND))
    terminal = open_shell(shell.name)

    ask(terminal, shell, "make the file PWNED")

    terminal.until_line(shell.prompt + COMMAND)
    assert terminal.cursor[1] == len(shell.prompt + COMMAND)
    (request,) = daemon.requests
    assert (request.shell, request.count) == (shell.name, 1)
    assert request.text == "make the file PWNED"
    assert "eidos" not in terminal.screen
    assert_nothing_ran(terminal, shell, eidos_env)


@pytest.mark.parametrize("escape", [False, True], ids=["insert", "command"])
def test_vi_modes(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, *, escape: bool) -> None:
    """Ctrl-G works in both of vi's modes."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name, before=shell.vi_mode)
    terminal.press("list files")
    terminal.until_line(shell.prompt + "list files")
    column = terminal.cursor[1]
    if escape:
        terminal.press(ESCAPE)
        terminal.until(lambda t: t.cursor[1] == column - 1)

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "ls -l")


def test_vi_mode_chosen_after_loading(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """The key is bound in vi mode even where vi mode is turned on after the widget is loaded."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name, rc=shell.vi_mode)

    ask(terminal, shell, "list files")

    terminal.until_line(shell.prompt + "ls -l")


def test_pressing_again_goes_through_the_others_and_back(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Ctrl-G on an untouched suggestion shows 2/3, 3/3, the request, and then 1/3 again."""
    daemon.answer_with(THREE)
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")

    for line, message in [
        ("ls -la", "eidos: 2/3"),
        ("ls -lah", "eidos: 3/3"),
        ("list files", shells.REQUEST_AGAIN),
        ("ls -l", "eidos: 1/3"),
        ("ls -la", "eidos: 2/3"),
    ]:
        terminal.press(CTRL_G)
        terminal.until_line(shell.prompt + line)
        terminal.until(message)

    assert [request.count for request in daemon.requests] == [1, 4]
    assert {request.text for request in daemon.requests} == {"list files"}


def test_others_skip_blocked_and_known_ones(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """The count has no place for a command that was shown before, or is blocked."""
    blocked = candidate("rm -rf /", Level.BLOCK, "removes everything")
    daemon.answer_with(suggest("ls -l", blocked, "ls -l", "ls -a"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "ls -a")
    terminal.until("eidos: 2/2")


def test_a_failed_search_for_others_keeps_the_suggestion(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """When the second question fails, the first suggestion stays."""
    daemon.answer_with(THREE)
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")
    daemon.answer_with(refuse(ErrorCode.BUSY, "8 requests wait already; try again"))

    terminal.press(CTRL_G)

    terminal.until("eidos: 8 requests wait already; try again")
    terminal.until_line(shell.prompt + "ls -l")


def test_an_edited_suggestion_is_a_new_request(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """After an edit, Ctrl-G asks what now stands in the prompt."""
    daemon.answer_with(THREE)
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")

    ask_more = " by size"
    terminal.press(ask_more)
    terminal.until_line(shell.prompt + "ls -l by size")
    terminal.press(CTRL_G)

    assert daemon.until_asked(2).text == "ls -l by size"
    assert daemon.requests[1].count == 1
    terminal.until_line(shell.prompt + "ls -l")


def test_restore_brings_the_request_back(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """The restore key puts the request back, from any suggestion."""
    daemon.answer_with(THREE)
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")
    terminal.press(CTRL_G)
    terminal.until_line(shell.prompt + "ls -la")

    terminal.press(shell.restore)

    terminal.until_line(shell.prompt + "list files")


def test_enter_with_the_restore_key_runs_nothing(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """The request that comes back is not run by an Enter that came with the key; text is kept."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, COMMAND)
    terminal.until_line(shell.prompt + "ls -l")

    terminal.press(shell.restore + "x" + ENTER)

    terminal.until_line(f"{shell.prompt}{COMMAND}x")
    assert not eidos_env.ran("PWNED")


def test_restore_without_a_request_says_so(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Before the first request there is nothing to restore, and the line stays."""
    terminal = open_shell(shell.name)
    terminal.press("echo x")
    terminal.until_line(shell.prompt + "echo x")

    terminal.press(shell.restore)

    terminal.until(shells.NOTHING_TO_RESTORE)
    terminal.until_line(shell.prompt + "echo x")
    assert not daemon.requests


def test_undo_brings_the_request_back_at_once(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A suggestion is one step for the shell's own undo."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")

    terminal.press(shell.undo)

    terminal.until_line(shell.prompt + "list files")


# --- What must not come into the prompt -------------------------------------------------------


def test_warning_is_shown_beside_the_command(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A command with a warning is placed, and its reason is said outside of the line."""
    daemon.answer_with(suggest(candidate("rm -r build", Level.WARN, "removes a folder")))
    terminal = open_shell(shell.name)

    ask(terminal, shell, "remove build")

    terminal.until("eidos: careful: removes a folder")
    terminal.until_line(shell.prompt + "rm -r build")


def test_blocked_command_is_not_placed(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A blocked command leaves the request, and its reason is said."""
    daemon.answer_with(suggest(candidate("rm -rf /", Level.BLOCK, "removes everything")))
    terminal = open_shell(shell.name)

    ask(terminal, shell, "remove all")

    terminal.until(shells.NOT_OFFERED + "removes everything")
    terminal.until_line(shell.prompt + "remove all")


FAILURES: dict[str, tuple[Behaviour, str]] = {
    "no candidate": (suggest(), shells.NOTHING_OFFERED),
    "error": (refuse(ErrorCode.ENGINE, "the engine died twice"), "eidos: the engine died twice"),
    "other protocol": (raw(b"eidos/1", b"suggestions", b"<id>", b"1"), shells.UNREADABLE),
    "other request": (
        raw(b"eidos/2", b"suggestions", b"zz", b"1", b"ls", b"ok", b"", b"1", b"sure"),
        shells.UNREADABLE,
    ),
    "other kind": (raw(b"eidos/2", b"pong", b"<id>", b"1"), shells.UNREADABLE),
    "one frame": (raw(b"ls"), shells.UNREADABLE),
    "cut candidate": (
        raw(b"eidos/2", b"suggestions", b"<id>", b"1", b"ls", b"ok"),
        shells.UNREADABLE,
    ),
    "many frames": (raw(*[b"eidos/2"] * 500), shells.UNREADABLE),
    "large frame": (raw_command(b"a" * 70_000), shells.UNREADABLE),
    "unknown verdict": (raw_command(b"ls", b"fine"), shells.UNCLEAN),
    "unknown certainty": (raw_command(b"ls", certainty=b"maybe"), shells.UNCLEAN),
    "newline": (raw_command(b"ls\ntouch PWNED\n"), shells.UNCLEAN),
    "carriage return": (raw_command(b"touch PWNED\r"), shells.UNCLEAN),
    "escape": (raw_command(b"ls \x1b[2K\x1b[1Gx"), shells.UNCLEAN),
    "null": (raw_command(b"ls\0-l"), shells.UNCLEAN),
    "delete": (raw_command(b"ls\x7f"), shells.UNCLEAN),
    "C1 control": (raw_command("ls \x9b2K".encode()), shells.UNCLEAN),
    "bare C1 byte": (raw_command(b"ls \x9b2K"), shells.UNCLEAN),
    "cut UTF-8": (raw_command(b"ls \xe6\x96"), shells.UNCLEAN),
    "overlong UTF-8": (raw_command(b"ls \xc0\x8a"), shells.UNCLEAN),
    "surrogate": (raw_command(b"ls \xed\xa0\x80"), shells.UNCLEAN),
    "right-to-left override": (raw_command("ls \u202egpj.sh".encode()), shells.UNCLEAN),
    "isolate": (raw_command("ls \u2066x".encode()), shells.UNCLEAN),
    "zero-width space": (raw_command("ls\u200b -l".encode()), shells.UNCLEAN),
    "line separator": (raw_command("ls\u2028-l".encode()), shells.UNCLEAN),
    "byte order mark": (raw_command("\ufeffls".encode()), shells.UNCLEAN),
    "tag": (raw_command("ls \U000e0041".encode()), shells.UNCLEAN),
    "empty": (raw_command(b""), shells.UNCLEAN),
    "5 KB": (raw_command(b"echo " + b"a" * 5000), shells.UNCLEAN),
    "escape in a reason": (
        raw_command(b"", b"block", b"\x1b[2J\x1b[31mbad\r\nworse\x07"),
        "bad  worse",
    ),
    "escape in an error": (
        raw(b"eidos/2", b"error", b"<id>", b"engine", b"\x1b]0;title\x07bad \xff\xe2\x80\xae end"),
        "eidos:  ]0;title bad",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_bad_answer_leaves_the_line(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, failure: str
) -> None:
    """Whatever is wrong with an answer is said in one clean line, and the request stays."""
    behaviour, message = FAILURES[failure]
    daemon.answer_with(behaviour)
    terminal = open_shell(shell.name)

    ask(terminal, shell, "list files")

    terminal.until(message)
    terminal.until_line(shell.prompt + "list files")
    assert terminal.screen.count("eidos:") == 1
    assert_nothing_ran(terminal, shell, eidos_env)


def test_next_request_works_after_a_bad_answer(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A failure leaves nothing behind: the same key then gives the answer."""
    daemon.answer_with(raw(b"garbage"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, "list files")
    terminal.until(shells.UNREADABLE)
    daemon.answer_with(suggest("ls -l"))

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "ls -l")


# --- Requests that are not sent ---------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   "], ids=["empty", "blank"])
def test_empty_line_is_not_asked(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, text: str
) -> None:
    """With nothing in the line, Ctrl-G says what to do, and asks nobody."""
    terminal = open_shell(shell.name)

    terminal.press(text + CTRL_G)

    terminal.until(shells.EMPTY)
    terminal.until_line(shell.prompt)
    assert not daemon.requests


def test_long_line_is_not_asked(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """1001 characters are refused with the limit, 1000 are sent; wide ones count as one."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name, size=(40, 120))
    text = "é" + "a" * 998 + "zz"
    terminal.press(text)
    terminal.until("zz")

    terminal.press(CTRL_G)
    terminal.until(shells.TOO_LONG)
    assert not daemon.requests
    terminal.press(BACKSPACE + CTRL_G)

    terminal.until_line(shell.prompt + "ls -l")
    assert daemon.requests[0].text == text[:-1]


def test_control_character_in_the_line(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A request with a control character is refused with its place, and stays."""
    terminal = open_shell(shell.name)
    terminal.press("list" + shell.type_ctrl_a + " files")
    terminal.until("files")
    line = terminal.line()

    terminal.press(CTRL_G)

    terminal.until("eidos: the request has a control character (U+0001) at position 5")
    terminal.until_line(line)
    assert not daemon.requests


# --- Keys while waiting -----------------------------------------------------------------------


def waiting(
    open_shell: OpenShell, shell: Shell, daemon: FakeDaemon, behaviour: Behaviour
) -> Terminal:
    """Return a terminal in which Ctrl-G waits for an answer that the daemon holds back."""
    daemon.answer_with(behaviour)
    daemon.hold()
    terminal = open_shell(shell.name)
    ask(terminal, shell, "make it")
    daemon.until_asked()
    return terminal


OUTCOMES: dict[str, tuple[Behaviour, str]] = {
    "answer": (suggest(COMMAND), COMMAND),
    "error": (refuse(ErrorCode.ENGINE, "the engine died twice"), "make it"),
}
outcomes = pytest.mark.parametrize("outcome", OUTCOMES)


@outcomes
def test_enter_while_waiting_runs_nothing(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, outcome: str
) -> None:
    """Enter typed while waiting, as CR or as LF, neither runs the answer nor the request."""
    behaviour, line = OUTCOMES[outcome]
    terminal = waiting(open_shell, shell, daemon, behaviour)

    terminal.press(ENTER)
    terminal.press("\n\r\r")
    daemon.release()

    terminal.until_line(shell.prompt + line)
    assert_nothing_ran(terminal, shell, eidos_env)


@outcomes
def test_enter_in_the_same_write_runs_nothing(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, outcome: str
) -> None:
    """Ctrl-G and Enter that arrive together run nothing."""
    behaviour, line = OUTCOMES[outcome]
    daemon.answer_with(behaviour)
    terminal = open_shell(shell.name)
    terminal.press("make it")
    terminal.until_line(shell.prompt + "make it")

    terminal.press(CTRL_G + ENTER + ENTER)

    terminal.until_line(shell.prompt + line)
    assert_nothing_ran(terminal, shell, eidos_env)


def test_enter_with_a_press_that_asks_nobody_runs_nothing(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """Where the next suggestion is known already, Ctrl-G and Enter together still run nothing."""
    daemon.answer_with(suggest("touch PWNED", "touch PWNED 2", "touch PWNED 3"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, "make it")
    terminal.until_line(shell.prompt + "touch PWNED")
    terminal.press(CTRL_G)
    terminal.until_line(shell.prompt + "touch PWNED 2")

    terminal.press(CTRL_G + ENTER)

    terminal.until_line(shell.prompt + "touch PWNED 3")
    assert_nothing_ran(terminal, shell, eidos_env)


def test_enter_when_nobody_can_be_asked_runs_nothing(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """Where Ctrl-G fails at once, an Enter that came with it does not run the request."""
    terminal = open_shell(shell.name, env={"EIDOS_CTL": "/nowhere/eidosctl"})
    terminal.press(COMMAND)
    terminal.until_line(shell.prompt + COMMAND)

    terminal.press(CTRL_G + ENTER)

    terminal.until(shells.NO_EIDOSCTL)
    assert_nothing_ran(terminal, shell, eidos_env)


@outcomes
def test_text_typed_while_waiting_is_kept(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, outcome: str
) -> None:
    """Characters typed while waiting come behind the cursor; Backspace takes the last one back."""
    behaviour, line = OUTCOMES[outcome]
    terminal = waiting(open_shell, shell, daemon, behaviour)

    terminal.press(f" é文x文{BACKSPACE}{ENTER}")
    daemon.release()

    # pyte keeps a stub behind each wide character, which its display leaves out.
    terminal.until_line(f"{shell.prompt}{line} é文x")
    assert_nothing_ran(terminal, shell, eidos_env)


def test_text_goes_to_the_cursor_when_the_answer_fails(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Without an answer, typed characters stand where they would have stood."""
    daemon.answer_with(refuse(ErrorCode.ENGINE, "the engine died twice"))
    daemon.hold()
    terminal = open_shell(shell.name)
    terminal.press("make it" + LEFT + LEFT)
    terminal.until(lambda t: t.cursor[1] == len(shell.prompt) + 5)
    terminal.press(CTRL_G)
    daemon.until_asked()

    terminal.press("all of ")
    daemon.release()

    terminal.until_line(shell.prompt + "make all of it")


@pytest.mark.parametrize("keys", [CTRL_C, ESCAPE, CTRL_G], ids=["ctrl-c", "escape", "ctrl-g"])
def test_cancel_leaves_the_line(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, keys: str
) -> None:
    """Ctrl-C, Escape and Ctrl-G stop the wait; the line is as it was, and the shell goes on."""
    terminal = waiting(open_shell, shell, daemon, suggest(COMMAND))

    terminal.press(keys)

    terminal.until(shells.CANCELLED)
    terminal.until_line(shell.prompt + "make it")
    daemon.release()
    terminal.press(" now")
    terminal.until_line(shell.prompt + "make it now")
    assert_nothing_ran(terminal, shell, eidos_env)


def test_request_works_after_a_cancel(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """The answer to a cancelled request is never shown; the next press asks anew."""
    terminal = waiting(open_shell, shell, daemon, suggest("old"))
    terminal.press(CTRL_C)
    terminal.until(shells.CANCELLED)
    daemon.answer_with(suggest("new"))
    daemon.release()

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "new")


@pytest.mark.parametrize(
    "keys",
    ["\x1b[D\x1b[D", "\x1bOD", "\x1b[1;5C", "\x1bb", "\x01\x15\x0b", "\t\t", "\x1b[15~", "\x1b[[A"],
    ids=["left", "application", "ctrl-right", "alt-b", "controls", "tab", "F5", "console F1"],
)
def test_other_keys_while_waiting_are_dropped(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, keys: str
) -> None:
    """A key that is no text does nothing while waiting, and leaves no half of it behind."""
    terminal = waiting(open_shell, shell, daemon, suggest(COMMAND))

    terminal.press(keys)
    daemon.release()

    terminal.until_line(shell.prompt + COMMAND)
    terminal.press("!")
    terminal.until_line(shell.prompt + COMMAND + "!")


@outcomes
def test_paste_while_waiting_runs_nothing(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, outcome: str
) -> None:
    """Pasted text is kept; its line ends run nothing."""
    behaviour, line = OUTCOMES[outcome]
    terminal = waiting(open_shell, shell, daemon, behaviour)

    terminal.paste(" && echo one\ntouch PWNED\n")
    daemon.release()

    terminal.until(f"{shell.prompt}{line} && echo one")
    terminal.until("touch PWNED")
    assert_nothing_ran(terminal, shell, eidos_env)


def test_resize_while_waiting_does_no_harm(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """Another window size while waiting changes nothing in the answer."""
    terminal = waiting(open_shell, shell, daemon, suggest(COMMAND))

    terminal.resize(20, 60)
    terminal.resize(24, 100)
    daemon.release()

    terminal.until_line(shell.prompt + COMMAND)
    terminal.press("!")
    terminal.until_line(shell.prompt + COMMAND + "!")
    assert_nothing_ran(terminal, shell, eidos_env)


def test_waiting_shows_that_work_goes_on(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """While waiting, the request is seen, and something on the screen moves."""
    terminal = waiting(open_shell, shell, daemon, suggest("ls -l"))
    terminal.until(lambda t: t.line() != (shell.prompt + "make it").rstrip())
    seen = set[str]()

    def moved(t: Terminal) -> bool:
        seen.add(t.screen)
        assert "make it" in t.screen
        return len(seen) >= 3

    terminal.until(moved)

    daemon.release()
    terminal.until_line(shell.prompt + "ls -l")


# --- The daemon -------------------------------------------------------------------------------


def test_dead_daemon_is_started_and_answers(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """Where nobody listens, `$EIDOS_CTL start` runs, and the same press gives the answer."""
    eidos_env.ctl_starts_daemon("ls -l")
    terminal = open_shell(shell.name)

    ask(terminal, shell, "list files")

    terminal.until_line(shell.prompt + "ls -l")
    assert eidos_env.ctl_calls.read_text() == "start\n"


def test_daemon_that_is_just_starting_may_take_its_time(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """A handshake may take longer than 200 ms of the daemon that this very press started."""
    eidos_env.ctl_starts_daemon("ls -l", wait_s=0.7)
    terminal = open_shell(shell.name)

    ask(terminal, shell, "list files")

    terminal.until_line(shell.prompt + "ls -l")


def test_stale_socket_is_a_dead_daemon(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """A socket file that nobody listens on is no obstacle."""
    with WedgedDaemon(eidos_env.socket):
        pass
    assert eidos_env.socket.is_socket()
    eidos_env.ctl_starts_daemon("ls -l")
    terminal = open_shell(shell.name)

    ask(terminal, shell, "list files")

    terminal.until_line(shell.prompt + "ls -l")


def test_started_daemon_leaves_the_terminal_alone(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """What `eidosctl start` writes is not seen, and Ctrl-C still works afterwards."""
    eidos_env.ctl_does("echo noise; echo noise >&2; exit 1")
    terminal = open_shell(shell.name)

    ask(terminal, shell, "list files")
    terminal.until(shells.NOT_STARTED)

    terminal.until_line(shell.prompt + "list files")
    assert "noise" not in terminal.screen
    drop_line(terminal, shell)
    terminal.press(f"sh -c 'echo REA\"\"DY; exec sleep 1000'{ENTER}")
    terminal.until(lambda t: "READY" in t.screen.splitlines())
    terminal.press(CTRL_C)
    terminal.until_line(shell.prompt)


def test_missing_eidosctl_is_named(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """With no daemon and no eidosctl, the message says which setting to mend."""
    assert not eidos_env.socket.exists()
    terminal = open_shell(shell.name, env={"EIDOS_CTL": "/nowhere/eidosctl"})

    ask(terminal, shell, "list files")

    terminal.until(shells.NO_EIDOSCTL)
    terminal.until_line(shell.prompt + "list files")


def test_starting_can_be_cancelled(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """Ctrl-C while the daemon starts leaves the line, and nothing typed is run."""
    eidos_env.ctl_does("exec sleep 5")
    terminal = open_shell(shell.name)
    ask(terminal, shell, "touch PWNED")
    terminal.until(lambda _: eidos_env.ctl_calls.exists())

    terminal.press(ENTER)
    terminal.press(CTRL_C)

    terminal.until(shells.CANCELLED)
    terminal.until_line(shell.prompt + "touch PWNED")
    assert_nothing_ran(terminal, shell, eidos_env)


def test_wedged_daemon_is_noticed(shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv) -> None:
    """A daemon that takes the connection and says nothing is given up, and not started again."""
    with WedgedDaemon(eidos_env.socket):
        terminal = open_shell(shell.name)

        ask(terminal, shell, "list files")

        terminal.until(shells.SILENT)
        terminal.until_line(shell.prompt + "list files")
        assert not eidos_env.ctl_calls.exists()


GREETING = b"\xff" + bytes(7) + b"\x01\x7f\x03\x00NULL" + bytes(48)
READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (b"", shells.GONE),
        (b"HTTP/1.1 400 Bad Request\r\n" * 5, shells.STRANGER),
        (GREETING + READY + b"\x01\x01x" * 500, shells.UNREADABLE),
        (GREETING + READY + b"\x02" + b"\x7f" * 8 + b"x" * 100, shells.UNREADABLE),
    ],
    ids=["nothing", "HTTP", "endless message", "endless frame"],
)
def test_stranger_on_the_socket(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv, words: bytes, message: str
) -> None:
    """Somebody who hangs up, or speaks another protocol, harms neither the line nor the shell."""
    with RudeDaemon(eidos_env.socket, words):
        terminal = open_shell(shell.name)

        ask(terminal, shell, "list files")

        terminal.until(message)
        terminal.until_line(shell.prompt + "list files")
        assert_nothing_ran(terminal, shell, eidos_env)


def test_daemon_that_dies_while_we_wait(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """When the daemon goes away in the middle, the line stays and the message says so."""
    terminal = waiting(open_shell, shell, daemon, suggest("ls -l"))

    daemon.die()

    terminal.until(shells.GONE)
    terminal.until_line(shell.prompt + "make it")


def test_late_answer_is_given_up(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """After EIDOS_TIMEOUT_S the wait ends, with the line as it was."""
    daemon.hold()
    terminal = open_shell(shell.name, env={"EIDOS_TIMEOUT_S": "1"})

    ask(terminal, shell, "list files")

    terminal.until(shells.LATE)
    terminal.until_line(shell.prompt + "list files")


def test_heartbeats_are_no_answer(shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv) -> None:
    """ZMTP commands that come while waiting are not taken for the reply."""
    with FakeDaemon(eidos_env.socket, suggest("ls -l"), heartbeat_ms=10) as daemon:
        terminal = waiting(open_shell, shell, daemon, suggest("ls -l"))
        seen = set[str]()

        def several_frames(t: Terminal) -> bool:
            seen.add(t.screen)
            return len(seen) > 3

        terminal.until(several_frames)
        daemon.release()

        terminal.until_line(shell.prompt + "ls -l")


@pytest.mark.parametrize("kind", ["open to others", "link"])
def test_folder_that_is_not_ours_alone_is_refused(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, kind: str
) -> None:
    """A socket in a folder that others may enter, or behind a link, is not spoken to."""
    folder = daemon.path.parent
    if kind == "link":
        real = eidos_env.root / "elsewhere"
        folder.rename(real)
        folder.symlink_to(real)
    else:
        folder.chmod(0o755)
    terminal = open_shell(shell.name, size=(24, 120))

    ask(terminal, shell, "list files")

    terminal.until(shells.NOT_PRIVATE)
    terminal.until_line(shell.prompt + "list files")
    assert not daemon.requests


def test_too_long_socket_path_is_named(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """A path that no Unix socket can have is refused, not cut."""
    long = eidos_env.root / ("x" * 100)
    make_private_folder(long)
    terminal = open_shell(shell.name, env={"XDG_RUNTIME_DIR": str(long)}, size=(24, 250))

    ask(terminal, shell, "list files")

    terminal.until(shells.PATH_TOO_LONG)
    terminal.until_line(shell.prompt + "list files")


# --- Lines, prompts, windows ------------------------------------------------------------------


def test_wide_characters(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Characters of two columns and several bytes pass both ways, and the cursor is right."""
    daemon.answer_with(suggest("echo 文é"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, "print 文 é")
    terminal.until_line(shell.prompt + "echo 文é")

    terminal.press("!" + LEFT + LEFT + "x")

    terminal.until_line(shell.prompt + "echo 文xé!")
    assert daemon.requests[0].text == "print 文 é"


def test_prompt_of_two_lines(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A prompt of two lines is drawn once, with and without a message."""
    daemon.answer_with(THREE)
    terminal = open_shell(shell.name, rc=shell.two_line_prompt)
    ask(terminal, shell, "list files")
    terminal.until_line(shell.prompt + "ls -l")

    terminal.press(CTRL_G)

    terminal.until("eidos: 2/3")
    terminal.until_line(shell.prompt + "ls -la")
    lines = terminal.screen.splitlines()
    row = terminal.cursor[0]
    assert lines.count("upper") == 1
    assert "upper" in lines[max(row - 2, 0) : row]


def test_request_of_two_lines(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A line break in the request is sent, and the whole of the request is replaced."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name)
    terminal.press("list files" + shell.line_break_keys + "by size")
    terminal.until(lambda t: t.line().endswith("by size"))

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "ls -l")
    assert daemon.requests[0].text == "list files\nby size"
    assert "by size" not in terminal.screen
    terminal.press(shell.restore)
    terminal.until(lambda t: t.line().endswith("by size"))


def test_narrow_window(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """In 40 columns a long suggestion wraps, and the request is gone from the screen."""
    command = "find . -type f -name 'abc' -o -name 'defghi' -newer README"
    daemon.answer_with(suggest(command))
    terminal = open_shell(shell.name, size=(10, 40))
    request = "all files named abc, or defghi that are newer than the readme"
    terminal.press(request)
    terminal.until("the readme")

    terminal.press(CTRL_G)

    text = shell.prompt + command
    terminal.until(lambda t: text[:40].rstrip() in t.screen and t.line() == text[40:])
    assert "readme" not in terminal.screen


def test_bottom_of_the_screen(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """On the last row of the screen a message does not hide the line."""
    daemon.answer_with(suggest(candidate("rm -r build", Level.WARN, "removes a folder")))
    terminal = open_shell(shell.name, size=(4, 60))
    for _ in range(5):
        terminal.press(ENTER)
    terminal.until(lambda t: t.cursor[0] == 3 and t.line() == shell.prompt.rstrip())

    ask(terminal, shell, "remove build")

    terminal.until("careful: removes a folder")
    terminal.until_line(shell.prompt + "rm -r build")


# --- The shell around the widget --------------------------------------------------------------


def test_hostile_options_and_aliases(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Options and aliases of the user change neither loading nor the key press."""
    daemon.answer_with(suggest(COMMAND, "touch PWNED  2"))
    terminal = open_shell(shell.name, before=shell.strict_mode)
    assert terminal.screen == shell.prompt.rstrip()

    ask(terminal, shell, "make  it *")
    terminal.until_line(shell.prompt + COMMAND)
    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "touch PWNED  2")
    terminal.until("eidos: 2/2")
    assert daemon.requests[0].text == "make  it *"
    terminal.press(shell.restore)
    terminal.until_line(shell.prompt + "make  it *")


def test_loading_twice_is_harmless(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Sourcing the widget a second time says nothing and changes nothing."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name, rc=f"source {shell.widget}\n")
    assert terminal.screen == shell.prompt.rstrip()

    ask(terminal, shell, "list files")

    terminal.until_line(shell.prompt + "ls -l")


def test_exit_status_is_kept(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A key press leaves the status of the last command as it was."""
    status = "status" if shell.name == "fish" else "?"
    daemon.answer_with(suggest(f'echo "code=${status}"'))
    terminal = open_shell(shell.name)
    terminal.press("sh -c 'exit 42'" + ENTER)
    terminal.until(lambda t: t.cursor[0] == 1 and t.line() == shell.prompt.rstrip())

    ask(terminal, shell, "print the status")
    terminal.until_line(f'{shell.prompt}echo "code=${status}"')
    terminal.press(ENTER)

    terminal.until("code=42")


def test_key_can_be_chosen(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """EIDOS_KEY, in the shell's own notation, is the key instead of Ctrl-G."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name, env={"EIDOS_KEY": shell.ctrl_t})
    terminal.press("list files")
    terminal.until_line(shell.prompt + "list files")

    terminal.press("\x14")

    terminal.until_line(shell.prompt + "ls -l")


def test_empty_key_binds_nothing(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """With EIDOS_KEY and EIDOS_RESTORE_KEY set and empty, no key asks."""
    terminal = open_shell(shell.name, env={"EIDOS_KEY": "", "EIDOS_RESTORE_KEY": ""})

    terminal.press("list files" + CTRL_G + ENTER)
    terminal.press(f'echo "RE""ADY"{ENTER}')

    terminal.until("READY")
    assert not daemon.requests


@pytest.mark.parametrize("name", [s.name for s in shells.SHELLS.values() if s.search_prompt])
def test_ctrl_g_still_leaves_the_search(
    open_shell: OpenShell, daemon: FakeDaemon, name: str
) -> None:
    """Ctrl-G inside the search that Ctrl-R began aborts the search and asks nothing."""
    shell = shells.SHELLS[name]
    searching = shell.search_prompt or ""
    terminal = open_shell(name)
    terminal.press(f'echo fo""und{ENTER}')
    terminal.until(lambda t: "found" in t.screen.splitlines())
    terminal.press("\x12fo")
    terminal.until(searching)

    terminal.press(CTRL_G)

    terminal.until(lambda t: searching not in t.screen)
    terminal.until_line(shell.prompt)
    assert not daemon.requests
