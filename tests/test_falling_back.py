"""A daemon whose chosen model cannot be loaded begins anew with another one, and serves all."""

import hashlib
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, RealDaemon, until

from eidos.protocol import Done, Reply, Suggestions
from eidos.resources import model_dir

pytestmark = pytest.mark.model


@pytest.fixture
def spoilt(stopped: RealDaemon) -> RealDaemon:
    """A daemon, not started yet, of whose model in use each file is as listed, and none is any."""
    models = Path(stopped.environ["HOME"], ".local", "share", "eidos", "models")
    slot = models / "a"
    slot.mkdir(parents=True)
    (slot / "model.onnx").write_text("no graph")
    shutil.copy(model_dir() / "tokenizer.json", slot)
    files = [slot / name for name in ("model.onnx", "tokenizer.json")]
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (slot / "SHA256SUMS").write_text("".join(sums))
    (models / "active.json").write_text('{"serves": "a", "before": "embedded"}')
    return stopped


def command_of(reply: Reply) -> str:
    """Return the first command of *reply*."""
    assert isinstance(reply, Suggestions)
    return reply.candidates[0].command


def engine_that_loads(daemon: RealDaemon) -> int:
    """Return the process id of the first engine, which is stopped before it can say anything."""
    assert daemon.process is not None
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children")
    until(daemon.socket.exists, log=lambda: daemon.log)
    pid = int(until(lambda: children.read_text().split(), log=lambda: daemon.log)[0])
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_who_asked_before_is_answered_by_the_other_model(spoilt: RealDaemon) -> None:
    """The request that started the daemon is in its queue when the model turns out to be none."""
    spoilt.start(EIDOS_DEADLINE_S="60")
    engine = engine_that_loads(spoilt)

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(spoilt.ask, EXAMPLE)
        until(lambda: spoilt.status()["queue"]["length"] == 1, log=lambda: spoilt.log)
        os.kill(engine, signal.SIGCONT)
        assert command_of(answer.result()) == EXAMPLE_COMMAND

    assert spoilt.status()["model"]["slot"] == "embedded"
    assert "the model in slot a cannot be used" in spoilt.status()["model"]["fault"]


def test_a_model_that_fails_after_another_took_over_is_nobodys_concern(spoilt: RealDaemon) -> None:
    """A request still waits for it; the daemon serves with what was proved, and goes on."""
    spoilt.start()
    engine = engine_that_loads(spoilt)

    with ThreadPoolExecutor() as pool:
        pool.submit(spoilt.ask, EXAMPLE)
        until(lambda: spoilt.status()["queue"]["length"] == 1, log=lambda: spoilt.log)
        spoilt.configure(f'model_path = "{model_dir()}"\n')
        assert isinstance(spoilt.reload(), Done)
        with suppress(ProcessLookupError):  # where the request has given up already
            os.kill(engine, signal.SIGCONT)
        until(lambda: not Path(f"/proc/{engine}").exists(), log=lambda: spoilt.log)
        assert command_of(spoilt.ask(EXAMPLE)) == EXAMPLE_COMMAND


def test_settings_can_be_changed_while_another_model_serves(spoilt: RealDaemon) -> None:
    """A reload is about its own change, and does not try again what could not be loaded."""
    spoilt.start().until_loaded()
    spoilt.configure("cache_size = 7\n")

    assert isinstance(spoilt.reload(), Done)
    assert spoilt.status()["cache"]["size"] == 7
    assert "slot a" in spoilt.status()["model"]["fault"]
