"""Whether a command is one complete line of its shell, held against the real shells."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.protocol import Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.bash_scanner import MAX_CHARS
from eidos.validator.reading.syntax import read_line, refers_to_history

DATA = Path(__file__).parent / "data"
TABLE = tomllib.loads((DATA / "syntax.toml").read_text())
CASES = [
    *((case, list(Shell)) for case in TABLE["case"]),
    *((case, [Shell.BASH, Shell.ZSH]) for case in TABLE["posix"]),
]
PAIRS = [
    pytest.param(case, shell, id=f"{case['command']} - {shell}")
    for case, shells in CASES
    for shell in shells
]
COMMANDS = [json.loads(line)["cmd"] for line in (DATA / "commands.jsonl").read_text().splitlines()]
PARSE_ONLY = {
    Shell.BASH: ["bash", "--norc", "-O", "extglob", "-n", "/dev/stdin"],
    Shell.ZSH: ["zsh", "-f", "-n", "/dev/stdin"],
    Shell.FISH: ["fish", "--no-config", "--no-execute", "/dev/stdin"],
}
"""bash and zsh say nothing about what they accept; zsh's exit code is that of `!`."""
EXPLAINED = {
    "redirection with no command": "zsh minds the placeholder `command` without words",
    "not found": "zsh looks for the program of =name although it is told to run nothing",
}
"""What the real shells say of the sample although it is one complete line, and why."""
shells = pytest.mark.parametrize("shell", list(Shell))


def fault_of(shell: Shell, command: str) -> SyntaxFault | None:
    """Return why we do not take *command* for one complete line of *shell*, None when we do."""
    try:
        read_line(command, shell, Budget.start())
    except SyntaxFault as fault:
        return fault
    return None


def accepts(shell: Shell, command: str) -> bool:
    """Whether we take *command* for one complete line of *shell*."""
    return fault_of(shell, command) is None


def refusal_of_real(shell: Shell, command: str) -> str:
    """Return what the real *shell* says against *command*, "" when it accepts it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        PARSE_ONLY[shell],
        input=f"{command}\n",
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    is_refused = done.returncode != 0 if shell is Shell.FISH else done.stderr != ""
    return (done.stderr or "refused") if is_refused else ""


@pytest.mark.parametrize(("case", "shell"), PAIRS)
def test_a_command_is_complete_in_the_shells_that_take_it(
    case: dict[str, str], shell: Shell
) -> None:
    """Each shell's own grammar decides, and what would wait for a second line is no line."""
    fault = fault_of(shell, case["command"])

    assert (fault is None) == (shell in case["accepts"])
    if fault is not None and shell in case.get("unread", []):
        assert not fault.is_certain


@pytest.mark.parametrize(("case", "shell"), PAIRS)
def test_the_table_agrees_with_the_real_shells(case: dict[str, str], shell: Shell) -> None:
    """The expectations above are the shells' own, except where only a prompt would show it."""
    if shell in case.get("at_prompt", []):
        assert shell not in case["accepts"]
        return
    is_taken = shell in case["accepts"] or shell in case.get("unread", [])
    assert (refusal_of_real(shell, case["command"]) == "") == is_taken


@pytest.mark.parametrize("command", TABLE["zsh"])
def test_what_zsh_users_type_is_accepted(command: str) -> None:
    """Glob qualifiers, expansion flags, short loops and the rest of zsh are read."""
    fault = fault_of(Shell.ZSH, command)

    assert fault is None, fault.reason


@shells
def test_nothing_that_the_real_shell_refuses_is_accepted(shell: Shell) -> None:
    """Of 1,200 ordinary commands none is accepted by us and refused by the shell."""
    accepted = [command for command in COMMANDS if accepts(shell, command)]

    with ThreadPoolExecutor(2) as pool:
        refusals = pool.map(refusal_of_real, repeat(shell), accepted)

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
        ("echo $'a!b'", False, False),
        ("echo a!; ls", True, False),
        ("ls | wc -l # done!?", False, False),
        ("echo !", False, False),
        ("[ ! -f x ] && ls", False, False),
        ("if ! grep -q x y; then ls; fi", False, False),
        ("grep -v '!' x", False, False),
        ("echo a^b", False, False),
        ("echo a != b", False, False),
        ("!123", True, True),
        ("!-2:p", True, True),
        ('echo "it\'s !x"', True, True),
    ],
)
def test_history_expansion_is_seen(*, command: str, in_bash: bool, in_zsh: bool) -> None:
    """What bash and zsh replace by earlier commands is found; fish replaces nothing."""
    assert refers_to_history(command, Shell.BASH) == in_bash
    assert refers_to_history(command, Shell.ZSH) == in_zsh
    assert not refers_to_history(command, Shell.FISH)


AT_THE_PROMPT = (
    "asks for another line",
    "zsh takes",
    "a ) is missing",
    "removes itself",
    "there is no command",
)
"""Faults that only a prompt shows: `-n` takes a file's end for the end of what is open."""


def mutated(commands: list[str], count: int) -> list[str]:
    """Return *commands* cut off, a character lost, added or doubled, or the words shuffled."""
    chance = random.Random(3)
    signs = "(){}[]|&;<>$`'\"!#~* \n="
    found: list[str] = []
    while len(found) < count:
        command = chance.choice(commands)
        at = chance.randrange(len(command))
        words = command.split(" ")
        chance.shuffle(words)
        command = chance.choice(
            [
                command[:at],
                command[:at] + command[at + 1 :],
                command[:at] + chance.choice(signs) + command[at:],
                command[:at] + chance.choice(signs) + command[at + 1 :],
                command[:at] + command[at] + command[at:],
                " ".join(words),
            ]
        ).strip()
        if command and not command.endswith("\\") and "<<" not in command:
            found.append(command)
    return found


@pytest.mark.parametrize("shell", [Shell.BASH, Shell.ZSH])
def test_no_certainty_about_damaged_commands_is_wrong(shell: Shell) -> None:
    """What the shell refuses is not accepted, and what it takes is never certainly at fault."""
    commands = mutated(COMMANDS, 800)

    with ThreadPoolExecutor(2) as pool:
        refusals = list(pool.map(refusal_of_real, repeat(shell), commands))

    wrong: list[tuple[str, str]] = []
    for command, refusal in zip(commands, refusals, strict=True):
        fault = fault_of(shell, command)
        if fault is None and refusal and not any(known in refusal for known in EXPLAINED):
            wrong.append((command, refusal))
        if fault and fault.is_certain and not refusal and not is_of_prompt(fault):
            wrong.append((command, fault.reason))
    assert wrong == []


def is_of_prompt(fault: SyntaxFault) -> bool:
    """Whether only a prompt shows *fault*."""
    return any(reason in fault.reason for reason in AT_THE_PROMPT)


@pytest.mark.parametrize(
    "command", ["x" * (MAX_CHARS + 1), "( " * 70 + "ls" + ")" * 70, "a;" * 4096, "a=(" * 1300]
)
def test_a_command_over_budget_is_not_read(command: str) -> None:
    """A command too large, too deep or too slow to read is over budget, or a fault at once."""
    with pytest.raises((OverBudget, SyntaxFault)):
        read_line(command, Shell.BASH, Budget.start())


@shells
@given(text=st.text(max_size=60) | st.text("(){}[]|&;<>$`'\"\\!#~* \nab=1", max_size=40))
def test_any_text_is_judged_without_an_error(text: str, shell: Shell) -> None:
    """No text makes the readers raise anything but OverBudget and SyntaxFault."""
    with contextlib.suppress(OverBudget):
        fault = fault_of(shell, text)
        assert fault is None or fault.reason
    refers_to_history(text, shell)
