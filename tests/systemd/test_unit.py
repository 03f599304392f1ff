"""The unit files by themselves: systemd understands every line, and scores them as promised."""

import re
import subprocess
from pathlib import Path

import pytest
from usermanager_fixture import Manager

from eidosctl import unit
from eidosctl.usermanager import UserManager

pytestmark = pytest.mark.systemd
BASE_SCORE = 6.0
"""What systemd-analyze still counts needs user namespaces, or a capability set to drop from."""
SANDBOX_SCORE = 1.0


@pytest.fixture
def installed_unit(tmp_path: Path) -> Path:
    """The filled-in unit with its drop-in beside it."""
    path = tmp_path / "eidosd.service"
    path.write_text(unit.unit_text(Path("/usr/bin/true")))
    drop_in = tmp_path / "eidosd.service.d" / "50-sandbox.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(unit.sandbox_text())
    return path


def analyze(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze for user units, which needs a runtime folder and no manager."""
    return subprocess.run(
        ["systemd-analyze", "--user", *arguments],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )


def score(tmp_path: Path, path: Path) -> float:
    """Return the exposure that systemd-analyze sees, from 0 (safe) to 10."""
    output = analyze(tmp_path, "security", "--offline=true", str(path)).stdout
    return float(output.split("Overall exposure level for eidosd.service: ")[1].split()[0])


def test_systemd_knows_every_line(tmp_path: Path, installed_unit: Path) -> None:
    """`verify` exits with 0 even for unknown keys; only its silence means that all is well."""
    assert analyze(tmp_path, "verify", str(installed_unit)).stderr == ""


def test_score_with_the_sandbox(tmp_path: Path, installed_unit: Path) -> None:
    """With the drop-in the exposure is at most 1.0 of 10."""
    assert score(tmp_path, installed_unit) <= SANDBOX_SCORE


def test_score_without_the_sandbox(tmp_path: Path, installed_unit: Path) -> None:
    """Nothing that works without user namespaces has been left out since this was measured."""
    (installed_unit.parent / "eidosd.service.d" / "50-sandbox.conf").unlink()

    assert score(tmp_path, installed_unit) <= BASE_SCORE


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/opt/eidos/bin/eidosd", "ExecStart=/opt/eidos/bin/eidosd"),
        ("/home/a b/eidosd", 'ExecStart="/home/a b/eidosd"'),
        ("/home/100%/eidosd", "ExecStart=/home/100%%/eidosd"),
        ('/home/"q"/eidosd', 'ExecStart="/home/\\"q\\"/eidosd"'),
    ],
    ids=["plain", "blank", "percent", "quote"],
)
def test_any_path_fits_into_the_unit(path: str, line: str) -> None:
    """Blanks, quotes and percent signs in a path are written as systemd reads them."""
    assert line in unit.unit_text(Path(path)).splitlines()


def test_no_placeholder_is_left() -> None:
    """Both files are filled in completely."""
    for text in (unit.unit_text(Path("/x")), unit.sandbox_text()):
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert not [line for line in lines if re.search(r"@[A-Z_]+@", line)]


@pytest.mark.parametrize("folder", ["/tmp/eidos/.venv", "/var/tmp/venv", "/opt/eidos", "/tmpfs"])
def test_sandbox_lets_in_an_environment_that_lies_in_tmp(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PrivateTmp would hide a virtual environment in /tmp; it is bound, and no other is."""
    monkeypatch.setattr("sys.prefix", folder)

    lines = unit.sandbox_text().splitlines()

    bound = [line for line in lines if line.startswith("BindReadOnlyPaths=") and folder in line]
    assert len(bound) == folder.startswith(("/tmp/", "/var/tmp/"))


def test_sandbox_is_tried_before_it_is_installed(manager: Manager) -> None:
    """The probe passes for a program that runs under our directives, and only for one."""
    found = UserManager.find(manager.environ, manager.uid)
    assert found is not None

    assert found.can_run(["PrivateUsers=yes", "ProtectSystem=strict"], ["/bin/true"])
    assert not found.can_run(["PrivateUsers=yes", "ProtectSystem=strict"], ["/bin/false"])
    assert not found.can_run(["NoExecPaths=/"], ["/bin/true"])
    assert unit.sandbox_works(found)
    assert "failed" not in manager.systemctl("list-units", "--all", "run-*")
