"""Whether a stage of a pipeline takes only some of the packages that a program lists."""

from typing import Final

from eidos.validator.commands import Command
from eidos.validator.patterns import Pattern

_CUTS: Final = frozenset({"fzf", "comm", "peco", "deborphan", "head"})
_SEARCHES: Final = frozenset({"grep", "egrep", "rg", "ag"})
_INSTALLED: Final = Pattern(
    r"\^?(?:[hi]i|\[hi+\]i?)\W*|\W*(?:install(?:ed)?|local|automatic|manual)\W*|[\^.*$]*"
)
"""What all packages have in common that are there."""
_HEADING: Final = Pattern(r"\+\d+|-n\+\d+")
_SOME: Final = Pattern(
    r"/(?!\^?(?:[hi]i|\[hi+\]i?)\W*/).*[a-z].*/|~|\^?rc\b|-Q\w*[tdu]\w*"
    r"|--(?:unused|outdated|orphans|last|upgradable|latest-limit)\b|\$1\s*==.*"
)


def chooses_packages(command: Command) -> bool:
    """Whether *command* prints only some of the packages, or of those that it reads."""
    if command.name in _SEARCHES:
        if command.has_letter("v") or command.has_long("--invert-match"):
            return False
        return not all(_INSTALLED.fullmatch(word.text) for word in command.operands)
    if command.name == "tail":
        return not any(_HEADING.fullmatch(word.text) for word in command.args)
    if command.name in {"sed", "gsed"} and all(_EDITS.match(w.text) for w in command.operands):
        return False
    return command.name in _CUTS or any(_SOME.search(word.text) for word in command.args)


_EDITS: Final = Pattern(r"s(?P<d>[/|,#]).*(?P=d)|\d?,?\d?d$")
