"""What only bash's widget promises, or only bash can break."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from . import shells
from .conftest import EidosEnv, OpenShell
from .fake_daemon import FakeDaemon, candidate, suggest
from .shells import BASH, CTRL_C, CTRL_G, ENTER, ask

pytestmark = pytest.mark.shell

WIDGET = BASH.widget
PROMPT = BASH.prompt
COMMAND = "touch PWNED"


def bash(*args: str, env: EidosEnv) -> subprocess.CompletedProcess[str]:
    """Run bash without rc files and a terminal."""
    return env.run(["bash", "--noprofile", "--norc", *args])


# --- The file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["-eu", "-o", "pipefail"], ["--posix", "-eu"]])
def test_loading_without_a_terminal_is_silent(eidos_env: EidosEnv, options: list[str]) -> None:
    """A script that sources the widget sees nothing of it, whatever its options."""
    result = bash(*options, "-c", f". {WIDGET} && echo loaded", env=eidos_env)

    assert (result.stdout, result.stderr) == ("loaded\n", "")


@pytest.mark.parametrize("option", ["-s", "-u"], ids=["on", "off"])
def test_aliases_stay_on_or_off(eidos_env: EidosEnv, option: str) -> None:
    """The file reads itself without aliases, and leaves them as they were."""
    code = f"shopt {option} expand_aliases; shopt expand_aliases; . {WIDGET}; shopt expand_aliases"

    before, after = bash("-c", code, env=eidos_env).stdout.splitlines()

    assert before == after


def test_all_names_are_ours(eidos_env: EidosEnv) -> None:
    """Loading defines no function and no variable but `__eidos_…`."""
    names = "{ compgen -A function; compgen -A variable; } | sort"
    code = f"{names} >before; . {WIDGET}; {names} >after; comm -13 before after"

    defined = bash("-c", code, env=eidos_env).stdout.split()

    assert "__eidos_suggest" in defined
    assert [name for name in defined if not name.startswith("__eidos_")] == []


def test_client_is_found_from_anywhere(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """A widget that was sourced by a relative path works after a change of folder."""
    daemon.answer_with(suggest("ls -l"))
    shutil.copytree(WIDGET.parent, eidos_env.home / "shell")

    terminal = open_shell("bash", load="source shell/eidos.bash\ncd /\n")
    ask(terminal, BASH, "list files")

    terminal.until_line(PROMPT + "ls -l")


def test_missing_client_is_named(open_shell: OpenShell, eidos_env: EidosEnv) -> None:
    """A widget without its client says which file it misses, and the line stays."""
    copy = eidos_env.home / "eidos.bash"
    shutil.copy(WIDGET, copy)
    terminal = open_shell("bash", load=f"source {copy}\n")

    ask(terminal, BASH, "list files")

    terminal.until(f"eidos: {eidos_env.home}/eidos-client.pl failed (2); try: eidosctl doctor")
    terminal.until_line(PROMPT + "list files")


# --- Traps and options ------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["answer", "cancel"])
@pytest.mark.parametrize("trap", ["echo 'it''s trapped'", ""], ids=["handled", "ignored"])
def test_trap_of_the_user_stays(
    open_shell: OpenShell, daemon: FakeDaemon, trap: str, end: str
) -> None:
    """A trap for INT is the user's again when the press is over."""
    daemon.answer_with(suggest("trap -p INT"))
    quoted = trap.replace("'", "'\\''")
    terminal = open_shell("bash", rc=f"trap '{quoted}' INT\n")
    if end == "cancel":
        daemon.hold()
        ask(terminal, BASH, "trap -p INT")
        daemon.until_asked()
        terminal.press(CTRL_C)
        terminal.until(shells.CANCELLED)
    else:
        ask(terminal, BASH, "show the trap")
    terminal.until_line(PROMPT + "trap -p INT")

    terminal.press(ENTER)

    terminal.until(f"trap -- '{quoted}' SIGINT")


def test_no_trap_stays_no_trap(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Without a trap of the user, Ctrl-C drops the line as ever, and nothing is trapped."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell("bash")
    ask(terminal, BASH, "list files")
    terminal.until_line(PROMPT + "ls -l")
    # The press is over when bash reads keys again; a Ctrl-C in the millisecond before, while the
    # line is on the screen already, is shown and takes effect with the next key.
    terminal.press("a")
    terminal.until_line(PROMPT + "ls -la")

    terminal.press(CTRL_C)

    terminal.until_line(PROMPT)
    assert "ls -la^C" in terminal.screen
    terminal.press('trap -p; echo "RE""ADY"' + ENTER)
    terminal.until(lambda t: "READY" in t.screen.splitlines())
    assert "trap --" not in terminal.screen


def test_error_traps_and_options_see_nothing(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """With errexit and inherited traps, neither an answer nor a refusal ends or traps anything."""
    daemon.answer_with(suggest(candidate("ls -l"), candidate("ls -a")))
    rc = f"set -eET\ntrap 'touch {eidos_env.home}/trapped' ERR\n"
    terminal = open_shell("bash", rc=rc)

    terminal.press(CTRL_G)
    terminal.until(shells.EMPTY)
    ask(terminal, BASH, "list files")
    terminal.until_line(PROMPT + "ls -l")
    terminal.press(CTRL_G)

    terminal.until_line(PROMPT + "ls -a")
    assert not eidos_env.ran("trapped")


def test_prompt_command_runs_once_per_prompt(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """A key press is no command: PROMPT_COMMAND and the history do not see it."""
    daemon.answer_with(suggest("history"))
    terminal = open_shell("bash", rc="PROMPT_COMMAND='echo p >>prompts'\n")
    ask(terminal, BASH, "show the history")
    terminal.until_line(PROMPT + "history")

    terminal.press(ENTER)

    terminal.until("    1  history")
    terminal.until_line(PROMPT)
    assert "    2 " not in terminal.screen
    assert (eidos_env.home / "prompts").read_text() == "p\np\n"


# --- Before the client has the terminal, and after ---------------------------------------------


@pytest.fixture
def slow_perl(eidos_env: EidosEnv) -> dict[str, str]:
    """An environment whose perl waits before it starts, and again before it is gone.

    The file `start` says that it was started, `go` lets it go on; `end` and `leave` likewise.
    """
    return {"PATH": f"{fake_perl(eidos_env, SLOW)}:{eidos_env.environ['PATH']}"}


SLOW = """\
echo $$ >start
until [ -e go ]; do sleep 0.02; done
{perl} "$@"
code=$?
echo >end
until [ -e leave ]; do sleep 0.02; done
exit $code"""


def fake_perl(env: EidosEnv, body: str) -> Path:
    """Return a folder whose `perl` runs the sh lines *body*."""
    folder = env.root / "bin"
    folder.mkdir()
    program = folder / "perl"
    program.write_text("#!/bin/sh\n" + body.replace("{perl}", str(shutil.which("perl"))) + "\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("key", ["\r", "\n", "\x1a", "\x1c"], ids=["CR", "LF", "ctrl-z", "quit"])
def test_keys_before_the_client_listens(
    open_shell: OpenShell,
    daemon: FakeDaemon,
    eidos_env: EidosEnv,
    slow_perl: dict[str, str],
    key: str,
) -> None:
    """In the milliseconds in which perl starts, keys neither run nor stop anything."""
    daemon.answer_with(suggest(COMMAND))
    (eidos_env.home / "leave").touch()
    terminal = open_shell("bash", env=slow_perl)
    ask(terminal, BASH, COMMAND)
    terminal.until(lambda _: eidos_env.ran("start"))

    terminal.press(key)
    terminal.press("x")
    (eidos_env.home / "go").touch()

    # The kernel drops what was typed with a key that is a signal, where it comes after it.
    terminal.until(lambda t: t.line() in {f"{PROMPT}{COMMAND}x", f"{PROMPT}{COMMAND}"})
    assert not eidos_env.ran("PWNED")
    assert "eidos" not in terminal.screen


def test_ctrl_c_before_the_client_listens(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, slow_perl: dict[str, str]
) -> None:
    """Ctrl-C that comes as a signal cancels too, and the line stays."""
    terminal = open_shell("bash", env=slow_perl)
    ask(terminal, BASH, "list files")
    terminal.until(lambda _: eidos_env.ran("start"))

    terminal.press(CTRL_C)

    terminal.until(shells.CANCELLED)
    terminal.until_line(PROMPT + "list files")
    assert not daemon.requests


def test_enter_after_the_client_has_looked(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, slow_perl: dict[str, str]
) -> None:
    """In the millisecond in which perl ends, Enter runs nothing, and text is kept."""
    daemon.answer_with(suggest(COMMAND))
    (eidos_env.home / "go").touch()
    terminal = open_shell("bash", env=slow_perl)
    ask(terminal, BASH, "make it")
    terminal.until(lambda _: eidos_env.ran("end"))

    terminal.press(f" é{ENTER}\x1a\nx")
    (eidos_env.home / "leave").touch()

    terminal.until(lambda t: t.line() in {f"{PROMPT}{COMMAND} éx", f"{PROMPT}{COMMAND}x"})
    assert not eidos_env.ran("PWNED")


def test_killed_client_leaves_a_usable_terminal(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """When the client is killed, the line stays, the message says so, and Ctrl-C works again."""
    daemon.hold()
    folder = fake_perl(eidos_env, 'echo $$ >pid; exec {perl} "$@"')
    terminal = open_shell("bash", env={"PATH": f"{folder}:{eidos_env.environ['PATH']}"})
    ask(terminal, BASH, "list files")
    daemon.until_asked()

    os.kill(int((eidos_env.home / "pid").read_text()), signal.SIGKILL)

    terminal.until("failed (137); try: eidosctl doctor")
    terminal.until_line(PROMPT + "list files")
    terminal.press("s")
    terminal.until_line(PROMPT + "list filess")  # bash reads keys again
    terminal.press(CTRL_C)
    terminal.until_line(PROMPT)
    terminal.press("sh -c 'touch RUNS; exec sleep 1000'" + ENTER)
    terminal.until(lambda _: eidos_env.ran("RUNS"))
    terminal.press(CTRL_C)
    terminal.until_line(PROMPT)


def test_missing_perl_is_named(open_shell: OpenShell, eidos_env: EidosEnv) -> None:
    """Without perl, the message names it and how to get it."""
    terminal = open_shell("bash", rc=f"PATH={eidos_env.home}\n")

    ask(terminal, BASH, "list files")

    terminal.until("eidos: perl is missing; install it (Debian, Ubuntu: apt install perl-base)")
    terminal.until_line(PROMPT + "list files")


# --- The line ---------------------------------------------------------------------------------


def test_paste_between_brackets_keeps_its_line_breaks(
    open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Lines pasted while waiting stand in the line as lines."""
    daemon.answer_with(suggest("cat"))
    daemon.hold()
    terminal = open_shell("bash")
    ask(terminal, BASH, "make it")
    daemon.until_asked()

    terminal.press("\x1b[200~ <<x\rone\rx\x1b[201~")
    daemon.release()

    terminal.until(lambda t: t.screen.splitlines() == ["$ cat <<x", "one", "x"])
    terminal.press(ENTER)
    terminal.until(lambda t: t.screen.splitlines()[3:] == ["one", PROMPT.rstrip()])


def test_text_goes_behind_wide_characters(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """The cursor of a line with wide characters is counted as bash counts it."""
    daemon.answer_with(suggest())
    daemon.hold()
    terminal = open_shell("bash")
    terminal.press("文é ab" + shells.LEFT)
    terminal.until(lambda t: t.cursor[1] == len(PROMPT) + 5)
    terminal.press(CTRL_G)
    daemon.until_asked()

    terminal.press("é文x")
    daemon.release()

    terminal.until_line(PROMPT + "文é aé文xb")


def test_wrapped_line_is_drawn_once(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A request over several rows is gone while waiting, and comes back whole."""
    daemon.answer_with(suggest())
    daemon.hold()
    terminal = open_shell("bash", size=(10, 40))
    text = "a request that is longer than the forty columns of this small window"
    terminal.press(text)
    terminal.until("small window")
    terminal.press(CTRL_G)
    daemon.until_asked()
    terminal.until(lambda t: t.screen.count("\n") == 0 and "a request" in t.screen)

    daemon.release()

    terminal.until(shells.NOTHING_OFFERED[:40])
    terminal.until("".join((PROMPT + text)[i : i + 40] + "\n" for i in (0, 40)).rstrip())
    assert terminal.screen.count("a request") == 1
