"""What the words of a command remove, whichever program does it: rm, trash, shred, tar, zip."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from eidos.validator.answers import Once
from eidos.validator.commands import Command, Word
from eidos.validator.effects.effect import FILE_VARIABLE
from eidos.validator.effects.links import through_links
from eidos.validator.effects.moving import empties_by_rsync
from eidos.validator.places.targets import is_critical, is_vital_file, notable


class Removal(NamedTuple):
    """What a command deletes, as far as it may be a place that matters."""

    words: Sequence[Word]
    is_whole: bool
    """Folders go with all that is in them."""


FILE_ERASERS: Final = frozenset({"rm", "safe-rm", "unlink", "srm", "wipe", "shred"})
TRASHES: Final = frozenset(
    {"trash", "trash-put", "rmtrash", "gvfs-trash", "gvfs-rm", "rip", "rm-improved", "del"}
)
PACKERS: Final = frozenset({"tar", "gtar", "bsdtar", "zip", "7z", "7za", "7zz", "rar"})
EMPTYING: Final = frozenset({"truncate", "dd", "scrub"})
"""Programs after which the file is still there, and nothing is in it."""
_BY_SUBCOMMAND: Final = {
    "gio": frozenset({"trash", "remove"}),
    "gtrash": frozenset({"put", "p"}),
    "trashy": frozenset({"put", "p"}),
    "kioclient": frozenset({"remove", "move"}),
    "kioclient5": frozenset({"remove", "move"}),
    "kioclient6": frozenset({"remove", "move"}),
    "rclone": frozenset({"purge", "delete", "deletefile", "rmdirs", "move", "moveto"}),
}
"""Programs that do other things too, and the words with which they take files away."""
ERASERS: Final = FILE_ERASERS | TRASHES | frozenset(_BY_SUBCOMMAND)
DELETING: Final = FILE_ERASERS | TRASHES | EMPTYING | {"-delete"}
"""What find may run on the files that it finds so that they are lost."""
REPLACING: Final = frozenset(
    "gzip pigz bzip2 pbzip2 lbzip2 xz lzma lzip plzip compress lzop ccrypt ccencrypt mcrypt bcrypt"
    " aescrypt zstd pzstd lz4 brotli".split()
)
"""Programs after which a packed or encrypted file stands in the place of each file."""
_AGING: Final = frozenset({"tmpreaper", "tmpwatch"})
EMPTIERS: Final = frozenset({"rsync", "unset"}) | REPLACING | _AGING
"""Programs that empty a folder, or take a file away, only when they are called in one way."""


@Once
def removal_of(command: Command) -> Removal:
    """Return what the words of *command* delete; nothing for a program that deletes nothing."""
    words, is_whole = _removal_by_words(command)
    places = notable(_behind_links(command, words) if command.reads else words)
    if command.in_loop:
        places = [_as_pattern(word) for word in places]
    return Removal(places, is_whole)


def _behind_links(command: Command, words: Sequence[Word]) -> Iterable[Word]:
    """Return *words* as what they lead to; what is deleted without a slash is the link itself."""
    for word in words:
        yield from through_links(command, (word,)) if "/" in word.text else (word,)


def _as_pattern(word: Word) -> Word:
    """Return *word* as the pattern over which a loop goes: `for f in *; do rm "$f"; done`."""
    return replace(word, is_glob=True) if "*" in word.text else word


def _removal_by_words(command: Command) -> Removal:
    if ways := _WAYS.get(command.name):
        return ways(command)
    return _NOTHING


_NOTHING: Final = Removal((), is_whole=False)


def _removal_to_trash(command: Command) -> Removal:
    operands = command.operands
    asked = _BY_SUBCOMMAND.get(command.name)
    if asked is None:
        return Removal(operands, is_whole=True)
    if not operands or operands[0].text not in asked or command.has_long("--dry-run"):
        return _NOTHING
    return Removal(operands[1:2] if command.name == "rclone" else operands[1:], is_whole=True)


def _removal_by_replacing(command: Command) -> Removal:
    """Return what nobody packs to save space: files that are looked for under their own names.

    Logs are packed by whoever keeps them.
    """
    keeps = command.has_letter("kcdlt") or command.has_long("--keep", "--stdout", "--decompress")
    removes = command.name not in _KEEPING or command.has_long("--rm")
    words = [
        word
        for word in command.operands
        if (is_critical(word) or is_vital_file(word)) and not word.text.startswith("/var/log")
    ]
    return Removal(words, _is_recursive(command)) if removes and not keeps else _NOTHING


_KEEPING: Final = frozenset({"zstd", "pzstd", "lz4", "brotli"})


def _files_unset(command: Command) -> Iterator[Word]:
    for word in command.operands:
        if word.text.startswith(FILE_VARIABLE) and word.text.endswith("]"):
            yield replace(word, text=word.text[len(FILE_VARIABLE) : -1])


def _moves_in(command: Command) -> bool:
    return command.name == "zip" and "m" in command.letters


def _is_recursive(command: Command) -> bool:
    if command.name in {"unlink", "shred"}:
        return False
    return command.has_letter("rR") or command.has_long("--recursive")


def _removal_by_eraser(command: Command) -> Removal:
    return Removal(command.operands, _is_recursive(command))


def _removal_by_packer(command: Command) -> Removal:
    removes = command.has_long("--remove-files") or command.has("-sdel") or _moves_in(command)
    return Removal(command.operands, is_whole=True) if removes else _NOTHING


def _removal_by_age(command: Command) -> Removal:
    return Removal([word for word in command.operands[1:] if is_critical(word)], is_whole=True)


_WAYS: Final[dict[str, Callable[[Command], Removal]]] = {
    **dict.fromkeys(FILE_ERASERS, _removal_by_eraser),
    **dict.fromkeys(TRASHES | frozenset(_BY_SUBCOMMAND), _removal_to_trash),
    **dict.fromkeys(PACKERS, _removal_by_packer),
    **dict.fromkeys(REPLACING, _removal_by_replacing),
    **dict.fromkeys(_AGING, _removal_by_age),
    "rsync": lambda command: Removal(empties_by_rsync(command), is_whole=True),
    "unset": lambda command: Removal(list(_files_unset(command)), is_whole=False),
}
