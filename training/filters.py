"""Which pairs may be learnt: those that parse, are harmless, and say what they speak of."""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from eidos.protocol import Level, Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.syntax import read_line
from eidos.validator.validation import Verdict, judge
from training.expanding import Pair
from training.literals import missing_literals

_CACHED: Final = 1 << 16
"""Commands of which we remember what was said: many requests ask for the same one."""


class Reason(StrEnum):
    """Why a pair is left out."""

    LENGTH = "too short, too long, or runs no program"
    SYNTAX = "does not parse in its shell"
    BLOCKED = "blocked by the validator, and not asked for"
    UNNAMED = "does not name its program"
    LITERALS = "a literal is not in the request"
    DEVELOPMENT = "close to the development set"
    DUPLICATE = "the same pair is there"
    CONTRADICTION = "the same request has a better command"
    BALANCE = "more than the share of its tool"


def normalised(pair: Pair) -> Pair:
    """Return *pair* with plain quotes, dashes and blanks, and no full stop at its end."""
    request = " ".join(unicodedata.normalize("NFC", pair.request).translate(_PLAIN).split())
    if request.endswith(".") and not request.endswith(("..", " .")):
        request = request[:-1]
    command = pair.command.strip()
    if pair.source != "intent":
        command = command.translate(_PLAIN)
    return msgspec.structs.replace(pair, request=request, command=command)


def fault(pair: Pair) -> Reason | None:
    """Return what is wrong with *pair*, taken alone; None if it may be learnt."""
    runs_nothing = not pair.tool and pair.source != "intent"
    is_short = len(pair.request) < _MIN_REQUEST or runs_nothing
    if is_short or len(pair.request) > _MAX_REQUEST or len(pair.command) > _MAX_COMMAND:
        return Reason.LENGTH
    shell = Shell(pair.shell)
    if not parses(pair.command, shell):
        return Reason.SYNTAX
    verdict = _verdict(pair.command, shell)
    if verdict.level is Level.BLOCK and not _is_asked_for(verdict, pair.request):
        return Reason.BLOCKED
    # Of an intent the linter has seen to it that each slot of its command is said.
    return None if pair.source == "intent" else _fault_of_collected(pair)


def _fault_of_collected(pair: Pair) -> Reason | None:
    """Return what is wrong with a *pair* of which nobody has checked that it says everything."""
    if pair.source == "tldr" and not _is_named(pair):
        return Reason.UNNAMED
    is_invented = any(True for _ in missing_literals(pair.request, pair.command))
    return Reason.LITERALS if is_invented else None


@lru_cache(_CACHED)
def parses(command: str, shell: Shell) -> bool:
    """Whether *command* is one complete line of *shell*, as far as our reader can tell."""
    try:
        read_line(command, shell, Budget.start())
    except SyntaxFault as syntax:
        return not syntax.is_certain
    except (OverBudget, RecursionError):
        return False
    return True


@lru_cache(_CACHED)
def _verdict(command: str, shell: Shell) -> Verdict:
    return judge(command, shell)


def _is_asked_for(verdict: Verdict, request: str) -> bool:
    words = _ASKING.get(verdict.kind)
    return words is not None and words.search(request) is not None


def _is_named(pair: Pair) -> bool:
    """Whether the request names a program of the command: many pages have a "read from stdin"."""
    said = pair.request.lower()
    programs = [pair.tool, *re.findall(r"\|\s*(?:sudo )?([\w.-]+)", pair.command)]
    return any(
        re.search(rf"(?<![\w.-]){re.escape(name.lower())}(?![\w-])", said) for name in programs
    )


_MIN_REQUEST: Final = 3
_MAX_REQUEST: Final = 300
_MAX_COMMAND: Final = 300
_PLAIN: Final = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-"})
_ASKING: Final = {
    kind: re.compile(words, re.IGNORECASE)
    for kind, words in {
        "account": r"\b(?:root|sudo\w*|password\w*|account|log ?in)\b",
        "data-loss": (
            r"\b(?:delet|remov|drop|destroy|eras|reset|discard|clean|purg|wip|prun|forc)"
            r"|\b(?:get rid|trash|kill|tear)"
        ),
        "delete": r"\b(?:delet|remov|eras|wip|clear|clean|empt|purg|shred|get rid|trash|kill)",
        "disk": r"\b(?:format|partition|write|writ|eras|wip|overwrit|destr|creat|flash|burn|clon)",
        "overwrite": r"\b(?:overwrit|replac|empt|truncat|move|write|link)",
        "packages": r"\b(?:remov|uninstall|purg|forc|without)",
        "permission": r"\b(?:permission|chmod|mode|everyone|everybody|own|setuid|suid|writ)",
        "remote-exec": r"\b(?:run|execut|install|pip)",
    }.items()
}
"""By class of rule: what somebody says who means what the validator blocks. Of the other classes
(hijack, evasion, reverse-shell, …) nothing is learnt, whoever asks."""
