"""Permissions: who may read, change or run a file afterwards, and as whom."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from eidos.validator.answers import Once
from eidos.validator.commands import Command, Machine, Word
from eidos.validator.effects.effect import Effect, aims_at
from eidos.validator.effects.finding import RUNNERS, search_of, searches_feeding
from eidos.validator.effects.granted import INSTALLERS, LISTS, MODES, granted
from eidos.validator.effects.modes import Mode, is_mode
from eidos.validator.effects.privileges import PRIVILEGES
from eidos.validator.patterns import Pattern
from eidos.validator.places import places, targets

_OWNERS: Final = frozenset({"chown", "chgrp"})
_OPENERS: Final = MODES | LISTS | _OWNERS | {"chattr", "chflags", "chcon"}


_GRANTING: Final = MODES | INSTALLERS | LISTS


def _files_of(command: Command) -> Sequence[Word]:
    """Return the files whose rights *command* changes."""
    if command.name in _GRANTING:
        return granted(command).places
    if command.name in _OWNERS and not command.has_long("--reference"):
        return targets.notable(command.operands[1:])
    return targets.notable(command.operands)


def _is_recursive(command: Command) -> bool:
    return "R" in command.letters or command.has_long("--recursive")


@Once
def _opens_all(command: Command) -> Sequence[Word]:
    """Return the folders of which *command* changes all that is in them."""
    return tuple(_all_opened(command))


def _all_opened(command: Command) -> Iterator[Word]:
    if command.name in RUNNERS:
        search = search_of(command)
        if search and not search.is_narrow and not search.programs.isdisjoint(_OPENERS):
            yield from search.roots
        return
    files = _files_of(command)
    if _is_recursive(command):
        yield from files
    else:
        yield from (word for word in files if targets.is_everything_in_critical(word))
    for search in searches_feeding(command):
        if not search.is_narrow:
            yield from search.roots


def _opens_system(command: Command) -> bool:
    if command.name not in RUNNERS and any(w.text == "--no-preserve-root" for w in command.args):
        return True
    if aims_at(_opens_all(command), targets.is_core_folder):
        return True
    mode, _, files = granted(command)
    if mode is None:
        return False
    if mode.shuts_others_out and aims_at(files, _is_needed_by_all):
        return True
    is_extreme = mode.lets_others_write or mode.shuts_out
    return is_extreme and aims_at(files, _is_core_and_no_scratch)


def _is_needed_by_all(word: Word) -> bool:
    return targets.folder_of(word) in _NEEDED_BY_ALL


_NEEDED_BY_ALL: Final = frozenset(
    "/ /bin /dev /etc /lib /lib64 /sbin /usr /usr/bin /usr/lib /usr/lib64 /usr/sbin /usr/share"
    " /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu".split()
)
"""Without the right to enter these nobody but root starts a program."""


def _is_core_and_no_scratch(word: Word) -> bool:
    return targets.is_core_folder(word) and not targets.path_of(word).startswith(("/var/", "/home"))


def _opens_vital_file(command: Command) -> bool:
    mode, _, files = granted(command)
    if mode is not None:
        if command.name in LISTS and aims_at(files, targets.is_login_file):
            return mode.lets_any_other_in
        is_extreme = mode.lets_others_write or mode.shuts_out
        if is_extreme and aims_at(files, targets.is_vital_file, _makes_root):
            return True
        return mode.lets_others_read and aims_at(files, _is_secret)
    if command.name in _OWNERS:
        owner = next((word.text for word in command.operands[:1]), "")
        return not _ROOT.match(owner) and aims_at(_files_of(command), targets.is_vital_file)
    return command.name in MODES and _copies_rights(command) and aims_at(files, _is_secret)


def _copies_rights(command: Command) -> bool:
    """Whether the mode is not said, but that of another file, and that is none of the system."""
    patterns = [targets.path_of(word) for word in command.values("--reference")]
    return not any(path.startswith(("/etc/", "/usr/", "/bin/", "/var/")) for path in patterns)


def _makes_root(word: Word) -> bool:
    return _MAKES_ROOT.fullmatch(targets.path_of(word)) is not None


_MAKES_ROOT: Final = Pattern(
    r"/etc/(?:sudoers\.d|pam\.d|polkit-1/rules\.d)/.+|/etc/(?:ld\.so\.preload|doas\.conf)"
)
"""Whoever changes one of these files becomes root by it."""


def _is_secret(word: Word) -> bool:
    return _SECRET.fullmatch(targets.path_of(word)) is not None


_ROOT: Final = Pattern(r"(?:root|0|:?(?:root|shadow|wheel))(?:[:.]|$)")
_SECRET: Final = Pattern(r"/etc/g?shadow-?|/etc/sudoers|/etc/ssh/ssh_host_\w+_key")


def _opens_keys(command: Command) -> bool:
    mode = granted(command).mode
    is_open = mode is not None and mode.lets_any_other_in
    return is_open and aims_at(_opens_all(command), targets.is_key_folder)


def _opens_key_file(command: Command) -> bool:
    mode, _, files = granted(command)
    if mode is None or not mode.lets_any_other_in:
        return False
    if not mode.lets_others_read and command.name not in LISTS:
        return False
    return aims_at(files, targets.is_key_file, targets.is_key_folder)


def _opens_home(command: Command) -> bool:
    if aims_at(_opens_all(command), targets.is_home):
        return True
    mode, _, files = granted(command)
    if mode is None:
        return False
    if mode.lets_others_read and aims_at(files, _is_home_of_root):
        return True
    return (mode.lets_others_write or mode.shuts_out) and aims_at(files, targets.is_home)


def _is_home_of_root(word: Word) -> bool:
    return targets.path_of(word) == "/root"


def _opens_to_everybody(command: Command) -> bool:
    mode, _, files = granted(command)
    if mode is None or command.machine is Machine.CONTAINER:
        return False
    is_many = _is_recursive(command) or not _ON_MANY.isdisjoint(command.wrappers)
    if is_many and (mode.lets_others_write or mode.shuts_out):
        return True
    if mode.lets_all_delete and aims_at(files, _is_shared_by_all):
        return True
    if not mode.lets_others_write:
        return False
    if any(word.is_glob and targets.is_broad(word) for word in files):
        return True
    return aims_at(files, _is_of_the_machine, targets.is_disk, _is_startup_file)


def _is_shared_by_all(word: Word) -> bool:
    return targets.path_of(word) in {"/tmp", "/var/tmp", "/dev/shm"}


_ON_MANY: Final = RUNNERS | {"xargs", "gxargs", "parallel"}


def _is_startup_file(word: Word) -> bool:
    return targets.in_home(word) in places.STARTUP_FILES


def _is_of_the_machine(word: Word) -> bool:
    path = targets.path_of(word)
    if places.HOME.fullmatch(path) or (_SCRATCH.match(path) and not _SERVED.match(path)):
        return False
    return targets.is_in_system(word) or targets.is_system_folder(word) or bool(_SERVED.match(path))


_SCRATCH: Final = Pattern(r"/(?:tmp|var/tmp|dev|run|mnt|media|private/tmp)(?:/|$)")
_SERVED: Final = Pattern(
    r"/(?:var/www|srv|opt|usr/local)(?:/|$)|/(?:var/)?run/(?:.*/)?(?:docker|containerd|podman)\.sock"
)


def _opens_in_system(command: Command) -> bool:
    if command.machine is Machine.CONTAINER:
        return False
    if command.name in RUNNERS:
        search = search_of(command)
        if search is None or search.programs.isdisjoint(_OPENERS):
            return False
        return aims_at(search.roots, _is_core_and_no_scratch, _is_program_tree)
    if command.name in MODES and granted(command).mode is None:
        return _copies_rights(command) and aims_at(_files_of(command), _is_of_system)
    owner = command.operands[0].text if command.name in _OWNERS and command.operands else ""
    if owner and not _ROOT.match(owner) and aims_at(_files_of(command), _is_core_and_no_scratch):
        return True
    return not _ROOT.match(owner) and aims_at(
        _opens_all(command), _is_program_tree, _is_shared_folder
    )


def _is_of_system(word: Word) -> bool:
    return targets.is_in_system(word) or _is_core_and_no_scratch(word)


def _is_shared_folder(word: Word) -> bool:
    is_data = targets.path_of(word).startswith("/var/lib/")
    return targets.is_system_folder(word) and not is_data


def _is_program_tree(word: Word) -> bool:
    return _PROGRAMS.match(targets.path_of(word)) is not None


_PROGRAMS: Final = Pattern(
    r"/(?:usr/)?(?:s?bin|lib(?:32|64|x32|exec)?|include)/.|/boot/.|/var/lib/dpkg/."
)


def _opens_unknown(command: Command) -> bool:
    """Whether root changes all that is in a folder which only a variable names."""
    if not command.is_root or not _is_recursive(command):
        return False
    return any(_ONLY_VARIABLE.fullmatch(w.text) and not w.is_known for w in _files_of(command))


_ONLY_VARIABLE: Final = Pattern(r"(?:\$\w+|\$\{\w+\})(?:/\*?)?")


def _unlocks_system(command: Command) -> bool:
    """Whether it takes off, or puts on, the mark that keeps even root from changing a file."""
    if not any(re.match(r"[-+=][a-zA-Z]*i", word.text) for word in command.args):
        return False
    return aims_at(command.operands, targets.is_in_system, targets.is_critical)


def _opens_all_new_files(command: Command) -> bool:
    masks = [word.text for word in command.operands[:1]]
    if any(re.fullmatch(r"[0-7]{1,4}", mask) for mask in masks):
        return not int(masks[0], 8) & 0o002
    return any(Mode(mask).lets_others_write for mask in masks if is_mode(mask))


_GIVERS: Final = MODES | INSTALLERS
_SHARERS: Final = _GIVERS | LISTS
EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("open-system", _opens_system, _OPENERS | RUNNERS | INSTALLERS),
    Effect("open-vital-file", _opens_vital_file, _OPENERS | INSTALLERS),
    *PRIVILEGES,
    Effect("open-keys", _opens_keys, MODES | LISTS),
    Effect("open-home", _opens_home, _OPENERS | RUNNERS),
    Effect("open-key-file", _opens_key_file, MODES | LISTS),
    Effect("open-to-everybody", _opens_to_everybody, _SHARERS),
    Effect("open-in-system", _opens_in_system, _OPENERS | RUNNERS),
    Effect("open-unknown", _opens_unknown, _OPENERS),
    Effect("unlock-system-file", _unlocks_system, frozenset({"chattr"})),
    Effect("open-umask", _opens_all_new_files, frozenset({"umask"})),
)
