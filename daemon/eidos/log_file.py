"""The log of a daemon without systemd: one file that stays small, and the one before it.

A log that has grown is renamed and a new one begun. Whoever else writes to it (the engines) sees
at their next line that the name has another file behind it, and go on there: so nothing is lost
and no line is torn. Copying and truncating, as logrotate does for programs that cannot do this,
loses what is written in between.
"""

import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

MAX_LOG_BYTES: Final = 2 * 1024 * 1024
"""A log beyond this is set aside; one old one is kept."""
KEEP_DAYS: Final = 30
"""The old one is deleted when nobody has written to it for so long."""
NAME: Final = "eidosd.log"
REMOTE_NAME: Final = "eidos-remote.log"


def open_log(path: Path) -> int:
    """Open the log at *path* for appending, for its owner alone, and return its descriptor.

    Raises:
        OSError: it cannot be written, or is a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags, 0o600)


def old_log(path: Path) -> Path:
    """Return where the log before that at *path* is, if there is one."""
    return path.with_name(f"{path.name}.1")


def set_aside(path: Path) -> None:
    """Make the log at *path* the old one if it is too long, and delete an old one in time.

    Raises:
        OSError: the folder cannot be written.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_size > MAX_LOG_BYTES:
            path.replace(old_log(path))
    with suppress(FileNotFoundError):
        if time.time() - old_log(path).stat().st_mtime > KEEP_DAYS * 86_400:
            old_log(path).unlink()


class LogFile:
    """The log at *path*, to which a descriptor of this process (its stderr) writes."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def behind(cls, descriptor: int, folder: Path) -> "LogFile | None":
        """Return our log in *folder* if *descriptor* writes to it; None for any other file.

        A file that somebody chose for us is theirs: nobody wants to find it renamed.
        """
        try:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid():
                return None
            for path in (folder / NAME, folder / REMOTE_NAME):
                # The old one too: the daemon may have set it aside while an engine started.
                ours = [each for each in (path, old_log(path)) if each.exists()]
                if any(os.path.samestat(info, each.stat()) for each in ours):
                    return cls(path, descriptor)
        except OSError:
            return None
        return None

    def follow(self) -> None:
        """Have the descriptor write to what is at the path now; on a fault it stays as it is."""
        with suppress(OSError):
            current = os.fstat(self._descriptor)
            with suppress(FileNotFoundError):
                if os.path.samestat(current, self._path.stat()):
                    return
            opened = open_log(self._path)
            try:
                for descriptor in {1, self._descriptor}:  # what is printed goes to the log too
                    if os.path.samestat(current, os.fstat(descriptor)):
                        os.dup2(opened, descriptor)
            finally:
                os.close(opened)

    def keep_small(self) -> None:
        """Begin a new log if this one is too long; on a fault it goes on."""
        with suppress(OSError):
            set_aside(self._path)
        self.follow()
