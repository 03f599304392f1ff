"""What only zsh's widget promises, or only zsh can break."""

import shutil
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from eidos.protocol import ErrorCode

from . import shells
from .conftest import EidosEnv, OpenShell
from .fake_daemon import FakeDaemon, make_private_folder, refuse, suggest
from .shells import CTRL_G, ENTER, ESCAPE, REPOSITORY, ZSH, ask
from .terminal import Terminal

pytestmark = pytest.mark.shell

WIDGET = ZSH.widget
PROMPT = ZSH.prompt


def zsh(*args: str, env: EidosEnv) -> subprocess.CompletedProcess[str]:
    """Run zsh without rc files and a terminal."""
    if ZSH.program is None:
        pytest.skip("zsh is not installed; run: apt-get install zsh")
    return env.run([ZSH.program, "-f", *args])


def assert_still_editing(terminal: Terminal, line: str, env: EidosEnv) -> None:
    """See a key of ours arrive in *line*: whatever was typed before has been dealt with."""
    terminal.press("!")
    terminal.until_line(line + "!")
    assert not env.ran("PWNED")


# --- The file ---------------------------------------------------------------------------------


def test_syntax(eidos_env: EidosEnv) -> None:
    """Zsh reads the whole file."""
    result = zsh("-n", str(WIDGET), env=eidos_env)

    assert (result.returncode, result.stderr) == (0, "")


def test_format(tmp_path: Path) -> None:
    """The file is formatted by shfmt."""
    shfmt = REPOSITORY / ".venv" / "bin" / "shfmt"
    program = str(shfmt) if shfmt.exists() else shutil.which("shfmt")
    assert program, "shfmt is missing; run: pip install -e '.[dev]'"
    # shfmt 3.14 knows zsh, but not `{ … } always { … }`; two blocks have the same layout.
    copy = tmp_path / "eidos.zsh"
    copy.write_text(WIDGET.read_text().replace("} always {", "}\n  {"))

    result = subprocess.run(
        [program, "-ln", "zsh", "-i", "2", "-ci", "-d", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("flags", ["", "eu"], ids=["plain", "strict"])
def test_loading_without_a_terminal_is_silent(eidos_env: EidosEnv, flags: str) -> None:
    """A script that sources the widget sees nothing of it, not even with errexit and nounset."""
    code = f"source {WIDGET} && print loaded"

    result = zsh(*([f"-{flags}"] if flags else []), "-c", code, env=eidos_env)

    assert (result.returncode, result.stdout, result.stderr) == (0, "loaded\n", "")


@pytest.mark.parametrize("before", ["", ZSH.strict_mode], ids=["defaults", "strict"])
def test_loading_leaves_the_options(eidos_env: EidosEnv, before: str) -> None:
    """Options, aliases and parameters of the user are the same before and after."""
    show = "set -o; alias; typeset +m '*saved*' 'REPLY'"
    script = eidos_env.home / "script"
    script.write_text(f"{before}\n{{ {show} }} >a\nsource {WIDGET}\n{{ {show} }} >b\n")

    result = zsh("-i", str(script), env=eidos_env)

    assert result.stderr == ""
    assert (eidos_env.home / "a").read_text() == (eidos_env.home / "b").read_text() != ""


def test_loading_starts_no_process(eidos_env: EidosEnv) -> None:
    """Loading forks nothing: the children of the shell have not touched one page of memory."""
    script = eidos_env.home / "script"
    # Field 11 of /proc/PID/stat: page faults of children; $(<file) is no child in zsh.
    faults = "print ${${=:-$(</proc/$$/stat)}[11]}"
    script.write_text(f"{faults}\nsource {WIDGET}\n{faults}\n$(command true)\n{faults}\n")

    result = zsh("-i", str(script), env=eidos_env)

    before, after, with_child = result.stdout.split()
    assert before == after != with_child


@pytest.mark.parametrize(
    "load",
    ["source <(command cat {widget})\n", '() {{ builtin eval "$1" }} "$(<{widget})"\n'],
    ids=["process substitution", "eval in a function"],
)
def test_other_ways_to_load(open_shell: OpenShell, daemon: FakeDaemon, load: str) -> None:
    """The widget works however its text reaches the shell."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell("zsh", load=load)
    assert terminal.screen == PROMPT.rstrip()

    ask(terminal, ZSH, "list files")

    terminal.until_line(PROMPT + "ls -l")


# --- Keymaps ----------------------------------------------------------------------------------


def test_bound_in_every_keymap(open_shell: OpenShell) -> None:
    """Both keys are bound in emacs, viins and vicmd; in isearch Ctrl-G aborts."""
    terminal = open_shell("zsh")

    terminal.press(
        "for m in emacs viins vicmd isearch; do bindkey -M $m '^G'; bindkey -M $m '^X^G'; done"
        + ENTER
    )

    terminal.until('"^G" send-break')
    terminal.until('"^X^G" undefined-key')
    assert terminal.screen.count('"^G" eidos-suggest') == 3
    assert terminal.screen.count('"^X^G" eidos-restore') == 3
    assert terminal.screen.count('"^G" send-break') == 1


def vi_command_mode(terminal: Terminal, text: str) -> None:
    """Type *text* and leave insert mode."""
    terminal.press(text)
    terminal.until_line(PROMPT + text)
    column = terminal.cursor[1]
    terminal.press(ESCAPE)
    terminal.until(lambda t: t.cursor[1] == column - 1)


def test_vi_command_mode_stands_on_the_end(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """In vi's command mode the cursor is on the last character, and `u` brings the request."""
    daemon.answer_with(suggest("ls -lah"))
    terminal = open_shell("zsh", before=ZSH.vi_mode)
    vi_command_mode(terminal, "list files")

    terminal.press(CTRL_G)

    terminal.until_line(PROMPT + "ls -lah")
    assert terminal.cursor[1] == len(PROMPT + "ls -lah") - 1
    terminal.press("u")
    terminal.until_line(PROMPT + "list files")


def test_vi_undo_after_insert_mode(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A suggestion that came in vi's insert mode is one step for `u`."""
    daemon.answer_with(suggest("ls -lah"))
    terminal = open_shell("zsh", before=ZSH.vi_mode)
    ask(terminal, ZSH, "list files")
    terminal.until_line(PROMPT + "ls -lah")

    terminal.press(ESCAPE)
    terminal.until(lambda t: t.cursor[1] == len(PROMPT + "ls -lah") - 1)
    terminal.press("u")

    terminal.until_line(PROMPT + "list files")


def test_vi_commands_while_waiting_are_no_text(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """What is typed in vi's command mode while waiting is not inserted."""
    daemon.answer_with(suggest("ls -lah"))
    daemon.hold()
    terminal = open_shell("zsh", before=ZSH.vi_mode)
    vi_command_mode(terminal, "list files")
    terminal.press(CTRL_G)
    daemon.until_asked()

    terminal.press("ddA")
    daemon.release()

    terminal.until_line(PROMPT + "ls -lah")


# --- Keys while waiting -----------------------------------------------------------------------


def test_pasted_lines_are_kept_as_lines(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """The line ends of a paste become line ends in the buffer, which run nothing."""
    daemon.answer_with(suggest("echo one"))
    daemon.hold()
    terminal = open_shell("zsh")
    ask(terminal, ZSH, "print it")
    daemon.until_asked()

    terminal.paste(" two\ntouch PWNED\nend")
    daemon.release()

    terminal.until(lambda t: t.screen.splitlines() == ["% echo one two", "touch PWNED", "end"])
    assert_still_editing(terminal, "end", eidos_env)


def test_typed_text_is_seen_while_waiting(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Characters typed while waiting are shown behind the spinner."""
    daemon.hold()
    terminal = open_shell("zsh")
    ask(terminal, ZSH, "list files")
    daemon.until_asked()

    terminal.press("abc")

    terminal.until(lambda t: t.line().startswith(PROMPT + "list files  "))
    terminal.until(lambda t: t.line().endswith(" abc"))


def test_keys_read_ahead_by_zsh_are_flushed(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """An Enter that zsh has read already, since Ctrl-G begins another binding, runs nothing."""
    daemon.answer_with(suggest("touch PWNED"))
    terminal = open_shell("zsh", rc="bindkey '^G^F' beep\n")
    terminal.press("make it")
    terminal.until_line(PROMPT + "make it")

    terminal.press(CTRL_G + ENTER)

    terminal.until_line(PROMPT + "touch PWNED")
    assert_still_editing(terminal, PROMPT + "touch PWNED", eidos_env)


# --- Lines ------------------------------------------------------------------------------------


def test_continuation_line(open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv) -> None:
    """On the second line of an unfinished command, that line is the request."""
    daemon.answer_with(suggest("touch PWNED"))
    terminal = open_shell("zsh", rc="PS2='> '\n")
    terminal.press("for i in 1 2; do" + ENTER)
    terminal.until_line(">")
    terminal.press("make it")
    terminal.until_line("> make it")

    terminal.press(CTRL_G + ENTER)

    terminal.until_line("> touch PWNED")
    assert daemon.requests[0].text == "make it"
    assert_still_editing(terminal, "> touch PWNED", eidos_env)


def test_ghost_text_of_other_plugins(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Text that a plugin shows behind the line comes back on failure, and goes with the line."""
    daemon.answer_with(refuse(ErrorCode.BUSY, "too many requests"))
    ghost = (
        "ghost() { POSTDISPLAY=' sorted'; region_highlight=('0 4 bold') }\n"
        "zle -N ghost; bindkey '^O' ghost\n"
    )
    terminal = open_shell("zsh", rc=ghost)
    terminal.press("list files\x0f")
    terminal.until_line(PROMPT + "list files sorted")

    terminal.press(CTRL_G)
    terminal.until("eidos: too many requests")
    terminal.until_line(PROMPT + "list files sorted")
    daemon.answer_with(suggest("ls -l"))
    terminal.press(CTRL_G)

    terminal.until_line(PROMPT + "ls -l")


# --- The shell around the widget --------------------------------------------------------------


def test_traps_of_the_user(open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv) -> None:
    """Traps on errors, commands and Ctrl-C neither run for the widget's steps nor get lost."""
    daemon.answer_with(suggest("ls -l"))
    daemon.hold()
    traps = (
        "TRAPZERR() { print zerr }\nTRAPINT() { print int; return 130 }\n"
        "trap '[[ -z ${WIDGET-} ]] || print $LINENO >>steps' DEBUG\ntrap >before\n"
    )
    terminal = open_shell("zsh", rc=traps)
    ask(terminal, ZSH, "list files")
    daemon.until_asked()
    terminal.press("\x03")
    terminal.until(shells.CANCELLED)

    terminal.press(CTRL_G)
    daemon.until_asked(2)
    daemon.release()
    terminal.until_line(PROMPT + "ls -l")

    assert "zerr" not in terminal.screen
    assert "int" not in terminal.screen
    # Two presses of four steps each: two calls, setting options, and taking the trap away.
    assert len((eidos_env.home / "steps").read_text().splitlines()) <= 8
    terminal.press("\x15trap >after; cmp before after && echo sa''me" + ENTER)
    terminal.until(lambda t: "same" in t.screen.splitlines())


def test_an_old_message_goes(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """The next press takes the message of the last one from the screen."""
    daemon.answer_with(refuse(ErrorCode.BUSY, "too many requests"))
    terminal = open_shell("zsh")
    ask(terminal, ZSH, "list files")
    terminal.until("eidos: too many requests")
    daemon.answer_with(suggest("ls -l"))

    terminal.press(CTRL_G)

    terminal.until_line(PROMPT + "ls -l")
    assert terminal.screen == PROMPT + "ls -l"


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_other_locales(open_shell: OpenShell, daemon: FakeDaemon, locale: str) -> None:
    """Without UTF-8 the widget works, its spinner is ASCII, and unclean text is still refused."""
    daemon.answer_with(suggest("ls -l"))
    daemon.hold()
    terminal = open_shell("zsh", env={"LANG": locale})
    ask(terminal, ZSH, "list files")
    daemon.until_asked()
    terminal.until(lambda t: t.line()[-1:] in {"|", "/", "-", "\\"})
    daemon.release()
    terminal.until_line(PROMPT + "ls -l")
    daemon.answer_with(suggest("ls \u202egpj.sh"))

    terminal.press("!" + CTRL_G)

    terminal.until(shells.UNCLEAN)
    terminal.until_line(PROMPT + "ls -l!")


def test_missing_module_is_named(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A zsh without one of its modules says which, and changes nothing."""
    terminal = open_shell("zsh", rc="zmodload zsh/complist\nmodule_path=(/nowhere)\n")

    ask(terminal, ZSH, "list files")

    terminal.until("eidos: this zsh lacks the module zsh/net/socket")
    terminal.until_line(PROMPT + "list files")
    assert not daemon.requests


def test_full_queue_of_a_stopped_daemon_can_be_left(
    open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """Where even connecting waits, Ctrl-C leaves the line as it was and starts no daemon."""
    make_private_folder(eidos_env.socket.parent)
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(eidos_env.socket))
        listener.listen(0)
        with suppress(BlockingIOError):
            while True:
                client = sockets.enter_context(socket.socket(socket.AF_UNIX))
                client.settimeout(0)
                client.connect(str(eidos_env.socket))
        terminal = open_shell("zsh")
        ask(terminal, ZSH, "list files")
        terminal.until(blocked_in_connect)

        terminal.press("\x03")

        terminal.until(shells.CANCELLED)
        # zsh has its own word on the interrupted call, redirected or not, before it paints anew.
        terminal.until(lambda t: t.line().endswith(" list files"))
        assert not eidos_env.ctl_calls.exists()


def blocked_in_connect(terminal: Terminal) -> bool:
    """Whether the shell sleeps in the kernel's code for Unix sockets."""
    name = Path(f"/proc/{terminal.pid}/wchan").read_text()
    return "unix" in name or "sock" in name


def test_heartbeats_are_answered(open_shell: OpenShell, eidos_env: EidosEnv) -> None:
    """A daemon that hangs up on silent peers is kept for as long as the answer takes."""
    with FakeDaemon(
        eidos_env.socket, suggest("ls -l"), heartbeat_ms=100, patience_ms=300
    ) as daemon:
        daemon.hold()
        terminal = open_shell("zsh")
        ask(terminal, ZSH, "list files")
        daemon.until_asked()
        frames = list[str]()

        def twelve_frames_passed(t: Terminal) -> bool:
            if not frames or frames[-1] != t.screen:
                frames.append(t.screen)
            return len(frames) > 12

        terminal.until(twelve_frames_passed)
        daemon.release()

        terminal.until_line(PROMPT + "ls -l")


def open_files(terminal: Terminal) -> list[str]:
    """Return the numbers of the files that the shell has open."""
    return sorted(file.name for file in Path(f"/proc/{terminal.pid}/fd").iterdir())


def test_nothing_is_left_open(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """After answers, cancels and failures the shell has as many files open as before."""
    terminal = open_shell("zsh")
    ask(terminal, ZSH, "list files")
    daemon.until_asked()
    terminal.press(ESCAPE)
    terminal.until(shells.CANCELLED)
    before = open_files(terminal)

    for behaviour, seen in [
        (refuse(ErrorCode.BUSY, "too many requests"), "eidos: too many requests"),
        (suggest("ls -l"), PROMPT + "ls -l"),
    ]:
        daemon.answer_with(behaviour)
        terminal.press(CTRL_G)
        terminal.until(seen)

    terminal.until(lambda t: open_files(t) == before)
