"""Whether files are still those that they were, without reading them."""

import glob
from contextlib import suppress
from pathlib import Path

Identity = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change (in ns) of each file."""


def identity_of(path: Path) -> Identity:
    """Return what changes when a model's files are replaced or written to.

    These are *path* and what lies beside it under names that begin with its own, as weights do; of
    a folder, all that is in it. What cannot be looked at is left out: whoever reads it says so.
    """
    found: list[tuple[str, int, int, int]] = []
    beside = f"{glob.escape(path.name)}*"
    with suppress(OSError):
        for file in sorted(path.iterdir() if path.is_dir() else path.parent.glob(beside)):
            info = file.stat()
            found.append((file.name, info.st_ino, info.st_size, info.st_mtime_ns))
    return tuple(found)


def was_written_to(before: Identity, now: Identity) -> bool:
    """Tell whether a file of *before* has other contents *now*, and not another file its name."""
    known = {(name, inode): rest for name, inode, *rest in before}
    return any(known.get((name, inode), rest) != rest for name, inode, *rest in now)
