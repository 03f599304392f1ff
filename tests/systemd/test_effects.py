"""What the unit and its sandbox really prevent, tried from inside by a program in eidosd's place.

The score of systemd-analyze proves nothing for user units: systemd 252 silently ignores half of
the directives there, and scores them all the same.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from usermanager_fixture import Manager, until

from eidos.resources import systemd_dir

pytestmark = pytest.mark.systemd
PROBE = Path(__file__).with_name("probe.py")
REFUSED = {"EPERM", "EACCES", "EROFS", "EAFNOSUPPORT"}


@dataclass(frozen=True)
class Effects:
    """What the probe reported, and the file that it tried to write to /tmp."""

    trials: dict[str, str]
    facts: dict[str, Any]
    outside: Path


def probe(manager: Manager, *, sandbox: bool) -> Effects:
    """Run the probe under exactly our directives, with the system's own Python."""
    script, outside = manager.home / "probe.py", Path("/tmp", f"{manager.home.name}-{sandbox}")
    shutil.copyfile(PROBE, script)
    program = manager.home / "program"
    shutil.copyfile("/bin/true", program)
    program.chmod(0o755)
    units = manager.home / ".config" / "systemd" / "user"
    drop_in = units / "eidosd.service.d" / "50-sandbox.conf"
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    state = manager.home / ".local" / "state" / "eidos"
    state.mkdir(parents=True, exist_ok=True)
    os.chown(state, manager.uid, -1)
    template = (systemd_dir() / "eidosd.service").read_text()
    start = f'/usr/bin/python3 {script}\nEnvironment="PROBE_TMP={outside}"'
    (units / "eidosd.service").write_text(template.replace("@EIDOSD@", start))
    if sandbox:
        template = (systemd_dir() / "eidosd.service.d" / "50-sandbox.conf").read_text()
        template = template.replace("@STATE@", str(state)).replace("@EXEC_PATHS@", "/usr")
        drop_in.write_text(template)
    manager.systemctl("daemon-reload")
    manager.run("systemctl", "--user", "start", "--no-block", "eidosd.service")
    result = manager.runtime / "eidos" / "result.json"
    try:
        until(
            lambda: result.exists() and main_state(manager) == "active",
            20,
            lambda: manager.journal("eidosd.service"),
        )
        report = json.loads(result.read_text())
    finally:
        manager.systemctl("stop", "eidosd.service")
        shutil.rmtree(units)
        manager.systemctl("daemon-reload")
    return Effects(report["trials"], report["facts"], outside)


def main_state(manager: Manager) -> str:
    """Return the state of the unit: "active" means that READY=1 came through."""
    return manager.systemctl("show", "--value", "--property=ActiveState", "eidosd.service")


@pytest.fixture(scope="module", params=["root", "without rights"])
def any_manager(request: pytest.FixtureRequest) -> Manager:
    """Each of the two managers: systemd does other things for root than for people."""
    name = "manager" if request.param == "root" else "poor_manager"
    return request.getfixturevalue(name)


@pytest.fixture(scope="module")
def base(any_manager: Manager) -> Iterator[Effects]:
    """The effects of the unit alone."""
    effects = probe(any_manager, sandbox=False)
    yield effects
    effects.outside.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def sandboxed(any_manager: Manager) -> Iterator[Effects]:
    """The effects of the unit with the drop-in."""
    effects = probe(any_manager, sandbox=True)
    yield effects
    effects.outside.unlink(missing_ok=True)


ALWAYS_REFUSED = [
    "internet socket",
    "internet socket, version 6",
    "netlink socket",
    "packet socket",
    "writable and executable memory",
    "new namespace",
    "mount",
    "real-time scheduling",
    "setuid file",
]
NEEDED = [
    "unix socket",
    "write to the runtime folder",
    "write to the state folder",
    "run a program of the system",
]


@pytest.mark.parametrize("trial", ALWAYS_REFUSED)
def test_base_unit_refuses(base: Effects, trial: str) -> None:
    """The unit alone, without user namespaces, refuses what seccomp can refuse."""
    assert base.trials[trial] in REFUSED


@pytest.mark.parametrize("trial", NEEDED)
def test_base_unit_leaves_what_the_daemon_needs(base: Effects, trial: str) -> None:
    """Sockets of our kind, the runtime folder and the system's programs stay usable."""
    assert base.trials[trial] == "allowed"


def test_probe_can_tell_a_write_from_a_refusal(base: Effects) -> None:
    """Without the drop-in the probe can write everywhere: so its refusals mean something."""
    assert base.trials["write to the home"] == "allowed"
    assert base.trials["run a program of the home"] == "allowed"
    assert base.trials["write to /tmp"] == "allowed"
    assert base.outside.exists()


@pytest.mark.parametrize(
    "trial",
    [
        *ALWAYS_REFUSED,
        "write to the home",
        "write to the runtime folder of others",
        "run a program of the home",
    ],
)
def test_sandbox_refuses(sandboxed: Effects, trial: str) -> None:
    """With the drop-in no file outside our own folders can be written, and no new code run."""
    assert sandboxed.trials[trial] in REFUSED


@pytest.mark.parametrize("trial", NEEDED)
def test_sandbox_leaves_what_the_daemon_needs(sandboxed: Effects, trial: str) -> None:
    """The drop-in takes nothing away that eidosd uses."""
    assert sandboxed.trials[trial] == "allowed"


def test_sandbox_has_a_tmp_of_its_own(sandboxed: Effects) -> None:
    """What is written to /tmp inside does not appear outside."""
    assert not sandboxed.outside.exists()


def test_sandbox_has_no_capability_network_or_device(sandboxed: Effects) -> None:
    """Inside there is no capability, no network but loopback, and no hardware."""
    assert sandboxed.facts["effective capabilities"] == 0
    assert sandboxed.facts["bounding capabilities"] == 0
    assert set(sandboxed.facts["network interfaces"]) <= {"lo"}
    assert sandboxed.facts["devices"] < 30


def test_limits_hold(base: Effects) -> None:
    """No core dumps, no new privileges, private files, telemetry off."""
    assert base.facts["core limit"] == 0
    assert base.facts["files limit"] == 8192
    assert base.facts["no new privileges"] == "1"
    assert base.facts["seccomp"] == "2"
    assert base.facts["umask"] == 0o077
    assert base.facts["runtime folder mode"] == 0o700
    assert base.facts["telemetry"] == "1"
