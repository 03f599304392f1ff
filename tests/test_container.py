"""The container's files agree with the daemon, with the unit, and with each other.

tests/container-by-hand builds the image and runs it; here nothing needs a container engine.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from layers import REPOSITORY

from eidos.config import Config
from eidos.paths import audit_head_file, make_private, runtime_dir, state_file
from eidosctl.cli import cli

FOLDER = REPOSITORY / "docs" / "container"
CONTAINERFILE = (FOLDER / "Containerfile").read_text()
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["eidosd"]
POD = yaml.safe_load((FOLDER / "kubernetes.yaml").read_text())["spec"]["template"]["spec"]
UNIT = (REPOSITORY / "systemd" / "eidosd.service").read_text()

CONTAINERS = {it["name"]: it for it in [*POD["initContainers"], *POD["containers"]]}
RUNNING = {it["name"]: it for it in POD["containers"]}
HEALTH = ["eidosctl", "health"]


def test_the_image_takes_only_locked_packages() -> None:
    """Each pip that asks an index demands hashes and wheels; the last takes our own wheel alone."""
    commands = re.split(r" && |\n[A-Z]+ ", CONTAINERFILE.replace("\\\n", " "))
    installs = [command for command in commands if re.search(r"/pip .*\binstall ", command)]

    assert len(installs) == 3
    for options in installs[:-1]:
        assert "--require-hashes" in options
        assert "--only-binary :all:" in options
    assert "--no-index --no-deps" in installs[-1]


def test_the_image_copies_only_what_is_there() -> None:
    """Every source of a COPY is in the repository, and the ignore file lets it through."""
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    ignore = (FOLDER / "Containerfile.dockerignore").read_text().splitlines()
    let_through = {path for line in ignore if line.startswith("!") for path in _matching(line[1:])}

    copied = {source for copy in copies for source in copy.split()}
    assert copied
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    assert copied <= let_through


def test_the_image_runs_as_a_user_without_rights() -> None:
    """The last user is a number that is not root's, and eidosd is started without a shell."""
    assert "\nARG UID=1000\n" in CONTAINERFILE
    assert re.findall(r"^USER (.+)$", CONTAINERFILE, re.MULTILINE)[-1] == "${UID}:${UID}"
    assert CONTAINERFILE.endswith('\nENTRYPOINT ["eidosd"]\n')


def test_compose_gives_the_daemon_nothing_but_its_folders() -> None:
    """No network, no capability, a root that cannot be written, and limits on what it may take."""
    assert COMPOSE["network_mode"] == "none"
    assert COMPOSE["read_only"] is True
    assert COMPOSE["cap_drop"] == ["ALL"]
    assert COMPOSE["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "memswap_limit", "cpus", "pids_limit", "ulimits"} <= COMPOSE.keys()
    assert not {"privileged", "ports", "devices", "pid", "ipc"} & COMPOSE.keys()


def test_compose_puts_the_socket_where_the_widgets_look() -> None:
    """The folder that host and container share is, on both sides, that of the socket's rule."""
    share, state = COMPOSE["volumes"]

    assert share["source"].endswith("}/eidos")  # $XDG_RUNTIME_DIR/eidos, as in eidos.paths
    assert share["bind"] == {"create_host_path": False}
    assert share["target"] == "/run/user/${EIDOS_UID:-1000}/eidos"
    assert "XDG_RUNTIME_DIR=/run/user/${UID} " in CONTAINERFILE
    assert state.partition(":")[2] == "/home/eidos/.local/state/eidos"


def test_all_that_the_daemon_keeps_is_in_the_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head of the audit log that cannot be noted is a warning a record, and a fault to verify."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, value in re.findall(
        r"^(?:ENV)?\s+(HOME|XDG_DATA_HOME)=(\S+)", CONTAINERFILE, re.MULTILINE
    ):
        monkeypatch.setenv(name, value)
    volume = Path(COMPOSE["volumes"][1].partition(":")[2])

    assert state_file().parent == volume
    assert audit_head_file().parent == volume


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_of_the_pod_is_restricted(name: str) -> None:
    """What the Pod Security Standard "restricted" asks for, and a root that cannot be written."""
    security = CONTAINERS[name]["securityContext"]

    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["runAsUser"] == 1000
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False
    assert set(CONTAINERS[name]["resources"]) == {"requests", "limits"}


def test_the_pods_socket_folder_is_one_that_the_daemon_takes(tmp_path: Path) -> None:
    """In a volume as Kubernetes makes it, the first container makes a folder that is private."""
    volume = tmp_path / "eidos"
    volume.mkdir()
    volume.chmod(0o2777)  # an emptyDir of a pod with fsGroup
    command = CONTAINERS["socket-folder"]["command"]
    variables = {it["name"]: it["value"] for it in RUNNING["eidosd"]["env"]}
    base = variables["XDG_RUNTIME_DIR"].replace("/run/eidos", str(volume))

    subprocess.run([word.replace("/run/eidos", str(volume)) for word in command], check=True)

    folder = runtime_dir({"XDG_RUNTIME_DIR": base}, Path(base).stat().st_uid)
    assert folder == Path(base, "eidos")
    make_private(folder, folder.parent.stat().st_uid)
    assert {"name": "XDG_RUNTIME_DIR", "value": variables["XDG_RUNTIME_DIR"]} in RUNNING["shell"][
        "env"
    ]


def test_the_pods_settings_are_settings() -> None:
    """A variable of ours in the pod is one that the daemon reads."""
    names = [it["name"] for it in RUNNING["eidosd"]["env"] if it["name"].startswith("EIDOS_")]

    assert names
    for name in names:
        assert name.removeprefix("EIDOS_").lower() in Config.__dataclass_fields__


def test_probes_ask_the_daemon_itself() -> None:
    """Image, compose and all three probes of the pod run `eidosctl health`, and that exists."""
    health = [RUNNING["eidosd"][f"{kind}Probe"]["exec"]["command"] for kind in
              ("startup", "readiness", "liveness")]  # fmt: skip

    assert health == [HEALTH] * 3
    assert COMPOSE["healthcheck"]["test"] == ["CMD", *HEALTH]
    assert 'CMD ["eidosctl", "health"]' in CONTAINERFILE
    assert HEALTH[1] in cli.commands


def test_limits_and_patience_are_those_of_the_unit() -> None:
    """A container may drain as long as the unit, and open as many files; cores are off."""
    patience_s = int(_directive("TimeoutStopSec"))

    assert COMPOSE["stop_grace_period"] == f"{patience_s}s"
    assert POD["terminationGracePeriodSeconds"] == patience_s
    assert COMPOSE["ulimits"] == {
        "nofile": int(_directive("LimitNOFILE")),
        "core": int(_directive("LimitCORE")),
    }
    assert f"{COMPOSE['mem_limit']}".upper() == _directive("MemoryHigh")
    assert RUNNING["eidosd"]["resources"]["limits"]["memory"] == _directive("MemoryHigh") + "i"


def _directive(name: str) -> Any:
    found = re.search(rf"^{name}=(.+)$", UNIT, re.MULTILINE)
    assert found
    return found[1]


def _matching(pattern: str) -> set[str]:
    return {str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob(pattern)}
