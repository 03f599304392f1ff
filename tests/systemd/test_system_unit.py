"""`eidosd@.service` under a real system manager: one daemon for each user, in the full sandbox."""

import json
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from systemmanager_fixture import SystemManager, system_manager
from usermanager_fixture import until

from eidos.resources import systemd_dir
from eidosctl import unit

pytestmark = pytest.mark.systemd
UNIT = "eidosd@.service"
EIDOSD = Path(sys.executable).parent / "eidosd"
PROBE = Path(__file__).with_name("probe.py")
USER = pwd.getpwnam("games").pw_uid
OTHER = pwd.getpwnam("news").pw_uid
REFUSED = {"EPERM", "EACCES", "EROFS", "EAFNOSUPPORT"}


@pytest.fixture(scope="module")
def booted_manager(booted: None) -> Iterator[SystemManager]:  # noqa: ARG001 - it waits its turn
    """A system manager with our unit, which starts nothing by itself."""
    with system_manager() as manager:
        shutil.copy(systemd_dir() / UNIT, manager.units)
        yield manager


def set_up(manager: SystemManager, *lines: str) -> None:
    """Give the unit a drop-in with *lines*, in place of the one before."""
    folder = manager.units / f"{UNIT}.d"
    folder.mkdir(exist_ok=True)
    head = ["[Service]", f"StandardError=append:{manager.log}", "ExecStart="]
    (folder / "90-test.conf").write_text("\n".join([*head, *lines]))
    manager.run("systemctl", "daemon-reload")


def state(manager: SystemManager, name: str = "ActiveState", uid: int = USER) -> str:
    """Return a property of the instance of *uid*."""
    shown = manager.run("systemctl", "show", "--value", f"--property={name}", f"eidosd@{uid}")
    return shown.stdout.strip()


@pytest.fixture(scope="module")
def daemon(booted_manager: SystemManager) -> Iterator[SystemManager]:
    """The real daemon of one user, from this checkout in place of /opt/eidos."""
    places = ("ExecPaths=", "BindReadOnlyPaths=")
    paths = [line for line in unit.sandbox_text().splitlines() if line.startswith(places)]
    set_up(booted_manager, f"ExecStart={EIDOSD}", *paths)
    booted_manager.run("systemctl", "start", f"eidosd@{USER}")
    yield booted_manager
    booted_manager.run("systemctl", "stop", f"eidosd@{USER}")


@pytest.mark.model
def test_shell_of_the_user_finds_the_daemon(daemon: SystemManager) -> None:
    """The socket is where the rule of the shells looks for it, and a request is answered."""
    asked = (EIDOSD.with_name("eidosctl"), "suggest", "find all files larger than 100 MB here")

    assert daemon.run(*asked, uid=USER).stdout.startswith("find . -type f -size +100M")
    assert daemon.run("stat", "-c", "%a %u", f"/run/user/{USER}/eidos").stdout == f"700 {USER}\n"


@pytest.mark.model
def test_another_user_has_no_part_in_it(daemon: SystemManager) -> None:
    """Who is not the instance's user finds no daemon, and cannot reach this one's socket."""
    socket = f"/run/user/{USER}/eidos/eidosd.sock"

    assert daemon.run(EIDOSD.with_name("eidosctl"), "ping", uid=OTHER, check=False).returncode != 0
    assert daemon.run("test", "-S", socket, uid=OTHER, check=False).returncode == 1
    assert daemon.run("test", "-S", socket, uid=USER).returncode == 0


@pytest.mark.model
def test_limits_are_set(daemon: SystemManager) -> None:
    """Memory, tasks and half a share of the processor, where the kernel enforces them."""
    pid = state(daemon, "MainPID")
    groups = dict(
        line.split(":", 2)[1:] for line in daemon.run("cat", f"/proc/{pid}/cgroup").stdout.split()
    )

    def limit(kind: str, old: str, new: str) -> str:
        old_path = f"/sys/fs/cgroup/{kind}{groups.get(kind, groups[''])}/{old}"
        new_path = f"/sys/fs/cgroup{groups['']}/{new}"
        return daemon.run("sh", "-c", f"cat {old_path} || cat {new_path}").stdout.strip()

    assert limit("memory", "memory.limit_in_bytes", "memory.max") == str(2**30)
    assert limit("pids", "pids.max", "pids.max") == "128"
    assert limit("cpu", "cpu.shares", "cpu.weight") in {"512", "50"}


@pytest.fixture(scope="module")
def effects(booted_manager: SystemManager) -> Iterator[dict[str, Any]]:
    """What the probe found in the daemon's place, with a home that its user could write to."""
    home = Path(tempfile.mkdtemp(prefix="eidos-", dir="/home"))
    shutil.copyfile(PROBE, home / "probe.py")
    shutil.copyfile("/bin/true", home / "program")
    for name in (".local/state/eidos", ".local/share/eidos/models", ".cache/eidos/graphs"):
        (home / name).mkdir(parents=True, exist_ok=True)
    for path in (home, *home.rglob("*")):
        shutil.chown(path, USER)
        path.chmod(0o755)
    (home / "key").write_text("sk-secret")
    (home / "key").chmod(0o600)
    environ = f"Environment=HOME={home} PROBE_TMP=/var/tmp/{home.name}"
    key = f"LoadCredential=remote_key:{home}/key"
    set_up(booted_manager, f"ExecStart=/usr/bin/python3 {home}/probe.py", environ, key)
    result = f"/run/user/{USER}/eidos/result.json"
    booted_manager.run("systemctl", "restart", f"eidosd@{USER}")
    until(lambda: state(booted_manager) == "active", 20, booted_manager.state)
    yield json.loads(booted_manager.run("cat", result, uid=USER).stdout)
    booted_manager.run("systemctl", "stop", f"eidosd@{USER}")
    shutil.rmtree(home)


NEEDED = ["unix socket", "write to the runtime folder", "run a program of the system"]


def test_only_its_own_folders_can_be_written(effects: dict[str, Any]) -> None:
    """Everything is refused that the user's own unit refuses, and no folder of the home is left."""
    trials = dict(effects["trials"])
    assert {name: trials.pop(name) for name in NEEDED} == dict.fromkeys(NEEDED, "allowed")
    assert trials.pop("write to /tmp") == "allowed"  # its own, see below

    assert {name: said for name, said in trials.items() if said not in REFUSED} == {}


def test_nothing_of_the_system_is_seen(effects: dict[str, Any]) -> None:
    """No capability, no device, a /tmp of its own, and other users' processes are hidden."""
    facts = effects["facts"]

    assert facts["effective capabilities"] == facts["bounding capabilities"] == 0
    assert facts["devices"] < 30
    assert facts["processes of others"] == 0
    assert not list(Path("/var/tmp").glob("eidos-*"))
    for name, inside in facts["namespaces"].items():
        assert inside != Path("/proc/self/ns", name).readlink().name


def test_key_of_the_administrator_is_handed_over(effects: dict[str, Any]) -> None:
    """A file that root alone can read reaches the daemon as one that its user alone can read."""
    assert effects["facts"]["credentials"] == {"remote_key": ["0o400", "sk-secret"]}
