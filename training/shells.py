"""Which shells and systems take a command as it is, as far as reading it tells."""

import re
from functools import lru_cache
from typing import Final

from eidos.protocol import Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.syntax import read_line, refers_to_history
from training.templates import CommandTemplate, Raw

_NOT_IN_FISH: Final = re.compile(
    r"\$[?#@*$!0-9{]|\$(RANDOM|UID|PPID|SECONDS|HOSTNAME|OSTYPE|IFS)\b|\\$|%\d|\bset [-+]|"
    r"\{\w+\.\.|"
    r"\bexport( -\w+)?( \w+)?$|"
    r"(^|[|;&(]\s*|\b(do|then|else)\s+)(unset|local|declare|typeset|let|source|hash|readonly)\b|"
    r"\bulimit -S\b"
)
_SINGLE_QUOTED: Final = re.compile(r"'[^']*'")
"""Code of awk, sed or jq: `$1` is no variable of a shell there."""
_BASH_ONLY: Final = re.compile(
    r"\b(shopt|mapfile|readarray|compgen|disown -a|PIPESTATUS)\b|"
    r"(^|[|;&(]\s*|\b(do|then|else)\s+)(complete|help|bind|history|read)\b|"
    r"\bBASH|\$\{!|\$\{\w+(\^|,,)|\$\{?\w+\[|\btype -\w|bash_|bashrc|\.profile|\bset -o\b"
)
SAME_ON_MACOS: Final = frozenset(
    "git docker docker-compose kubectl npm yarn pnpm npx node go cargo rustc python3 pip pip3 gh "
    "helm terraform aws ssh scp curl cd pwd echo mkdir rmdir cat wc uniq whoami id uname "
    "hostname cal true false ffmpeg magick convert jq psql mysql redis-cli make".split()
)
"""Programs that are the same program on both systems, with the same options."""


@lru_cache(maxsize=32768)
def is_same_in(command: CommandTemplate, shell: str) -> bool:
    """Whether *shell* takes the command for bash or zsh as it is, as far as reading it tells."""
    text = command.fill({hole.name: Raw("x1") for hole in command.holes}, shell)
    bare = _SINGLE_QUOTED.sub("''", text)
    if shell == "fish" and _NOT_IN_FISH.search(bare):
        return False
    if _BASH_ONLY.search(bare):
        return False
    return parses(text, shell)


def parses(command: str, shell: str) -> bool:
    """Whether *command* is one complete line of *shell*, which leaves it as it is."""
    try:
        read_line(command, Shell(shell), Budget.start(time_s=1))
    except (SyntaxFault, OverBudget):
        return False
    return not refers_to_history(command, Shell(shell))
