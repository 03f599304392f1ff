"""Commands among the arguments of programs that we do not know: those may run them.

`mywrapper --quiet rm -rf /` is taken for a wrapper, `apropos rm -rf` for what it is.
"""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

import msgspec

from eidos.validator.commands import Command, Word, family, program
from eidos.validator.evaluating.interpreters import SHELLS, is_interpreter, program_of
from eidos.validator.patterns import Pattern, fits


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    destructive: str
    take_text: str


_TABLE: Final = msgspec.toml.decode(
    (files("eidos.validator") / "programs" / "guessing.toml").read_bytes(), type=_Table
)
_DESTRUCTIVE: Final = frozenset(_TABLE.destructive.split())
_TAKE_TEXT: Final = frozenset(_TABLE.take_text.split())


_LIKELY: Final = (
    *("rm", "dd", "sh", "bash", "cat", "nc", "curl", "wget", "python3", "perl", "base64", "chmod"),
    *sorted(_DESTRUCTIVE | SHELLS | {"cp", "tar", "env", "tee", "head", "tail", "less", "ncat"}),
)
"""Programs for which a pattern or a gap in a name may stand, the most usual first."""
_GAP: Final = Pattern(r"\$(?:\w+|\{\w+\}|[@*])")


def likely_program(word: Word) -> Word:
    """Return the program that *word* most likely calls: `/bin/r?` is rm, `r${x}m` too."""
    if word.sources:
        return word
    if not word.is_known:
        text = _GAP.sub("", word.text)
        return Word(text, folder=word.folder) if text in _LIKELY else word
    pattern = word.text.rpartition("/")[2]
    name = next((name for name in _LIKELY if fits(name, pattern)), None)
    return word if name is None or name == pattern else Word(name, folder=word.folder)


def guessed_in(command: Command) -> Iterator[tuple[Word, ...]]:
    """Yield the words of *command* from where on they look like a command of their own."""
    name = command.name
    if not name or name in _TAKE_TEXT or name in _DESTRUCTIVE or is_interpreter(name):
        return
    args = command.args
    for position in range(len(args) - 1):
        if _looks_destructive(args[position:]):
            yield args[position:]
            return


def _looks_destructive(words: Sequence[Word]) -> bool:
    first = words[0]
    if not first.is_known or "=" in first.text or words[1].text.startswith("--help"):
        return False
    name = program(first)
    if name in _DESTRUCTIVE or family(name) == "mkfs":
        return True
    found = program_of(name, words[1:]) if is_interpreter(name) else None
    return found is not None and bool(found.texts)
