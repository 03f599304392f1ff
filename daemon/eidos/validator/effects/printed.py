"""The texts that stand in a line for a program to run: arguments, here-strings, piped echoes."""

import re
from collections.abc import Iterator
from typing import Final

from eidos.validator.answers import Once
from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.printing import printed_by
from eidos.validator.patterns import Pattern

NEAR: Final = 16
"""Stages of a pipe that are looked at before a command, so that a long one costs no square."""
_INPUT: Final = frozenset({"<<", "<<-", "<<<"})
_YES: Final = frozenset({"y", "yes", "ok", "true", "nuke", "destroy", "delete", "confirm"})
_SAYS_YES: Final = Pattern(
    r"TF_CLI_ARGS\w*=.*-auto-approve.*|(?:CLOUDSDK_CORE_DISABLE_PROMPTS|PULUMI_SKIP_CONFIRMATIONS"
    r"|\w*AUTO_APPROVE|\w*ASSUME_YES)=(?:1|true|yes)",
    re.IGNORECASE,
)
"""Settings in the environment with which a program does not ask."""
_PRINTERS: Final = frozenset({"echo", "printf", "print"})


@Once
def texts_given(command: Command) -> tuple[str, ...]:
    """Return every text that *command* is given in the line itself."""
    return tuple({word.text for word in command.args}) + texts_read(command)


@Once
def texts_read(command: Command) -> tuple[str, ...]:
    """Return the texts that *command* reads from its input, or from a file written in the line."""
    return tuple(dict.fromkeys(_texts_read(command)))


def _texts_read(command: Command) -> Iterator[str]:
    given = _here_text(command)
    if given is not None:
        yield given.text
    printed: Word | None = None
    for source in command.upstream[-NEAR:]:
        printed = printed_by(source, _here_text(source) or printed)
    if printed is not None:
        yield printed.text
    for source in (*command.upstream[-NEAR:], *command.reads[-NEAR:]):
        if source.name in _PRINTERS:
            yield _as_written(source)


def answers_yes(command: Command) -> bool:
    """Whether what *command* reads says yes to every question."""
    if command.upstream and command.upstream[-1].name == "yes":
        return True
    if any(_SAYS_YES.fullmatch(f"{a.name}={a.value.text}") for a in command.assignments):
        return True
    return any(text.strip().lower() in _YES for text in texts_read(command))


def _here_text(command: Command) -> Word | None:
    texts = (r.target for r in command.redirects if r.operator in _INPUT)
    return next(texts, None)


def _as_written(command: Command) -> str:
    """Return what *command* prints, variables and formats as they stand."""
    return " ".join(word.text for word in command.args)
