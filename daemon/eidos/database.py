"""A SQLite file of one person's, which is made, opened, checked, migrated and set aside here alone.

It has a rollback journal and no write-ahead log: writes are rare (two a minute), at rest there is
one file, and who reads never meets records that are in a second file alone. `synchronous=EXTRA`
makes each commit last, through a power failure too: a record that came back out of the audit log
would look like one that was taken out.
"""

import contextlib
import fcntl
import logging
import os
import stat
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from eidos.errors import EidosError
from eidos.paths import check_private

if TYPE_CHECKING:
    from sqlite3 import Connection as Connection  # noqa: PLC0414 - for those who use a Database
    from sqlite3 import Error

log = logging.getLogger(__name__)

Value = TypeVar("Value")

_BUSY_TIMEOUT_S: Final = 5.0
"""A transaction takes 10 ms; who holds the lock for longer has stopped."""
_CORRUPT: Final = frozenset({11, 26})
"""SQLITE_CORRUPT and SQLITE_NOTADB."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What is in a file."""

    steps: tuple[tuple[str, ...], ...]
    """What leads from each version to the next; `user_version` counts the steps done."""
    tables: frozenset[str]
    """Without one of these it is no file of ours."""
    without: str
    """What becomes of it where Python has no sqlite3, in a clause."""


class _Damaged(EidosError):  # noqa: N818 - it is a state to report
    """The file is no database of ours any more."""


class Database:
    """A file of one user; every call opens it, and leaves it closed."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self._schema = schema
        self._is_checked = False

    @property
    def damaged(self) -> Path:
        """Where a file is set aside that could not be read; there is at most one."""
        return self.path.with_name(self.path.name + ".damaged")

    def exists(self) -> bool:
        """Tell whether anything has ever been written.

        An empty file is a first change that is under way, or that had no room on the disk.
        """
        try:
            return stat.S_ISREG(self.path.stat().st_mode) and self.path.stat().st_size > 0
        except OSError:
            return False

    def change(self, do: "Callable[[Connection], Value]") -> Value:
        """Return what *do* returns; what it changes is kept as a whole, or not at all.

        The file is made where there is none. One that is damaged is set aside, and *do* is called
        again on a new one.

        Raises:
            EidosError: the folder is not ours alone, or nothing can be written (a full disk).
        """
        _make_folder(self.path.parent)
        try:
            return self._changed(do)
        except _Damaged as exc:
            self._set_aside(exc)
            return self._changed(do)

    def look(self, do: "Callable[[Connection], Value]") -> Value:
        """Return what *do* finds in the file, which it cannot change.

        Raises:
            EidosError: there is no file, it is not ours alone, or it cannot be read.
        """
        check_private(self.path.parent, os.getuid())
        with _opened(self.path, self._schema) as connection:
            _version_of(connection, self.path, self._schema)
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            return do(connection)

    def compact(self) -> None:
        """Give back the room of what was deleted, and leave nothing of it in the file.

        Raises:
            EidosError: nothing can be written.
        """
        with _opened(self.path, self._schema) as connection:
            connection.execute("VACUUM")

    def _changed(self, do: "Callable[[Connection], Value]") -> Value:
        _make_file(self.path)
        with _opened(self.path, self._schema) as connection:
            if not self._is_checked:
                _require_whole(connection, self.path, self._schema)
            connection.execute("BEGIN IMMEDIATE")
            _migrate(connection, self.path, self._schema)
            self._is_checked = True
            value = do(connection)
            connection.execute("COMMIT")
            return value

    def _set_aside(self, fault: _Damaged) -> None:
        """Move the damaged file away, unless another process has just done so."""
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            with contextlib.suppress(EidosError), _opened(self.path, self._schema) as connection:
                _require_whole(connection, self.path, self._schema)
                return
            # The journal first: behind the file's name there may soon be another process' new one.
            self.path.with_name(self.path.name + "-journal").unlink(missing_ok=True)
            self.path.replace(self.damaged)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise EidosError(f"{fault}, and cannot be moved away: {exc.strerror}") from exc
        finally:
            os.close(folder)
        log.warning("%s; it is kept as %s, and a new one begins", fault, self.damaged)


def difference(connection: "Connection", schema: Schema) -> str | None:
    """Return what is not as *schema* makes it in the tables and triggers, or None."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(":memory:")) as model:
        _migrate(model, Path(":memory:"), schema)
        wanted = _made(model)
    found = _made(connection)
    if found == wanted:
        return None
    odd = sorted({name for _, name, _ in found ^ wanted})
    return f"not as Eidos made them: {', '.join(odd)[:200]}"


def timestamp(seconds: float | None = None) -> str:
    """Return *seconds* of time.time(), or now, as in `2026-11-23T15:04:05Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@contextlib.contextmanager
def _opened(path: Path, schema: Schema) -> "Generator[Connection]":
    """Open the file *path*, which must be there; what is not committed is undone.

    Raises:
        EidosError: SQLite failed; _Damaged where it is the file's fault.
    """
    try:
        import sqlite3
    except ImportError as exc:
        raise EidosError(f"this Python has no sqlite3, so {schema.without}") from exc
    _require_ours(path)
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        with contextlib.closing(connection):
            connection.text_factory = _text  # a damaged text is still to be seen
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA synchronous=EXTRA")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("PRAGMA temp_store=MEMORY")
            yield connection
    except UnicodeDecodeError as exc:
        # SQLite quotes what it cannot read in its message, and Python cannot read that either.
        raise _Damaged(f"{path} is damaged ({exc.reason})") from exc
    except sqlite3.Error as exc:
        raise _error(path, exc) from exc


def _error(path: Path, exc: "Error") -> EidosError:
    if getattr(exc, "sqlite_errorcode", 0) & 0xFF in _CORRUPT:
        return _Damaged(f"{path} is damaged ({exc})")
    return EidosError(f"{path} cannot be used: {exc}")


def _require_whole(connection: "Connection", path: Path, schema: Schema) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise _Damaged(f"{path} is damaged ({found.splitlines()[-1]})")
    names = {name for _, name, _ in _made(connection)}
    if _version_of(connection, path, schema) and not names >= schema.tables:
        raise _Damaged(f"{path} is damaged (tables are missing)")


def _migrate(connection: "Connection", path: Path, schema: Schema) -> None:
    version = _version_of(connection, path, schema)
    for step in schema.steps[version:]:
        for statement in step:
            connection.execute(statement)
    if version < len(schema.steps):
        connection.execute(f"PRAGMA user_version={len(schema.steps)}")


def _version_of(connection: "Connection", path: Path, schema: Schema) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= len(schema.steps):
        message = (
            f"{path} was written by a newer Eidos (schema {version}, this one knows "
            f"{len(schema.steps)}); upgrade Eidos, or move the file away"
        )
        raise EidosError(message)
    return version


def _made(connection: "Connection") -> set[tuple[str, str, str]]:
    query = "SELECT type, name, coalesce(sql, '') FROM sqlite_master"
    rows = [tuple(map(str, row)) for row in connection.execute(query)]  # whatever is stored there
    return {(kind, name, " ".join(sql.split())) for kind, name, sql in rows}


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(folder, os.getuid())
    except OSError as exc:
        raise EidosError(f"cannot create {folder}: {exc.strerror}") from exc


def _make_file(path: Path) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.close(os.open(path, flags, 0o600))
    except OSError as exc:
        raise EidosError(f"cannot create {path}: {exc.strerror}") from exc


def _require_ours(path: Path) -> None:
    try:
        info = path.lstat()
    except OSError as exc:
        raise EidosError(f"cannot read {path}: {exc.strerror}") from exc
    if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid() or info.st_nlink != 1:
        raise EidosError(f"{path} is not a file of yours alone; remove it: rm {path}")
    if info.st_mode & 0o077:
        raise EidosError(f"{path} is open to others; run: chmod 600 {path}")
