"""A real eidosd with the real model, in folders of its own, for tests that ask it things."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from eidos.client import ask
from eidos.errors import DaemonUnavailable
from eidos.protocol import (
    Health,
    HealthRequest,
    ReloadRequest,
    Reply,
    Shell,
    Status,
    StatusRequest,
    SuggestRequest,
)

EIDOSD = Path(sys.executable).parent / "eidosd"
EXAMPLE = "find all files larger than 100 MB under /var/log"
EXAMPLE_COMMAND = "find /var/log -type f -size +100M"

Value = TypeVar("Value")


def until(
    condition: Callable[[], Value], *, log: Callable[[], str] = str, timeout_s: float = 60
) -> Value:
    """Return the first true value of *condition*; past the deadline fail and show *log*."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen in {timeout_s:g} s\n>>>>\n{log()}\n<<<<")
        time.sleep(0.02)
    return value


@contextmanager
def private_folders() -> Iterator[dict[str, str]]:
    """Make HOME and the XDG folders in a short place (a socket path has at most 107 bytes)."""
    root = Path(tempfile.mkdtemp(prefix="eidos-", dir="/tmp"))
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    names = ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    for name in names:
        folder = root / name.removeprefix("XDG_").lower()
        folder.mkdir(mode=0o700)
        environ[name] = str(folder)
    try:
        yield environ
    finally:
        shutil.rmtree(root)


@dataclass
class RealDaemon:
    """One eidosd; `environ` is its whole environment, and where its clients look for it."""

    environ: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return Path(self.environ["XDG_RUNTIME_DIR"], "eidos", "eidosd.sock")

    @property
    def eidosctl(self) -> Path:
        """The program that starts and stops daemons like this one."""
        return EIDOSD.with_name("eidosctl")

    @property
    def log(self) -> str:
        """What it wrote to stderr until now, over all its starts."""
        return self.log_file.read_text(errors="replace")

    def start(self, **variables: str) -> "RealDaemon":
        """Start it, without waiting for anything."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [EIDOSD], env={**self.environ, **variables}, stderr=log, stdin=subprocess.DEVNULL
            )
        return self

    def until_loaded(self) -> "RealDaemon":
        """Wait until the model is loaded."""
        until(self._is_loaded, log=lambda: self.log)
        return self

    def ask(self, text: str, *, count: int = 1, shell: Shell = Shell.BASH) -> Reply:
        """Return its reply to *text*."""
        request = SuggestRequest(id="test", shell=shell, count=count, text=text)
        return ask(request, socket=self.socket, timeout_s=60)

    def status(self) -> dict[str, Any]:
        """Return the body of its status reply."""
        reply = ask(StatusRequest(id="status"), socket=self.socket, timeout_s=30)
        assert isinstance(reply, Status)
        return msgspec.json.decode(reply.body)

    def health(self) -> dict[str, Any]:
        """Return the body of its health reply."""
        reply = ask(HealthRequest(id="health"), socket=self.socket, timeout_s=30)
        assert isinstance(reply, Health)
        return msgspec.json.decode(reply.body)

    def reload(self) -> Reply:
        """Return its reply to the wish that it read its configuration again."""
        return ask(ReloadRequest(id="reload"), socket=self.socket, timeout_s=120)

    def configure(self, text: str) -> None:
        """Make *text* its configuration file."""
        self.config_file.parent.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(text)

    @property
    def config_file(self) -> Path:
        """Where it reads its configuration."""
        return Path(self.environ["XDG_CONFIG_HOME"], "eidos", "config.toml")

    def cancelled(self) -> int:
        """Return how many requests it has cancelled."""
        return self.status()["requests"]["cancelled"]

    def is_busy(self) -> bool:
        """Tell whether a job is under way."""
        return self._engine()["state"] == "busy"

    def is_idle(self) -> bool:
        """Tell whether no job waits and none is under way."""
        return self._engine()["state"] == "idle" and self.status()["queue"]["length"] == 0

    @contextmanager
    def engine_held_still(self) -> Generator[None]:
        """Stop the engine for as long as the block lasts: its requests take that long."""
        pid = self._engine()["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # the daemon gives up an engine that is too slow
                os.kill(pid, signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Return its exit code once it ends."""
        assert self.process is not None
        return self.process.wait(timeout=60)

    def stop(self) -> None:
        """End it, politely if it can."""
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def log_file(self) -> Path:
        """Where its stderr goes."""
        return Path(self.environ["XDG_STATE_HOME"], "eidosd.log")

    def _engine(self) -> dict[str, Any]:
        return self.status()["engines"][0]

    def _is_loaded(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"eidosd ended with {self.process.returncode}\n{self.log}")
        try:
            return bool(self.status()["model"]["name"])
        except DaemonUnavailable:
            return False


@contextmanager
def real_daemon(**variables: str) -> Iterator[RealDaemon]:
    """Run a loaded eidosd with *variables* in its environment."""
    with private_folders() as environ:
        daemon = RealDaemon({**environ, **variables}).start()
        try:
            yield daemon.until_loaded()
        finally:
            daemon.stop()
