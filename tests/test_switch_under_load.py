"""Another model takes over while clients ask without pause: no request is lost, none is refused."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.load import Load
from real_daemon import RealDaemon, real_daemon, until
from tiny_export import make_graph, make_model

from eidos.resources import model_dir

pytestmark = pytest.mark.model

PER_S = 40.0
"""More than the embedded model answers, so there is no pause; fewer than would be refused."""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A small model that loads and answers."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    make_model(folder)
    return folder


@pytest.fixture(scope="module")
def patient() -> Iterator[RealDaemon]:
    """A loaded daemon whose requests may take as long as a busy machine needs; all tests' own."""
    with real_daemon(EIDOS_DEADLINE_S="100", EIDOS_ENGINE_TIMEOUT_S="100") as daemon:
        yield daemon


@pytest.fixture
def asked(patient: RealDaemon) -> Iterator[tuple[RealDaemon, Load]]:
    """That daemon, with four clients; when the test ends each of their requests has its answer."""
    if _served(patient) != model_dir():
        _run(patient, "use", "embedded")
    with Load(patient.socket, per_s=PER_S) as load:
        load.until_answered(4)
        yield patient, load
        load.until_answered(4, log=lambda: patient.log)
    tally = load.tally()
    assert tally.lost == ()
    assert tally.refused == {}
    assert tally.sent == tally.answered > 0


def _run(daemon: RealDaemon, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [daemon.eidosctl, "model", *words]
    return subprocess.run(
        command, env=daemon.environ, capture_output=True, text=True, check=False, timeout=100
    )


def _served(daemon: RealDaemon) -> Path:
    return Path(daemon.status()["model"]["path"]).parent


def test_models_take_turns_under_load(asked: tuple[RealDaemon, Load], tiny: Path) -> None:
    """Each answers when its command has returned, and only its engine is left in the end."""
    daemon, load = asked
    served: list[Path] = []
    for words in [("use", str(tiny)), *[("rollback",)] * 3]:
        result = _run(daemon, *words)
        assert result.returncode == 0, result.stderr
        served.append(_served(daemon))
        load.until_answered(4, log=lambda: daemon.log)

    slot = Path(daemon.environ["HOME"], ".local", "share", "eidos", "models", "a")
    assert served == [slot, model_dir(), slot, model_dir()]
    until(lambda: _engines_of(daemon) == 1, log=lambda: daemon.log)


def _engines_of(daemon: RealDaemon) -> int:
    assert daemon.process is not None
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children")
    return len(children.read_text().split())


@pytest.mark.parametrize("forced", [(), ("--force",)], ids=["tried first", "by the daemon alone"])
def test_a_model_that_answers_nothing_never_serves(
    asked: tuple[RealDaemon, Load], tiny: Path, forced: tuple[str, ...]
) -> None:
    """It is found out before, or else by the daemon: both leave the old one at work."""
    daemon, _ = asked
    before = _run(daemon, "list").stdout
    # Behind "h" comes the end: it loads and reads, and has nothing to say.
    template = '{"eos_token": "<end>", "chat_template": "{{ messages[0].content }} h"}'
    (tiny / "tokenizer_config.json").write_text(template)

    result = _run(daemon, "use", str(tiny), *forced)

    assert result.returncode == 78
    assert "the model answers nothing" in result.stderr
    assert "nothing was changed" in result.stderr
    assert _served(daemon) == model_dir()
    assert _run(daemon, "list").stdout == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_switch_that_is_ended_costs_no_request(
    asked: tuple[RealDaemon, Load], tiny: Path, number: int
) -> None:
    """Wherever it was: the daemon serves one of both, and the next switch finds whole models."""
    daemon, _ = asked
    for wait_s in (0.6, 1.2, 2.4):
        command = [daemon.eidosctl, "model", "use", str(tiny)]
        with subprocess.Popen(command, env=daemon.environ, stdout=subprocess.DEVNULL) as switch:
            try:
                switch.wait(timeout=wait_s)
            except subprocess.TimeoutExpired:
                switch.send_signal(number)
        if number == signal.SIGINT:  # it undoes what it did before it ends
            assert _is_listed(daemon, _served(daemon))
        result = _run(daemon, "use", "embedded")
        assert result.returncode == 0, result.stderr
        assert _served(daemon) == model_dir()

    assert _run(daemon, "verify").returncode == 0


def _is_listed(daemon: RealDaemon, folder: Path) -> bool:
    """Tell whether `eidosctl model list` says as well that the model in *folder* serves."""
    name = "embedded" if folder == model_dir() else folder.name
    rows = [line.split()[:2] for line in _run(daemon, "list").stdout.splitlines()]
    return ["serves", name] in rows


def test_a_daemon_with_another_setting_is_found_out(stopped: RealDaemon, tiny: Path) -> None:
    """Where the daemon goes on with another model than was asked for, all is put back."""
    stopped.start(EIDOS_MODEL_PATH=str(model_dir())).until_loaded()

    result = _run(stopped, "use", str(tiny))

    assert result.returncode == 1
    assert f"the daemon goes on with {model_dir() / 'model.onnx'}" in result.stderr
    assert "EIDOS_MODEL_PATH" in result.stderr
    assert _run(stopped, "list").stdout.split()[:2] == ["serves", "embedded"]


@pytest.mark.parametrize("is_whole", [False, True], ids=["damaged", "whole, but of no use"])
def test_a_model_of_no_use_does_not_keep_a_daemon_from_starting(
    stopped: RealDaemon, tiny: Path, is_whole: bool
) -> None:
    """What served before answers in its place; the log says so, and `rollback` makes it last."""
    make_graph(tiny / "model.onnx", cache=not is_whole)
    assert _run(stopped, "use", str(tiny), "--force").returncode == 0
    if not is_whole:
        slot = Path(stopped.environ["HOME"], ".local", "share", "eidos", "models", "a")
        (slot / "tokenizer.json").write_text("{}")

    stopped.start().until_loaded()

    assert _served(stopped) == model_dir()
    assert "slot a cannot be used" in stopped.log
    assert "eidosctl model rollback" in stopped.log
    assert _run(stopped, "rollback").returncode == 0
    assert "fault" not in _run(stopped, "show").stdout
