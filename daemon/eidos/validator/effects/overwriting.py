"""Overwriting: files of the system and settings that are gone once something else is in them."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Machine, Word
from eidos.validator.effects.arguments import option_values
from eidos.validator.effects.effect import WRITING, Effect, aims_at
from eidos.validator.effects.moving import sources_and_goal
from eidos.validator.effects.writing import writes
from eidos.validator.effects.written import How, Write
from eidos.validator.patterns import Pattern
from eidos.validator.places import places, targets
from eidos.validator.programs.network import brings

_LOSING: Final = frozenset({How.EMPTY, How.REPLACE})
_LOSING_OR_PLACED: Final = _LOSING | {How.PLACE}


def _writes(hows: frozenset[How], test: Callable[[Word], bool]) -> Callable[[Command], bool]:
    """Return the question whether a command writes what passes *test* in one of the ways *hows*."""

    def applies(command: Command) -> bool:
        return any(how in hows and test(target) for target, how in writes(command))

    return applies


def _writes_accounts(command: Command) -> bool:
    return any(
        targets.is_login_file(target)
        or (how in _LOSING_OR_PLACED and targets.is_account_file(target))
        for target, how in writes(command)
    )


def _writes_vital(command: Command) -> bool:
    return any(_is_vital(write, command) for write in writes(command))


def _is_vital(write: Write, command: Command) -> bool:
    target, how = write
    if how not in _LOSING_OR_PLACED or not targets.is_vital_file(target):
        return False
    path = targets.path_of(target)
    if how is How.PLACE and _NEW_VERSION.match(path):
        return False
    return command.name != "ln" or not _links_another_of_its_kind(path, command)


_NEW_VERSION: Final = Pattern(r"/boot/[^/]*\d|/boot/(?:loader|efi)/")


def _links_another_of_its_kind(path: str, command: Command) -> bool:
    """Whether a link to another shell takes the place of sh, another awk that of awk."""
    kind = _OFTEN_LINKED.get(path.rpartition("/")[2])
    sources, _ = sources_and_goal(command)
    return kind is not None and all(kind.fullmatch(source.text) for source in sources)


_OFTEN_LINKED: Final = {
    "sh": Pattern(r"(?:.*/)?(?:ba|da|z|k|mk|lk|ya|po|a)?sh\d*(?:\.\w+)?|(?:.*/)?busybox"),
    "python3": Pattern(r"(?:.*/)?(?:python|pypy)[\d.]*"),
    "awk": Pattern(r"(?:.*/)?(?:[gmn]|original-|go)?awk|(?:.*/)?busybox"),
    "perl": Pattern(r"(?:.*/)?perl[\d.]*"),
    "vmlinuz": Pattern(r"(?:.*/)?vmlinuz-.*"),
    "initrd.img": Pattern(r"(?:.*/)?initr.*"),
}
"""Vital names that are links, and what they may lead to."""


def _writes_in_system(command: Command) -> bool:
    if command.machine is Machine.CONTAINER:
        return False
    return any(_is_in_system(write, command) for write in writes(command))


def _is_in_system(write: Write, command: Command) -> bool:
    target, how = write
    path = targets.path_of(target)
    if not targets.is_in_system(target) or targets.is_system_folder(target):
        return False
    if path.startswith("/etc/"):
        is_guarded = _is_guarded_setting(path, how)
        return is_guarded and not (how is How.PLACE and _brings_back(target, command))
    if how not in _LOSING_OR_PLACED or not _PROGRAM_TREE.match(path):
        return False
    if how is not How.PLACE:
        return how is How.EMPTY or not _ADDED_TO_PROGRAMS.match(path)
    return _takes_a_place(path, command)


def _is_guarded_setting(path: str, how: How) -> bool:
    if places.SPARE_COPY.fullmatch(path):
        return False
    if how is How.EMPTY:
        return True
    if how in _LOSING_OR_PLACED:
        is_main = path in places.MAIN_SETTINGS or places.MAIN_SETTING_NAMES.fullmatch(path)
        return bool(is_main) or _GUARDED.match(path) is not None
    return how is How.EDIT and path in places.ACCOUNT_FILES


def _brings_back(target: Word, command: Command) -> bool:
    """Whether a copy of the file itself, such as `x.bak`, takes its place."""
    sources, _ = sources_and_goal(command)
    path = targets.path_of(target)
    copies = [targets.path_of(source) for source in sources]
    return bool(copies) and all(
        copy.startswith(path) and places.SPARE_COPY.fullmatch(copy) for copy in copies
    )


_GUARDED: Final = Pattern(
    r"/etc/(?:pam\.d|ssh(?!/sshd?_config\.d)|security|ssl/private|pki/tls/private|selinux"
    r"|sudoers\.d)/."
)
_PROGRAM_TREE: Final = Pattern(
    r"/(?:usr/)?(?:s?bin|lib(?:32|64|x32|exec)?|share|include)/.|/boot/.|/System/."
    r"|/var/lib/(?:dpkg|rpm|pacman)/."
)


_ADDED_TO_PROGRAMS: Final = Pattern(
    r"/usr/share/(?:(?:bash-completion|zsh|fish|man|icons|pixmaps/[^/]+$|backgrounds|wallpapers|doc"
    r"|info|licenses|xsessions|wayland-sessions|(?:sddm|plymouth|grub|gtk-[\d.]+)/themes|gnome-shell"
    r"|plasma|glib-2\.0/schemas|ca-certificates|vim|emacs|nano|nginx/html|X11/xorg\.conf\.d|sounds"
    r"|java|php|webapps|fontconfig|gtksourceview[^/]*|mime|bash_completion\.d)(?:/|$))"
)
"""Where one puts files of one's own beside those of the programs."""
_PROGRAM_FILE: Final = Pattern(
    r"/(?:usr/)?s?bin/[^/]+|/(?:usr/)?lib\w*/.*\.so[\w.]*|/boot/.+|/var/lib/(?:dpkg|rpm)/.+"
    r"|/usr/(?:lib\w*|share|include)/.+\.[A-Za-z][A-Za-z0-9]{0,7}"
)


def _takes_a_place(path: str, command: Command) -> bool:
    """Whether a file or link at *path* is replaced, not a program installed under its own name."""
    if not _PROGRAM_FILE.fullmatch(path):
        return False
    if command.name == "ln":
        is_forced = command.has_letter("f") or command.has_long("--force")
        return is_forced and path.rpartition("/")[2] in _OFTEN_LINKED
    sources, _ = sources_and_goal(command)
    name = path.rpartition("/")[2]
    return not any(source.text.rstrip("/").endswith(name) for source in sources)


def _is_startup_file(word: Word) -> bool:
    name = targets.in_home(word)
    if name:
        return name in places.STARTUP_FILES or _PRIVATE_KEY.fullmatch(name) is not None
    return word.text in places.STARTUP_FILES and not word.folder


_PRIVATE_KEY: Final = Pattern(r"\.ssh/id_[^/.]*")


def _empties_broadly(command: Command) -> bool:
    return any(
        how is How.EMPTY and _is_all_files(target, in_loop=command.in_loop)
        for target, how in writes(command)
    )


def _is_all_files(word: Word, *, in_loop: bool) -> bool:
    if targets.is_everything_in_critical(word):
        return True
    is_glob = word.is_glob or (in_loop and "*" in word.text)
    return is_glob and targets.is_broad(replace(word, is_glob=True))


def _unpacks_over_system(command: Command) -> bool:
    if command.machine is Machine.CONTAINER:
        return False
    goal = _UNPACKERS.get(command.name)
    return goal is not None and aims_at(goal(command), targets.is_core_folder)


def _unpacks_unseen_over_root(command: Command) -> bool:
    """Whether what is unpacked over the system came from the network in this very line."""
    if command.machine is Machine.CONTAINER or command.name not in _ARCHIVERS:
        return False
    if not any(brings(source) for source in command.reads):
        return False
    return aims_at(_UNPACKERS[command.name](command), _is_root_of_system)


def _is_root_of_system(word: Word) -> bool:
    folder = targets.folder_of(word)
    return folder != "/usr" and not folder.startswith("/var") and targets.is_core_folder(word)


def _goal_of_tar(command: Command) -> Iterator[Word]:
    first = command.args[0].text if command.args else ""
    extracts = "x" in command.letters or command.has_long("--extract", "--get")
    if not extracts and not re.match(r"[a-zA-Z]*x", first):
        return
    if command.has_long("--absolute-names") or _KEEPS_ROOT.search(first):
        yield Word("/")
    folders = list(option_values(command, "C", "--directory"))
    yield from folders or _current(command)


_KEEPS_ROOT: Final = Pattern(r"^-?[a-zA-Z]*P")


def _goal_of_unzip(command: Command) -> Iterator[Word]:
    if command.has_letter("lptvZ"):
        return
    folders = list(option_values(command, "d"))
    yield from folders or _current(command)


def _goal_of_7z(command: Command) -> Iterator[Word]:
    if command.has("x", "e"):
        yield from command.values("-o")


def _goal_of_cpio(command: Command) -> Iterator[Word]:
    if command.has_letter("ip") or command.has_long("--extract", "--pass-through"):
        yield from _current(command)
        yield from command.values("-D", "--directory")
        yield from command.operands[-1:]


def _goal_of_dpkg(command: Command) -> Iterator[Word]:
    if command.has_letter("xX") or command.has_long("--extract", "--vextract"):
        yield from command.operands[1:2]


def _goal_of_unsquashfs(command: Command) -> Iterator[Word]:
    yield from command.values("-d", "-dest")


def _goal_of_copy(command: Command) -> Iterator[Word]:
    """Yield the folder into which all that is in another one is copied."""
    sources, goal = sources_and_goal(command)
    if goal is None or "n" in command.letters:
        return
    if any(_ALL_IN.search(source.text) for source in sources):
        yield goal
    if targets.path_of(goal) == "/" and command.has_letter("raR"):
        yield from (Word(f"/{source.text.rpartition('/')[2]}") for source in sources)


_ALL_IN: Final = Pattern(r"/$|/\.$|/\*$")


def _current(command: Command) -> Iterator[Word]:
    yield from (Word(".", folder=word.folder) for word in command.args[:1] if word.folder)


_UNPACKERS: Final[dict[str, Callable[[Command], Iterator[Word]]]] = {
    **dict.fromkeys(("tar", "gtar", "bsdtar"), _goal_of_tar),
    **dict.fromkeys(("unzip", "bsdunzip"), _goal_of_unzip),
    **dict.fromkeys(("7z", "7za", "7zz", "7zr", "unrar"), _goal_of_7z),
    **dict.fromkeys(("dpkg", "dpkg-deb"), _goal_of_dpkg),
    **dict.fromkeys(("cp", "rsync"), _goal_of_copy),
    "cpio": _goal_of_cpio,
    "unsquashfs": _goal_of_unsquashfs,
}  # fmt: skip
_ARCHIVERS: Final = frozenset(_UNPACKERS) - {"cp", "rsync"}
EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("write-accounts", _writes_accounts, when=WRITING),
    Effect("write-vital-file", _writes_vital, when=WRITING),
    Effect("unpack-unseen-over-system", _unpacks_unseen_over_root, _ARCHIVERS),
    Effect("write-system", _writes_in_system, when=WRITING),
    Effect("write-startup-file", _writes(_LOSING, _is_startup_file), when=WRITING),
    Effect("empty-broad", _empties_broadly, when=WRITING),
    Effect("unpack-over-system", _unpacks_over_system, frozenset(_UNPACKERS)),
)
