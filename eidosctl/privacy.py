"""Show all that Eidos keeps of a person, and put it into one archive for them."""

import io
import os
import tarfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from eidos import __version__
from eidos.config import Config
from eidos.database import timestamp
from eidos.day_counts import Day, Item, read_days
from eidos.errors import ConfigError, EidosError
from eidosctl import auditing, holdings
from eidosctl.holdings import HOLDINGS, Found, Holding, Root
from eidosctl.output import as_json
from eidosctl.place import Place

_FOLDER: Final = "eidos-export"
_MAX_EXPORTED_BYTES: Final = 64 << 20
_WIDTH: Final = 22


def page(place: Place) -> Iterator[str]:
    """Yield the lines of one page: each place, its size and mode, what is in it, for how long."""
    for holding in HOLDINGS:
        found = holdings.find(holding, place)
        files = [_line(each) for each in found] or [f"{holding.where} (nothing there)"]
        first, *others = files if holding.where != "no file" else ["in no file of Eidos"]
        yield f"{holding.name:<{_WIDTH}}{first}"
        for text in (*others, *_wrapped(holding.holds), f"kept: {holding.kept}"):
            yield f"{'':<{_WIDTH}}{text}"
    yield f"{'leaves this machine':<{_WIDTH}}{leaving(place)}"


def leaving(place: Place) -> str:
    """Return what is sent to other machines by the settings as they are now."""
    try:
        config = Config.load(place.environ, place.config)
    except ConfigError as exc:
        return f"unknown, the settings are wrong: {exc}"
    sent: list[str] = []
    if config.remote_url:
        sent.append(f"what you type, to {config.remote_url} (docs/remote-engine.md)")
    if config.trace_url:
        sent.append(f"times and outcomes of requests, to {config.trace_url} (docs/tracing.md)")
    return "; ".join(sent) or "nothing"


def export(place: Place, out: BinaryIO) -> int:
    """Write all that is kept to *out*, as a tar.gz, and return how many files are in it.

    What is no person's data (models, the socket) and what Eidos cannot read out (the journal, the
    daemon's memory) is only named in its manifest.

    Raises:
        EidosError: the audit log or the day counts cannot be read.
    """
    members = dict(_members(place))
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"{_FOLDER}/{name}")
            info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
            archive.addfile(info, io.BytesIO(content))
    return len(members)


def export_to(place: Place, path: Path) -> int:
    """Write the archive of `export` to a new file *path*, for its owner alone.

    Raises:
        EidosError: it is there already, or cannot be written; then nothing is left of it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as exc:
        raise EidosError(f"cannot create {path}: {exc.strerror}; name another file") from exc
    try:
        with os.fdopen(handle, "wb") as file:
            count = export(place, file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as exc:
        path.unlink(missing_ok=True)
        if isinstance(exc, OSError):
            raise EidosError(f"cannot write {path}: {exc.strerror}") from exc
        raise
    return count


def history(since: str) -> list[Day]:
    """Return the counts of each day from *since* on.

    Raises:
        EidosError: they cannot be read.
    """
    return read_days(auditing.audit_log().state, since=since)


def availability(days: list[Day]) -> float | None:
    """Return the share of time that the daemon was there, of that in which it should have been.

    Time counts as down from the last sign of life of a daemon that crashed to the next start.
    None where nothing was counted.
    """
    up_s = sum(day.amount(Item.UP_S) for day in days)
    down_s = sum(day.amount(Item.DOWN_S) for day in days)
    return up_s / (up_s + down_s) if up_s + down_s else None


def _members(place: Place) -> Iterator[tuple[str, bytes]]:
    audit = auditing.audit_log()
    rows = [auditing.row(record) for record in auditing.read(audit)]
    yield "audit.json", as_json(rows, indent=1).encode()
    days = {day.day: day.items for day in read_days(audit.state)}
    yield "days.json", as_json(days, indent=1).encode()
    contents = dict(_contents(place))
    yield from contents.items()
    yield "manifest.json", as_json(_manifest(place, set(contents)), indent=1).encode()


def _contents(place: Place) -> Iterator[tuple[str, bytes]]:
    for holding in HOLDINGS:
        for found in holdings.find(holding, place):
            content = _read(found, holding) if holding.is_exported else None
            if content is not None:
                yield _member(found), content


def _manifest(place: Place, members: set[str]) -> dict[str, object]:
    return {
        "made": timestamp(),
        "version": __version__,
        "leaves_this_machine": leaving(place),
        "startup_lines": holdings.startup_lines(place),
        "kept": [
            {
                **_described(holding),
                "files": [_row(found, members) for found in holdings.find(holding, place)],
            }
            for holding in HOLDINGS
        ],
    }


def _member(found: Found) -> str:
    return f"files/{found.path.name}"


def _described(holding: Holding) -> dict[str, object]:
    return {
        "name": holding.name,
        "where": holding.where,
        "holds": holding.holds,
        "kept": holding.kept,
        "purge": str(holding.purge),
    }


def _row(found: Found, members: set[str]) -> dict[str, object]:
    return {
        "path": os.fspath(found.path),
        "member": _member(found) if _member(found) in members else None,
        "mode": f"{found.mode:04o}",
        "uid": found.uid,
        "size_bytes": found.size_bytes,
    }


def _read(found: Found, holding: Holding) -> bytes | None:
    """Return what is in a file, as of now; None for what is no file, or cannot be read."""
    # Settings may be a link into a person's collection of such files; the daemon follows it too.
    path = found.path.resolve() if holding.root is Root.CONFIG else found.path
    if not (found.is_file or path.is_file()):
        return None
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as f:
            return f.read(_MAX_EXPORTED_BYTES)
    except OSError:
        return None


def _line(found: Found) -> str:
    size = f"{found.size_bytes / 1000:.1f} kB"
    return f"{found.path}  {found.mode:04o}  {size}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 76)
