"""The systemd user unit: filled from the templates, installed, removed."""

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eidos.errors import EidosError
from eidos.paths import audit_head_file, graph_cache_dir, state_dir
from eidos.resources import systemd_dir
from eidosctl import files
from eidosctl.place import UNIT, Place, zsh_functions
from eidosctl.usermanager import UserManager

NO_NAMESPACES: Final = "no-namespaces.conf"

_PROBE: Final = "import zmq, msgspec, tokenizers, onnxruntime"
"""What the daemon and its engine load, native code included, when they start."""

OF_THE_PROCESS: Final = (
    *("Type=", "NotifyAccess=", "ExecStart=", "ExecReload=", "Restart", "Timeout", "Watchdog"),
    *("RuntimeDirectory", "SyslogIdentifier="),
)
"""Lines of a unit that are about how its program is run, and nothing that a probe could try."""

_PRIVATE: Final = ("/tmp", "/var/tmp")  # noqa: S108 - nothing of ours is made there
"""What PrivateTmp= replaces by empty folders."""
_HOMES: Final = ("/home", "/root", "/run/user")
"""What ProtectHome=tmpfs replaces by empty folders."""


def unit_text(eidosd: Path) -> str:
    """Return the unit that starts *eidosd*, and reloads it with the eidosctl beside it."""
    template = (systemd_dir() / UNIT).read_text(encoding="utf-8")
    template = template.replace("@EIDOSD@", quoted(eidosd))
    return template.replace("@EIDOSCTL@", quoted(eidosd.with_name("eidosctl")))


def sandbox_text() -> str:
    """Return the drop-in, with the folders from which our Python and its libraries run."""
    return filled_sandbox(UNIT, _writable(), _read_only())


def filled_sandbox(name: str, writable: Sequence[Path], read_only: Sequence[Path]) -> str:
    """Return the drop-in of the unit *name*, with the folders that it may write and only read.

    Folders of our Python in the home are among those that @HOME_PATHS@ stands for.
    """
    template = (systemd_dir() / f"{name}.d" / "50-sandbox.conf").read_text(encoding="utf-8")
    folders = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent}
    folders |= {folder.resolve() for folder in folders}
    # In a checkout, an editable install, the modules are beside the virtual environment.
    needed = folders | {systemd_dir().parent.parent, systemd_dir().resolve().parent}
    for place, roots in (("@TMP_PATHS@", _PRIVATE), ("@HOME_PATHS@", _HOMES)):
        hidden = {path for path in needed if any(map(path.is_relative_to, roots))}
        # systemd-run refuses to set BindReadOnlyPaths to nothing.
        bind = f"BindReadOnlyPaths={_listed(hidden)}\n" if hidden else ""
        template = template.replace(f"BindReadOnlyPaths={place}\n", bind)
    for place, paths in (("@WRITABLE@", writable), ("@READ_ONLY@", read_only)):
        template = template.replace(place, " ".join(f"-{quoted(path)}" for path in paths))
    return template.replace("@EXEC_PATHS@", _listed(folders))


def sandbox_works(manager: UserManager) -> bool:
    """Say whether the daemon's Python and libraries start under what unit and drop-in ask for."""
    directives = [
        line
        for text in (unit_text(Path("/eidosd")), sandbox_text())
        for line in settings(text)
        if not line.startswith(OF_THE_PROCESS)
    ]
    return manager.can_run(directives, [sys.executable, "-c", _PROBE])


def is_hidden(path: Path) -> bool:
    """Say whether a sandbox has an empty folder where *path* is."""
    return any(map(path.is_relative_to, (*_PRIVATE, *_HOMES)))


def is_installed(place: Place) -> bool:
    """Say whether the unit is in the user's folder of units."""
    return place.unit.is_file()


def write(place: Place, *, sandbox: bool) -> bool:
    """Put the unit there with its sandbox, or without namespaces; say whether anything changed."""
    changed = write_text(place.unit, unit_text(place.eidosd))
    if sandbox:
        for folder in (*_writable(), *_read_only()):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # or it cannot be let in
        changed = files.remove(_no_namespaces(place)) or changed
        return write_text(place.sandbox, sandbox_text()) or changed
    text = (systemd_dir() / NO_NAMESPACES).read_text(encoding="utf-8")
    changed = files.remove(place.sandbox) or changed
    return write_text(_no_namespaces(place), text) or changed


def enable(place: Place, manager: UserManager) -> bool:
    """Have the unit started at login; say whether it was not before."""
    before = place.wanted.is_symlink()
    manager.systemctl("daemon-reload")
    manager.systemctl("enable", "--quiet", UNIT)
    return not before


def remove(place: Place, manager: UserManager | None) -> bool:
    """Stop, disable and remove the unit and its drop-in; say whether there was one."""
    there = is_installed(place)
    if manager is not None and there:
        manager.systemctl("disable", "--now", "--quiet", UNIT)
    for path in (place.sandbox, _no_namespaces(place), place.wanted, place.unit):
        files.remove(path)
    files.remove_empty(*_read_only(), graph_cache_dir(), graph_cache_dir().parent)
    folder = place.unit.parent
    files.remove_empty(place.sandbox.parent, place.wanted.parent, folder, folder.parent)
    if manager is not None and there:
        manager.systemctl("daemon-reload")
        forget_failure(manager)
    return there


def forget_failure(manager: UserManager) -> None:
    """Let the unit start again however often it failed just now."""
    with contextlib.suppress(EidosError):  # a unit that is not loaded has nothing to forget
        manager.systemctl("reset-failed", UNIT)


def _writable() -> tuple[Path, ...]:
    return state_dir(), graph_cache_dir(), audit_head_file().parent


def _read_only() -> tuple[Path, ...]:
    """Return what lies in the writable folders and is read by others: shells, and the engine."""
    return zsh_functions(), audit_head_file().parent / "models"


def _no_namespaces(place: Place) -> Path:
    return place.sandbox.with_name(f"50-{NO_NAMESPACES}")


def settings(text: str) -> list[str]:
    """Return the lines of the unit or drop-in *text* that are about its service."""
    service = text.partition("[Service]")[2].partition("[Install]")[0]
    return [line for line in service.splitlines() if line and line[0] != "#"]


def _listed(paths: set[Path]) -> str:
    return " ".join(sorted(quoted(path) for path in paths))


def write_text(path: Path, text: str) -> bool:
    """Put *text* at *path*; say whether anything was different."""
    content = text.encode()
    if files.read(path) == content:
        return False
    files.write_atomically(path, content)
    return True


def quoted(path: Path) -> str:
    """Return *path* as a word of a unit file."""
    # systemd reads C-like escapes inside quotes, and % as a specifier everywhere.
    text = json.dumps(str(path), ensure_ascii=False).replace("%", "%%")
    return text if " " in text or "\\" in text else text.strip('"')
