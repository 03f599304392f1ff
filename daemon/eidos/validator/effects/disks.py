"""Disks: what is written over them, and what is made of them anew."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.device_names import names_all_disks, names_disk, names_root_disk
from eidos.validator.effects.effect import WRITING, Effect, aims_at
from eidos.validator.effects.volumes import VOLUME_EFFECTS
from eidos.validator.effects.writing import writes
from eidos.validator.evaluating.options import rest_of
from eidos.validator.patterns import Pattern
from eidos.validator.places import devices, targets


def _is_disk(word: Word) -> bool:
    return devices.is_disk_path(targets.path_of(word)) or names_root_disk(word)


def _is_first(word: Word) -> bool:
    return devices.is_first_path(targets.path_of(word)) or names_root_disk(word)


def _is_memory(word: Word) -> bool:
    return devices.is_memory_path(targets.path_of(word))


_IMAGE: Final = Pattern(
    r".*\.(?:iso|img|image|raw|bin|qcow2?|7z|vhdx?|vmdk|vdi|dmg|wic|hddimg|gz|xz|zst|bz2|lz4|zip|dd)"
    r"(?:\.part\w*)?",
    re.IGNORECASE,
)
_NOISE: Final = Pattern(
    r"(?:(?:file|open|gopen):)?/dev/(?:zero|u?random|full|null|mem)(?:,.*)?", re.IGNORECASE
)
_PRINTERS: Final = frozenset({"yes", "echo", "printf", "openssl", "seq"})
_TAKES_IMAGE: Final = frozenset(
    {"ventoy", "Ventoy2Disk.sh", "ssh", "curl", "wget", "nc", "ncat", "socat", "aws", "gsutil"}
)
_RESTORERS: Final = frozenset(
    "ntfsclone fsarchiver bmaptool qemu-img e2image rpi-imager asr f3brew partimage xfs_copy balena"
    " usbimager ventoy Ventoy2Disk.sh woeusb popsicle livecd-iso-to-disk caligula ocs-sr".split()
) | frozenset(
    f"partclone.{kind}"
    for kind in "btrfs dd exfat ext2 ext3 ext4 extfs f2fs fat hfsp imager ntfs restore xfs".split()
)
"""Programs that write an image to a disk, and name the disk in ways of their own."""


def _written(command: Command) -> Iterator[Word]:
    """Yield what *command* writes, devices among it."""
    yield from (target for target, _ in writes(command))
    if command.name in _RESTORERS:
        yield from _restored(command)


def _restored(command: Command) -> Iterator[Word]:
    name = command.name
    if name == "qemu-img" and not command.has("convert", "dd", "create"):
        return
    if name == "ntfsclone" and not (command.has_letter("Or") or command.has_long("--overwrite")):
        return
    if name in {"ventoy", "Ventoy2Disk.sh"} and not command.has_letter("iIu"):
        return
    if name.startswith("partclone") and not command.has_letter("robD"):
        return
    if name == "ocs-sr" and command.has("restoredisk", "restoreparts"):
        yield from (Word(f"/dev/{word.text}") for word in command.operands[2:])
    for word in command.args if name != "qemu-img" else command.operands[-1:]:
        head = re.match(r"(?:[^/]*,)?(?:of|dest|--target)=", word.text)
        yield rest_of(word, head.end()) if head else word


def _copies_image(command: Command) -> bool:
    """Whether a whole image is written, as one does with a memory stick, and no noise or disk."""
    makers = (command, *command.upstream)
    words = [word for maker in makers for word in maker.args]
    words += [r.target for maker in makers for r in maker.redirects if r.reads]
    read = [rest_of(w, 3) if w.text.startswith("if=") else w for w in words]
    read = [word for word in read if not word.text.startswith(("of=", "-"))]
    if any(_NOISE.fullmatch(targets.path_of(word) or word.text) for word in read):
        return False
    if any(maker.name in _PRINTERS for maker in command.upstream):
        return False
    return any(_is_image(word) for word in read) or any(
        maker.name in _TAKES_IMAGE for maker in makers
    )


def _is_image(word: Word) -> bool:
    if not word.is_known:
        return not devices.may_be_disk(word)
    return _IMAGE.fullmatch(word.text) is not None


def _reads_plain_file(command: Command) -> bool:
    sources = [rest_of(w, 3) for w in command.args if w.text.startswith("if=")]
    sources += [r.target for r in command.redirects if r.reads]
    if command.name in {"cp", "cat"}:
        sources += command.operands[:1]
    return bool(sources) and not any(w.text.startswith("/dev/") for w in sources)


def _writes_disk(command: Command) -> bool:
    disks = [word for word in _written(command) if _is_disk(word)]
    if not disks:
        return _writes_any_disk(command)
    if any(_is_first(word) for word in disks):
        return True
    return not (_copies_image(command) or _reads_plain_file(command))


def _writes_any_disk(command: Command) -> bool:
    """Whether a loop or xargs writes noise to one device after the other."""
    return any(
        names_all_disks(word) or (_is_any_device(word) and (command.in_loop or "{}" in word.text))
        for word in _written(command)
    ) and not _copies_image(command)


def _writes_image(command: Command) -> bool:
    return aims_at(_written(command), _is_disk)


def _writes_unknown(command: Command) -> bool:
    return aims_at(_written(command), devices.may_be_disk, names_disk)


def _writes_memory(command: Command) -> bool:
    return aims_at(_written(command), _is_memory)


_MAKERS: Final = frozenset(
    "mkfs mke2fs mkntfs mkdosfs mkfatfs mkswap mkreiserfs mkudffs mkexfatfs mkbtrfs newfs newfs_hfs"
    " newfs_apfs newfs_msdos newfs_exfat newfs_udf hformat bcachefs make-bcache ms-sys pvcreate"
    " vgcreate vgextend mdadm zpool cryptsetup tcplay veracrypt gpart".split()
)
_ONLY_WHEN: Final[dict[str, tuple[str, ...]]] = {
    "bcachefs": ("format",),
    "mdadm": ("--create", "-c", "--zero-superblock", "--build", "-b"),
    "zpool": ("create", "labelclear", "add", "replace"),
    "cryptsetup": ("luksformat", "reencrypt"),
    "veracrypt": ("-c", "--create"),
    "gpart": ("destroy", "create", "delete"),
}
"""Programs that also do harmless things, and the words with which they write."""


def _made(command: Command) -> Iterator[Word]:
    """Yield the words of a program that makes a file system, among them where."""
    name = command.name
    if command.has_long(*_DRY) or (name in _TRIES_WITH_N and _only_tries(command)):
        return
    words = _ONLY_WHEN.get(name)
    if words is not None and not command.has(*words):
        return
    yield from command.args
    if name == "zpool":
        yield from (Word(f"/dev/{word.text}") for word in command.operands[2:])


_DRY: Final = ("--help", "--version", "--dry-run", "--no-act")


_TRIES_WITH_N: Final = frozenset({"mke2fs", "mkfs", "mkntfs"})


def _only_tries(command: Command) -> bool:
    """Whether `-n` makes it only say what it would do; that of mkfs.vfat begins a name."""
    return any(
        _TRYING.fullmatch(option.text) and following.text.startswith(("/", "-"))
        for option, following in pairwise(command.args)
    )


_TRYING: Final = Pattern(r"-[a-zA-Z]*n[a-zA-Z]*")


def _formats_first(command: Command) -> bool:
    return aims_at(_made(command), _is_first, names_all_disks)


def _formats(command: Command) -> bool:
    return aims_at(_made(command), _is_disk)


def _formats_unknown(command: Command) -> bool:
    return aims_at(_made(command), _may_be_unknown_disk)


def _may_be_unknown_disk(word: Word) -> bool:
    if devices.may_be_disk(word) or names_disk(word):
        return True
    return not word.is_known and re.match(r"\$\{?\w+\}?\d*$", word.text) is not None and (
        re.search(r"img|image|file|iso|label|name|uuid|size", word.text, re.IGNORECASE) is None
    )  # fmt: skip


_ERASERS: Final[dict[str, Callable[[Command], bool]]] = {
    **dict.fromkeys(
        ("shred", "blkdiscard", "nwipe", "scrub", "wipe", "srm", "sswap", "sg_format"),
        lambda _: True,
    ),
    "badblocks": lambda c: c.has_letter("w"),
    "cryptsetup": lambda c: c.has("erase", "lukserase"),
    "mmc": lambda c: c.has("erase", "sanitize", "writeprotect"),
    "hdparm": lambda c: any(_HDPARM_ERASES.match(word.text) for word in c.args),
    "nvme": lambda c: c.has("format", "sanitize", "write-zeroes", "delete-ns", "write-uncor"),
    "sedutil-cli": lambda c: any(_SED_ERASES.match(word.text) for word in c.args),
    "sg_write_same": lambda _: True,
    "sg_sanitize": lambda _: True,
    "sg_unmap": lambda _: True,
    "wipefs": lambda c: (
        (c.has_letter("ao") or c.has_long("--all", "--offset"))
        and not (c.has_letter("n") or c.has_long("--no-act"))
    ),
}  # fmt: skip
_HDPARM_ERASES: Final = Pattern(
    r"--(?:security-erase|trim-sector|make-bad-sector|dco-restore|write-sector|repair-sector"
    r"|yes-i-know)"
)
_SED_ERASES: Final = Pattern(r"--(?:psidrevert|reverttper|yesireallywantto)", re.IGNORECASE)
_DEVICE_NODE: Final = Pattern(r"/dev/(?:nvme\d|sg\d+|bsg/.+)")


def _erases(command: Command) -> bool:
    if command.has("--autonuke"):
        return True
    return _is_eraser(command) and aims_at(
        command.args, _is_disk, _is_device_node, _is_any_device, names_all_disks
    )


def _is_eraser(command: Command) -> bool:
    erases = _ERASERS.get(command.name)
    return erases is not None and erases(command)


def _is_device_node(word: Word) -> bool:
    return _DEVICE_NODE.match(targets.path_of(word)) is not None


def _is_any_device(word: Word) -> bool:
    return word.text.startswith("/dev/") and devices.may_be_disk(word)


def _erases_unknown(command: Command) -> bool:
    return _is_eraser(command) and aims_at(command.operands, devices.may_be_disk, names_disk)


def _detaches(command: Command) -> bool:
    return any(_DETACHING.fullmatch(targets.path_of(word)) for word in _written(command))


_DETACHING: Final = Pattern(
    r"/sys/(?:(?:block|class/(?:block|scsi_device|scsi_disk))/[^/]+/device"
    r"|bus/scsi/devices/[^/]+)/(?:delete|state)|/proc/scsi/scsi"
)


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("erase-disk", _erases, frozenset(_ERASERS)),
    Effect("write-disk", _writes_disk, _RESTORERS, WRITING),
    Effect("write-memory", _writes_memory, _RESTORERS, WRITING),
    Effect("format-disk", _formats_first, _MAKERS),
    *VOLUME_EFFECTS,
    Effect("detach-disk", _detaches, _RESTORERS, WRITING),
    Effect("erase-unknown-disk", _erases_unknown, frozenset(_ERASERS)),
    Effect("write-image", _writes_image, _RESTORERS, WRITING),
    Effect("write-unknown-disk", _writes_unknown, _RESTORERS, WRITING),
    Effect("format-other-disk", _formats, _MAKERS),
    Effect("format-unknown-disk", _formats_unknown, _MAKERS),
)
