"""Fixtures: a home of its own for each test, and a daemon that says anything."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from answering import AnsweringDaemon
from home import Home

from eidosctl import remote_service, service

if TYPE_CHECKING:
    from faulty_server import FaultyServer


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Give the test a fresh home, here and for what it starts; end the daemon it leaves."""
    # Short on purpose: the path of a Unix socket has at most 107 bytes.
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
    for name in [name for name in os.environ if name.startswith("EIDOS_") or name == "ZDOTDIR"]:
        monkeypatch.delenv(name)
    environ = {name: str(folder) for name, folder in folders.items()}
    environ |= {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SHELL": "/bin/bash"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    home = Home(root, environ)
    yield home
    pid = service.listener_pid(home.place)
    if pid not in {None, os.getpid()}:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(root)


@pytest.fixture
def answering(home: Home) -> Iterator[AnsweringDaemon]:
    """A daemon in this process that answers what the test tells it to."""
    with AnsweringDaemon(home.place.socket) as daemon:
        yield daemon


@pytest.fixture
def provider(
    home: Home, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> "Iterator[FaultyServer]":
    """A chat server that the environment names, with the module's KEY; then eidos-remote ends."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "remote"))
    from chat_server import chat_server

    with chat_server() as server:
        home.environ.update(LLM_API_URL=server.url, LLM_API_KEY=request.module.KEY)
        yield server
        remote_service.stop(home.place)
