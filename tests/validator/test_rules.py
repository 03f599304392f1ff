"""The table of rules: complete, and its examples true."""

import subprocess
import sys
from pathlib import Path

import pytest

from eidos.protocol import Level, Shell
from eidos.validator.budget import Budget
from eidos.validator.commands import Command
from eidos.validator.effects.effect import (
    ALL_TRAITS,
    ASSIGNING,
    FED,
    REDIRECTED,
    REPEATED,
    UNPLAIN,
    WRITING,
)
from eidos.validator.effects.traits import traits_of
from eidos.validator.evaluating.evaluation import evaluate
from eidos.validator.policy import Policy
from eidos.validator.reading.syntax import read_line
from eidos.validator.rules import EFFECTS, GROUPS, RULES, Rule, rows_of
from eidos.validator.validation import check

REPOSITORY = Path(__file__).parents[2]
SEVERITY = [Level.OK, Level.WARN, Level.BLOCK]
CAUGHT = [
    pytest.param(rule, command, id=f"{rule.id}: {command[:80]}")
    for rule in RULES.values()
    for command in rule.caught
]
SPARED = [
    pytest.param(rule, command, id=f"{rule.id}: {command[:80]}")
    for rule in RULES.values()
    for command in rule.spared
]


def policy_for(rule: Rule) -> Policy:
    """Return the policy under which *rule* is asked."""
    return Policy.build("strict" if rule.kind == "strict" else "balanced", {})


@pytest.mark.parametrize(("rule", "command"), CAUGHT)
def test_what_a_rule_is_said_to_catch_gets_its_level(rule: Rule, command: str) -> None:
    """The examples that the documentation shows are at least as bad as the rule says."""
    verdict = check(command, Shell.BASH, policy_for(rule))

    assert SEVERITY.index(verdict.level) >= SEVERITY.index(rule.level)
    assert verdict.rule == rule.id or verdict.level is Level.BLOCK


@pytest.mark.parametrize(("rule", "command"), SPARED)
def test_what_a_rule_is_said_to_spare_is_fine(rule: Rule, command: str) -> None:
    """The look-alikes that the documentation shows are left alone."""
    verdict = check(command, Shell.BASH, policy_for(rule))

    assert (verdict.level, verdict.rule) == (Level.OK, "")


def test_every_effect_has_its_row_and_every_row_its_effect() -> None:
    """No question is asked without a reason to show, and no row is dead."""
    asked = {effect.rule for effect in EFFECTS}
    by_validation = {"reading", "strict"}
    rows = {rule.id for group in GROUPS.keys() - by_validation for rule in rows_of(group)}

    assert asked == rows


def test_every_effect_is_asked_of_something() -> None:
    """An effect without programs and traits would never be asked, and its rule never broken."""
    assert [effect.rule for effect in EFFECTS if not effect.programs and not effect.when] == []


def test_every_command_with_a_trait_is_asked_what_the_trait_is_about() -> None:
    """Redirections, variables, pipes, loops and odd names are each a way to break some rule."""
    plain = traits_of(command_of("ls"))

    assert traits_of(command_of("ls > f")) == plain | REDIRECTED
    assert traits_of(command_of("ls > /etc/hosts")) == plain | REDIRECTED | WRITING
    assert traits_of(command_of("cp f /etc/hosts")) == plain | WRITING
    assert traits_of(command_of("mapfile[/etc/hosts]=x ls")) == plain | ASSIGNING | WRITING
    assert traits_of(command_of("x=1 ls")) == plain | ASSIGNING
    assert traits_of(command_of("ls $(pwd)")) == plain | FED
    assert traits_of(command_of("for i in 1 2; do ls; done")) == plain | REPEATED
    assert traits_of(command_of("ls &")) == plain | REPEATED
    assert traits_of(command_of("./ls")) == traits_of(command_of("$x")) == plain | UNPLAIN
    assert plain | REDIRECTED | WRITING | ASSIGNING | FED | REPEATED | UNPLAIN == ALL_TRAITS


def command_of(line: str) -> Command:
    """Return the last command that *line* runs."""
    budget = Budget.start()
    return evaluate(read_line(line, Shell.BASH, budget), Shell.BASH, budget).commands[-1]


def test_reasons_are_one_short_line() -> None:
    """A reason fits below a prompt and is no sentence of its own."""
    for rule in RULES.values():
        assert len(rule.reason) <= 100, rule.id
        assert "\n" not in rule.reason + rule.safer
        assert not rule.reason.endswith("."), rule.id


def test_the_documented_rules_are_the_rules() -> None:
    """The table in docs/rules.md is the one that the code gives."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "docs" / "rules_page.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
