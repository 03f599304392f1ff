"""Disks that are named by the output of another command: `$(findmnt -no SOURCE /)`."""

import re
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.patterns import Pattern
from eidos.validator.places import devices, targets

_TELLS_BY_FOLDER: Final = frozenset({"findmnt", "df", "grub-probe", "mountpoint", "stat"})
_TELLS_BY_TABLE: Final = frozenset({"mount", "lsblk", "blkid", "findmnt", "df"})
_LISTS: Final = frozenset({"lsblk", "blkid", "fdisk", "sfdisk", "lshw", "nvme", "lsscsi", "hwinfo"})
_TELLS: Final = _TELLS_BY_FOLDER | _TELLS_BY_TABLE | _LISTS | frozenset(
    {"rdev", "rootdev", "pvs", "lvs", "pvdisplay", "lvdisplay", "multipath", "udevadm", "diskutil"}
)  # fmt: skip
_TABLES: Final = Pattern(r"/proc/(?:\w+/)?mount(?:s|info)|/etc/(?:fstab|mtab)|/proc/cmdline")
_PARTITIONS: Final = "/proc/partitions"
_ROOT_IN_TEXT: Final = Pattern(r"(?:^|[\s\"'=~/(])/(?:boot|home|usr|var)?(?:[\s\"')$]|$)|\broot=")
_ROOT_LABEL: Final = Pattern(
    r"(?:(?:PART)?LABEL=)?(?:root|rootfs|boot|system|EFI|ESP|home|cloudimg-rootfs)", re.IGNORECASE
)
_FILTERS: Final = frozenset(
    {"grep", "egrep", "fgrep", "rg", "awk", "gawk", "mawk", "sed"} | {"tail", "head", "fzf"}
)
_LONGEST: Final = 256


def names_root_disk(word: Word) -> bool:
    """Whether the commands in *word* print what holds the system, or a part of that."""
    if word.is_known or not word.sources:
        return False
    if any(_tells_root(source) for source in word.sources):
        return True
    has_table = any(_is_table(source) for source in word.sources)
    return has_table and any(_looks_for_root(source) for source in word.sources)


def names_disk(word: Word) -> bool:
    """Whether the commands in *word* print the name of some disk."""
    return not word.is_known and any(
        source.name in _TELLS or _names_devices(source) for source in word.sources
    )


def names_all_disks(word: Word) -> bool:
    """Whether the commands in *word* print the names of all disks, unfiltered."""
    if word.is_known or any(source.name in _FILTERS for source in word.sources):
        return False
    return any(_lists_all(source) for source in word.sources)


def _lists_all(command: Command) -> bool:
    if command.name == "ls":
        return any(word.is_glob and _names_a_device(word) for word in command.operands)
    return command.name in _LISTS and not _asks_for_one(command)


def _tells_root(command: Command) -> bool:
    name, operands = command.name, command.operands
    if name in {"rdev", "rootdev"}:
        return True
    if name in _TELLS_BY_FOLDER:
        return any(targets.is_core_folder(word) or targets.is_home(word) for word in operands)
    if name == "blkid":
        return any(_ROOT_LABEL.fullmatch(word.text) for word in command.args)
    return any(
        devices.is_first_path(targets.path_of(word)) for word in operands if not word.is_glob
    )


def _is_table(command: Command) -> bool:
    if command.name in _TELLS_BY_TABLE:
        return True
    words = (*command.args, *(r.target for r in command.redirects if r.reads))
    return any(_TABLES.fullmatch(word.text) for word in words)


def _looks_for_root(command: Command) -> bool:
    return command.name in _FILTERS and any(
        _ROOT_IN_TEXT.search(word.text, 0, _LONGEST) for word in command.args
    )


def _asks_for_one(command: Command) -> bool:
    if command.name == "blkid" and command.has_letter("LUt"):
        return True
    return any(word.text.startswith("/dev/") or not word.is_known for word in command.operands)


def _names_devices(command: Command) -> bool:
    if command.name in {"losetup", "mktemp"}:
        return False
    return any(_names_a_device(word) for word in command.operands)


def _names_a_device(word: Word) -> bool:
    return devices.is_disk_path(targets.path_of(word)) or word.text == _PARTITIONS
