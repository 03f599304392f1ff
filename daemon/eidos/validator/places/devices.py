"""Disks and other device files: which of them hold the system, and which a stick or a second disk.

The first disk of each kind is taken for the one that the machine starts from: that is true of
nearly every machine, and the error in the other direction cannot be undone.
"""

import re
from typing import Final

from eidos.validator.commands import Word
from eidos.validator.patterns import Pattern, fits

_DISK: Final = Pattern(
    r"/dev/(?:"
    r"(?:sd|hd|vd|xvd)(?:[a-z]{1,2}|[X*?{<\[].*)(?:\d+|[XYN*?])?"
    r"|nvme[\dX*?{<\[].*|mmcblk[\dX*?{<\[].*|nbd\d.*|md(?:\d+|/.+|\*)|dm-.+|sr\d|cdrom|fd\d|dasd\w+"
    r"|(?:ada|da|ad|nvd|vtbd|wd)\d\w*|r?disk[\dXNn]\w*|mapper/(?!control$).+|disk/by-[a-z]+/.+"
    r"|zvol/.+|root|mtd\w*|ubi\w*|bcache\d+|block/.+|drbd\d+|rbd\d+|loop-system"
    r"|(?!shm/|pts/|fd/|input/|snd/|dri/|bus/|net/|cpu/|usb/|serial/|v4l/|char/|vfio/|mqueue/"
    r"|hugepages/|disk/|mapper/|cpu_dma|tty|loop|ram|zram|std|hidraw|video|i2c|infiniband/|nvidia)"
    r"[\w.+-]+/[\w.+{}-]+"
    r")"
)
"""The last alternative is `/dev/GROUP/VOLUME`, as LVM names its volumes."""
_FIRST: Final = Pattern(
    r"/dev/(?:(?:sd|hd|vd|xvd)a\d*|nvme0(?:n1)?(?:p\d+)?|mmcblk0(?:p\d+|boot\d)?|(?:ada|nvd|vtbd|wd)"
    r"0\w*|r?disk[01](?:s\d+)?|root|mtd\w*|ubi\w*|dasda\d*"
    r"|(?:mapper/|[\w.+-]+/)[\w.+-]*(?:root|system|swap|rootvol|ubuntu|fedora|rhel|centos|debian"
    r"|home|usr|var|pve|-os)[\w.+-]*|mapper/luks-.+|disk/by-(?:part)?label/(?:root|boot|system|EFI|ESP|home)"
    r")",
    re.IGNORECASE,
)
_SAMPLES: Final = (
    *("sda", "sda1", "hda", "vda", "vda1", "xvda", "nvme0n1", "nvme0n1p1", "nvme0", "mmcblk0"),
    *("mmcblk0p1", "disk0", "disk0s1"),
)
_MEMORY: Final = Pattern(r"/dev/(?:k?mem|port|nvram)")
_ANY_DEVICE: Final = Pattern(r"/dev/[^/]*(?:\{\}|\$|`|%)")
_DISK_VARIABLE: Final = Pattern(
    r"\$\{?\w*(?:disk|dev|drive|usb|stick|sdcard|hdd|ssd|nvme|partition|blk)\w*", re.IGNORECASE
)
_LONGEST_PATTERN: Final = 40


def is_disk_path(path: str) -> bool:
    """Whether *path* is a disk, a partition, a volume or flash memory, as a device file."""
    return path.startswith("/dev/") and (
        _DISK.fullmatch(path) is not None or _is_pattern_for_first(path)
    )


def is_memory_path(path: str) -> bool:
    """Whether *path* is the memory or the ports of the machine, as a device file."""
    return _MEMORY.fullmatch(path) is not None


def is_first_path(path: str) -> bool:
    """Whether *path* is the disk that the machine starts from, most likely, or a part of it."""
    return path.startswith("/dev/") and (
        _FIRST.fullmatch(path) is not None or _is_pattern_for_first(path)
    )


def may_be_disk(word: Word) -> bool:
    """Whether *word* is a device that only running tells, or a variable that is named like one."""
    text = word.text
    if text.startswith("/dev/") and _ANY_DEVICE.match(text):
        return True
    return not word.is_known and _DISK_VARIABLE.match(text) is not None


def _is_pattern_for_first(path: str) -> bool:
    name = path.removeprefix("/dev/")
    if len(name) > _LONGEST_PATTERN or not any(sign in name for sign in "*?["):
        return False
    return any(fits(sample, name) for sample in _SAMPLES)
