"""The whole path with nothing replaced: a real shell, eidosctl, eidosd and the model."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, RealDaemon, until

from .conftest import EidosEnv, OpenShell
from .shells import CTRL_C, CTRL_G, ENTER, Shell

pytestmark = [pytest.mark.shell, pytest.mark.model]

ROOMY = (12, 120)
"""Rows and columns in which no line of these tests wraps."""
MODEL_S = 60
"""The model may take this long on a machine that does many things at once."""


@pytest.fixture
def real(eidos_env: EidosEnv) -> Iterator[RealDaemon]:
    """The real daemon of this test's environment, not started; ended by the test's end."""
    daemon = RealDaemon(eidos_env.environ)
    yield daemon
    eidosctl(daemon, "stop")


def eidosctl(daemon: RealDaemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real eidosctl in the environment of *daemon*."""
    program = daemon.eidosctl
    return subprocess.run(
        [program, *arguments], env=daemon.environ, capture_output=True, text=True, check=False
    )


def test_the_first_press_starts_the_daemon_and_gives_the_command(
    shell: Shell, open_shell: OpenShell, real: RealDaemon, eidos_env: EidosEnv
) -> None:
    """With no daemon running, one key press starts it and still brings the answer."""
    terminal = open_shell(shell.name, size=ROOMY, env={"EIDOS_CTL": str(real.eidosctl)})
    assert not eidos_env.socket.exists()

    terminal.press(EXAMPLE)
    terminal.until_line(shell.prompt + EXAMPLE)
    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + EXAMPLE_COMMAND, timeout_s=MODEL_S)


def test_a_killed_daemon_is_started_again_by_the_next_press(
    shell: Shell, open_shell: OpenShell, real: RealDaemon
) -> None:
    """After kill -9 the stale socket does not stop the next key press."""
    eidosctl(real, "start")
    os.kill(real.status()["pid"], signal.SIGKILL)
    terminal = open_shell(shell.name, size=ROOMY, env={"EIDOS_CTL": str(real.eidosctl)})

    terminal.press(EXAMPLE)
    terminal.until_line(shell.prompt + EXAMPLE)
    terminal.press(CTRL_G)

    terminal.until_line(shell.prompt + EXAMPLE_COMMAND, timeout_s=MODEL_S)


def test_further_presses_show_other_commands_of_the_model(
    shell: Shell, open_shell: OpenShell, real: RealDaemon
) -> None:
    """Ctrl-G on an untouched suggestion shows the model's next one, and counts them."""
    eidosctl(real, "start")
    request = "kill the process on port 8080"
    terminal = open_shell(shell.name, size=ROOMY, env={"EIDOS_CTL": str(real.eidosctl)})
    terminal.press(request)
    terminal.until_line(shell.prompt + request)
    terminal.press(CTRL_G)
    terminal.until_line(shell.prompt + "sudo fuser -k 8080/tcp", timeout_s=MODEL_S)

    terminal.press(CTRL_G)

    shown = {shell.prompt + request, shell.prompt + "sudo fuser -k 8080/tcp"}
    terminal.until(
        lambda t: "2/" in t.screen and t.line() not in shown and t.line().startswith(shell.prompt),
        timeout_s=MODEL_S,
    )


def test_enter_during_the_wait_runs_nothing_and_ctrl_c_gives_the_request_back(
    shell: Shell, open_shell: OpenShell, real: RealDaemon
) -> None:
    """While a real engine is held still, Enter does nothing and Ctrl-C leaves the line."""
    eidosctl(real, "start")
    until(lambda: real.status()["engines"][0]["pid"])
    engine = real.status()["engines"][0]["pid"]
    terminal = open_shell(shell.name, size=ROOMY, env={"EIDOS_CTL": str(real.eidosctl)})
    request = "make an empty file named PWNED"
    terminal.press(request)
    terminal.until_line(shell.prompt + request)
    os.kill(engine, signal.SIGSTOP)

    terminal.press(CTRL_G)
    until(lambda: real.status()["engines"][0]["state"] == "busy")
    terminal.press(ENTER + ENTER)
    terminal.press(CTRL_C)

    terminal.until("eidos: cancelled")
    terminal.until_line(shell.prompt + request)
    os.kill(engine, signal.SIGCONT)
    terminal.press(CTRL_G)
    terminal.until_line(shell.prompt + "touch PWNED", timeout_s=MODEL_S)
    assert not Path(real.environ["HOME"], "PWNED").exists()
