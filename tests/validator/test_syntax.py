"""Whether a command is one complete line of its shell, held against the real shells."""

import json
import os
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.protocol import Shell
from eidos.validator.syntax import find_fault, refers_to_history
from eidos.validator.tree import MAX_BYTES, OverBudget, parse

DATA = Path(__file__).parent / "data"
CASES = tomllib.loads((DATA / "syntax.toml").read_text())["case"]
COMMANDS = [json.loads(line)["cmd"] for line in (DATA / "commands.jsonl").read_text().splitlines()]
PARSE_ONLY = {
    Shell.BASH: ["bash", "--norc", "-n", "/dev/stdin"],
    Shell.ZSH: ["zsh", "-f", "-n", "/dev/stdin"],
    Shell.FISH: ["fish", "--no-config", "--no-execute", "/dev/stdin"],
}
"""bash and zsh say nothing about what they accept; zsh's exit code is that of `!`."""
EXPLAINED = {"redirection with no command": "zsh minds the placeholder `command` without words"}
"""What the real shells say of the sample although it is one complete line, and why."""
shells = pytest.mark.parametrize("shell", list(Shell))


def accepts(shell: Shell, command: str) -> bool:
    """Whether we take *command* for one complete line of *shell*."""
    return find_fault(parse(command), shell) is None


def refusal_of_real(shell: Shell, command: str) -> str:
    """Return what the real *shell* says against *command*, "" when it accepts it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        PARSE_ONLY[shell],
        input=command,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    is_refused = done.returncode != 0 if shell is Shell.FISH else done.stderr != ""
    return (done.stderr or "refused") if is_refused else ""


@shells
@pytest.mark.parametrize("case", [pytest.param(case, id=case["command"]) for case in CASES])
def test_a_command_is_complete_in_the_shells_that_take_it(
    case: dict[str, str], shell: Shell
) -> None:
    """Each shell's own grammar decides, and what would wait for a second line is no line."""
    assert accepts(shell, case["command"]) == (shell in case["accepts"])


@shells
@pytest.mark.parametrize("case", [pytest.param(case, id=case["command"]) for case in CASES])
def test_the_table_agrees_with_the_real_shells(case: dict[str, str], shell: Shell) -> None:
    """The expectations above are the shells' own, except where only a prompt would show it."""
    if shell in case.get("at_prompt", []):
        assert shell not in case["accepts"]
        return
    assert (refusal_of_real(shell, case["command"]) == "") == (shell in case["accepts"])


@shells
def test_nothing_that_the_real_shell_refuses_is_accepted(shell: Shell) -> None:
    """Of 1,200 ordinary commands none is accepted by us and refused by the shell."""
    accepted = [command for command in COMMANDS if accepts(shell, command)]

    with ThreadPoolExecutor(2) as pool:
        refusals = pool.map(lambda command: refusal_of_real(shell, command), accepted)

    assert [
        (command, refusal)
        for command, refusal in zip(accepted, refusals, strict=True)
        if refusal and not any(known in refusal for known in EXPLAINED)
    ] == []


@shells
def test_ordinary_commands_are_accepted(shell: Shell) -> None:
    """At most 1 command in 200 is refused in bash and zsh, and 1 in 12 in fish."""
    refused = [command for command in COMMANDS if not accepts(shell, command)]

    assert len(refused) <= len(COMMANDS) / (12 if shell is Shell.FISH else 200), refused


@pytest.mark.parametrize(
    ("command", "in_bash", "in_zsh"),
    [
        ("sudo !!", True, True),
        ("echo !$", True, True),
        ('echo "a!b"', True, True),
        ("^old^new", True, True),
        ("echo hi!", False, False),
        ('echo "hi!"', False, False),
        ("echo '!x'", False, False),
        (r"echo \!x", False, False),
        ('echo "\\!x"', False, False),
        ("find . ! -name x", False, False),
        ("[ a != b ]", False, False),
        ("awk '!seen[$0]++' x", False, False),
        ("ls [!a]*", False, True),
        ("kill $!", False, False),
        ("echo ${!x}", False, True),
        ("ls !(x)", True, False),
    ],
)
def test_history_expansion_is_seen(*, command: str, in_bash: bool, in_zsh: bool) -> None:
    """What bash and zsh replace by earlier commands is found; fish replaces nothing."""
    assert refers_to_history(command, Shell.BASH) == in_bash
    assert refers_to_history(command, Shell.ZSH) == in_zsh
    assert not refers_to_history(command, Shell.FISH)


@pytest.mark.parametrize(
    "command",
    ["x" * (MAX_BYTES + 1), "a " * 1000, "(" * 70 + "ls" + ")" * 70, "a=(" * 1300, ";|&<>" * 800],
    ids=["bytes", "nodes", "depth", "time in nested arrays", "time in operators"],
)
def test_a_command_over_budget_is_not_read(command: str) -> None:
    """Too large, too deep and too slow to parse end in OverBudget, or in a fault at once."""
    try:
        root = parse(command)
    except OverBudget:
        return
    assert find_fault(root, Shell.BASH)


@shells
@given(text=st.text(max_size=60) | st.text("(){}[]|&;<>$`'\"\\!#~* \nab=1", max_size=40))
def test_any_text_is_judged_without_an_error(text: str, shell: Shell) -> None:
    """No text makes the parser or the tables raise anything but OverBudget."""
    try:
        fault = find_fault(parse(text), shell)
    except OverBudget:
        return
    assert fault is None or fault
