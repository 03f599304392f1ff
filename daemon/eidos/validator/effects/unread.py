"""Which commands make the text that another one runs as a program."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.interpreters import is_interpreter
from eidos.validator.patterns import Pattern
from eidos.validator.programs.network import origins

UNPACKERS: Final = frozenset(
    "tar bsdtar unzip 7z 7za 7zz unrar cpio make cmake ninja go cargo rustc npm pip pip3 git dpkg "
    "rpm apt apt-get dnf yum docker podman ar unsquashfs mount".split()
)
"""Programs that make files of their own from the files that they read."""


SCRIPTED: Final = frozenset(
    "sed gsed vim vi nvim ex ed gdb lldb make gmake emacs ansible-playbook gnuplot tmux octave bc "
    "expect screen awk gawk mawk nawk sqlite3 at batch dc just task rake ninja".split()
)
"""Programs that do what a file says which they are given in the place of one."""


def given_as_script(command: Command) -> Iterator[Command]:
    """Yield the commands whose output one of SCRIPTED takes for what it shall do."""
    if not command.reads:
        return
    if command.name in _SCRIPT_FIRST:
        yield from origins(source for word in command.operands[:1] for source in word.sources)
    for word, following in pairwise((*command.args, Word(""))):
        if word.text in _FROM_INPUT:
            yield from origins(command.upstream)
        elif _TAKES_FILE.fullmatch(word.text):
            is_input = following.text in _INPUT
            yield from origins(command.reads if is_input else following.sources)
        elif word.text.startswith("-"):
            yield from origins(word.sources)


_SCRIPT_FIRST: Final = frozenset("ansible-playbook gnuplot octave bc dc expect sqlite3".split())
"""Those whose first operand is what they do."""
_TAKES_FILE: Final = Pattern(
    r"--?(?:[a-zA-Z]{0,3}[fSsxculi]|file|makefile|script|source|load|init|command|taskfile|justfile)"
)
_INPUT: Final = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_FROM_INPUT: Final = frozenset(
    {
        "-f-",
        "-f/dev/stdin",
        "--file=-",
        "--makefile=-",
        "--file=/dev/stdin",
        "--makefile=/dev/stdin",
    }
)


def program_of(command: Command) -> Iterator[Command]:
    """Yield the commands whose output *command* runs, but for what only a builder has read."""
    printed, in_text = direct(command), _in_text(command)
    program = [
        one
        for one in command.program_from
        if id(one) in printed or (id(one) not in in_text and one.name not in command.wrappers)
    ]
    built = [one for one in program if one.name in UNPACKERS and id(one) not in printed]
    behind = {id(read) for read in origins(built)}
    return (one for one in origins(program) if id(one) not in behind)


def direct(command: Command) -> set[int]:
    """Return the commands whose output is the program itself, by pipe or substitution."""
    if _in_text(command).isdisjoint(id(one) for one in command.program_from):
        targets = (source for r in command.redirects for source in r.target.sources)
        return {id(one) for one in (*command.upstream, *targets)}
    is_filled = not _FILLERS.isdisjoint(command.wrappers)
    leading = (word for word in command.words if word.is_known or _LEADS.match(word.text))
    found = {id(source) for word in leading for source in word.sources}
    is_argument = is_filled and not any(_LEADS.match(word.text) for word in command.words)
    return found - {id(one) for one in command.upstream} if is_argument else found


def _in_text(command: Command) -> set[int]:
    """Return the commands whose output stands somewhere in the words."""
    return {id(source) for word in command.words for source in word.sources}


_FILLERS: Final = frozenset({"xargs", "parallel", "find", "fd"})
"""They put what they read into the words, so that a known text has it too."""
_LEADS: Final = Pattern(r"[\s'\"({]*(?:\$|`|\{\}|[<=]\()")
"""A program begins with what another command prints; elsewhere it may be but an argument."""


def is_runner(command: Command) -> bool:
    """Whether *command* runs text: what it reads, or what it is given as its name."""
    name = command.name
    return not name or name in _RUNNERS or is_interpreter(name)


_RUNNERS: Final = frozenset({"eval", "source", ".", "ssh", "xargs", "parallel", "at", "batch"})
