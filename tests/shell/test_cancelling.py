"""Ctrl-C and other ends of the wait, in every shell: the daemon hears of them, and stops."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from real_daemon import RealDaemon, until

from . import shells
from .conftest import EidosEnv, OpenShell
from .fake_daemon import FakeDaemon, suggest
from .shells import CTRL_C, CTRL_G, ESCAPE, Shell, ask
from .terminal import Terminal
from .test_client_pl import CLIENT

pytestmark = pytest.mark.shell

ROOMY = (12, 120)
"""Rows and columns in which no line of these tests wraps."""


def asking_for_real(
    open_shell: OpenShell, shell: Shell, daemon: RealDaemon, request: str
) -> Terminal:
    """Return a terminal in which *daemon*, whose engine is held still, was asked *request*.

    No other test may ask the same: the answer would be known.
    """
    place = {"XDG_RUNTIME_DIR": daemon.environ["XDG_RUNTIME_DIR"]}
    terminal = open_shell(shell.name, size=ROOMY, env=place)
    ask(terminal, shell, request)
    until(daemon.is_busy, log=lambda: daemon.log)
    return terminal


def kill_client(terminal: Terminal) -> None:
    """Kill the process that asks: the client that the shell has started, or the shell itself."""
    children = Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text().split()
    os.kill(int(children[0]) if children else terminal.pid, signal.SIGKILL)


# --- What the daemon is told ------------------------------------------------------------------


@pytest.mark.parametrize("keys", [CTRL_C, ESCAPE, CTRL_G], ids=["ctrl-c", "escape", "ctrl-g"])
def test_a_cancelling_key_calls_the_request_off(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon, keys: str
) -> None:
    """The cancel names the request, comes once, and leaves the line as it was."""
    terminal = open_shell(shell.name)
    ask(terminal, shell, "make it")
    request = daemon.until_asked()

    terminal.press(keys)

    terminal.until(lambda _: daemon.cancelled)
    terminal.until(shells.CANCELLED)
    terminal.until_line(shell.prompt + "make it")
    assert daemon.cancelled == [request.id]


def test_a_wait_that_is_over_calls_the_request_off(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """After EIDOS_TIMEOUT_S the daemon need not go on either."""
    terminal = open_shell(shell.name, env={"EIDOS_TIMEOUT_S": "1"})

    ask(terminal, shell, "make it")

    terminal.until(shells.LATE)
    terminal.until(lambda _: daemon.cancelled)
    assert daemon.cancelled == [daemon.requests[0].id]


def test_an_answered_request_is_not_called_off(
    shell: Shell, open_shell: OpenShell, daemon: FakeDaemon
) -> None:
    """Where the answer has come there is nothing to stop, even if a key cancels after it."""
    daemon.answer_with(suggest("ls -l"))
    terminal = open_shell(shell.name)
    ask(terminal, shell, "make it")
    terminal.until_line(shell.prompt + "ls -l")
    terminal.press(" of it")
    terminal.until_line(shell.prompt + "ls -l of it")
    daemon.answer_with(suggest("ls -la"))
    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + "ls -la")

    assert len(daemon.requests) == 2
    assert daemon.cancelled == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_client_calls_the_request_off(
    eidos_env: EidosEnv, daemon: FakeDaemon, number: signal.Signals
) -> None:
    """Whoever ends eidos-client.pl by a signal that can be caught, the daemon hears of it."""
    client = subprocess.Popen(
        ["perl", "-C0", CLIENT, "bash", "1", "line"],
        env={**eidos_env.environ, "EIDOS_REQUEST": "make it"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    request = daemon.until_asked()

    client.send_signal(number)

    output, _ = client.communicate(timeout=10)
    assert output.startswith(b"cancelled\n")
    until(lambda: daemon.cancelled, timeout_s=10)
    assert daemon.cancelled == [request.id]


# --- What the daemon does ---------------------------------------------------------------------


@pytest.mark.model
def test_ctrl_c_stops_the_work(shell: Shell, open_shell: OpenShell, running: RealDaemon) -> None:
    """The daemon counts it and has no job under way; the line is as it was, to be asked again."""
    before = running.status()["requests"]
    request = f"make an empty file named PWNED-{shell.name}"
    with running.engine_held_still():
        terminal = asking_for_real(open_shell, shell, running, request)

        terminal.press(CTRL_C)

        terminal.until(shells.CANCELLED)
        terminal.until_line(shell.prompt + request)
        until(lambda: running.cancelled() > before["cancelled"], log=lambda: running.log)
    until(running.is_idle, log=lambda: running.log)
    terminal.press(CTRL_G)
    terminal.until(lambda t: t.line().startswith(shell.prompt) and request not in t.line(), 60)
    after = running.status()["requests"]
    counts = [after[name] - before[name] for name in ("ok", "failed", "cancelled")]
    assert counts == [1, 0, 1]


@pytest.mark.model
@pytest.mark.parametrize("end", [Terminal.close, kill_client], ids=["closed", "killed"])
def test_a_client_that_ends_while_waiting_stops_the_work(
    shell: Shell, open_shell: OpenShell, running: RealDaemon, end: Callable[[Terminal], None]
) -> None:
    """A closed terminal and a killed client are noticed, though they may say nothing."""
    before = running.cancelled()
    with running.engine_held_still():
        request = f"show disk usage of /{end.__name__}/{shell.name}"
        terminal = asking_for_real(open_shell, shell, running, request)

        end(terminal)

        until(lambda: running.cancelled() == before + 1, log=lambda: running.log)
    until(running.is_idle, log=lambda: running.log)


@pytest.mark.model
def test_a_daemon_that_does_not_read_holds_nobody_up(
    shell: Shell, open_shell: OpenShell, running: RealDaemon
) -> None:
    """Ctrl-C gives the line back even where the daemon itself stands still."""
    before = running.cancelled()
    with running.engine_held_still():
        request = f"show disk usage of /still/{shell.name}"
        terminal = asking_for_real(open_shell, shell, running, request)
        running.signal(signal.SIGSTOP)
        try:
            terminal.press(CTRL_C)

            terminal.until(shells.CANCELLED)
            terminal.until_line(shell.prompt + request)
        finally:
            running.signal(signal.SIGCONT)
        until(lambda: running.cancelled() == before + 1, log=lambda: running.log)
    until(running.is_idle, log=lambda: running.log)
