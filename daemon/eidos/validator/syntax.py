"""Whether a command is one complete line in the grammar of the shell it goes to.

Every entry is here because the real shell refuses it (`bash -n`, `zsh -n`), because it would
leave the shell waiting for a second line, or because it would not mean what it says.
"""

import re
from typing import Final

from tree_sitter import Node

from eidos.protocol import Shell
from eidos.validator.fish_syntax import find_fish_fault
from eidos.validator.tree import Visit, text_of, unquoted, walk


def find_fault(root: Node, shell: Shell) -> str | None:
    """Say why the command of this tree is not one complete line of *shell*; None when it is."""
    if root.has_error:
        return f"this is not one complete line of {shell}"
    has_command = False
    for visit in walk(root):
        if fault := _find_common_fault(visit, shell) or _FIND_FAULT[shell](visit):
            return fault
        node = visit.node
        has_command = has_command or (node.is_named and node.type not in {"program", "comment"})
    return None if has_command else "there is no command in this line"


def refers_to_history(command: str, shell: Shell) -> bool:
    """Whether Enter at the prompt of *shell* would first put earlier commands into this one.

    No parser sees this: `!!`, `!$` and `"a!b"` are replaced before the line is parsed. Tried in
    interactive bash 5.2 and zsh 5.9, which differ in `[!a]`, `$!`, `!(` and `!"`.
    """
    if shell is Shell.FISH:
        return False
    return _HISTORY[shell].search(_QUOTED.sub(_without_quoted, command)) is not None


_QUOTED: Final = re.compile(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"")
_ESCAPED: Final = re.compile(r"\\.")
_HISTORY: Final = {
    Shell.BASH: re.compile(r"^\^|(?<![$\[{])!(?![\s=\"]|$)"),
    Shell.ZSH: re.compile(r"^\^|!(?![\s=(\"]|$)"),
}


def _without_quoted(match: re.Match[str]) -> str:
    """Keep only what double quotes leave to the shell."""
    return _ESCAPED.sub("x", match[0]) if match[0].startswith('"') else "x"


def _find_common_fault(visit: Visit, shell: Shell) -> str | None:
    if visit.node.type == "heredoc_redirect":
        return "a here-document needs more than one line"
    # The grammar takes `echo (ls)` for a command with a subshell in it.
    if visit.node.type == "subshell" and visit.parent == "command":
        return f"{shell} does not understand the parenthesis after a command"
    return None


# Words that only continue a block; the grammar takes one without its block for a program's name.
_CONTINUING: Final = frozenset(
    {"then", "do", "done", "fi", "else", "elif", "esac", "in", "}", "]]"}
)


def _find_bash_fault(visit: Visit) -> str | None:
    if visit.node.type == "command_name" and text_of(visit.node) in _CONTINUING:
        return f"{text_of(visit.node)} without the beginning of its block"
    return None


_EQUALS: Final = "zsh takes =name for the path of a program"
# By type of node: what zsh takes otherwise than bash, and what it makes of it.
_NOT_IN_ZSH: Final = {
    "comment": (re.compile(""), "zsh takes # at the prompt for an argument, not for a comment"),
    "string": (
        re.compile(r'(?s:.*)!"$'),
        'at the zsh prompt !" removes itself and leaves the quote open',
    ),
    "test_command": (
        re.compile(r"\[ .* == "),
        "zsh takes == in [ … ] for the path of a program; it wants =",
    ),
    "expansion": (
        re.compile(r"\$\{(?:!|\w+(?:\[[^\]]*\])?(?:[\^,]|@[A-Za-z]\}))"),
        "zsh has no ${!name}, ${name^}, ${name,} and ${name@P}",
    ),
}


def _find_zsh_fault(visit: Visit) -> str | None:
    kind = visit.node.type
    pattern, reason = _NOT_IN_ZSH.get(kind, (None, ""))
    if pattern is not None and pattern.match(text_of(visit.node)):
        return reason
    if kind == "==" and visit.parent == "command":
        return _EQUALS
    if kind in {"word", "concatenation"} and visit.parent != "concatenation":
        return _find_zsh_word_fault(unquoted(visit.node))
    return _find_bash_fault(visit)


_APART: Final = re.compile(r"\{\s+\}")


def _find_zsh_word_fault(bare: str) -> str | None:
    # The grammar takes `{ }` for one word.
    if bare.count("}") > bare.count("{") or _APART.search(bare):
        return "zsh takes a lone } for the end of a block"
    if bare.startswith("=") and bare != "=":
        return _EQUALS
    return None


_FIND_FAULT: Final = {
    Shell.BASH: _find_bash_fault,
    Shell.ZSH: _find_zsh_fault,
    Shell.FISH: find_fish_fault,
}
