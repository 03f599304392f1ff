"""The command of a known intent: its text with holes, filled with values quoted for each place."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

_SAFE: Final = re.compile(r"(?!=)[\w@%+=:,./~^-]+")  # zsh looks for the program behind a first "="
_NAME: Final = re.compile(r"[\w.]+")
_PROGRAM: Final = re.compile(r"[\w.+/~-]+")
_PLAIN: Final = re.compile(r"[\w.,:@%+-]+")
_PLAIN_WORDS: Final = re.compile(r"[\w .,:@%+=-]+")
_PLAIN_PATH: Final = re.compile(r"[\w .,:@%+=/~-]+")
_SCRIPTS: Final = frozenset("sed awk gawk perl jq rename xmllint zmv".split())
"""Programs that take a program in their own language, where blanks mean little."""
_EVALUATORS: Final = frozenset(
    "sh bash zsh fish dash eval ssh watch trap su psql mysql sqlite3 python python3 node ruby php "
    "xargs timeout parallel complete env script tmux screen at batch sudo".split()
)
"""Programs that take commands of a shell, SQL or code, and run it."""
_JOINERS: Final = frozenset("ssh eval watch su".split())
"""Programs that put their arguments together again, and give them to a shell."""
_BEFORE_COMMANDS: Final = frozenset(
    ["", *"and or not if while until else begin then do export declare typeset local".split()]
)
"""What seems to be the program where a command only begins, and what reads `A=b` itself."""
_BEFORE_NAMES: Final = frozenset("${#+")
_IN_EXPANSIONS: Final = frozenset("[(^%}!\\`<>;&|-")
"""What stands before a value that is a part of `${…}`, `$((…))`, `*(.m+1)`, or a number."""


class Raw(Struct, frozen=True):
    """A value that is not shell source yet: a file's name, a text to look for."""

    text: str


class Hole(Struct, frozen=True, array_like=True, tag=True):
    """Where a slot's value goes."""

    name: str
    quote: str
    """The quotes around it: `'`, `"` or none."""
    is_glued: bool
    """Whether something stands before it in its word: the shell does not expand `--x=~`."""
    before: str
    program: str
    """The program whose argument it is, as far as that can be told without running it."""


def fill(parts: Iterable[str | Hole], sources: Mapping[str, str | Raw], shell: str) -> str:
    """Return the command with each value of *sources* in its holes, quoted as *shell* reads.

    A value that is text goes in as it is: it is shell source already.
    """
    filled = ""
    for part in parts:
        if isinstance(part, str):
            filled += part
            continue
        value = sources[part.name]
        filled += value if isinstance(value, str) else quoted(value.text, part, shell)
    return filled.strip()


def quoted(value: str, hole: Hole, shell: str) -> str:
    """Return *value* as source that means it where *hole* stands."""
    is_home = value == "~" or value.startswith("~/")
    if hole.quote == "'":
        return _in_single_quotes(value, shell)
    if hole.quote == '"':
        is_expanded = is_home and (not hole.is_glued or hole.before in ":=@")
        return ("$HOME" if is_expanded else "") + _in_double_quotes(value[is_expanded:], shell)
    if is_home and hole.is_glued and hole.before != ":":
        rest = value[1:]
        return f"$HOME{rest}" if _SAFE.fullmatch(rest) or not rest else f'"$HOME{rest}"'
    if _SAFE.fullmatch(value):
        return value
    if value.startswith("~/"):
        return "~/" + _word(value[2:], shell)
    return _word(value, shell)


def fits(value: str, hole: Hole, shell: str, *, after: str = "") -> bool:
    """Whether *value*, text of anybody's, can stand where *hole* is and mean only itself.

    Between quotes there is often a program or a pattern in another language, which the shell's
    quoting does not reach: there only signs go in that mean nothing in any of them. *after* is
    the text behind the hole.
    """
    if not value.isprintable():
        return False
    is_whole = not hole.is_glued
    if is_whole and value.startswith("-"):
        return False  # an option
    if hole.quote == '"' and shell != "fish" and "!" in value:
        return False  # bash and zsh look into their history even between these quotes
    allowed = _allowed(hole, after)
    return allowed is None or allowed.fullmatch(value) is not None


def _allowed(hole: Hole, after: str) -> re.Pattern[str] | None:
    """Return what a value in *hole* may be, or none if it may be anything."""
    if hole.is_glued and hole.before in _BEFORE_NAMES:
        return _NAME
    if hole.is_glued and hole.before in _IN_EXPANSIONS:
        return _PLAIN
    if hole.quote:
        return _allowed_in_quotes(hole)
    if not hole.is_glued and after.startswith("="):
        return _NAME
    begins = hole.program in _BEFORE_COMMANDS or re.match(r"-|.*\(\)", hole.program)
    if begins and not hole.is_glued:
        return _PROGRAM  # A=b there would set a variable
    return _PLAIN_PATH if hole.program in _JOINERS else None


def _allowed_in_quotes(hole: Hole) -> re.Pattern[str] | None:
    if hole.program in _EVALUATORS or (hole.quote == "'" and hole.before == "."):
        return _PLAIN
    if hole.program in _SCRIPTS or (hole.is_glued and (hole.quote == "'" or hole.before == "/")):
        return _PLAIN_WORDS
    return _PLAIN_PATH if hole.is_glued else None


def _word(value: str, shell: str) -> str:
    """Return *value* in the quotes that need the fewest escapes, double ones if both do."""
    if _SAFE.fullmatch(value):
        return value
    if not re.search(r"[\"$`\\!]", value):
        return f'"{value}"'
    if "'" not in value or "!" in value:
        return f"'{_in_single_quotes(value, shell)}'"
    return f'"{_in_double_quotes(value, shell)}"'


def _in_single_quotes(value: str, shell: str) -> str:
    """Return *value* for between single quotes; in fish a backslash means something there."""
    if shell != "fish":
        return value.replace("'", "'\\''")
    return re.sub(r"\\(?=[\\']|$)", r"\\\\", value).replace("'", "\\'")


def _in_double_quotes(value: str, shell: str) -> str:
    """Return *value* with a backslash before what means something there; fish knows no backtick."""
    return re.sub(r"([\"$\\])" if shell == "fish" else r"([\"$`\\])", r"\\\1", value)
