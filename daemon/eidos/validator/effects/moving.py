"""Moving away, and making one folder equal to another: what was there before is gone."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.arguments import option_values
from eidos.validator.effects.effect import Effect, aims_at
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_ON_OTHER_MACHINE: Final = Pattern(r"(?:[\w.-]+@)?[\w.-]+::?(?=[/~]|$)|rsync://[^/]*(?=/)")
_DRY: Final = ("--dry-run", "--list-only")


def sources_and_goal(command: Command) -> tuple[Sequence[Word], Word | None]:
    """Return what mv, cp, install or ln takes, and where it puts that."""
    folder = next(_folders(command), None)
    operands = command.operands
    if folder is not None:
        return [word for word in operands if word is not folder], folder
    if len(operands) > 1:
        return operands[:-1], operands[-1]
    return operands, None


def _folders(command: Command) -> Iterator[Word]:
    is_given = any("t" in word.text for word in command.args if word.text.startswith("-"))
    if is_given and command.name != "rsync":
        yield from option_values(command, "t", "--target-directory")


def _moves_system(command: Command) -> bool:
    if command.name == "rsync":
        return _takes_sources_away(command)
    if command.name in _RENAMERS:
        return _renames_system(command)
    sources, goal = sources_and_goal(command)
    places = targets.notable(sources)
    if aims_at(places, targets.is_core_folder, targets.is_home, targets.is_vital_file):
        return True
    return _is_outside_home(goal) and aims_at(places, targets.is_key_folder)


def _renames_system(command: Command) -> bool:
    """Whether files of the system get other names, by a pattern that says which."""
    if command.has_letter("n") or command.has_long("--no-act", "--dry-run"):
        return False
    return aims_at(command.operands, targets.is_everything_in_critical, targets.is_vital_file)


_RENAMERS: Final = frozenset(
    {"rename", "prename", "perl-rename", "file-rename", "rename.ul", "mmv", "mcp", "qmv", "zmv"}
)


def _is_outside_home(word: Word | None) -> bool:
    return word is not None and targets.path_of(word).startswith("/") and not targets.in_home(word)


def _takes_sources_away(command: Command) -> bool:
    removes = command.has_long("--remove-source-files")
    return removes and aims_at(command.operands[:-1], targets.is_critical, targets.is_key_folder)


def _moves_part_of_system(command: Command) -> bool:
    sources, _ = sources_and_goal(command)
    return aims_at(targets.notable(sources), targets.is_system_folder, _is_part_of_system)


def _is_part_of_system(word: Word) -> bool:
    if targets.path_of(word).startswith("/var/lib/"):
        return False
    return _PROGRAM_FOLDERS.match(targets.path_of(word)) is not None


_PROGRAM_FOLDERS: Final = Pattern(
    r"/(?:usr/)?(?:s?bin|lib(?:32|64|x32|exec)?)/.|/boot/.|/System/."
    r"|/etc/(?:pam\.d|ssh|security|ssl|systemd)/?$"
)


def _moves_to_nowhere(command: Command) -> bool:
    _, goal = sources_and_goal(command)
    return goal is not None and targets.path_of(goal) == "/dev/null"


def _mirrors_over_system(command: Command) -> bool:
    if command.name == "rsync":
        goal = _mirrored_by_rsync(command)
    elif [word.text for word in command.operands[:1]] == ["sync"] and not command.has_long(*_DRY):
        goal = command.operands[-1:]
    else:
        return False
    return aims_at(goal, targets.is_core_folder, targets.is_home, targets.is_key_folder)


def _mirrored_by_rsync(command: Command) -> Sequence[Word]:
    deletes = any(word.text.startswith("--del") for word in command.args)
    if not deletes or "n" in command.letters or command.has_long(*_DRY):
        return ()
    return [on_its_machine(word) for word in command.operands[-1:]]


def empties_by_rsync(command: Command) -> Sequence[Word]:
    """Return the folder that rsync makes equal to an empty one."""
    if not _mirrored_by_rsync(command):
        return ()
    sources, goal = command.operands[:-1], command.operands[-1:]
    is_empty = bool(sources) and all(_is_empty(word) for word in sources)
    return [on_its_machine(word) for word in goal] if is_empty else ()


def _is_empty(word: Word) -> bool:
    if any(source.name == "mktemp" for source in word.sources):
        return True
    return _EMPTY.fullmatch(word.text) is not None


_EMPTY: Final = Pattern(
    r"(?:.*/)?\.?(?:empty|blank|void|nothing)[\w-]*/?|/dev/null/?", re.IGNORECASE
)


def _mirrors_unknown(command: Command) -> bool:
    """Whether what is left depends on a variable that may be empty, or nothing is left."""
    if not _mirrored_by_rsync(command):
        return False
    return bool(empties_by_rsync(command)) or aims_at(command.operands[-2:], targets.is_unknown)


def on_its_machine(word: Word) -> Word:
    """Return the path that `host:path` has on its own machine."""
    match = _ON_OTHER_MACHINE.match(word.text)
    if not match:
        return word
    return Word(word.text[match.end() :] or "~", word.is_known, word.is_glob, word.sources)


_MOVERS: Final = frozenset({"mv"})
EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("move-system", _moves_system, _MOVERS | _RENAMERS | {"rsync"}),
    Effect("mirror-system", _mirrors_over_system, frozenset({"rsync", "rclone"})),
    Effect("mirror-unknown", _mirrors_unknown, frozenset({"rsync"})),
    Effect("move-to-nowhere", _moves_to_nowhere, _MOVERS),
    Effect("move-in-system", _moves_part_of_system, _MOVERS),
)
