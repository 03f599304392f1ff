"""Promises of the table of wrappers: each of its programs is taken off what it runs."""

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from eidos.validator.commands import Word, program
from eidos.validator.evaluating.wrappers import Inner, shell_opened_by, unwrap

TABLE = tomllib.loads((files("eidos.validator") / "programs" / "wrappers.toml").read_text())
ROWS = [(name, row) for names, row in TABLE["programs"].items() for name in names.split(", ")]
BEFORE = [(name, row) for name, row in ROWS if row.get("operands", 0) <= 1]
"""Those behind whose own words the command stands; the others are told it by an option."""
EACH = pytest.mark.parametrize(("name", "row"), ROWS, ids=[name for name, _ in ROWS])
INNER = ["rm", "-rf", "x"]


def words(*texts: str) -> list[Word]:
    """Return words that are known, as a line without variables has them."""
    return [Word(text) for text in texts]


def call(name: str, row: dict[str, Any], options: list[str]) -> list[Word]:
    """Call the wrapper *name* with *options* and all that has to stand before its command."""
    operands = ["1"] * min(row.get("operands", 0), 2)
    marks = row["mark"].split()[:1] if "mark" in row else []
    return words(*name.split(), *options, *operands, *marks, *INNER)


def texts_of(inner: Inner | None) -> list[str]:
    """Return what *inner* runs, one text for each command or script."""
    assert inner is not None
    command = [" ".join(word.text for word in inner.words)] if inner.words else []
    return [*(script.text for script in inner.scripts), *command]


def dashed(names: str) -> list[str]:
    """Read the names of options as the table writes them."""
    return [n if n[0] == "-" else f"-{n}" if len(n) == 1 else f"--{n}" for n in names.split()]


@pytest.mark.parametrize(("name", "row"), BEFORE, ids=[name for name, _ in BEFORE])
def test_a_wrapper_is_taken_off(name: str, row: dict[str, Any]) -> None:
    """What stands behind a wrapper's own words arrives as the command."""
    found = texts_of(unwrap(call(name, row, [])))

    assert found[-3:] == INNER if row.get("each") else found == ["rm -rf x"]


@pytest.mark.parametrize(("name", "row"), BEFORE, ids=[name for name, _ in BEFORE])
def test_the_value_of_an_option_is_not_the_command(name: str, row: dict[str, Any]) -> None:
    """Options that take a value take it, so that it is not mistaken for the command."""
    special = dashed(" ".join(row.get(key, "") for key in ("program", "scripts", "idle")))
    options = [*(f"-{letter}" for letter in row.get("short", "")), *dashed(row.get("long", ""))]
    marks = row.get("mark", "").split()

    for option in options:
        if option not in special and option not in marks:
            found = texts_of(unwrap(call(name, row, [option, "9"])))
            assert found[-3:] == INNER if row.get("each") else found == ["rm -rf x"], option


@EACH
def test_the_script_of_an_option_is_found(name: str, row: dict[str, Any]) -> None:
    """An option that carries a script gives it away, whatever stands around it."""
    for option in dashed(row.get("scripts", "")):
        found = texts_of(unwrap(words(*name.split(), option, "rm -rf x")))

        assert "rm -rf x" in found, option


@EACH
def test_a_wrapper_alone_runs_nothing(name: str, row: dict[str, Any]) -> None:
    """A wrapper without a command is a command itself."""
    del row

    assert unwrap(words(*name.split())) is None


@pytest.mark.parametrize(
    "line",
    [
        "command -v rm", "command -V rm", "sudo -l rm", "sudo --list rm", "sudo -v", "sudo -e f",
        "docker ps", "docker rm x", "git commit", "kubectl get pods", "npm run build", "ls x",
        "gdb ./a.out", "ip addr", "tmux attach", "ssh host", "adb devices", "perf report",
    ],
)  # fmt: skip
def test_what_runs_no_other_program_is_left_alone(line: str) -> None:
    """Programs that are no wrappers, or are not used as ones, stay as they are."""
    assert unwrap(words(*line.split())) is None


@pytest.mark.parametrize("line", ["su", "ssh host", "sudo -s", "sudo -i", "chroot /mnt", "doas -s"])
def test_a_shell_that_is_opened_is_known(line: str) -> None:
    """Programs that start a shell for want of a command may read their commands from a pipe."""
    assert shell_opened_by(words(*line.split())) is not None


@pytest.mark.parametrize("line", ["sudo ls", "ls", "sudo -l", "doas ls", "cat", "grep -s x"])
def test_other_programs_open_no_shell(line: str) -> None:
    """What opens no shell does not run what it reads."""
    assert shell_opened_by(words(*line.split())) is None


def test_what_is_unknown_is_no_wrapper() -> None:
    """A program whose name only running would tell is not taken for one."""
    assert unwrap([Word("$SUDO", is_known=False), *words("rm", "x")]) is None
    assert program(Word("$SUDO", is_known=False)) == ""
