"""Promises of the evaluator: which commands a line runs, and what reaches them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.protocol import Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.commands import Command
from eidos.validator.evaluating.evaluation import Evaluation, evaluate
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.syntax import read_line

DATA = Path(__file__).parent / "data"
CASES = tomllib.loads((DATA / "evaluation.toml").read_text())["case"]
KNOWN = r"""
sudo find / -exec rm {} \; xargs -I{} sh -c $x ssh h docker run -v /:/m eval read x trap
alias a=b cd .. git config alias.x !rm tar --checkpoint-action=exec=rm | parallel :::
env -S set -- printf %s base64 -d <<< f & python3 - source /dev/stdin done sed s/a/b/e
su screen -X stuff awk vim +!rm f(){ ;} > < <( ) $( || && time coproc
"""
PIECES = (*KNOWN.split(), "while read x; do")
FLAGS = ("is_parallel", "is_background", "in_loop", "in_endless_loop", "is_guess")


def evaluated(line: str, shell: str = "bash") -> Evaluation:
    """Evaluate one line as the validator does."""
    budget = Budget.start()
    return evaluate(read_line(line, Shell(shell), budget), Shell(shell), budget)


def text_of(command: Command) -> str:
    """Write *command* in one line: its words, else its assignments, else its redirections."""
    return (
        " ".join(word.text for word in command.words)
        or " ".join(f"{each.name}={each.value.text}" for each in command.assignments)
        or " ".join(redirects_of(command))
    )


def redirects_of(command: Command) -> list[str]:
    """Write the redirections of *command* as they would stand in a line."""
    return [f"{each.fd}{each.operator}{each.target.text}" for each in command.redirects]


def facts_of(command: Command) -> dict[str, Any]:
    """Return what is known of *command* beside its words, under the names that the data use."""
    return {
        "wrappers": list(command.wrappers),
        "program_from": [each.name for each in command.program_from],
        "reads": [each.name for each in command.reads],
        "machine": str(command.machine),
        "inside": sorted(command.inside),
        "folder": next((word.folder for word in command.words if word.folder), ""),
        "flags": [flag.removeprefix("is_") for flag in FLAGS if getattr(command, flag)],
        "unknown": [word.text for word in command.words if not word.is_known],
        "redirects": redirects_of(command),
    }


NOTHING = {
    "wrappers": [], "program_from": [], "machine": "host", "inside": [], "folder": "",
    "flags": [], "unknown": [], "redirects": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case.get('shell', 'bash')}: {case['line']}" for case in CASES]
)
def test_a_line_is_evaluated_to_what_it_runs(case: dict[str, Any]) -> None:
    """Each line runs these commands in this order; of the last all that is said is true."""
    found = evaluated(case["line"], case.get("shell", "bash"))

    assert [text_of(command) for command in found.commands] == case["commands"]
    assert found.unreadable == case.get("unreadable", False)
    if found.commands:
        facts = facts_of(found.commands[-1])
        expected = {key: case.get(key, nothing) for key, nothing in NOTHING.items()}
        expected["reads"] = case.get("reads", facts["reads"])
        assert facts == expected


@pytest.mark.parametrize("shell", list(Shell))
@given(text=st.text(alphabet="ab $(){}[]<>|&;'\"`\\\n=-*~!#/1x", max_size=60))
def test_no_line_makes_the_evaluator_raise(text: str, shell: Shell) -> None:
    """Whatever the reader can read, the evaluator can follow or says that it cannot."""
    budget = Budget.start()
    try:
        statement = read_line(text, shell, budget)
    except (SyntaxFault, OverBudget):
        return

    evaluate(statement, shell, budget)


@given(words=st.lists(st.sampled_from(PIECES), max_size=14))
def test_no_order_of_what_it_knows_makes_the_evaluator_raise(words: list[str]) -> None:
    """Wrappers without a command, options without a value: whatever it is, it is followed."""
    budget = Budget.start()
    try:
        statement = read_line(" ".join(words), Shell.BASH, budget)
    except (SyntaxFault, OverBudget):
        return

    evaluate(statement, Shell.BASH, budget)


@pytest.mark.parametrize(
    "line",
    [
        "".join(f"f{i}() {{ f{i + 1}; f{i + 1}; }}; " for i in range(40)) + "f0",
        "x=abcdefgh; " + "x=$x$x; " * 40 + "echo $x",
        "for a in 1 2 3 4 5 6 7 8; do " * 12 + "rm x; " + "done; " * 12,
        """x='eval "$x"'; eval "$x" """,
        "sh -c " * 12 + "ls",
        "sudo " * 60 + "ls",
        "".join(f"alias a{i}='a{i + 1}; a{i + 1}'; " for i in range(40)) + "a0",
    ],
)
def test_what_grows_without_bound_is_given_up(line: str) -> None:
    """Work that doubles at each step ends at the budget, and is never called fully read."""
    evaluation = evaluated(line)

    assert evaluation.unreadable or len(evaluation.commands) < 200
