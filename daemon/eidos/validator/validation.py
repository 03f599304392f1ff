"""The verdict on a command: may it be offered, offered with a warning, or not at all.

    raw text -> text_gate.clean -> syntax.read_line -> evaluation -> rules -> policy

Everything here is pure: no I/O, no state, and nothing is ever run. Whatever cannot be read, or
only at too great a cost, is warned about, never called fine.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from eidos.errors import raised_at
from eidos.protocol import Level, Shell
from eidos.validator import strict
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.commands import Command
from eidos.validator.evaluating.evaluation import evaluate
from eidos.validator.faults import SyntaxFault
from eidos.validator.policy import BALANCED, Override, Policy, Profile
from eidos.validator.reading.syntax import read_line, refers_to_history
from eidos.validator.rules import RULES, Rule, broken_by
from eidos.validator.text_gate import UncleanText, clean


class Verdict(msgspec.Struct, frozen=True):
    """What the validator says of a command, and why; `rule` is stable, `reason` for a person."""

    level: Level
    rule: str
    reason: str
    command: str
    """The command, cleaned; empty when its text must not be shown at all."""
    kind: str = ""
    """The class of the rule: delete, exfil, syntax, text, …"""
    part: str = ""
    """The part of the command that the rule minds."""
    safer: str = ""
    """What to do instead, where that exists."""
    overrides: tuple[Override, ...] = ()
    """The settings that changed what rules say of this command."""

    @classmethod
    def of_unclean(cls, unclean: UncleanText) -> "Verdict":
        """Return the verdict on text that must not even be shown."""
        return cls(Level.BLOCK, f"text-{unclean.rule}", unclean.reason, "", "text")


class _Finding(NamedTuple):
    rule: Rule
    level: Level
    part: str
    reason: str = ""
    """In place of the rule's own, where more can be said."""


_STEPS_A_COMMAND: Final = 40
"""Asking all rules about a command takes about as long as that many steps of reading one."""
MAX_PARTS: Final = 256
"""Words, redirections or assignments of one program; with more, nobody vouches for all of them."""
_HALF: Final = MAX_PARTS // 2
_RULES_TIME_S: Final = 0.005
log = logging.getLogger(__name__)

_SEVERITY: Final = {Level.OK: 0, Level.WARN: 1, Level.BLOCK: 2}


def judge(raw: str, shell: Shell, policy: Policy = BALANCED) -> Verdict:
    """Return the verdict on what a model wrote: the text gate first, then `check`."""
    try:
        command = clean(raw, shell)
    except UncleanText as unclean:
        return Verdict.of_unclean(unclean)
    return check(command, shell, policy)


def judge_pasted(text: str, shell: Shell, policy: Policy = BALANCED) -> Verdict:
    """Return the verdict on a command that a person gives, which may go over several lines."""
    try:
        command = clean(text, allow_lines=True)
    except UncleanText as unclean:
        return Verdict.of_unclean(unclean)
    return check(command, shell, policy)


def gate(raw: str, shell: Shell | None = None) -> str:
    """Return the command in *raw* if it may stand in a prompt, whatever it does.

    With *shell* None it may be one complete line of any of the three.

    Raises:
        UncleanText: it holds what may not, or Enter would wait for more of it.
    """
    command = clean(raw, shell)
    faults = [_incompleteness(command, one) for one in ([shell] if shell else _shells(command))]
    if all(faults):
        raise UncleanText("incomplete", faults[0])
    return command


def _shells(command: str) -> list[Shell]:
    # Nearly every word is a command to fish, `done` too; its blocks are what no other shell reads.
    is_block = re.search(r"\bend\b", command) is not None
    return [Shell.BASH, Shell.ZSH, Shell.FISH] if is_block else [Shell.BASH, Shell.ZSH]


def _incompleteness(command: str, shell: Shell) -> str:
    try:
        read_line(command, shell, Budget.start())
    except SyntaxFault as fault:
        return fault.reason if fault.is_certain else ""
    except (OverBudget, RecursionError):
        return ""
    return ""


def check(command: str, shell: Shell, policy: Policy = BALANCED) -> Verdict:
    """Return the verdict on one clean line that is meant for the prompt of *shell*."""
    try:
        return examine(command, shell, policy)
    except Exception as exc:  # noqa: BLE001 - a fault of ours costs a warning, not the answer
        # Its type and place alone: the message of a KeyError may be a word of the command.
        log.error("the validator failed: %s", raised_at(exc))  # noqa: TRY400
        rule = RULES["unreadable"]
        return Verdict(rule.level, rule.id, rule.reason, command, rule.kind, command)


def examine(command: str, shell: Shell, policy: Policy = BALANCED) -> Verdict:
    """Return the verdict that `check` returns; a fault of the validator itself raises."""
    findings = list(_findings(command, shell, policy.profile))
    overrides = (policy.use(found.rule.id, found.level) for found in findings)
    settled = [f._replace(level=policy.level(f.rule.id, f.level)) for f in findings]
    worst = max(settled, key=lambda found: _SEVERITY[found.level], default=None)
    used = tuple(dict.fromkeys(override for override in overrides if override is not None))
    if worst is None or worst.level is Level.OK:
        return Verdict(Level.OK, "", "", command, overrides=used)
    rule = worst.rule
    reason = worst.reason or rule.reason
    return Verdict(worst.level, rule.id, reason, command, rule.kind, worst.part, rule.safer, used)


def _findings(command: str, shell: Shell, profile: Profile) -> Iterator[_Finding]:
    """Yield what there is to say of *command*; of equally bad findings the first counts."""
    if profile is Profile.STRICT and (rule := strict.find_fault(command)):
        yield _found(rule, command)
    try:
        budget = Budget.start()
        evaluation = evaluate(read_line(command, shell, budget), shell, budget)
        if evaluation.unreadable:
            yield _found("unreadable-script", command)
        yield from _broken(evaluation.commands)
    except SyntaxFault as fault:
        rule = "syntax" if fault.is_certain else "unread-syntax"
        yield _found(rule, command, fault.reason)
    except (OverBudget, RecursionError):
        yield _found("unreadable", command)
    if refers_to_history(command, shell):
        yield _found("history-expansion", command)


def _broken(commands: Iterable[Command]) -> Iterator[_Finding]:
    """Yield what the rules say; what was found before the budget ran out counts all the same."""
    budget = Budget.start(_RULES_TIME_S)
    for command in commands:
        budget.spend(_STEPS_A_COMMAND)
        short = _shortened(command)
        if short is not command:
            yield _found("unreadable", command.source)
        for rule in broken_by(short):
            yield _Finding(rule, _level(rule, command), command.source)


def _shortened(command: Command) -> Command:
    """Return *command*, or its beginning and end where it has more parts than rules can look at."""
    parts = (command.words, command.redirects, command.assignments)
    if all(len(part) <= MAX_PARTS for part in parts):
        return command
    words, redirects, assignments = (part[:_HALF] + part[-_HALF:] for part in parts)
    return replace(command, words=words, redirects=redirects, assignments=assignments)


def _level(rule: Rule, command: Command) -> Level:
    # What only looks like a command may be the text that an unknown program takes.
    return Level.WARN if command.is_guess else rule.level


def _found(rule: str, part: str, reason: str = "") -> _Finding:
    return _Finding(RULES[rule], RULES[rule].level, part, reason)
