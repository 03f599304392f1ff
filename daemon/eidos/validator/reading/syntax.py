"""Whether a command is one complete line in the grammar of the shell it goes to.

Refused is what the real shell refuses (`bash -n`, `zsh -n`, `fish --no-execute`), what would leave
its prompt waiting for a second line, and what would not mean there what it says.
"""

import re
from typing import Final

from eidos.protocol import Shell
from eidos.validator.budget import Budget
from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_reader import read_at_prompt
from eidos.validator.reading.fish_reader import read_fish
from eidos.validator.script import Sequence, Statement


def read_line(command: str, shell: Shell, budget: Budget) -> Statement:
    """Return the structure of *command*, one complete line at the prompt of *shell*.

    Raises:
        OverBudget: It is too large, too deep or too slow to be read.
        SyntaxFault: It is not one complete line, or not as far as the reader can follow.
    """
    is_fish = shell is Shell.FISH
    statement = read_fish(command, budget) if is_fish else read_at_prompt(command, shell, budget)
    if statement == Sequence(()):
        raise SyntaxFault("there is no command in this line")
    return statement


def refers_to_history(command: str, shell: Shell) -> bool:
    """Whether Enter at the prompt of *shell* would first put earlier commands into this one.

    No parser sees this: `!!`, `!$` and `"a!b"` are replaced before the line is parsed. Tried in
    interactive bash 5.2 and zsh 5.9, which differ in `[!a]`, `$!`, `!(`, `!;` and `!"`.
    """
    if shell is Shell.FISH or ("!" not in command and not command.startswith("^")):
        return False
    return _HISTORY[shell].search(_QUOTED.sub(_without_quoted, command)) is not None


_QUOTED: Final = Pattern(
    r"""\\.|\$?'(?:(?<=\$')(?:[^'\\]|\\.)*|(?<!\$')[^']*)'|"(?:\\.|[^"\\])*"|(?<!\S)\#[^\n]*"""
)
_ESCAPED: Final = Pattern(r"\\.")
_HISTORY: Final = {
    Shell.BASH: Pattern(r"^\^|(?<![$\[{])!(?![\s=\"]|$)"),
    Shell.ZSH: Pattern(r"^\^|!(?![\s=(\";`]|$)"),
}


def _without_quoted(match: re.Match[str]) -> str:
    """Keep only what double quotes leave to the shell."""
    return _ESCAPED.sub("x", match[0]) if match[0].startswith('"') else "x"
