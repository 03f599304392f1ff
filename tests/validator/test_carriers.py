"""Promises of the table of carriers: the scripts in options, arguments and variables are found."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from eidos.protocol import Shell
from eidos.validator.budget import Budget
from eidos.validator.commands import Command
from eidos.validator.evaluating.evaluation import evaluate
from eidos.validator.reading.syntax import read_line

TABLE = tomllib.loads((files("eidos.validator") / "programs" / "carriers.toml").read_text())
EXAMPLES = tomllib.loads((Path(__file__).parent / "data" / "carriers.toml").read_text())
VARIABLES = EXAMPLES.pop("variables")
LINES = [line for lines in EXAMPLES.values() for line in lines]


def commands_of(line: str, shell: Shell = Shell.BASH) -> tuple[Command, ...]:
    """Return the commands that *line* runs."""
    budget = Budget.start()
    return evaluate(read_line(line, shell, budget), shell, budget).commands


def runs(commands: tuple[Command, ...]) -> bool:
    """Whether one of *commands* is the script that every example carries."""
    return any([word.text for word in command.words] == ["rm", "x"] for command in commands)


@pytest.mark.parametrize("line", LINES)
def test_the_script_that_a_program_carries_is_found(line: str) -> None:
    """What an option, an argument or the standard input has a program run arrives as a command."""
    assert runs(commands_of(line))


@pytest.mark.parametrize("line", VARIABLES.values())
def test_the_script_in_a_variable_is_found(line: str) -> None:
    """The value of a variable that programs run arrives as a command."""
    assert runs(commands_of(line))


@pytest.mark.parametrize("names", TABLE["programs"])
def test_every_row_has_its_example(names: str) -> None:
    """No row of the table is without a line that it is for."""
    examples = [line for name in names.split(", ") for line in EXAMPLES.get(name, ()) if line]

    assert len(examples) >= len(TABLE["programs"][names])


@pytest.mark.parametrize(
    "line",
    [
        "git commit -m 'rm x'", "git config user.name 'rm x'", "git log --grep='!rm x'",
        "sed 's/a/rm x/' f", "sed 's/the e rm x//' f", "sed -e 'y/e/r/' -e '/e rm x/d' f",
        "vim -c 'set nu' f", "vim +10 f", "vim -c 'g!/rm x/d' f", "less '+/rm x' f",
        "mysql -e 'select \"rm x\"'", "psql -c 'select 1'", "sqlite3 f '.tables'",
        "tar cf a b --exclude='rm x'", "rsync -av --exclude='rm x' a b", "man -k 'rm x'",
        "crontab -l", "trap - EXIT", "trap '' INT", "ansible all -m copy -a 'src=rm dest=x'",
        "nc -zv h 22", "socat - TCP:h:9", "make all", "sort -k2 'rm x'", "EDITOR= git commit",
        "PS1='rm x'", "FOO='rm x' ls", "gdb -ex 'break main' f", "echo 'rm x' | ftp h",
    ],
)  # fmt: skip
def test_what_a_program_only_reads_is_no_script(line: str) -> None:
    """Text that a program does not run is text."""
    assert not runs(commands_of(line))


def test_the_machine_of_a_script_is_known() -> None:
    """What ansible is told to do it does elsewhere."""
    found = [c for c in commands_of("ansible all -a 'rm x'") if c.name == "rm"]

    assert [str(command.machine) for command in found] == ["remote"]
