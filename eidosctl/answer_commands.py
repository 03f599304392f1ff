"""The commands in an answer, each with the validator's verdict. None of them is ever run."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from eidos import client
from eidos.config import Config
from eidos.errors import EidosError, RequestRefused
from eidos.protocol import Done, Level, OfferRequest, Shell
from eidos.validator.policy import BALANCED, Policy
from eidos.validator.validation import Verdict, judge, judge_pasted
from eidosctl import control, service
from eidosctl.place import Place

MAX_COMMANDS: Final = 20
"""Of one answer; more are an answer that nobody looks at one by one."""
_SHELL_BLOCKS: Final = frozenset({"sh", "shell", "bash", "zsh", "fish"})
_SESSION_BLOCKS: Final = frozenset({"console", "shell-session", "shellsession", "terminal"})
"""Here what has a prompt before it was typed, and the rest is what came out."""
_PROMPT: Final = re.compile(r"\s*(?:[$%❯]|#(?= \S))\s+(?=\S)")
_SIGN: Final = re.compile(r"\s*[$%❯]\s+(?=\S)")
_CONTINUED: Final = re.compile(r"[ \t]*(?<!\\)\\\n\s*")
_BUILTINS: Final = frozenset("alias bind cd export set setopt shopt source umask unset".split())


def policy_of(config: Config) -> Policy:
    """Return the policy by which the daemon judges, too."""
    return Policy.build(config.profile, config.rules)


def judged(answer: str, shell: Shell, policy: Policy = BALANCED) -> list[Verdict]:
    """Return the verdict on each command in the Markdown *answer*, in order, each command once.

    Commands are the lines of code blocks of a shell; where there is none of these, the one piece of
    code in a sentence, if there is but one and it is a whole command line. What goes over several
    lines is blocked, for it does not fit into a prompt.
    """
    tokens = MarkdownIt("commonmark").parse(answer)
    found = [line for token in tokens for line in _lines_in(token, shell)]
    commands = dict.fromkeys(found or _only_span(tokens))
    return [_judge(command, shell, policy) for command in list(commands)[:MAX_COMMANDS]]


def put(place: Place, verdict: Verdict, shell: Shell) -> str:
    """Have the daemon offer a command to the next Ctrl-G at an empty prompt; return what it says.

    Raises:
        RequestRefused: the command is blocked, by us or by the daemon.
        EidosError: there is no daemon, and none can be started.
    """
    if verdict.level is Level.BLOCK:
        raise RequestRefused(f"it is not offered: {verdict.reason}", code="blocked")
    if not client.is_listening(place.socket):
        service.start(place)
    request = OfferRequest(id=control.new_id("offer"), shell=shell, command=verdict.command)
    return control.ask(place, request, Done).message


def chosen(verdicts: Sequence[Verdict], number: str) -> Verdict:
    """Return the command that is listed under *number*.

    Raises:
        EidosError: there is none.
    """
    if number.isdecimal() and 1 <= int(number) <= len(verdicts):
        return verdicts[int(number) - 1]
    have = f"there are 1 to {len(verdicts)}" if verdicts else "the last answer has none"
    raise EidosError(f"no command {number or 'named'}; {have}")


def listed(verdicts: Sequence[Verdict]) -> Iterator[tuple[int, str, Verdict]]:
    """Yield number, text and verdict of each command; a text that must not be shown is not."""
    for number, verdict in enumerate(verdicts, 1):
        first, more, _ = verdict.command.partition("\n")
        yield number, (f"{first} …" if more else first) or "(not shown)", verdict


def _judge(command: str, shell: Shell, policy: Policy) -> Verdict:
    if "\n" not in command:
        return judge(command, shell, policy)
    verdict = judge_pasted(command, shell, policy)
    if verdict.level is Level.BLOCK:
        return verdict
    reason = "it goes over several lines, and a prompt takes one; copy it from the answer"
    return replace(verdict, level=Level.BLOCK, rule="text-lines", reason=reason)


def _lines_in(token: Token, shell: Shell) -> Iterator[str]:
    language = token.info.split(maxsplit=1)[0].lower() if token.info.strip() else ""
    if token.type != "fence" or language not in _SHELL_BLOCKS | _SESSION_BLOCKS:
        return
    block = _CONTINUED.sub(" ", token.content)
    if language in _SESSION_BLOCKS:
        yield from (_PROMPT.sub("", line, count=1) for line in block.splitlines()
                    if _PROMPT.match(line))  # fmt: skip
        return
    yield from _commands(block, shell)


def _commands(block: str, shell: Shell) -> Iterator[str]:
    """Yield what a shell would take as one command each: a loop over several lines is one."""
    held = ""
    for line in block.splitlines():
        if not held and (not line.strip() or line.lstrip().startswith("#")):
            continue
        held = f"{held}\n{line}" if held else _SIGN.sub("", line, count=1).strip()
        if judge_pasted(held, shell).rule != "syntax":
            yield held
            held = ""
    if held:
        yield held


def _only_span(tokens: list[Token]) -> list[str]:
    inline = [token.children or [] for token in tokens if token.type == "inline"]
    spans = [(child, len(row)) for row in inline for child in row if child.type == "code_inline"]
    if len(spans) != 1:
        return []
    (span, neighbours), *_ = spans
    command = _SIGN.sub("", span.content, count=1).strip()
    words = command.split()
    is_alone = neighbours == 1
    if not words or not (is_alone or len(words) > 1):
        return []
    return [command] if _is_program(words[0]) else []


def _is_program(word: str) -> bool:
    if word in _BUILTINS:
        return True
    found = shutil.which(word)
    return found is not None and os.access(found, os.X_OK) and Path(found).is_file()
