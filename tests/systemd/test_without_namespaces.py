"""Eidos on a system that forbids user namespaces: it is installed without, and answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from usermanager_fixture import EIDOSCTL, Manager, user_manager

pytestmark = [pytest.mark.systemd, pytest.mark.model]
UNIT = "eidosd.service"


@pytest.fixture(scope="module")
def confined(booted: None) -> Iterator[Manager]:  # noqa: ARG001 - it must run first
    """The user manager of root, who alone can read this checkout everywhere, and may make none."""
    with user_manager(0, namespaces=False) as running:
        yield running


def test_install_finds_out_and_the_daemon_answers(confined: Manager) -> None:
    """The sandbox is tried and left out, as `install` and `doctor` say; a request is answered."""
    said = confined.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash").stdout
    answer = confined.run(EIDOSCTL, "suggest", "find all files larger than 100 MB under /var/log")
    drop_ins = confined.systemctl("show", "--value", "--property=DropInPaths", UNIT)
    doctor = confined.run(EIDOSCTL, "doctor", check=False).stdout
    pid = confined.systemctl("show", "--value", "--property=MainPID", UNIT)
    seccomp = Path(f"/proc/{pid}/status").read_text()
    confined.run(EIDOSCTL, "uninstall")

    assert "without the sandbox: no user namespaces here" in said
    assert answer.stdout == "find /var/log -type f -size +100M\n"
    assert drop_ins.endswith("50-no-namespaces.conf")
    assert "without the sandbox" in doctor
    assert "Seccomp:\t2" in seccomp
    assert not (confined.home / ".config/systemd/user" / f"{UNIT}.d").exists()
