"""Ctrl-G in an empty line: what was picked in a chat stands in the prompt, and nobody runs it."""

import pytest
from real_daemon import RealDaemon

from eidos import client
from eidos.protocol import Done, Level, OfferRequest
from eidos.protocol import Shell as ShellName

from . import shells
from .conftest import EidosEnv, OpenShell
from .fake_daemon import FakeDaemon, WedgedDaemon, candidate, suggest
from .shells import CTRL_C, CTRL_G, ENTER, Shell, ask

pytestmark = pytest.mark.shell

PICKED = b"touch PWNED"
NOTICE = b"picked in a chat"


def test_what_was_picked_stands_in_an_empty_prompt_once(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """Ctrl-G in an empty line brings the command, says where it is from, and runs nothing."""
    daemon.picked = PICKED, b"ok", NOTICE
    terminal = open_shell(shell.name)

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + PICKED.decode())
    terminal.until("eidos: picked in a chat")
    terminal.press(CTRL_C)
    terminal.until_line(shell.prompt)
    terminal.press(CTRL_G)
    terminal.until(shells.EMPTY)
    assert daemon.takes == 2
    assert not daemon.requests
    assert not eidos_env.ran("PWNED")


def test_an_enter_right_behind_the_key_runs_nothing(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv
) -> None:
    """An Enter that comes before the command is seen is dropped; what was typed stands behind."""
    daemon.picked = PICKED, b"ok", NOTICE
    daemon.hold()
    terminal = open_shell(shell.name)

    terminal.press(CTRL_G + ENTER + "x")
    daemon.release()

    terminal.until_line(shell.prompt + PICKED.decode() + "x")
    assert not eidos_env.ran("PWNED")


@pytest.mark.parametrize(
    "command", [b"touch PWNED\n", b"ls\x1b[2K", b"ls\ntouch PWNED", b"ls \xe2\x80\xae"]
)
def test_what_no_prompt_may_hold_never_reaches_it(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, eidos_env: EidosEnv, command: bytes
) -> None:
    """A line break, an escape and a turn of direction are refused, whoever is on the socket."""
    daemon.picked = command, b"ok", NOTICE
    terminal = open_shell(shell.name)

    terminal.press(CTRL_G)

    terminal.until(shells.UNCLEAN)
    terminal.until_line(shell.prompt)
    assert not eidos_env.ran("PWNED")


def test_a_warning_comes_along(shell: Shell, open_shell: OpenShell, daemon: FakeDaemon) -> None:
    """What the validator minds of a picked command is said as of any other."""
    daemon.picked = b"git reset --hard", b"warn", b"loses changes; picked in a chat"
    terminal = open_shell(shell.name)

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "git reset --hard")
    terminal.until("eidos: careful: loses changes; picked in a chat")


def test_a_blocked_one_is_not_placed(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A command that may not be offered any more stays out, with the reason."""
    daemon.picked = b"rm -rf /", b"block", b"deletes everything"
    terminal = open_shell(shell.name)

    terminal.press(CTRL_G)

    terminal.until("eidos: not offered: deletes everything")
    terminal.until_line(shell.prompt)


def test_the_next_press_empties_the_line_and_asks_for_no_others(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A picked command has no others: Ctrl-G on it gives the empty line back."""
    daemon.picked = b"ls -l", b"ok", NOTICE
    terminal = open_shell(shell.name)
    terminal.press(CTRL_G)
    terminal.until_line(shell.prompt + "ls -l")

    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt)
    assert not daemon.requests
    assert daemon.takes == 1


def test_without_a_daemon_the_key_says_what_it_is_for(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """Where no daemon listens, none is started for an empty line."""
    terminal = open_shell(shell.name)

    terminal.press(CTRL_G)

    terminal.until(shells.EMPTY)
    assert not eidos_env.ctl_calls.exists()


def test_a_daemon_that_does_not_answer_costs_nothing_but_a_moment(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """A wedged daemon leaves the message as it is."""
    with WedgedDaemon(eidos_env.socket):
        terminal = open_shell(shell.name)

        terminal.press(CTRL_G)

        terminal.until(shells.EMPTY)
        terminal.until_line(shell.prompt)


def test_a_daemon_of_before_is_understood(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """A daemon that does not know the request says so, and the person sees what there is to do."""
    daemon.knows_take = False
    terminal = open_shell(shell.name)

    terminal.press(CTRL_G)

    terminal.until(shells.EMPTY)


def test_a_notice_stands_below_a_command_that_is_fine(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Where a command comes from is said of one that the validator has nothing against."""
    daemon.answer_with(suggest(candidate("ls -l", Level.OK, "from openai (api.openai.com)")))
    terminal = open_shell(shell.name)

    ask(terminal, shell, "list files")

    terminal.until_line(shell.prompt + "ls -l")
    terminal.until("eidos: from openai (api.openai.com)")


@pytest.mark.model
def test_the_real_daemon_gives_what_was_offered(
    shell: Shell, open_shell: OpenShell, eidos_env: EidosEnv
) -> None:
    """From an offer over the socket to the prompt, with nothing replaced, and nothing runs."""
    daemon = RealDaemon(eidos_env.environ).start().until_loaded()
    try:
        offer = OfferRequest("o", ShellName(shell.name), PICKED.decode())
        assert isinstance(client.ask(offer, socket=daemon.socket, timeout_s=30), Done)
        terminal = open_shell(shell.name)

        terminal.press(CTRL_G)

        terminal.until_line(shell.prompt + PICKED.decode())
        terminal.until("picked in a chat")
    finally:
        daemon.stop()
    assert not eidos_env.ran("PWNED")
