"""Install Eidos for one person, and take it away again.

`additions` and `removals` yield one Change after the other; nothing happens until a change is
applied, so a dry run prints the same list that a real one does.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from eidos.audit import AuditLog
from eidos.log_file import old_log
from eidos.model_slots import data_dir
from eidos.paths import (
    audit_file,
    audit_head_file,
    conversations_file,
    permissions_file,
    state_file,
)
from eidos.protocol import Shell
from eidosctl import (
    completions,
    files,
    rcfiles,
    remote_service,
    remote_unit,
    service,
    unit,
    widgets,
)
from eidosctl.place import REMOTE_SOCKET_UNIT, UNIT, Place, completion_file
from eidosctl.usermanager import UserManager


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be done; `apply` does it and says whether anything was different."""

    what: str
    apply: Callable[[], bool]


def shells_in_use(environ: Mapping[str, str]) -> list[Shell]:
    """Return the login shell and every shell that is installed and has a startup file."""
    login = Path(environ.get("SHELL", "")).name
    return [
        shell
        for shell in Shell
        if shell == login or (shutil.which(shell) and rcfiles.rc_file(shell, environ).exists())
    ]


def additions(
    place: Place, shells: Sequence[Shell], command: click.Command, *, systemd: bool
) -> Iterator[Change]:
    """Yield what installing means here: unit, completions, startup lines, a running daemon."""
    manager = UserManager.find(place.environ, place.uid) if systemd else None
    if manager is not None:
        sandbox = unit.sandbox_works(manager)
        kind = "with the sandbox" if sandbox else "without the sandbox: no user namespaces here"
        yield Change(f"write {place.unit} ({kind})", lambda: unit.write(place, sandbox=sandbox))
        yield Change(f"enable {UNIT}", lambda: unit.enable(place, manager))
    for shell in shells:
        yield _completion(shell, command)
        yield _startup_line(shell, place)
    if manager is not None:
        yield Change(f"start {UNIT}", lambda: _restart(place))
    if manager is not None and remote_unit.is_possible():
        yield from _remote_units(place, manager)


def removals(place: Place) -> Iterator[Change]:
    """Yield what there is to take away; what `survivors` names is the person's, and stays."""
    manager = UserManager.find(place.environ, place.uid)
    if manager is not None or unit.is_installed(place):
        yield Change(f"remove {place.unit}", lambda: unit.remove(place, manager))
    if manager is not None or remote_unit.is_installed(place):
        yield Change(f"remove {place.remote_unit}", lambda: remote_unit.remove(place, manager))
    yield Change("stop eidos-remote", lambda: remote_service.stop(place))
    yield Change("stop the daemon", lambda: service.stop(place))
    for shell in Shell:
        path = rcfiles.rc_file(shell, place.environ)
        yield Change(f"remove the line from {path}", lambda path=path: rcfiles.remove(path))
        path = completion_file(shell)
        yield Change(f"remove {path}", lambda path=path: _remove_completion(path))
    yield Change(f"remove {place.log}", lambda: _remove_leftovers(place))


def survivors(place: Place) -> list[Path]:
    """Return what uninstalling leaves: settings, added models, records, conversations."""
    models = data_dir() / "models"
    kept = (
        place.config,
        models,
        state_file(),
        conversations_file(),
        permissions_file(),
        audit_head_file(),
    )
    return [path for path in kept if path.exists()]


def put_on_record(event: str, **details: str) -> None:
    """Add *event* to the audit log."""
    AuditLog(audit_file()).record(event, **details)


def _completion(shell: Shell, command: click.Command) -> Change:
    path = completion_file(shell)
    content = completions.script(shell, command).encode()

    def apply() -> bool:
        if files.read(path) == content:
            return False
        files.write_atomically(path, content)
        return True

    return Change(f"write {path}", apply)


def _startup_line(shell: Shell, place: Place) -> Change:
    path = rcfiles.rc_file(shell, place.environ)
    line = rcfiles.rc_line(shell, widgets.widget(shell, place))
    return Change(f"add one line to {path}", lambda: rcfiles.add(path, line))


def _remote_units(place: Place, manager: UserManager) -> Iterator[Change]:
    sandbox = remote_unit.sandbox_works(place, manager)
    kind = "with the sandbox" if sandbox else "without the sandbox: no user namespaces here"
    what = f"write {place.remote_unit} ({kind})"
    yield Change(what, lambda: remote_unit.write(place, sandbox=sandbox))
    yield Change(f"enable {REMOTE_SOCKET_UNIT}", lambda: remote_unit.enable(place, manager))


def _restart(place: Place) -> bool:
    # Also one that runs already: it may be of an older version, or not of this unit.
    service.stop(place)
    service.start(place)
    return True


def _remove_completion(path: Path) -> bool:
    removed = files.remove(path)
    files.remove_empty(path.parent, path.parent.parent)
    return removed


def _remove_leftovers(place: Place) -> bool:
    logs = [path for log in (place.log, place.remote_log) for path in (log, old_log(log))]
    found = [files.remove(path) for path in logs]
    for socket in (place.socket, place.remote_socket):
        if not service.listener_pid(place, socket):
            files.remove(socket.with_suffix(".lock"))
    files.remove_empty(place.log.parent, place.socket.parent)
    return any(found)
