"""Which rights a command gives to which files: chmod, install, access control lists."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from eidos.validator.answers import Once
from eidos.validator.commands import Command, Word
from eidos.validator.effects.arguments import option_values
from eidos.validator.effects.links import through_links
from eidos.validator.effects.modes import Mode, is_mode, mode_of_entries, mode_of_mac, mode_of_nfs
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

MODES: Final = frozenset({"chmod"})
INSTALLERS: Final = frozenset({"install", "dpkg-statoverride"})
LISTS: Final = frozenset({"setfacl", "nfs4_setfacl"})


class Grant(NamedTuple):
    """The rights that a command gives, None where it does not say; and to what."""

    mode: Mode | None
    files: Sequence[Word]
    places: Sequence[Word] = ()
    """Those of the files that may be a place that matters."""


@Once
def granted(command: Command) -> Grant:
    """Return the mode that *command* gives, and the files that get it."""
    mode, files = _granted(command)
    return Grant(mode, files, targets.notable(through_links(command, files)))


def _granted(command: Command) -> tuple[Mode | None, Sequence[Word]]:
    name = command.name
    if name in MODES:
        return _by_chmod(command.args[: targets.MAX_PLACES])
    if name == "dpkg-statoverride":
        return _by_override(command)
    if name in INSTALLERS:
        return _by_install(command)
    return _by_lists(command) if name in LISTS else (None, ())


def _by_install(command: Command) -> tuple[Mode | None, Sequence[Word]]:
    given = next(option_values(command, "m", "--mode"), None)
    mode = given.text if given and is_mode(given.text) else ""
    files = [word for word in command.operands if word is not given]
    return (Mode(mode) if mode else None), files[: targets.MAX_PLACES]


def _by_override(command: Command) -> tuple[Mode | None, Sequence[Word]]:
    """Return what dpkg is told for good: `--add root root 4755 FILE`."""
    *_, mode, file = (Word(""), Word(""), *command.operands)
    is_told = command.has_long("--add") and is_mode(mode.text)
    return (Mode(mode.text), (file,)) if is_told else (None, ())


def _by_chmod(args: Sequence[Word]) -> tuple[Mode | None, Sequence[Word]]:
    for position, word in enumerate(args):
        if word.text == "--":
            continue
        before, after = args[:position], args[position + 1 :]
        if _MAC_LIST.fullmatch(word.text):
            entry = next((word.text for word in after), "")
            return mode_of_mac(entry), _no_options((*before, *after[1:]))
        if is_mode(word.text):
            return Mode(word.text), _no_options((*before, *after))
    return None, _no_options(args)


_MAC_LIST: Final = Pattern(r"[+=]a[i#]?")


def _no_options(words: Iterable[Word]) -> Sequence[Word]:
    return [word for word in words if not word.text.startswith("-")]


def _by_lists(command: Command) -> tuple[Mode | None, Sequence[Word]]:
    if command.name == "nfs4_setfacl":
        entries = [word for word in command.args if ":" in word.text]
        mode = next((mode for word in entries if (mode := mode_of_nfs(word.text))), None)
    else:
        entries = [
            *option_values(command, "m", "--modify"),
            *option_values(command, "s", "--set"),
        ]
        mode = mode_of_entries(",".join(word.text for word in entries))
    taken = {id(word) for word in entries}
    files = [word for word in command.operands if id(word) not in taken]
    return mode, files[: targets.MAX_PLACES]
