"""Whether files are still those that they were, without reading them."""

from pathlib import Path

Identity = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change (in ns) of each file."""


def identity_of(path: Path) -> Identity:
    """Return what changes when *path*, or a file in the folder *path*, is replaced or written to.

    What is not there or cannot be looked at is left out: whoever reads it says so better.
    """
    found: list[tuple[str, int, int, int]] = []
    try:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            info = file.stat()
            found.append((file.name, info.st_ino, info.st_size, info.st_mtime_ns))
    except OSError:
        pass
    return tuple(found)
