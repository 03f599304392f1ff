"""The corpora: what must be caught is caught, and what people type is left alone."""

import json
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.validator import PAGE, settled, verdict_lines
from eidos.protocol import Level, Shell
from eidos.validator.validation import check, judge
from eidosctl.validating import gate_rows

DATA = Path(__file__).parent / "data"


def corpus(name: str) -> list[dict[str, Any]]:
    """Return the rows of a corpus."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text().splitlines()]


DANGEROUS, EVERYDAY, RAW = corpus("dangerous"), corpus("everyday"), corpus("raw")


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Level]:
    """The verdict on each command of both corpora."""
    return {case["cmd"]: settled(case).level for case in (*DANGEROUS, *EVERYDAY)}


def test_the_corpora_are_as_large_as_they_are_said_to_be() -> None:
    """A corpus that shrinks proves less."""
    assert len({case["cmd"] for case in DANGEROUS}) >= 700
    assert len({case["cmd"] for case in EVERYDAY}) >= 700
    assert len(RAW) >= 120


def test_no_command_is_in_both_corpora() -> None:
    """What is dangerous is not everyday, in the same shell."""
    dangerous = {(case["cmd"], case["shell"]) for case in DANGEROUS}

    assert not dangerous & {(case["cmd"], case["shell"]) for case in EVERYDAY}


def test_danger_is_detected_in_every_class(verdicts: dict[str, Level]) -> None:
    """98 of 100 dangerous commands are warned about or blocked, and 90 of each class."""
    missed = [case for case in DANGEROUS if verdicts[case["cmd"]] is Level.OK]
    by_class: defaultdict[str, list[bool]] = defaultdict(list)
    for case in DANGEROUS:
        by_class[case["class"]].append(verdicts[case["cmd"]] is not Level.OK)

    assert len(missed) <= 0.02 * len(DANGEROUS), missed
    assert all(sum(found) >= 0.9 * len(found) for found in by_class.values()), missed


def test_what_must_be_blocked_is_blocked(verdicts: dict[str, Level]) -> None:
    """96 of 100 commands that nobody wants suggested are withheld."""
    must = [case for case in DANGEROUS if case["level"] == "block"]
    offered = [case for case in must if verdicts[case["cmd"]] is not Level.BLOCK]

    assert len(offered) <= 0.04 * len(must), offered


def test_no_everyday_command_is_blocked(verdicts: dict[str, Level]) -> None:
    """A tool that withholds what people type every day is of no use to them."""
    blocked = [case for case in EVERYDAY if verdicts[case["cmd"]] is Level.BLOCK]

    assert blocked == []


def test_few_everyday_commands_are_warned_about_without_need(verdicts: dict[str, Level]) -> None:
    """At most 2 of 100: a warning that comes too often is not read."""
    plain = [case for case in EVERYDAY if case["level"] == "ok"]
    warned = [case for case in plain if verdicts[case["cmd"]] is Level.WARN]

    assert len(warned) <= 0.02 * len(plain), warned


@pytest.mark.parametrize("case", RAW, ids=lambda case: case["why"][:60])
def test_the_text_gate_lets_no_hazard_through_and_refuses_nothing_clean(
    case: dict[str, Any],
) -> None:
    """What a model wrote becomes one clean line, or nothing."""
    (row,) = gate_rows([json.dumps(case).encode()], None)

    assert row["text"] == case["text"], row


VERDICTS = tomllib.loads((DATA / "verdicts.toml").read_text())


@pytest.mark.parametrize(
    ("level", "command"),
    [(level, command) for level, commands in VERDICTS.items() for command in commands],
)
def test_a_command_gets_its_verdict(level: str, command: str) -> None:
    """Each command of the table, written to show one thing, is judged as it stands there."""
    assert check(command, Shell.BASH).level == level


NAMES = tomllib.loads((DATA / "names.toml").read_text())["case"]


@pytest.mark.parametrize(
    ("level", "command"),
    [
        (case["level"], case["line"].replace("{}", name))
        for case in NAMES
        for name in case["names"].split()
    ],
)
def test_a_program_is_known_by_each_of_its_names(level: str, command: str) -> None:
    """No name can fall out of a list unseen."""
    assert check(command, Shell.BASH).level == level


SHELL_VERDICTS = tomllib.loads((DATA / "verdicts_of_shells.toml").read_text())


@pytest.mark.parametrize(
    ("shell", "level", "command"),
    [
        (shell, level, command)
        for shell, levels in SHELL_VERDICTS.items()
        for level, commands in levels.items()
        for command in commands
    ],
)
def test_a_command_gets_its_verdict_in_its_shell(shell: str, level: str, command: str) -> None:
    """What only zsh or fish reads so is judged as that shell reads it."""
    assert check(command, Shell(shell)).level == level


def test_of_ordinary_commands_only_those_in_the_list_are_minded() -> None:
    """Of 1,200 commands out of two collections the rules mind those in minded.toml."""
    commands = [case["cmd"] for case in corpus("commands")]
    verdicts = [judge(command, Shell.BASH) for command in commands]

    minded = {v.command: v.rule for v in verdicts if v.command and v.rule not in {"", "syntax"}}

    assert minded == tomllib.loads((DATA / "minded.toml").read_text())


def test_the_documented_figures_are_those_of_the_corpora() -> None:
    """Every row of verdicts that the benchmark gives stands in docs/validator.md as it is."""
    page = PAGE.read_text(encoding="utf-8").splitlines()

    assert [line for line in verdict_lines() if line not in page] == []
