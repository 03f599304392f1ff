"""Deleting: what a command removes, and whether anybody can do without it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from eidos.validator.commands import Command, Machine, Word
from eidos.validator.effects import moving
from eidos.validator.effects.effect import Effect, aims_at
from eidos.validator.effects.finding import RUNNERS, Search, search_of, searches_feeding
from eidos.validator.effects.removing import (
    DELETING,
    EMPTIERS,
    EMPTYING,
    ERASERS,
    PACKERS,
    REPLACING,
    removal_of,
)
from eidos.validator.effects.writers import WRITERS
from eidos.validator.patterns import Pattern
from eidos.validator.places import places, targets


def _forced_from_root(command: Command) -> bool:
    return any(word.text == "--no-preserve-root" for word in command.args)


def _searches(command: Command) -> Iterator[Search]:
    """Yield the searches of which *command* deletes all finds."""
    if command.name in RUNNERS:
        search = search_of(command)
        if search and not DELETING.isdisjoint(search.programs):
            yield search
    elif command.name in ERASERS or command.name in EMPTYING:
        yield from searches_feeding(command)


def _deletes_system(command: Command) -> bool:
    if _forced_from_root(command):
        return True
    words, is_whole = removal_of(command)
    if is_whole and aims_at(words, targets.is_critical, targets.is_vital_file):
        return True
    if aims_at(words, targets.is_everything_in_critical, targets.is_vital_file):
        return True
    return any(
        not search.is_narrow and aims_at(search.roots, targets.is_critical)
        for search in (*_searches(command), *_replacing_searches(command))
    )


def _deletes_store(command: Command) -> bool:
    if command.machine is Machine.CONTAINER:
        return False
    words, is_whole = removal_of(command)
    words = words if is_whole else [word for word in words if word.text.endswith("/*")]
    if aims_at(words, targets.is_store):
        return True
    return any(
        not search.is_narrow and aims_at(search.roots, targets.is_store)
        for search in _searches(command)
    )


def _replacing_searches(command: Command) -> Iterator[Search]:
    """Yield the searches after which a packed or encrypted file stands in the place of each."""
    search = search_of(command) if command.name in RUNNERS else None
    if search and not REPLACING.isdisjoint(search.programs):
        yield search


def _deletes_keys(command: Command) -> bool:
    words, is_whole = removal_of(command)
    if any(targets.is_key_folder(word) and (is_whole or word.is_glob) for word in words):
        return True
    return any(
        not search.is_narrow and aims_at(search.roots, targets.is_key_folder)
        for search in _searches(command)
    )


def _deletes_key_file(command: Command) -> bool:
    if aims_at(removal_of(command).words, targets.is_key_file):
        return True
    return any(aims_at(search.roots, targets.is_key_folder) for search in _searches(command))


def _deletes_broadly(command: Command) -> bool:
    if _asks_first(command):
        return False
    removal = removal_of(command)
    if removal.is_whole:
        return aims_at(removal.words, targets.is_broad)
    return any(word.is_glob and targets.is_broad(word) for word in removal.words)


def _asks_first(command: Command) -> bool:
    if command.has_letter("f") or any(source.name == "yes" for source in command.upstream):
        return False
    return command.has_letter("iI")


def _deletes_unknown(command: Command) -> bool:
    words, is_whole = removal_of(command)
    if not is_whole:
        return False
    if _reads_names(command) and all(word.text == "{}" for word in words):
        return not any(True for _ in searches_feeding(command))
    return aims_at(words, targets.is_unknown)


def _reads_names(command: Command) -> bool:
    """Whether xargs gives it names, and nothing in the line says which."""
    return bool(command.upstream) and not {"xargs", "parallel"}.isdisjoint(command.wrappers)


def _is_own_business(word: Word) -> bool:
    """Whether nobody wonders when the administrator deletes *word* with all that is in it."""
    path = targets.path_of(word)
    if not path:
        return not word.text.startswith("..")
    if path.startswith("/opt/") and path.count("/") == _DEPTH_OF_PACKAGE:
        return False
    if path.startswith("~/") or places.SPARED_TREE.match(path):
        return True
    return _SPARED.match(path) is not None


_SPARED: Final = Pattern(
    rf"{places.TEMPORARY_TREE.pattern}|/(?:home|root|Users)/.|/(?:var/)?run/.|/etc/[^/]+/[^/]+/."
)
_OLD_LOG: Final = Pattern(r"/var/log/.*\.(?:\d+|gz|xz|bz2|zst|old|log\.\*|\[0-9\]\*?)")
_MISSED: Final = Pattern(
    r"/var/log/(?:auth\.log|secure|syslog|messages|wtmp|btmp|lastlog|faillog|kern\.log|utmp)"
    r"|/var/log/(?:audit|journal)/.*|/var/log/\*[^/]*|/dev/(?:null|zero|full|u?random|tty)"
)
_PROGRAM_TREE: Final = Pattern(
    r"/(?:usr/)?(?:s?bin|lib(?:32|64|x32|exec)?)/.|/boot/.|/dev/.|/var/lib/(?:dpkg|rpm|pacman)/.|/System/."
    r"|/etc/[^/]+$"
)
_SHARED_BY_PROGRAMS: Final = frozenset(
    {"/tmp", "/var/tmp", "/var/cache", "/var/www", "/dev/shm", "/private/tmp"}
)
_DEPTH_OF_PACKAGE: Final = 2
"""Of `/opt/vendor`: all that was installed there, for everybody."""
_DEPTH_OF_NAMED_SETTING: Final = 4


def _is_part_of_system(word: Word) -> bool:
    """Whether the system, or a program in it, may miss *word* and all that is in it."""
    path = targets.path_of(word)
    if path in _SHARED_BY_PROGRAMS:
        return True
    if not targets.is_in_system(word) or places.TEMPORARY_TREE.match(path):
        return False
    if path.startswith("/etc/") and path.count("/") >= _DEPTH_OF_NAMED_SETTING:
        return _is_system_file(word)
    return not _is_leftover(path)


def _is_leftover(path: str) -> bool:
    return _OLD_LOG.fullmatch(path) is not None or places.SPARE_COPY.fullmatch(path) is not None


def _is_system_file(word: Word) -> bool:
    """Whether the system, or a program in it, may miss the file *word*."""
    path = targets.path_of(word)
    if _is_leftover(path) or path in places.PLAIN_SETTINGS:
        return False
    if _MISSED.fullmatch(path) or places.SENSITIVE_SETTINGS.fullmatch(path):
        return True
    return _PROGRAM_TREE.match(path) is not None and not places.SPARED_TREE.match(path)


def _deletes_in_system(command: Command) -> bool:
    if command.machine is Machine.CONTAINER:
        return False
    words, is_whole = removal_of(command)
    return aims_at(words, _is_part_of_system if is_whole else _is_system_file)


def _deletes_as_root(command: Command) -> bool:
    if not command.is_root or command.machine is Machine.CONTAINER:
        return False
    words, is_whole = removal_of(command)
    return is_whole and not all(_is_own_business(word) for word in words)


def _deletes_own_folder(command: Command) -> bool:
    words, is_whole = removal_of(command)
    return any(
        targets.in_home(word) in places.OWN_FOLDERS
        for word in words
        if is_whole or targets.folder_of(word) != targets.path_of(word)
    )


def _deletes_repository(command: Command) -> bool:
    words, is_whole = removal_of(command)
    return is_whole and any(_REPOSITORY.fullmatch(word.text) for word in words)


_REPOSITORY: Final = Pattern(r"(?:.*/)?\.(?:git|hg|jj)/?(?:\*|objects/?)?")


def _finds_and_deletes_all(command: Command) -> bool:
    return command.machine is not Machine.CONTAINER and any(
        not search.is_narrow and not all(_is_scratch(root) for root in search.roots)
        for search in _searches(command)
    )


def _is_scratch(word: Word) -> bool:
    path = targets.path_of(word)
    return places.TEMPORARY_TREE.match(path) is not None and path.count("/") > 1


def _finds_and_deletes_in_system(command: Command) -> bool:
    return any(
        aims_at(search.roots, _is_programs_root)
        for search in _searches(command)
        if search.is_narrow
    )


def _is_programs_root(word: Word) -> bool:
    folder = targets.folder_of(word)
    if folder in _LOOSE_ROOTS:
        return False
    return targets.is_core_folder(word) or _PROGRAM_TREE.match(folder) is not None


_LOOSE_ROOTS: Final = frozenset(
    {"/home", "/var", "/var/log", "/var/spool", "/var/mail", "/run", "/Users", "/var/backups"}
    | {"/usr/src", "/var/lib", "/System/Volumes/Data", "/mnt/c/Users"}
)
"""Old files are looked for and deleted there every day."""


def _deletes_duplicates(command: Command) -> bool:
    match command.name:
        case "fdupes" | "jdupes":
            return command.has_letter("N") and command.has_letter("d")
        case _:
            return command.has("-deleteduplicates") and command.has("true")


def _cleans_system(command: Command) -> bool:
    """Whether git deletes all that it does not know, in a folder where it knows nothing."""
    if not command.has("clean") or not (command.has_letter("f") or command.has_long("--force")):
        return False
    here = (Word(".", folder=word.folder) for word in command.args[:1])
    folders = [*command.values("-C"), *here, *command.operands[1:]]
    return not command.has_letter("n") and aims_at(folders, targets.is_critical)


def _purges_temporary(command: Command) -> bool:
    return command.has_long("--purge") and not command.has_long("--dry-run")


def _names_too_much(command: Command) -> bool:
    return len(command.words) > targets.MAX_PLACES


def _of(names: Iterable[str], rule: str, applies: Callable[[Command], bool]) -> Effect:
    return Effect(rule, applies, frozenset(names))


_ALL: Final = ERASERS | EMPTIERS | PACKERS | RUNNERS
EFFECTS: Final[tuple[Effect, ...]] = (
    _of(_ALL | EMPTYING, "delete-system", _deletes_system),
    _of(_ALL, "delete-key-folder", _deletes_keys),
    _of(_ALL, "delete-store", _deletes_store),
    _of({"git"}, "delete-by-git", _cleans_system),
    *moving.EFFECTS,
    _of(_ALL - RUNNERS, "delete-broad", _deletes_broadly),
    _of(_ALL - RUNNERS, "delete-unknown", _deletes_unknown),
    _of(_ALL - RUNNERS, "delete-in-system", _deletes_in_system),
    _of(_ALL, "delete-key-file", _deletes_key_file),
    _of(_ALL - RUNNERS, "delete-own-folder", _deletes_own_folder),
    _of(_ALL - RUNNERS, "delete-repository", _deletes_repository),
    _of(_ALL - RUNNERS, "delete-as-root", _deletes_as_root),
    _of(ERASERS | EMPTYING | RUNNERS, "find-delete-system", _finds_and_deletes_in_system),
    _of(ERASERS | EMPTYING | RUNNERS, "find-delete-all", _finds_and_deletes_all),
    _of({"fdupes", "jdupes", "rdfind"}, "delete-duplicates", _deletes_duplicates),
    _of({"systemd-tmpfiles"}, "purge-temporary", _purges_temporary),
    _of(_ALL | set(WRITERS) | {"chmod", "chown", "chgrp"}, "too-many-places", _names_too_much),
)
