"""The commands of the runbooks that need the unit work under a real user manager."""

import pytest
from runbook_blocks import Command, commands
from usermanager_fixture import Manager

pytestmark = [pytest.mark.systemd, pytest.mark.model]


@pytest.mark.parametrize("command", commands("systemd"), ids=str)
def test_a_command_works_with_the_unit(installed: Manager, command: Command) -> None:
    """It ends as the runbook says."""
    result = installed.run("bash", "-c", command.line, check=False)

    assert result.returncode in command.codes, f"{command}\n{result.stdout}\n{result.stderr}"
