"""The commands that stand in the runbooks, with what each needs and how it must end."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RUNBOOKS: Final = Path(__file__).parents[1] / "docs" / "runbooks"
_BLOCK: Final = re.compile(r"^```sh (?P<needs>\w+)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT: Final = re.compile(r"\s+# exit (?P<codes>[\d ]+)$")


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a runbook."""

    page: str
    needs: str
    """running, stopped or systemd."""
    line: str
    codes: frozenset[int]
    """The exit codes that it may have."""

    def __str__(self) -> str:
        """Return what names it in a report."""
        return f"{self.page}: {self.line}"


def commands(needs: str) -> list[Command]:
    """Return the commands of all runbooks that need that, in their order."""
    return [command for command in all_commands() if command.needs == needs]


def all_commands() -> list[Command]:
    """Return the commands of all runbooks."""
    return [
        _command(page.stem, block["needs"], line)
        for page in sorted(RUNBOOKS.glob("*.md"))
        for block in _BLOCK.finditer(page.read_text())
        for line in block["lines"].splitlines()
    ]


def _command(page: str, needs: str, line: str) -> Command:
    found = _EXIT.search(line)
    codes = frozenset(map(int, found["codes"].split())) if found else frozenset({0})
    return Command(page, needs, _EXIT.sub("", line), codes)
