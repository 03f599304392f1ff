"""Which names of commands fish refuses, and which it does not have although bash does."""

from collections.abc import Sequence
from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.script import Call, RawWord, Statement, Substitution, Text, Variable


def check_name(word: RawWord) -> None:
    """Refuse a word that fish does not run as a command.

    Raises:
        SyntaxFault: It is one.
    """
    for part in word.parts:
        if isinstance(part, Substitution):
            raise SyntaxFault(_reason_against_substitution(word.source))
        if isinstance(part, Variable) and not _is_index(part.source):
            raise SyntaxFault("fish counts from 1 and knows only numbers in [ ]")
    # To fish a whole `[[ -f x ]]` is one word: the first ] closes the second [.
    name = "[[" if word.source.startswith("[[") else word.source
    if name in _NOT_IN_FISH:
        raise SyntaxFault(_NOT_IN_FISH[name])


def check_call(call: Call, *, is_in_loop: bool) -> None:
    """Refuse a command that fish refuses for its name where it stands.

    Raises:
        SyntaxFault: It does.
    """
    decoration, name = _names(call)
    if decoration == "builtin" and name not in _BUILTINS and "$" not in name:
        raise SyntaxFault(f"fish has no builtin {name}")
    if name in {"break", "continue"} and not is_in_loop and not _asks_for_help(call):
        raise SyntaxFault(f"{name} stands outside of a loop")


def check_pipeline(stages: Sequence[Statement]) -> None:
    """Refuse commands that fish refuses in pipelines.

    Raises:
        SyntaxFault: There is one.
    """
    for stage in stages:
        names = _names(stage) if isinstance(stage, Call) and stage.words else ()
        for name in names:
            if name in _NOT_IN_PIPELINES:
                raise SyntaxFault(f"fish has no {name} in pipelines")


def text_of(word: RawWord) -> str:
    """Return the text of *word*, "" if it is not known beforehand."""
    texts = [part.text for part in word.parts if isinstance(part, Text)]
    return "".join(texts) if len(texts) == len(word.parts) else ""


def _names(call: Call) -> tuple[str, str]:
    """Return `builtin`, `command` or `exec`, if one stands before the name, and the name."""
    first = text_of(call.words[0])
    second = call.words[1] if len(call.words) > 1 else None
    if first not in _DECORATIONS or second is None or second.source.startswith("-"):
        return "", first
    return first, second.source if first == "builtin" else text_of(second)


def _asks_for_help(call: Call) -> bool:
    return any(word.source in {"-h", "--help"} for word in call.words[1:])


def _reason_against_substitution(source: str) -> str:
    if source.endswith("()"):
        return "fish has no name() { … }; it has: function name; …; end"
    if source.startswith("("):
        return "fish has no ( … ) around commands; it has: begin; …; end"
    return "fish runs no command whose name is a substitution"


def _is_index(source: str) -> bool:
    """Whether the indices in *source*, which begins with a variable, are such as fish counts."""
    indices = _VARIABLE.sub("", source)
    return _INDEX.fullmatch(indices) is not None and _ZERO.search(indices) is None


_VARIABLE: Final = Pattern(r"\$+\w+")
_INDEX: Final = Pattern(r"[\[\] \d.\"'-]*")
_ZERO: Final = Pattern(r"(?<!\d)0+(?!\d)")
_DECORATIONS: Final = frozenset({"command", "builtin", "exec"})
_NOT_IN_PIPELINES: Final = frozenset({"exec", "case", "break", "return", "continue"})
_IF: Final = "fish has no if … then … fi; it has: if …; …; end"
_LOOP: Final = "fish has no do … done; it has: for … in …; …; end and while …; …; end"
_CASE: Final = "fish has no case … esac; it has: switch …; case …; …; end"
_SET: Final = "fish has no {}; it has: set"
_NOT_IN_FISH: Final = {
    "then": _IF,
    "fi": _IF,
    "elif": "fish has no elif; it has: else if",
    "do": _LOOP,
    "done": _LOOP,
    "esac": _CASE,
    "until": "fish has no until; it has: while not …; …; end",
    "select": "fish has no select; it has: read",
    "[[": "fish has no [[ … ]]; it has: test … or [ … ]",
    "$status": "fish runs no number; it has: test $status -eq 0",
    "unset": "fish has no unset; it has: set -e name",
    "local": "fish has no local; it has: set -l name value",
    "declare": _SET.format("declare"),
    "typeset": _SET.format("typeset"),
    "readonly": _SET.format("readonly"),
    "let": "fish has no let; it has: set name (math …)",
    "shopt": "fish has no shopt",
    "setopt": "fish has no setopt",
    "unsetopt": "fish has no unsetopt",
    "mapfile": "fish has no mapfile; it has: set name (cat file)",
    "readarray": "fish has no readarray; it has: set name (cat file)",
    "compgen": "fish has no compgen; it has: complete -C",
    "autoload": "fish has no autoload",
    "bindkey": "fish has no bindkey; it has: bind",
    "zle": "fish has no zle; it has: bind",
}
"""Names that no fish runs, by what stands for them; fish takes most of them, and then fails."""
_BUILTINS: Final = frozenset(
    """
    . : [ _ abbr and argparse begin bg bind block break breakpoint builtin case cd command
    commandline complete contains continue count disown echo else emit end eval exec exit false fg
    for function functions history if jobs math not or path printf pwd random read realpath return
    set set_color source status string switch test time true type ulimit wait while
    """.split()
)
"""What `builtin -n` prints in fish 3.6."""
