"""Accounts, kernel, standstill, packages and traces: commands and the verdicts that they get."""

import tomllib
from pathlib import Path

import pytest

from eidos.protocol import Level, Shell
from eidos.validator.validation import check

TABLE = tomllib.loads((Path(__file__).parent / "data" / "rules_system.toml").read_text())
CASES = [
    pytest.param(Level(level), command, id=f"{kind} {level}: {command[:70]}")
    for kind, levels in TABLE.items()
    for level, commands in levels.items()
    for command in commands
]


@pytest.mark.parametrize(("level", "command"), CASES)
def test_a_command_gets_its_level(level: Level, command: str) -> None:
    """Each command of the table gets the level under which it stands."""
    verdict = check(command, Shell.BASH)

    assert verdict.level is level, verdict.rule
