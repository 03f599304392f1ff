"""What the daemon says of its own health, and what eidosctl makes of it."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from real_daemon import RealDaemon, until

from eidos.health import Condition
from eidos.resources import model_dir

pytestmark = pytest.mark.model


def condition(daemon: RealDaemon, name: str) -> str:
    """Return the condition of the check *name*."""
    return check(daemon, name)["condition"]


def check(daemon: RealDaemon, name: str) -> dict[str, Any]:
    """Return the check *name*."""
    return next(check for check in daemon.health()["checks"] if check["name"] == name)


def eidosctl(daemon: RealDaemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `eidosctl health`."""
    return subprocess.run(
        [daemon.eidosctl, "health", *arguments],
        env=daemon.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_daemon_that_serves_is_healthy(running: RealDaemon) -> None:
    """Each check says ok, and what it saw."""
    running.ask("show the last 7 lines of health.txt")
    body = running.health()

    assert body["condition"] == "ok"
    assert {check["condition"] for check in body["checks"]} == {"ok"}
    assert re.match(r"last answer \d s ago", check(running, "inference")["seen"])


def test_eidosctl_says_how_the_daemon_is_by_its_exit_code(own: RealDaemon) -> None:
    """0 while it serves, 3 when nobody answers."""
    assert eidosctl(own).returncode == 0
    assert eidosctl(own).stdout.startswith("ok\n")
    assert '"condition": "ok"' in eidosctl(own, "--json").stdout

    own.stop()
    gone = eidosctl(own)
    assert gone.returncode == 3
    assert "eidosctl start" in gone.stderr


def test_without_an_engine_the_daemon_is_failing(stopped: RealDaemon) -> None:
    """Engines that die and do not come back are seen, and by the exit code too."""
    stopped.start().until_loaded()

    def failing() -> bool:
        pid = stopped.status()["engines"][0]["pid"]
        with suppress(ProcessLookupError):
            os.kill(pid or 2**22 + 1, signal.SIGKILL)
        return condition(stopped, "engine") == "failing"

    until(failing, log=lambda: stopped.log)
    until(lambda: condition(stopped, "inference") != "ok", log=lambda: stopped.log)


def test_a_model_file_that_was_replaced_is_seen(stopped: RealDaemon, tmp_path: Path) -> None:
    """What was loaded goes on serving, and health says that its file is another one by now."""
    folder = shutil.copytree(model_dir(), tmp_path / "model")
    stopped.start(EIDOS_MODEL_PATH=str(folder)).until_loaded()
    assert condition(stopped, "model") == "ok"

    shutil.copy(folder / "model.onnx", tmp_path)
    (tmp_path / "model.onnx").replace(folder / "model.onnx")

    assert condition(stopped, "model") == "degraded"
    assert "eidosctl restart" in check(stopped, "model")["seen"]
    assert eidosctl(stopped).returncode == 0


def test_what_is_looked_at_is_known() -> None:
    """The worst condition counts, in the order in which they are declared."""
    assert list(Condition) == [Condition.OK, Condition.DEGRADED, Condition.FAILING]
