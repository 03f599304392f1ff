"""Partitions, volumes and firmware: the tables that say where on a disk everything is."""

from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.device_names import names_disk, names_root_disk
from eidos.validator.effects.effect import Effect, aims_at
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.patterns import Pattern
from eidos.validator.places import devices, targets

_REWRITING: Final = {
    "parted": Pattern(r"mklabel|mktable|rm|mkpartfs"),
    "sgdisk": Pattern(r"-[a-zA-Z]*[ZozdlR].*|--(?:zap|clear|delete|load|replicate).*"),
    "sfdisk": Pattern(r"--delete|--wipe.*|-X|--label|--no-reread|--force|-f"),
    "gpt": Pattern(r"destroy|create|remove"),
}
"""What takes partitions away."""
_CHANGING: Final = {
    "parted": Pattern(r"mkpart|resizepart|resize|name|set|toggle|move|disk_set|rescue"),
    "sgdisk": Pattern(
        r"-[a-zA-Z]*[ntcuGgAsSajNmhCrT].*|--(?:new|typecode|change|part|rand|sort).*"
    ),
}
_LOOKING: Final = {
    "parted": Pattern(r"print|-l|--list|unit|-m|align-check|help"),
    "sgdisk": Pattern(r"-[pivbPDEFfO].*|--(?:print|info|verify|backup|pretend).*"),
    "sfdisk": Pattern(
        r"-[ldJVsFTgnrA]|--(?:list|dump|json|verify|show|geometry|backup|part|disk|activate|no-act|"
        r"reorder|types|list-free).*"
    ),
    "fdisk": Pattern(r"-l|--list|-s|--getsz|-x|--list-details|-V|-h"),
    "gdisk": Pattern(r"-l|-h"),
    "cfdisk": Pattern(r"-r|--read-only|-V|-h"),
    "partx": Pattern(r"-[lsraunobPg].*|--(?:list|show|raw|add|update|nr|output|bytes|pairs).*"),
    "gpt": Pattern(r"show"),
}
"""What changes nothing."""
_NOTHING: Final = Pattern(r"(?!)")
_PARTITIONERS: Final = frozenset(
    {"partx", "delpart", "parted", "sgdisk", "sfdisk", "fdisk", "gdisk", "cfdisk", "gpt"}
)
_SAME: Final = {"cgdisk": "gdisk"}


def _rewrites(command: Command) -> bool:
    """Whether a program for partitions takes some away without asking a person."""
    name = command.name
    pattern = _REWRITING.get(name)
    if pattern and any(pattern.fullmatch(word.text) for word in command.args):
        return True
    if name in {"sgdisk", "gpt"} or not _takes_orders(command):
        return False
    changing = _CHANGING.get(name)
    is_told = changing and any(changing.fullmatch(word.text) for word in command.args)
    return not is_told and _changes(command)


def _takes_orders(command: Command) -> bool:
    return bool(command.upstream) or any("<" in r.operator for r in command.redirects)


def _changes(command: Command) -> bool:
    name = _SAME.get(command.name, command.name)
    texts = [word.text for word in command.args]
    changing, looking = _CHANGING.get(name), _LOOKING.get(name, _NOTHING)
    if changing and any(changing.fullmatch(text) for text in texts):
        return True
    return not any(looking.fullmatch(text) for text in texts)


def _is_first(word: Word) -> bool:
    return devices.is_first_path(targets.path_of(word)) or names_root_disk(word)


def _is_disk(word: Word) -> bool:
    if devices.is_disk_path(targets.path_of(word)) or devices.may_be_disk(word):
        return True
    return names_disk(word)


def _partitions_first(command: Command) -> bool:
    return _rewrites(command) and aims_at(command.args, _is_first)


def _partitions(command: Command) -> bool:
    return (_rewrites(command) or _changes(command)) and aims_at(command.args, _is_disk)


_MAC_ERASERS: Final = frozenset(
    {"erasedisk", "erasevolume", "secureerase", "zerodisk", "randomdisk", "partitiondisk"}
    | {"reformat", "deletecontainer", "deletevolume", "eraseoptical"}
)
_MAC_OVERWRITERS: Final = ("zerodisk", "randomdisk", "secureerase")
_MAC_FIRST: Final = Pattern(r"(?:/dev/)?r?disk[01](?:s\d+)*|/|/Volumes/Macintosh.*")


def _erases_mac_first(command: Command) -> bool:
    erases = any(word.text.lower() in _MAC_ERASERS for word in command.args)
    is_first = any(_MAC_FIRST.fullmatch(word.text) for word in command.args)
    return erases and (is_first or command.has(*_MAC_OVERWRITERS))


def _erases_mac(command: Command) -> bool:
    return any(word.text.lower() in _MAC_ERASERS for word in command.args)


_REMOVERS: Final = frozenset({"lvremove", "vgremove", "pvremove", "lvreduce", "vgreduce"})
_DESTROYING: Final[dict[str, frozenset[str]]] = {
    "lvm": _REMOVERS,
    "zpool": frozenset({"destroy", "labelclear"}),
    "mdadm": frozenset({"--stop", "-s", "--zero-superblock", "--remove", "-r"}),
    "dmsetup": frozenset({"remove", "remove_all", "wipe_table", "clear"}),
    "stratis": frozenset({"destroy"}),
    "vdo": frozenset({"remove"}),
    "cryptsetup": frozenset(
        {"lukskillslot", "luksremovekey", "erase", "lukserase", "luksheaderrestore"}
    ),
    "dmraid": frozenset({"-e", "--erase_metadata"}),
    "ceph-volume": frozenset({"zap"}),
}


def _removes_volume(command: Command) -> bool:
    if command.name == "lvresize":
        return any(word.text.startswith("-") for word in _sizes(command))
    if command.name == "lvconvert":
        return command.has_long("--merge", "--mergesnapshot")
    if command.name in _REMOVERS:
        return not command.has_long("--test", "--help") and not command.has_letter("t")
    return command.has(*_DESTROYING.get(command.name, ()))


def _sizes(command: Command) -> Iterator[Word]:
    yield from command.values("-L", "-l", "--size", "--extents")


def _removes_volume_by_force(command: Command) -> bool:
    if not _removes_volume(command):
        return False
    forced = sum(word.text == "--force" for word in command.args) + command.letters.count("f")
    return forced > 1 or command.has("remove_all") or feed_of(command) is Feed.ALL


def _removes_system_volume(command: Command) -> bool:
    deletes = any(_DELETES.fullmatch(word.text) for word in command.operands[1:2])
    return deletes and aims_at(command.operands[2:], targets.is_critical)


_DELETES: Final = Pattern(r"d(?:e(?:l(?:e(?:te?)?)?)?)?")
"""btrfs takes its words cut short."""


def _switches_swap_off(command: Command) -> bool:
    return not command.has_long("--help", "--version")


_FLASH_ERASERS: Final[dict[str, frozenset[str]]] = {
    "flash_erase": frozenset(),
    "flash_eraseall": frozenset(),
    "flashrom": frozenset({"-e", "--erase"}),
    "mtd": frozenset({"erase"}),
    "mtd_debug": frozenset({"erase"}),
}
_FLASH_WRITERS: Final[dict[str, frozenset[str]]] = {
    "flashrom": frozenset({"-w", "--write"}),
    "mtd": frozenset({"write"}),
    "mtd_debug": frozenset({"write"}),
    "flashcp": frozenset(),
    "nandwrite": frozenset(),
    "ubiformat": frozenset(),
    "fastboot": frozenset({"erase", "format", "flash", "-w", "flashall", "unlock"}),
    "heimdall": frozenset({"flash"}),
    "nvme": frozenset({"fw-download", "fw-commit", "fw-activate"}),
    "hdparm": frozenset({"--fwdownload", "--fwdownload-mode3"}),
    "sg_write_buffer": frozenset(),
    "devlink": frozenset({"flash"}),
}


def _uses(command: Command, words: dict[str, frozenset[str]]) -> bool:
    asked = words.get(command.name)
    return asked is not None and (bool(command.args) if not asked else command.has(*asked))


_REPAIRERS: Final[dict[str, frozenset[str]]] = {
    "debugfs": frozenset({"-w"}),
    "xfs_repair": frozenset({"-l"}),
    "btrfs": frozenset({"--repair", "zero-log", "chunk-recover"}),
    "reiserfsck": frozenset({"--rebuild-tree", "--rebuild-sb"}),
    "xfs_db": frozenset({"-x"}),
}
_TOOLS: Final = _PARTITIONERS | frozenset(_SAME)
_VOLUMES: Final = _REMOVERS | frozenset(_DESTROYING) | {"lvresize", "lvconvert"}
VOLUME_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("partition-first-disk", _partitions_first, _TOOLS),
    Effect("erase-mac-disk", _erases_mac_first, frozenset({"diskutil"})),
    Effect("remove-volume-by-force", _removes_volume_by_force, _VOLUMES),
    Effect("remove-system-volume", _removes_system_volume, frozenset({"btrfs"})),
    Effect("erase-firmware", lambda c: _uses(c, _FLASH_ERASERS), frozenset(_FLASH_ERASERS)),
    Effect("partition-disk", _partitions, _TOOLS),
    Effect("format-mac-disk", _erases_mac, frozenset({"diskutil"})),
    Effect("remove-volume", _removes_volume, _VOLUMES),
    Effect("turn-swap-off", _switches_swap_off, frozenset({"swapoff"})),
    Effect("write-firmware", lambda c: _uses(c, _FLASH_WRITERS), frozenset(_FLASH_WRITERS)),
    Effect("repair-by-force", lambda c: _uses(c, _REPAIRERS), frozenset(_REPAIRERS)),
)
