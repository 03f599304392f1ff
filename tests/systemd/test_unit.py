"""The unit files by themselves: systemd understands every line, and scores them as promised."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from usermanager_fixture import Manager

from eidos.resources import systemd_dir
from eidosctl import unit
from eidosctl.place import Place
from eidosctl.usermanager import UserManager

pytestmark = pytest.mark.systemd
BASE_SCORE = 2.5
SANDBOX_SCORE = 1.0
SYSTEM_SCORE = 1.0
DROP_IN = "eidosd.service.d"


@pytest.fixture
def installed_unit(tmp_path: Path) -> Path:
    """The filled-in unit with its drop-in beside it."""
    path = tmp_path / "eidosd.service"
    for program in ("eidosd", "eidosctl"):
        (tmp_path / program).symlink_to("/usr/bin/true")
    path.write_text(unit.unit_text(tmp_path / "eidosd"))
    drop_in = tmp_path / DROP_IN / "50-sandbox.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(unit.sandbox_text())
    return path


@pytest.fixture
def system_unit(tmp_path: Path) -> Path:
    """The unit for one user of many, as an administrator copies it."""
    path = tmp_path / "eidosd@1000.service"
    text = (systemd_dir() / "eidosd@.service").read_text()
    path.write_text(re.sub("/opt/eidos/bin/eidos[a-z]+", "/usr/bin/true", text))
    (tmp_path / "user-runtime-dir@.service").write_text("[Service]\nExecStart=/usr/bin/true\n")
    return path


def analyze(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which needs a runtime folder for user units, and no manager."""
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )


def check_score(tmp_path: Path, path: Path, *options: str, limit: float) -> None:
    """Fail with what still counts where systemd-analyze sees more exposure than *limit* of 10."""
    security = [*options, "security", "--offline=true", str(path)]
    result = analyze(tmp_path, *security).stdout
    score = float(result.split(f"Overall exposure level for {path.name}: ")[1].split()[0])
    if score > limit:
        rows = json.loads(analyze(tmp_path, *security, "--json=short").stdout)
        counted = [f"{row['exposure']} {row['description']}" for row in rows if row["exposure"]]
        pytest.fail("\n".join([f"{score} is more than {limit}:", *sorted(counted, reverse=True)]))


def test_systemd_knows_every_line(tmp_path: Path, installed_unit: Path) -> None:
    """`verify` exits with 0 even for unknown keys; only its silence means that all is well."""
    assert analyze(tmp_path, "--user", "verify", str(installed_unit)).stderr == ""


@pytest.mark.parametrize("name", ["remote-engine.conf", "no-namespaces.conf"])
def test_systemd_knows_every_line_of_the_drop_ins(
    tmp_path: Path, installed_unit: Path, name: str
) -> None:
    """What lifts something is understood, and leaves the rest as it is."""
    shutil.copy(systemd_dir() / name, tmp_path / DROP_IN / f"60-{name}")

    assert analyze(tmp_path, "--user", "verify", str(installed_unit)).stderr == ""


def test_score_with_the_sandbox(tmp_path: Path, installed_unit: Path) -> None:
    """With the sandbox the exposure is at most 1.0 of 10."""
    check_score(tmp_path, installed_unit, "--user", limit=SANDBOX_SCORE)


def test_score_without_the_sandbox(tmp_path: Path, installed_unit: Path) -> None:
    """The unit alone has an exposure of at most 2.5."""
    (installed_unit.parent / DROP_IN / "50-sandbox.conf").unlink()

    check_score(tmp_path, installed_unit, "--user", limit=BASE_SCORE)


def test_system_unit_is_understood_and_scored(tmp_path: Path, system_unit: Path) -> None:
    """The unit for many users has no line that systemd does not know, and an exposure below 1.0."""
    assert analyze(tmp_path, "verify", str(system_unit)).stderr == ""
    check_score(tmp_path, system_unit, limit=SYSTEM_SCORE)


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


def test_reload_asks_the_eidosctl_beside_the_daemon() -> None:
    """`systemctl --user reload` fails where `eidosctl reload` says that nothing was taken over."""
    lines = unit.unit_text(Path("/opt/a b/bin/eidosd")).splitlines()

    assert 'ExecReload="/opt/a b/bin/eidosctl" reload' in lines


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


def test_what_cannot_work_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit has either its sandbox or what takes namespaces back, and goes without a trace."""
    for name in ("CONFIG", "STATE", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    place = Place.find({"HOME": str(tmp_path)})
    folder = place.unit.with_name(f"{place.unit.name}.d")

    def there() -> list[str]:
        return [path.name for path in folder.iterdir()]

    assert unit.write(place, sandbox=True)
    assert there() == ["50-sandbox.conf"]
    assert unit.write(place, sandbox=False)
    assert there() == ["50-no-namespaces.conf"]
    assert not unit.write(place, sandbox=False)
    assert unit.write(place, sandbox=True)
    assert there() == ["50-sandbox.conf"]
    assert unit.remove(place, None)
    assert not folder.exists()
    assert not (tmp_path / "CACHE" / "eidos").exists()


def test_sandbox_is_tried_before_it_is_installed(manager: Manager) -> None:
    """The probe passes for a program that runs under our directives, and only for one."""
    found = UserManager.find(manager.environ, manager.uid)
    assert found is not None

    assert found.can_run(["PrivateUsers=yes", "ProtectSystem=strict"], ["/bin/true"])
    assert not found.can_run(["PrivateUsers=yes", "ProtectSystem=strict"], ["/bin/false"])
    assert not found.can_run(["NoExecPaths=/"], ["/bin/true"])
    assert unit.sandbox_works(found)
    assert "failed" not in manager.systemctl("list-units", "--all", "run-*")
