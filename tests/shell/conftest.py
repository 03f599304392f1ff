"""Fixtures: a home of its own for each test, a daemon that answers as told, shells to type in."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from .fake_daemon import FakeDaemon
from .shells import SHELLS, Shell
from .terminal import Terminal

FAKE_DAEMON = Path(__file__).with_name("fake_daemon.py")


@dataclass(frozen=True)
class EidosEnv:
    """The folders and the environment of one test; nothing of the person who runs it."""

    root: Path
    home: Path
    environ: dict[str, str]
    socket: Path
    ctl: Path
    """The script that stands for eidosctl; its calls are the lines of `ctl_calls`."""
    ctl_calls: Path

    def ctl_does(self, body: str) -> None:
        """Let `$EIDOS_CTL` run the sh lines *body* after it noted its arguments."""
        self.ctl.write_text(f'#!/bin/sh\necho "$@" >>{self.ctl_calls}\n{body}\n')
        self.ctl.chmod(0o755)

    def ctl_starts_daemon(self, command: str, *, wait_s: float = 0) -> None:
        """Let `$EIDOS_CTL start` start a daemon that answers *command* to every request.

        The first to connect waits for the handshake, for *wait_s*.
        """
        run = f"{sys.executable} {FAKE_DAEMON} {self.socket} '{command}' {wait_s}"
        self.ctl_does(f"{run} >/dev/null 2>&1 & echo $! >{self.root}/daemon.pid")

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run *command* in this environment, without a terminal."""
        return subprocess.run(
            command,
            env=self.environ,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def ran(self, name: str) -> bool:
        """Whether a command that makes the file *name* in HOME was executed."""
        return (self.home / name).exists()


@pytest.fixture
def eidos_env() -> Iterator[EidosEnv]:
    """A fresh HOME, XDG folders and $EIDOS_CTL, the latter doing nothing."""
    # Short on purpose: the path of a Unix socket has at most 107 bytes, pytest's tmp_path has 90.
    root = Path(tempfile.mkdtemp(prefix="eidos-", dir="/tmp"))
    folders = {
        "HOME": root / "home",
        "XDG_RUNTIME_DIR": root / "run",
        "XDG_CACHE_HOME": root / "cache",
        "XDG_CONFIG_HOME": root / "config",
        "XDG_DATA_HOME": root / "data",
        "XDG_STATE_HOME": root / "state",
    }
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    env = EidosEnv(
        root=root,
        home=root / "home",
        environ={
            **{name: str(folder) for name, folder in folders.items()},
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "EIDOS_CTL": str(root / "ctl"),
        },
        socket=root / "run" / "eidos" / "eidosd.sock",
        ctl=root / "ctl",
        ctl_calls=root / "ctl-calls",
    )
    # Without it each new fish reads all manual pages of the machine, in the background.
    (folders["XDG_DATA_HOME"] / "fish" / "generated_completions").mkdir(parents=True)
    env.ctl_does(":")
    yield env
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((root / "daemon.pid").read_text()), signal.SIGKILL)
    shutil.rmtree(root)


@pytest.fixture
def daemon(eidos_env: EidosEnv) -> Iterator[FakeDaemon]:
    """A daemon on the socket of this test, silent until it is told what to answer."""
    with FakeDaemon(eidos_env.socket) as running:
        yield running


@pytest.fixture(params=SHELLS.values(), ids=SHELLS.keys())
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each shell that has a widget, one after the other."""
    return request.param


OpenShell = Callable[..., Terminal]


@pytest.fixture
def open_shell(eidos_env: EidosEnv) -> Iterator[OpenShell]:
    """Start a shell by name with the widget loaded, in a terminal that shows its prompt.

    `open_shell(name, rc="", before="", load=…, size=(24, 80), env={})`: *before* stands
    in the rc file before the widget is sourced, *rc* after it; size is rows and columns.
    A missing shell skips the test, but fails it where CI is set. Every terminal is closed when
    the test ends.
    """
    with ExitStack() as terminals:

        def start(
            name: str,
            *,
            rc: str = "",
            before: str = "",
            load: str = "source {widget}\n",
            size: tuple[int, int] = (24, 80),
            env: dict[str, str] | None = None,
        ) -> Terminal:
            shell = SHELLS[name]
            _need(shell)
            rc_file = eidos_env.home / shell.rc_file
            rc_file.parent.mkdir(parents=True, exist_ok=True)
            rc_file.write_text(shell.rc + before + load.format(widget=shell.widget) + rc)
            terminal = Terminal(
                shell.argv(eidos_env.home),
                env={**eidos_env.environ, **shell.env, **(env or {})},
                cwd=eidos_env.home,
                rows=size[0],
                columns=size[1],
            )
            terminals.enter_context(terminal)
            terminal.until(lambda t: t.line() == shell.prompt.rstrip())
            return terminal

        yield start


def _need(shell: Shell) -> None:
    if shell.program is None:
        missing = f"{shell.name} is not installed; run: apt-get install {shell.name}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
