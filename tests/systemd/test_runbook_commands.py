"""The commands of the runbooks that need the unit work under a real user manager."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook_blocks import Command, commands
from usermanager_fixture import Manager

pytestmark = [pytest.mark.systemd, pytest.mark.model]
EIDOSCTL = Path(sys.executable).parent / "eidosctl"


@pytest.fixture(scope="module")
def installed(manager: Manager) -> Iterator[Manager]:
    """A home in which the unit runs."""
    manager.run(EIDOSCTL, "install", "--allow-root", "--shell", "bash")
    yield manager
    manager.run(EIDOSCTL, "uninstall")


@pytest.mark.parametrize("command", commands("systemd"), ids=str)
def test_a_command_works_with_the_unit(installed: Manager, command: Command) -> None:
    """It ends as the runbook says."""
    result = installed.run("bash", "-c", command.line, check=False)

    assert result.returncode in command.codes, f"{command}\n{result.stdout}\n{result.stderr}"
