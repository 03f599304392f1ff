"""The verdict on a command: may it be offered, offered with a warning, or not at all.

    raw text -> text_gate.clean -> tree.parse -> syntax.find_fault -> commands -> rules

Everything here is pure: no I/O, no state, and nothing is ever run. Whatever cannot be read, or
only at too great a cost, is warned about, never called fine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from eidos.protocol import Level, Shell
from eidos.validator.commands import commands_of
from eidos.validator.effects import scripts_of
from eidos.validator.rules import RULES
from eidos.validator.syntax import find_fault, refers_to_history
from eidos.validator.text_gate import UncleanText, clean
from eidos.validator.tree import OverBudget, parse

MAX_SCRIPT_DEPTH: Final = 4
"""`sh -c "sh -c …"` deeper than this is not followed."""
MAX_SCRIPTS: Final = 16
"""More scripts than this on one level are not followed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the validator says of a command, and why; `rule` is stable, `reason` for a person."""

    level: Level
    rule: str
    reason: str
    command: str
    """The command, cleaned; empty when its text must not be shown at all."""


@dataclass(frozen=True, slots=True)
class _Finding:
    level: Level
    rule: str
    reason: str


_SEVERITY: Final = {Level.OK: 0, Level.WARN: 1, Level.BLOCK: 2}
_FINE: Final = _Finding(Level.OK, "", "")
_UNREADABLE: Final = _Finding(
    Level.WARN, "unreadable", "this is too long or too deeply nested to be checked"
)
_UNREADABLE_SCRIPT: Final = _Finding(
    Level.WARN, "unreadable-script", "a script inside this command cannot be read"
)


def judge(raw: str, shell: Shell) -> Verdict:
    """Return the verdict on what a model wrote: the text gate first, then `check`."""
    try:
        command = clean(raw)
    except UncleanText as unclean:
        return Verdict(Level.BLOCK, f"text-{unclean.rule}", unclean.reason, "")
    return check(command, shell)


def check(command: str, shell: Shell) -> Verdict:
    """Return the verdict on one clean line that is meant for the prompt of *shell*."""
    finding = max(_findings(command, shell), key=lambda found: _SEVERITY[found.level])
    return Verdict(finding.level, finding.rule, finding.reason, command)


def _findings(command: str, shell: Shell) -> Iterator[_Finding]:
    """Yield what there is to say of *command*; of equally bad findings the first counts."""
    yield _FINE
    try:
        root = parse(command)
        if fault := find_fault(root, shell):
            yield _Finding(Level.BLOCK, "syntax", fault)
            return
        yield from _judge_commands(root)
    except (OverBudget, RecursionError):
        yield _UNREADABLE
    if refers_to_history(command, shell):
        reason = (
            f"the ! makes {shell} put earlier commands into this one; escape it or quote with '"
        )
        yield _Finding(Level.WARN, "history-expansion", reason)


def _judge_commands(root: Node) -> Iterator[_Finding]:
    """Judge every command below *root* and in the scripts that they run, level by level."""
    commands = commands_of(root)
    for _ in range(MAX_SCRIPT_DEPTH):
        for command in commands:
            applying = (rule for rule in RULES if rule.applies(command))
            yield from (_Finding(rule.level, rule.id, rule.reason) for rule in applying)
        scripts = [script for command in commands for script in scripts_of(command)]
        roots = [parse(script) for script in scripts[:MAX_SCRIPTS]]
        if len(scripts) > MAX_SCRIPTS or any(find_fault(root, Shell.BASH) for root in roots):
            yield _UNREADABLE_SCRIPT
        commands = [command for root in roots for command in commands_of(root)]
    if commands:
        yield _UNREADABLE_SCRIPT
