"""The verdict on a command: what is blocked, what is warned about, and what is left alone."""

import json
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eidos.protocol import Level, Shell
from eidos.validator.rules import RULES, Rule
from eidos.validator.validation import Verdict, check, judge

REPOSITORY = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
VERDICTS = tomllib.loads((DATA / "verdicts.toml").read_text())
CASES = [
    pytest.param(Level(level), "" if rule == "none" else rule, command, id=f"{level}: {command}")
    for level, rules in VERDICTS.items()
    for rule, commands in rules.items()
    for command in commands
]
BLOCKED = [command for commands in VERDICTS["block"].values() for command in commands]
SEVERITY = [Level.OK, Level.WARN, Level.BLOCK]
WRAPPINGS = [
    "sudo {}",
    "sudo -u root -- {}",
    "env A=1 {}",
    "nohup nice -n 5 {}",
    "timeout 5 {}",
    "sh -c {quoted}",
    "sudo bash -lc {quoted}",
    "eval {quoted}",
    "ssh host {quoted}",
    "true && {}",
    "( {} )",
    "x=$( {} )",
    "if true; then {} ; fi",
    "echo {quoted} | sh",
    "true; {}",
]
SIMPLE = [c for c in VERDICTS["block"]["delete-system"] if c.startswith("rm ") and "&" not in c]
shells = pytest.mark.parametrize("shell", list(Shell))
rules = pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in RULES])


@pytest.mark.parametrize(("level", "rule", "command"), CASES)
def test_a_command_gets_its_verdict(level: Level, rule: str, command: str) -> None:
    """Each command of the table is judged by the rule under which it stands."""
    verdict = judge(command, Shell.BASH)

    assert (verdict.level, verdict.rule) == (level, rule)


@rules
def test_a_rule_catches_its_example_and_spares_the_harmless_one(rule: Rule) -> None:
    """The examples that the documentation shows are true."""
    assert check(rule.example, Shell.BASH) == Verdict(
        rule.level, rule.id, rule.reason, rule.example
    )
    assert check(rule.harmless, Shell.BASH).level is Level.OK


def test_every_rule_has_its_own_name() -> None:
    """A rule id in a log or a report means one rule."""
    assert len({rule.id for rule in RULES}) == len(RULES)


@shells
@pytest.mark.parametrize("command", ["rm -rf /", "sudo rm -rf ~", "mkfs.ext4 /dev/sda1"])
def test_danger_is_blocked_for_every_shell(command: str, shell: Shell) -> None:
    """What bash must not run, zsh and fish must not run either."""
    assert check(command, shell).level is Level.BLOCK


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("command", SIMPLE)
def test_wrapping_a_blocked_command_never_lowers_the_verdict(command: str, wrapping: str) -> None:
    """sudo, env, sh -c, a pipe into sh, a block or a substitution around it change nothing."""
    wrapped = wrapping.format(command, quoted=shlex.quote(command))

    assert check(wrapped, Shell.BASH).level is Level.BLOCK


@example(command="rm -rf /", wrappings=["if true; then {} ; fi", "sudo {}", "sh -c {quoted}"])
@given(
    command=st.sampled_from(SIMPLE),
    wrappings=st.lists(st.sampled_from(WRAPPINGS), min_size=2, max_size=3),
)
def test_wrapping_twice_leaves_danger_visible(command: str, wrappings: list[str]) -> None:
    """Wrappings around wrappings are seen through, or at least warned about."""
    for wrapping in wrappings:
        command = wrapping.format(command, quoted=shlex.quote(command))

    assert judge(command, Shell.BASH).level is not Level.OK


@given(
    command=st.sampled_from(BLOCKED),
    harmless=st.sampled_from(["ls", "echo done", "cd /tmp", "true"]),
    before=st.booleans(),
)
def test_a_harmless_command_beside_it_lowers_nothing(
    *, command: str, harmless: str, before: bool
) -> None:
    """A list of commands is at least as bad as its worst part."""
    together = f"{harmless}; {command}" if before else f"{command} ; {harmless}"

    assert judge(together, Shell.BASH).level is Level.BLOCK


@pytest.mark.parametrize("shell", [Shell.BASH, Shell.ZSH])
def test_ordinary_commands_are_left_alone(shell: Shell) -> None:
    """Of 1,200 ordinary commands the rules mind those that data/minded.toml lists."""
    lines = (DATA / "commands.jsonl").read_text().splitlines()
    verdicts = [judge(json.loads(line)["cmd"], shell) for line in lines]

    minded = {v.command: v.rule for v in verdicts if v.command and v.rule not in {"", "syntax"}}

    assert minded == tomllib.loads((DATA / "minded.toml").read_text())


@pytest.mark.parametrize(
    ("raw", "rule"),
    [("ls\x1b[2K", "text-control"), ("ls\nrm x", "text-newline"), ("", "text-empty")],
    ids=["escape", "two lines", "empty"],
)
def test_unclean_text_is_blocked_and_not_repeated(raw: str, rule: str) -> None:
    """What the text gate refuses comes back without its text, since showing it is unsafe."""
    verdict = judge(raw, Shell.ZSH)

    assert (verdict.level, verdict.rule, verdict.command) == (Level.BLOCK, rule, "")


def test_the_cleaned_command_comes_back() -> None:
    """The gate strips the wrapping first and says which text it judged."""
    assert judge("```sh\n$ ls -la\n```", Shell.FISH) == Verdict(Level.OK, "", "", "ls -la")


@pytest.mark.parametrize(
    ("command", "shell"),
    [("echo 'a", Shell.BASH), ("for f in *; do ls; done", Shell.FISH), ("ls # x", Shell.ZSH)],
)
def test_what_its_shell_cannot_read_is_blocked(command: str, shell: Shell) -> None:
    """A line that would leave the shell waiting, or fail there, is not offered."""
    verdict = check(command, shell)

    assert (verdict.level, verdict.rule) == (Level.BLOCK, "syntax")
    assert shell in verdict.reason


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("ls " * 700, "unreadable"),
        ("(" * 70 + "ls" + ")" * 70, "unreadable"),
        ("a=(" * 1300, "unreadable"),
        ("bash -c 'if'", "unreadable-script"),
        ("sh -c 'ls';" * 20, "unreadable-script"),
        ("eval eval eval eval eval ls", "unreadable-script"),
    ],
    ids=["too large", "too deep", "too slow", "broken script", "many scripts", "nested scripts"],
)
def test_what_cannot_be_checked_is_warned_about(command: str, rule: str) -> None:
    """Over budget is never fine; it costs a warning, not an error."""
    verdict = check(command, Shell.BASH)

    assert (verdict.level, verdict.rule) == (Level.WARN, rule)


FRAGMENTS = ["rm -rf /", "sh -c '", "$(", ")", "`", "|", "&&", ";", ">", "/dev/sda", "sudo ", "'"]
FRAGMENTS += ['"', "eval ", "find . -exec ", "{} \\;", "{a,b}", "$x", "x=", "f() {", "}", "<<", "!"]
FRAGMENTS += [
    "echo ",
    "xargs ",
    "env -S ",
    " -- ",
    "-",
    "=",
    "é",
    "\\",
    "*",
    "~",
    "if ",
    "fi",
    "\t",
]


@shells
@given(text=st.text(max_size=80) | st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join))
def test_any_text_gets_a_verdict(text: str, shell: Shell) -> None:
    """No text makes the validator raise, and whoever is not ok says why."""
    for verdict in (judge(text, shell), check(text, shell)):
        assert verdict.level in SEVERITY
        assert (verdict.level is Level.OK) == (verdict.rule == "") == (verdict.reason == "")


def test_the_documented_rules_are_the_rules() -> None:
    """The table in docs/validator.md is the one that the code gives."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "docs" / "validator_table.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
