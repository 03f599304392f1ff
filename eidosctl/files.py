"""Change a person's files so that nothing but the whole old or the whole new one is ever there."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from eidos.errors import EidosError


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Make *path* hold *content*; on any failure it stays what it was.

    A link is followed and stays a link. A file that exists keeps its owner and its mode; a new
    one gets *mode*.

    Raises:
        EidosError: the file cannot be written; the message names it and the reason.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, content, mode)
    except FileExistsError as exc:
        raise EidosError(f"cannot write {path}: {exc.filename} is in the way") from exc
    except OSError as exc:
        raise EidosError(f"cannot write {path}: {exc.strerror}; it was left as it was") from exc


def remove(path: Path) -> bool:
    """Remove the file *path*, and say whether there was one.

    Raises:
        EidosError: it is there and cannot be removed.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise EidosError(f"cannot remove {path}: {exc.strerror}") from exc
    return True


def remove_empty(*folders: Path) -> None:
    """Remove those of *folders* that are empty, in the order given."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def read(path: Path) -> bytes | None:
    """Return what *path* holds, or None where there is no such file.

    Raises:
        EidosError: it is there and cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise EidosError(f"cannot read {path}: {exc.strerror}") from exc


def _replace(target: Path, content: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.eidos-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            _copy_owner_and_mode(target, file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _copy_owner_and_mode(target: Path, handle: int, mode: int) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        os.fchmod(handle, mode)
        return
    new = os.fstat(handle)
    if old.st_uid != new.st_uid:
        os.fchown(handle, old.st_uid, old.st_gid)
    elif old.st_gid != new.st_gid:
        with contextlib.suppress(PermissionError):  # a group that we are no member of
            os.fchown(handle, -1, old.st_gid)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))
