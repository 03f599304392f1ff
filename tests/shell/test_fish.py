"""What only fish's widget promises, or only fish can break."""

import shutil
import subprocess

import pytest

from . import shells
from .conftest import EidosEnv, OpenShell
from .fake_daemon import FakeDaemon, candidate, suggest
from .shells import CTRL_C, CTRL_G, ENTER, ESCAPE, FISH, LEFT, ask
from .test_bash import fake_perl

pytestmark = pytest.mark.shell

WIDGET = FISH.widget
PROMPT = FISH.prompt
COMMAND = "touch PWNED"


def fish(code: str, env: EidosEnv) -> subprocess.CompletedProcess[str]:
    """Run fish without rc files and a terminal."""
    return env.run(["fish", "--no-config", "-c", code])


# --- The file ---------------------------------------------------------------------------------


def test_loading_without_a_terminal_is_silent(eidos_env: EidosEnv) -> None:
    """A script that sources the widget sees nothing of it, and gets no key binding."""
    result = fish(f"source {WIDGET}; and echo loaded; bind | string match '*eidos*'", eidos_env)

    assert (result.stdout, result.stderr) == ("loaded\n", "")


def test_all_names_are_ours(eidos_env: EidosEnv) -> None:
    """Loading defines no function and no variable but `eidos-…` and `__eidos_…`."""
    code = (
        "set -l before (functions -an; set -n); "
        f"source {WIDGET}; for name in (functions -an; set -n); "
        "contains -- $name $before; or echo $name; end"
    )

    defined = fish(code, eidos_env).stdout.split()

    assert "eidos-suggest" in defined
    ours = ("eidos-", "__eidos_")
    assert [n for n in defined if not n.startswith(ours) and n not in {"before", "name"}] == []


def test_missing_client_is_named(open_shell: OpenShell, eidos_env: EidosEnv) -> None:
    """A widget without its client says which file it misses, and the line stays."""
    copy = eidos_env.home / "eidos.fish"
    shutil.copy(WIDGET, copy)
    terminal = open_shell("fish", load=f"source {copy}\n")

    ask(terminal, FISH, "list files")

    terminal.until(f"eidos: {eidos_env.home}/eidos-client.pl failed (2); try: eidosctl doctor")
    terminal.until_line(PROMPT + "list files")


def test_missing_perl_is_named(open_shell: OpenShell, eidos_env: EidosEnv) -> None:
    """Without perl, the message names it and how to get it."""
    terminal = open_shell("fish", rc=f"set PATH {eidos_env.home}\n", size=(24, 100))

    ask(terminal, FISH, "list files")

    terminal.until("eidos: perl is missing; install it (Debian, Ubuntu: apt install perl-base)")
    terminal.until_line(PROMPT + "list files")


# --- Keys -------------------------------------------------------------------------------------


def test_visual_mode(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Ctrl-G works in the visual mode of the vi bindings too."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell("fish", rc=FISH.vi_mode)
    terminal.press("list files")
    terminal.until_line(PROMPT + "list files")
    terminal.press(ESCAPE)
    terminal.until(lambda t: t.cursor[1] == len(PROMPT + "list file"))

    terminal.press("v" + CTRL_G)

    terminal.until_line(PROMPT + "ls -l")


SLOW_START = 'echo >start; until [ -e go ]; do sleep 0.02; done; exec {perl} "$@"'
SLOW_END = """\
{perl} "$@"
code=$?
echo >end
until [ -e leave ]; do sleep 0.02; done
exit $code"""


def with_perl(env: EidosEnv, body: str) -> dict[str, str]:
    """Return an environment whose perl runs the sh lines *body*."""
    return {"PATH": f"{fake_perl(env, body)}:{env.environ['PATH']}"}


def test_enter_before_the_client_listens(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """In the milliseconds in which perl starts, Enter runs nothing."""
    daemon.answer_with(suggest(COMMAND))
    terminal = open_shell("fish", env=with_perl(eidos_env, SLOW_START))
    ask(terminal, FISH, COMMAND)
    terminal.until(lambda _: eidos_env.ran("start"))

    terminal.press(ENTER + "\nx")
    (eidos_env.home / "go").touch()

    terminal.until_line(f"{PROMPT}{COMMAND}x")
    assert not eidos_env.ran("PWNED")


def test_ctrl_c_before_the_client_listens(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """Ctrl-C that comes as a signal cancels too, and the line stays."""
    terminal = open_shell("fish", env=with_perl(eidos_env, SLOW_START))
    ask(terminal, FISH, "list files")
    terminal.until(lambda _: eidos_env.ran("start"))

    terminal.press(CTRL_C)
    (eidos_env.home / "go").touch()

    terminal.press("!")
    terminal.until_line(PROMPT + "list files!")
    assert not daemon.requests


def test_enter_after_the_client_has_looked(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """In the millisecond in which perl ends, Enter runs nothing; afterwards it runs the line."""
    daemon.answer_with(suggest(COMMAND))
    terminal = open_shell("fish", env=with_perl(eidos_env, SLOW_END))
    ask(terminal, FISH, "make it")
    terminal.until(lambda _: eidos_env.ran("end"))

    terminal.press(f" x{ENTER}{ENTER}")
    (eidos_env.home / "leave").touch()

    terminal.until_line(f"{PROMPT}{COMMAND} x")
    assert not eidos_env.ran("PWNED")
    terminal.press(ENTER)
    terminal.until(lambda _: eidos_env.ran("PWNED"))


def test_killed_client_leaves_a_usable_terminal(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """When the client is killed, the line stays, the message says so, and Ctrl-C works again."""
    daemon.hold()
    env = with_perl(eidos_env, 'echo $$ >pid; exec {perl} "$@"')
    terminal = open_shell("fish", env=env, size=(24, 120))
    ask(terminal, FISH, "list files")
    daemon.until_asked()

    subprocess.run(["kill", "-9", (eidos_env.home / "pid").read_text().strip()], check=True)

    terminal.until("failed (137); try: eidosctl doctor")
    terminal.until_line(PROMPT + "list files")
    terminal.press(CTRL_C)
    terminal.until_line(PROMPT)
    terminal.press("sh -c 'touch RUNS; exec sleep 1000'" + ENTER)
    terminal.until(lambda _: eidos_env.ran("RUNS"))
    terminal.press(CTRL_C)
    terminal.until_line(PROMPT)


# --- The screen -------------------------------------------------------------------------------


def test_line_breaks_of_a_paste_are_kept(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """Lines pasted while waiting stand in the line as lines."""
    daemon.answer_with(suggest("begin"))
    daemon.hold()
    terminal = open_shell("fish")
    ask(terminal, FISH, "make it")
    daemon.until_asked()

    terminal.press("\x1b[200~; echo one\recho two; end\x1b[201~")
    daemon.release()

    terminal.until("echo two; end")
    assert terminal.screen.splitlines()[0] == "> begin; echo one"
    terminal.press(ENTER)
    terminal.until(lambda t: t.screen.splitlines()[2:] == ["one", "two", PROMPT.rstrip()])


def test_message_stands_above_all_of_the_line(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """A message leaves one prompt and one line, however many rows they take."""
    daemon.answer_with(suggest(candidate("rm -r build", reason="")))
    daemon.hold()
    terminal = open_shell("fish", rc=FISH.two_line_prompt, size=(12, 40))
    terminal.press("one line that is longer than the forty columns" + FISH.line_break_keys)
    terminal.press("another line that is longer than the forty" + FISH.line_break_keys + "end")
    terminal.until(lambda t: t.line().endswith("end"))
    before = terminal.screen.splitlines()
    terminal.press(CTRL_G)
    daemon.until_asked()

    terminal.press(CTRL_C)

    terminal.until(shells.CANCELLED)
    terminal.until(lambda t: t.screen.splitlines() == [shells.CANCELLED, *before])


def test_spinner_within_the_line_leaves_no_hole(open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """With the cursor in the middle, the characters under the spinner come back."""
    daemon.answer_with(suggest("list many -f"))
    daemon.hold()
    terminal = open_shell("fish")
    terminal.press("list many files" + LEFT * 8)
    terminal.until(lambda t: t.cursor[1] == len(PROMPT + "list ma"))
    terminal.press(CTRL_G)
    daemon.until_asked()
    terminal.until(lambda t: "many" not in t.screen)

    daemon.release()

    terminal.until_line(PROMPT + "list many -f")
    terminal.press(FISH.undo)
    terminal.until_line(PROMPT + "list many files")


def test_prompt_is_not_run_again_for_an_answer(
    open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """A slow prompt, of git for instance, costs nothing when the answer comes."""
    daemon.answer_with(suggest("ls -l"))
    count = f"echo p >>{eidos_env.root}/prompts"
    terminal = open_shell("fish", rc=f"function fish_prompt; {count}; echo '> '; end\n")
    before = (eidos_env.root / "prompts").read_text()

    ask(terminal, FISH, "list files")

    terminal.until_line(PROMPT + "ls -l")
    terminal.press("!")
    terminal.until_line(PROMPT + "ls -l!")
    assert (eidos_env.root / "prompts").read_text() == before


def test_bottom_row_is_not_scrolled_by_the_spinner(
    open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A line that ends in the last column of the last row stays where it is while we wait."""
    daemon.answer_with(suggest("ls -l"))
    daemon.hold()
    terminal = open_shell("fish", size=(3, 20))
    for _ in range(4):
        terminal.press(ENTER)
    terminal.until(lambda t: t.cursor[0] == 2 and t.line() == PROMPT.rstrip())
    terminal.press("x" * 17)
    terminal.until_line(PROMPT + "x" * 17)
    before = terminal.screen.splitlines()[:2]
    terminal.press(CTRL_G)
    daemon.until_asked()
    terminal.until(lambda t: t.line() != PROMPT + "x" * 17)
    assert terminal.screen.splitlines()[:2] == before

    daemon.release()

    terminal.until_line(PROMPT + "ls -l")
    assert terminal.screen.splitlines()[:2] == before
