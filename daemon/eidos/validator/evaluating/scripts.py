"""Texts among the words of a line that something runs: read in their language, and walked."""

from typing import Final

from msgspec.structs import replace

from eidos.protocol import Shell
from eidos.validator.code.reading import read_code
from eidos.validator.commands import Word
from eidos.validator.evaluating.environment import Environment
from eidos.validator.evaluating.line import Invocation, Line
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.printing import as_text, unhomed
from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern
from eidos.validator.reading.bash_reader import read_bash
from eidos.validator.reading.fish_reader import read_fish
from eidos.validator.script import Statement

_COST: Final = 40
"""Steps of the budget that a script is worth before it is read, by the time that it takes."""
MAX_SCRIPTS: Final = 8
"""Scripts within scripts."""
_ONLY_UNKNOWN: Final = Pattern(r"\"?\$(?:[A-Za-z_]\w*|\d|[@*]|\{[^{}]*\})\"?")
_READERS: Final = frozenset({"read", "mapfile", "readarray"})
"""What they bring nobody has made here: a script that is only read from a file is unknown."""
_SHELLS: Final = {"sh": Shell.BASH, "zsh": Shell.ZSH, "fish": Shell.FISH}
"""The shells in whose grammar a script is read; those like sh are read as bash."""


def within(place: Place, wrapper: str, call: Invocation) -> Place:
    """Return the place of what stands in a script that *wrapper* runs."""
    return redirected(replace(place, wrappers=(*place.wrappers, wrapper)), call)


def redirected(place: Place, call: Invocation) -> Place:
    """Return *place* with the redirections of *call*, but for the texts that only it reads."""
    outer = [r for r in call.redirects if not r.operator.startswith("<<")]
    return replace(place, redirects=(*outer, *place.redirects))


def with_assignments(environment: Environment, call: Invocation) -> Environment:
    """Return what a program sees that is started with assignments before it."""
    inner = environment.copy()
    for assignment in call.assignments:
        inner.assign(assignment.name, (assignment.value,))
    return inner


def is_shell_language(language: str) -> bool:
    """Whether *language* is that of a shell; "" is that of the shell of the line."""
    return not language or language in _SHELLS


def evaluate_script(
    line: Line, script: Word, language: str, environment: Environment, place: Place
) -> Word | None:
    """Evaluate the text *script*; the language "" is that of the shell it stands in."""
    if place.depth >= MAX_SCRIPTS:
        line.is_unreadable = True
        return None
    if not script.is_known and "@P}" in script.text:
        return None  # `${x@P}` runs what is in x; the reader has made it an eval of itself
    if not script.is_known and _is_only_unknown(script):
        is_made = any(source.name not in _READERS for source in script.sources)
        line.is_unreadable = line.is_unreadable or not is_made
        return None
    line.budget.spend(_COST)
    try:
        statement = _read(as_text(unhomed(script.text)), language, environment, line)
    except SyntaxFault:
        line.is_unreadable = True
        return None
    if language:
        environment.shell = _SHELLS.get(language, Shell.BASH)
    return line.walk(statement, environment, replace(place, depth=place.depth + 1))


def _is_only_unknown(script: Word) -> bool:
    text = script.text.strip()
    return _ONLY_UNKNOWN.fullmatch(text) is not None or (
        bool(script.sources) and text[:1] in "$`<{(" and text[-1:] in ")`}"
    )


def _read(text: str, language: str, environment: Environment, line: Line) -> Statement:
    shell = _SHELLS.get(language) if language else environment.shell
    if shell is None:
        return read_code(language, text, line.budget)
    if shell is Shell.FISH:
        return read_fish(text, line.budget)
    return read_bash(text, shell, line.budget)
