"""Delete what Eidos keeps of a person: one step after the other, with a daemon or without."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eidos import client
from eidos.audit import AuditLog
from eidos.errors import EidosError
from eidos.model_slots import ACTIVE
from eidos.protocol import Done, ForgetRequest
from eidosctl import auditing, configuring, control, files, holdings
from eidosctl.holdings import HOLDINGS, Holding, Purge, Root
from eidosctl.place import Place

if TYPE_CHECKING:
    from eidos.database import Connection

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that would be deleted; `take` does it, and says in words what went."""

    what: str
    take: Callable[[], str]


def steps(place: Place, *, everything: bool) -> Iterator[Step]:
    """Yield what there is to delete here; nothing happens until a step is taken.

    Raises:
        EidosError: a folder of Eidos is not as it should be.
    """
    is_running = client.is_listening(place.socket)
    if is_running:
        yield Step("the answers that the daemon keeps in memory", lambda: _forget(place))
    for path in _files(place, Purge.ALWAYS):
        if path.is_dir() and not path.is_symlink():
            yield Step(f"{path}/*", lambda path=path: _empty(path))
        else:
            yield Step(f"{path}", lambda path=path: _delete(path, is_open=is_running))
    audit = auditing.audit_log()
    if audit.state.exists():
        yield Step(f"the day counts in {audit.state.path}", lambda: _clear_days(audit))
    if everything:
        yield from _everything(place, audit, is_running=is_running)
    else:
        yield Step("a record in the audit log: purge", lambda: _record(audit))


def left(place: Place) -> Iterator[Holding]:
    """Yield what a purge cannot delete, or leaves to another command."""
    for holding in HOLDINGS:
        is_ours = holding.root is not Root.ELSEWHERE
        if holding.purge is Purge.NEVER and (not is_ours or holdings.find(holding, place)):
            yield holding


def _everything(place: Place, audit: AuditLog, *, is_running: bool) -> Iterator[Step]:
    for path in _files(place, Purge.EVERYTHING):
        if path.is_dir() and not path.is_symlink():
            # First what names a model in there: a daemon that starts now takes the embedded one.
            yield Step(f"{path / ACTIVE}", lambda path=path: _delete(path / ACTIVE))
            continue
        yield Step(f"{path}", lambda path=path: _delete(path))
    if is_running:
        yield Step("what the daemon was told: it goes on with the defaults", lambda: _reset(place))
    for path in _files(place, Purge.EVERYTHING):
        if path.is_dir() and not path.is_symlink():
            yield Step(f"{path}/*", lambda path=path: _empty(path))
    if audit.state.exists():
        what = f"the records in {audit.state.path}; a new one names the last of them"
        yield Step(what, lambda: _restart(audit))


def _files(place: Place, purge: Purge) -> list[Path]:
    return [
        found.path
        for holding in HOLDINGS
        if holding.purge is purge
        for found in holdings.find(holding, place)
    ]


def _forget(place: Place) -> str:
    request = ForgetRequest(control.new_id("purge"))
    return control.ask(place, request, Done, timeout_s=_TIMEOUT_S).message


def _reset(place: Place) -> str:
    return configuring.reload(place)


def _delete(path: Path, *, is_open: bool = False) -> str:
    """Remove a file; one to which a daemon may write is emptied, so that it goes on there."""
    if not is_open:
        kept = f"the link is deleted; {path.resolve()} is left" if path.is_symlink() else ""
        return (kept or "deleted") if files.remove(path) else "was not there"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_TRUNC | os.O_NONBLOCK)
    except FileNotFoundError:
        return "was not there"
    except OSError as exc:
        raise EidosError(f"cannot empty {path}: {exc.strerror}") from exc
    os.close(handle)
    return "emptied; the daemon goes on in it"


def _empty(folder: Path) -> str:
    """Remove all that is in *folder*, links included and never followed."""
    count = 0
    try:
        for path in list(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            count += 1
    except FileNotFoundError:
        return "was not there"
    except OSError as exc:
        raise EidosError(f"cannot remove {exc.filename}: {exc.strerror}") from exc
    return f"{count} deleted"


def _clear_days(audit: AuditLog) -> str:
    def change(connection: "Connection") -> int:
        connection.execute("DELETE FROM runs")
        return connection.execute("DELETE FROM days").rowcount

    count = audit.state.change(change)
    audit.state.compact()
    return f"{count} deleted"


def _restart(audit: AuditLog) -> str:
    count = audit.restart(by="eidosctl")
    audit.state.compact()
    return f"{count} deleted"


def _record(audit: AuditLog) -> str:
    audit.add("purge")
    return "written"
