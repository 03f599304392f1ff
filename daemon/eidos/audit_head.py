"""Where the newest record of the audit log is noted apart from it: a file, and the journal.

A chain of hashes shows what was changed inside of it, and not that its end was cut off. So each
record's number and hash also go into a file in another folder, and to the journal of systemd, whose
files are root's.
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from eidos.errors import EidosError
from eidos.private_file import replace_private

JOURNAL_SOCKET: Final = Path("/run/systemd/journal/socket")
_IDENTIFIER: Final = "eidos-audit"
_TIMEOUT_S: Final = 30.0
_MAX_BYTES: Final = 1000


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record of the audit log by its number, counted from 1, and its hash."""

    seq: Annotated[int, msgspec.Meta(ge=1)]
    """Checked where a head is read: none that was written stands for no record at all."""
    hash: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class JournalUnavailable(EidosError):  # noqa: N818 - it is a state to report
    """There is no journal, or it does not tell us."""


def read_head(path: Path) -> Head | None:
    """Return what the file *path* notes; None where there is no such file.

    Raises:
        EidosError: it cannot be read, or does not hold a head.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if os.fstat(handle).st_uid != os.getuid():
                raise EidosError(f"{path} is somebody else's; remove it")
            return msgspec.json.decode(file.read(_MAX_BYTES), type=Head)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise EidosError(f"{path} cannot be read: {exc.strerror}") from exc
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise EidosError(f"{path} is damaged: {exc}") from exc


def write_head(path: Path, head: Head, *, instead_of: Head | None) -> None:
    """Note *head* in the file *path*, unless another process has noted a later one.

    *instead_of* is what stood there when the record was made; that one always gives way. A folder
    that others may write to is closed to them.

    Raises:
        OSError: it cannot be written, or its folder is a link, or somebody else's.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.open(path.parent, flags)
    try:
        info = os.fstat(folder)
        if info.st_uid != os.getuid():
            raise PermissionError(errno.EPERM, f"{path.parent} belongs to somebody else")
        if info.st_mode & 0o022:  # as under the umask of 002 that some systems set
            os.fchmod(folder, stat.S_IMODE(info.st_mode) & ~0o022)
        fcntl.flock(folder, fcntl.LOCK_EX)
        found = None
        with contextlib.suppress(EidosError):
            found = read_head(path)
        if found is None or found == instead_of or found.seq < head.seq:
            replace_private(path, msgspec.json.encode(head) + b"\n")
    finally:
        os.close(folder)


def tell_journal(state: Path, head: Head, event: str) -> None:
    """Send *head* of the log in *state* to the journal, where there is one; never wait for it."""
    with contextlib.suppress(OSError):
        if not stat.S_ISSOCK(JOURNAL_SOCKET.stat().st_mode):
            return
        fields = {
            "MESSAGE": f"audit record {head.seq}: {event}, hash {head.hash}",
            "PRIORITY": "5",
            "SYSLOG_IDENTIFIER": _IDENTIFIER,
            "EIDOS_STATE": _one_line(state),
            "EIDOS_SEQ": str(head.seq),
            "EIDOS_HASH": head.hash,
        }
        text = "".join(f"{name}={value}\n" for name, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            # A folder's name need not be UTF-8; the journal takes any bytes, and is asked the same.
            sender.sendto(os.fsencode(text), os.fspath(JOURNAL_SOCKET))


def heads_in_journal(state: Path) -> Iterator[Head]:
    """Return every head of the log in *state* that the journal holds, in the order of its entries.

    Raises:
        JournalUnavailable: there is no journal here, or it cannot be asked.
    """
    if not JOURNAL_SOCKET.exists():
        raise JournalUnavailable("no journal runs here")
    match = [f"SYSLOG_IDENTIFIER={_IDENTIFIER}", f"_UID={os.getuid()}"]
    command = ["journalctl", "--quiet", "--no-pager", "--output=json", *match]
    try:
        result = subprocess.run(
            [*command, f"EIDOS_STATE={_one_line(state)}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except subprocess.CalledProcessError as exc:
        raise JournalUnavailable(" ".join(exc.stderr.decode(errors="replace").split())) from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise JournalUnavailable(f"journalctl cannot be run: {exc}") from exc
    for line in result.stdout.splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            entry = json.loads(line)
            yield Head(int(entry["EIDOS_SEQ"]), str(entry["EIDOS_HASH"]))


def _one_line(path: Path) -> str:
    return os.fspath(path.absolute()).replace("\n", "?")
