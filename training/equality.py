"""Whether two commands are the same: by their text, or by what they do in a tree made to fit."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from training import executing, fitting, sandbox, scoring, tasks, trees
from training.normalizing import normalized

_SEPARATOR: Final = re.compile(r"\|\||&&|;;|\|&|[|;&]|\n")
_ORDERED: Final = re.compile(r"\b(?:sort|tac|head|tail|shuf|nl|ls -\w*[tSUrX])")
"""Where one of these is in a command, the order of its lines may be what was asked for."""


def is_same_text(one: str, other: str) -> bool:
    """Whether the commands differ in blanks, needless quotes and the order of options at most.

    `ls -la x` is `ls -al x` and `ls x -a -l`. Words that are no options must stand in the same
    order, so that `cp a b` is not `cp b a`.
    """
    return _pieces(one) == _pieces(other)


def _pieces(command: str) -> list[tuple[tuple[str, ...], Counter[str]]]:
    """Return each part of a pipeline as its words in order, and its options in any."""
    parts: list[tuple[tuple[str, ...], Counter[str]]] = [((), Counter())]
    for token in normalized(command).split(" "):
        words, options = parts[-1]
        if _SEPARATOR.fullmatch(token):
            parts += [((token,), Counter()), ((), Counter())]
        elif re.fullmatch(r"-[A-Za-z]+", token):
            options.update(f"-{letter}" for letter in token[1:])
        elif token.startswith("--"):
            options[token] += 1
        else:
            parts[-1] = ((*words, token), options)
    return parts


class Ground(msgspec.Struct, frozen=True):
    """Where commands for one request are compared: a tree made to fit, in one shell."""

    grove: trees.Grove
    shell: str

    def outcome(self, command: str) -> sandbox.Outcome:
        """Return what *command* does, run in the sandbox; root it has none, and needs none.

        Raises:
            SandboxError: There is no sandbox here.
        """
        prelude = executing.AS_ROOT[self.shell] if "sudo " in command else ""
        return sandbox.run(prelude + command, self.grove, shell=self.shell, wall_s=executing.WALL_S)


def ground_for(command: str, shell: str, used: Iterable[tuple[str, str]]) -> Ground | None:
    """Return where to compare *command* with others; None where *shell* is not installed.

    *used* are values in it, each as the type of its slot and its text.
    """
    if shutil.which(shell) is None:
        return None
    grove = fitting.tree(command, used)
    if re.search(r"\bgit\b", command):
        grove = msgspec.structs.replace(grove, setup=executing.REPOSITORY)
    return Ground(grove, shell)


def is_telling(outcome: sandbox.Outcome) -> bool:
    """Whether *outcome* shows what its command is for: all went well, and it left a trace."""
    ended_well = not (outcome.status or outcome.cut or outcome.errors)
    return ended_well and bool(outcome.output.strip() or outcome.changes)


def is_same_outcome(command: str, wanted: sandbox.Outcome, got: sandbox.Outcome) -> bool:
    """Whether *got* is what *command*, whose outcome is *wanted*, does."""
    task = tasks.Task(
        id="x",
        request="x",
        command=command,
        utility="x",
        difficulty=1,
        in_order=_ORDERED.search(command) is not None,
    )
    return scoring.compare(task, wanted, got).right
