"""Places that a command must not touch lightly: system folders, homes, disks, account files.

A place is the path itself or a pattern that matches it, never a prefix: `/usr` is one,
`/usr/share/doc/x` and `~/.cache` are not.
"""

import re
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Final

from eidos.validator.words import Word

SYSTEM_FOLDERS: Final = frozenset(
    f"/{name}"
    for name in (
        *("", "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "media"),
        *("mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "usr", "var"),
        *("boot/efi", "etc/ssh", "etc/systemd", "usr/bin", "usr/lib", "usr/lib64", "usr/local"),
        *("usr/sbin", "usr/share", "var/lib", "var/lib/dpkg"),
    )
)
ACCOUNT_FILES: Final = frozenset(
    f"/etc/{name}"
    for name in ("passwd", "shadow", "group", "gshadow", "sudoers", "fstab", "crypttab")
) | {"/boot/grub/grub.cfg"}
_LOGIN_FILES: Final = ACCOUNT_FILES - {"/etc/fstab", "/etc/crypttab", "/boot/grub/grub.cfg"}
_SYSTEM_TREES: Final = re.compile(r"/(?:bin|boot|dev|etc|lib\d*|proc|sbin|sys|usr|var/lib)/.")
_HOME: Final = re.compile(r"~[\w.-]*|/home/[^/*?\[]+")
_DISK: Final = re.compile(
    r"/dev/(?:sd[a-z]|hd[a-z]|vd[a-z]|xvd[a-z]|nvme\d|mmcblk\d|md\d|dm-\d|nbd\d|sr\d|s?disk"
    r"|mapper/|disk/|k?mem$|port$|(?:sd|hd|vd|nvme|xvd)[*?\[X<])"
)
_ANY_CHILD: Final = re.compile(r"/(?:\*|\.\*|\.\[!?\^?\.\]\*|\.\?\*|\{\*,\.\*\})$")


def is_critical(word: Word) -> bool:
    """Whether *word* is a system folder or a home folder, or a pattern for all that is in one."""
    return is_system_folder(word) or is_home(word)


def is_system_folder(word: Word) -> bool:
    """Whether *word* is a folder of the system, all that is in one, or a pattern for one."""
    path = _path(word)
    if path in SYSTEM_FOLDERS:
        return True
    depth = path.count("/")
    return word.is_glob and any(
        folder != "/" and folder.count("/") == depth and fnmatchcase(folder, path)
        for folder in SYSTEM_FOLDERS
    )


def is_home(word: Word) -> bool:
    """Whether *word* is the home folder of some user, or all that is in it."""
    return _HOME.fullmatch(_path(word)) is not None


def is_own_home(word: Word) -> bool:
    """Whether *word* is the user's home folder, or all that is in it."""
    return _path(word) == "~"


def is_everything_in_critical(word: Word) -> bool:
    """Whether *word* is a pattern for all files right in a system folder or a home folder."""
    return word.is_glob and _ANY_CHILD.search(word.text) is not None and is_critical(word)


def is_in_system(word: Word) -> bool:
    """Whether *word* is below a folder that belongs to the operating system."""
    return _SYSTEM_TREES.match(_path(word)) is not None


def is_account_file(word: Word) -> bool:
    """Whether *word* is one of the files without which nobody can log in or boot."""
    return _path(word) in ACCOUNT_FILES


def is_login_file(word: Word) -> bool:
    """Whether *word* is one of the files that say who may log in and become root."""
    return _path(word) in _LOGIN_FILES


def is_disk(word: Word) -> bool:
    """Whether *word* is a disk, a partition or the memory itself, as a device file."""
    return _DISK.match(_path(word)) is not None


def is_broad(word: Word) -> bool:
    """Whether *word* is all of the current folder, or a folder above it."""
    path = normpath(word.text) if word.text else ""
    return path in {".", "*", ".*", ".[!.]*", "../*"} or set(path) == {".", "/"} or path == ".."


def is_unknown(word: Word) -> bool:
    """Whether *word* begins with what only running would tell, so that it may be any place."""
    if word.is_known:
        return False
    head = re.split(r"[$`<>]", word.text, maxsplit=1)[0]
    return head == "" or is_critical(Word(head))


def _path(word: Word) -> str:
    """Return the path in *word*, `/usr/*` as `/usr`; "" when it is no absolute path."""
    text = word.text
    if not text.startswith(("/", "~")):
        return ""
    folder = _ANY_CHILD.sub("/", text) if word.is_glob else text
    path = normpath(re.sub(r"^/+", "/", folder))
    return "/" if path == "~/.." else path
