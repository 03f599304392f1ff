"""What the unit and its sandbox really prevent, tried from inside by a program in eidosd's place.

The score of systemd-analyze proves nothing for user units: systemd 252 silently ignores half of
the directives there, and scores them all the same. docs/systemd.md has the table of all that was
tried.
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
UNIT = "eidosd.service"
SANDBOX = "eidosd.service.d/50-sandbox.conf"
NO_NAMESPACES = "no-namespaces.conf"
CREDENTIAL = """[Service]
LoadCredential=remote_key:%h/.config/eidos/remote-key
Environment=EIDOS_REMOTE_KEY_FILE=%d/remote_key
"""


@dataclass(frozen=True)
class Effects:
    """What the probe reported, and the file that it tried to write to /tmp."""

    trials: dict[str, str]
    facts: dict[str, Any]
    outside: Path


def install(manager: Manager, outside: Path, drop_in: str = "") -> Path:
    """Install the unit with the probe in eidosd's place, and *drop_in*; return the folder."""
    script, program = manager.home / "probe.py", manager.home / "program"
    shutil.copyfile(PROBE, script)
    shutil.copyfile("/bin/true", program)
    program.chmod(0o755)
    key = manager.home / ".config/eidos/remote-key"
    data = manager.home / ".local/share/eidos"
    writable = [manager.home / ".local/state/eidos", manager.home / ".cache/eidos/graphs", data]
    for folder in (*writable, data / "models", key.parent):
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, manager.uid, -1)
    os.chown(manager.home / ".cache", manager.uid, -1)
    key.write_text("sk-secret")
    key.chmod(0o600)
    os.chown(key, manager.uid, -1)
    units = manager.home / ".config" / "systemd" / "user"
    folder = units / f"{UNIT}.d"
    folder.mkdir(parents=True, exist_ok=True)
    start = f'/usr/bin/python3 {script}\nEnvironment="PROBE_TMP={outside}"'
    template = (systemd_dir() / UNIT).read_text().replace("@EIDOSD@", start)
    (units / UNIT).write_text(template.replace("@EIDOSCTL@", "/bin/false"))
    if drop_in:
        text = (systemd_dir() / drop_in).read_text().replace("@EXEC_PATHS@", "/usr")
        text = text.replace("BindReadOnlyPaths=@TMP_PATHS@\n", "")
        text = text.replace("@WRITABLE@", " ".join(map(str, writable)))
        (folder / "50.conf").write_text(text.replace("@READ_ONLY@", str(data / "models")))
    (folder / "60-credential.conf").write_text(CREDENTIAL)
    return units


def probe(manager: Manager, drop_in: str = "") -> Effects:
    """Run the probe under exactly our directives, with the system's own Python."""
    outside = Path("/tmp", f"{manager.home.name}-{Path(drop_in).stem}")
    units = install(manager, outside, drop_in)
    manager.systemctl("daemon-reload")
    manager.run("systemctl", "--user", "start", "--no-block", UNIT)
    result = manager.runtime / "eidos" / "result.json"
    try:
        until(
            lambda: result.exists() and property_of_unit(manager, "ActiveState") == "active",
            20,
            lambda: manager.journal(UNIT),
        )
        report = json.loads(result.read_text())
    finally:
        manager.systemctl("stop", UNIT)
        shutil.rmtree(units)
        manager.systemctl("daemon-reload")
    return Effects(report["trials"], report["facts"], outside)


def property_of_unit(manager: Manager, name: str) -> str:
    """Return what systemd says of the unit; an ActiveState "active" means READY=1 came through."""
    return manager.systemctl("show", "--value", f"--property={name}", UNIT)


@pytest.fixture(scope="module", params=["root", "without rights"])
def any_manager(request: pytest.FixtureRequest) -> Manager:
    """Each of the two managers: systemd does other things for root than for people."""
    name = "manager" if request.param == "root" else "poor_manager"
    return request.getfixturevalue(name)


@pytest.fixture(scope="module")
def base(any_manager: Manager) -> Iterator[Effects]:
    """The effects of the unit alone."""
    effects = probe(any_manager)
    yield effects
    effects.outside.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def sandboxed(any_manager: Manager) -> Iterator[Effects]:
    """The effects of the unit with the sandbox."""
    effects = probe(any_manager, SANDBOX)
    yield effects
    effects.outside.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def lifted(confined_manager: Manager) -> Iterator[Effects]:
    """The effects of the unit where no user namespace can be made, with what takes them back."""
    effects = probe(confined_manager, NO_NAMESPACES)
    yield effects
    effects.outside.unlink(missing_ok=True)


REFUSED_BY_SECCOMP = [
    "internet socket",
    "internet socket, version 6",
    "netlink socket",
    "packet socket",
    "writable and executable memory",
    "new namespace",
    "mount",
    "real-time scheduling",
    "setuid file",
    "personality",
    "key ring",
    "io_uring",
    "trace a process",
    "load a bpf program",
    "shared memory of System V",
    "locked memory",
    "owner of a file",
    "priority",
    "clock",
    "host name",
    "kernel log",
]
REFUSED_BY_NAMESPACES = ["control group", "kernel setting"]
REFUSED_BY_THE_FILE_SYSTEM = [
    "write to the home",
    "write to the cache of others",
    "write to the models",
    "write to the runtime folder of others",
    "run a program of the home",
]
NEEDED = [
    "unix socket",
    "write to the runtime folder",
    "write to the state folder",
    "write to the graphs",
    "write to the head of the audit log",
    "run a program of the system",
]


@pytest.mark.parametrize("trial", [*REFUSED_BY_SECCOMP, *REFUSED_BY_NAMESPACES])
def test_base_unit_refuses(base: Effects, trial: str) -> None:
    """The unit alone refuses what seccomp and namespaces can refuse."""
    assert base.trials[trial] in REFUSED


@pytest.mark.parametrize("trial", REFUSED_BY_SECCOMP)
def test_without_namespaces_seccomp_still_refuses(lifted: Effects, trial: str) -> None:
    """Where the system forbids user namespaces, all that needs none is refused all the same."""
    assert lifted.trials[trial] in REFUSED


@pytest.mark.parametrize("trial", NEEDED)
def test_base_unit_leaves_what_the_daemon_needs(base: Effects, trial: str) -> None:
    """Sockets of our kind, the runtime folder and the system's programs stay usable."""
    assert base.trials[trial] == "allowed"


def test_probe_can_tell_a_write_from_a_refusal(base: Effects, lifted: Effects) -> None:
    """Without the sandbox the probe can write everywhere: so its refusals mean something."""
    for trial in REFUSED_BY_THE_FILE_SYSTEM:
        assert base.trials[trial] == "allowed"
    assert base.trials["write to /tmp"] == "allowed"
    assert base.outside.exists()
    assert lifted.trials["control group"] == "allowed"


@pytest.mark.parametrize(
    "trial", [*REFUSED_BY_SECCOMP, *REFUSED_BY_NAMESPACES, *REFUSED_BY_THE_FILE_SYSTEM]
)
def test_sandbox_refuses(sandboxed: Effects, trial: str) -> None:
    """With the sandbox no file outside our own folders can be written, and no new code run."""
    assert sandboxed.trials[trial] in REFUSED


@pytest.mark.parametrize("trial", NEEDED)
def test_sandbox_leaves_what_the_daemon_needs(sandboxed: Effects, trial: str) -> None:
    """The sandbox takes nothing away that eidosd uses."""
    assert sandboxed.trials[trial] == "allowed"


def test_sandbox_has_a_tmp_of_its_own(sandboxed: Effects) -> None:
    """What is written to /tmp inside does not appear outside."""
    assert not sandboxed.outside.exists()


def test_sandbox_mounts_the_system_read_only(base: Effects, sandboxed: Effects) -> None:
    """The whole file system is read-only inside, and without the sandbox it is not."""
    assert "/" in sandboxed.facts["read-only mounts"]
    assert "/" not in base.facts["read-only mounts"]


def test_no_capability_network_or_device(base: Effects, sandboxed: Effects) -> None:
    """There is no capability, no hardware, and a network, users, mounts and a name of its own."""
    for facts in (base.facts, sandboxed.facts):
        assert facts["effective capabilities"] == 0
        assert facts["bounding capabilities"] == 0
        assert facts["devices"] < 30
        for name, inside in facts["namespaces"].items():
            assert inside != Path("/proc/self/ns", name).readlink().name


def test_limits_hold(base: Effects, lifted: Effects) -> None:
    """Memory, tasks, files, core dumps, privileges, umask: as the unit says, whoever may what."""
    for facts in (base.facts, lifted.facts):
        assert facts["memory limit"] == 2**30
        assert facts["tasks limit"] == 128
        assert facts["oom score"] == 500
        assert facts["core limit"] == 0
        assert facts["files limit"] == 8192
        assert facts["no new privileges"] == "1"
        assert facts["seccomp"] == "2"
        assert facts["umask"] == 0o077
        assert facts["runtime folder mode"] == 0o700
        assert facts["telemetry"] == "1"


def test_processor_can_be_read_of(sandboxed: Effects) -> None:
    """The engine chooses its kernels by /proc/cpuinfo, so ProcSubset= must not take it away."""
    assert sandboxed.facts["cpu information"]


@pytest.mark.parametrize("any_manager", ["without rights"], indirect=True)
def test_key_of_a_remote_engine_as_a_credential(
    base: Effects, sandboxed: Effects, lifted: Effects
) -> None:
    """A key is handed over in a file that the daemon's user alone can read, and not write."""
    for effects in (base, sandboxed, lifted):
        assert effects.facts["credentials"] == {"remote_key": ["0o400", "sk-secret"]}


def test_unit_needs_the_drop_in_where_namespaces_are_forbidden(confined_manager: Manager) -> None:
    """The unit alone does not start there, and says so: what `install` tries is no formality."""
    units = install(confined_manager, Path("/tmp/never"))
    confined_manager.systemctl("daemon-reload")
    try:
        started = confined_manager.run("systemctl", "--user", "start", UNIT, check=False)

        assert started.returncode != 0
        assert property_of_unit(confined_manager, "ExecMainStatus") == "217"
    finally:
        confined_manager.run("systemctl", "--user", "stop", UNIT, check=False)
        shutil.rmtree(units)
        confined_manager.systemctl("daemon-reload")
        confined_manager.systemctl("reset-failed")
