"""The units of eidos-remote: a socket that starts it, and its sandbox; installed and removed."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from eidos.paths import audit_head_file, config_file, state_dir
from eidos.resources import systemd_dir
from eidosctl import files, unit
from eidosctl.place import REMOTE_SOCKET_UNIT, REMOTE_UNIT, Place, zsh_functions
from eidosctl.usermanager import UserManager

NEEDED: Final = ("httpx", "tenacity", "rich", "markdown_it")
"""What INSTALL adds; without it there is no chat and no translation."""
INSTALL: Final = f"{sys.executable} -m pip install 'eidosctl[remote]'"
"""pip keeps the Eidos that is installed, and adds what is missing."""


def is_possible() -> bool:
    """Say whether the packages of eidos-remote are installed; none of them is imported."""
    return all(find_spec(name) is not None for name in NEEDED)


def unit_text(eidos_remote: Path) -> str:
    """Return the unit that starts *eidos_remote*."""
    template = (systemd_dir() / REMOTE_UNIT).read_text(encoding="utf-8")
    return template.replace("@EIDOS_REMOTE@", unit.quoted(eidos_remote))


def sandbox_text() -> str:
    """Return the drop-in, with the only folders of the home that it sees."""
    *writable, config = _folders()
    within = (audit_head_file().parent / "models", zsh_functions())
    return unit.filled_sandbox(REMOTE_UNIT, writable, (config, *within))


def sees(path: Path) -> bool:
    """Say whether eidos-remote finds *path* from within its sandbox; of a home, Eidos' own alone.

    A link counts as what it leads to.
    """
    return all(
        not unit.is_hidden(each) or any(map(each.is_relative_to, _folders()))
        for each in (path, path.resolve())
    )


def sandbox_works(place: Place, manager: UserManager) -> bool:
    """Say whether eidos-remote itself starts under what its unit and its drop-in ask for."""
    directives = [
        line
        for text in (unit_text(place.eidos_remote), sandbox_text())
        for line in unit.settings(text)
        if not line.startswith(unit.OF_THE_PROCESS) and "%t" not in line  # not known to systemd-run
    ]
    return manager.can_run(directives, [str(place.eidos_remote), "--version"])


def is_installed(place: Place) -> bool:
    """Say whether its socket is among the user's units."""
    return place.remote_socket_unit.is_file()


def write(place: Place, *, sandbox: bool) -> bool:
    """Put the units there with the sandbox, or without namespaces; say whether anything changed."""
    folder = place.remote_sandbox.parent
    socket = (systemd_dir() / REMOTE_SOCKET_UNIT).read_text(encoding="utf-8")
    wanted = {
        place.remote_unit: unit_text(place.eidos_remote),
        place.remote_socket_unit: socket,
        place.remote_sandbox: sandbox_text() if sandbox else None,
        folder / f"50-{unit.NO_NAMESPACES}": None
        if sandbox
        else (systemd_dir() / unit.NO_NAMESPACES).read_text(encoding="utf-8"),
    }
    if sandbox:
        for path in _folders():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)  # or it cannot be let in
    changed = [
        files.remove(path) if text is None else unit.write_text(path, text)
        for path, text in wanted.items()
    ]
    return any(changed)


def enable(place: Place, manager: UserManager) -> bool:
    """Have the socket there now and at each login; say whether it was not before."""
    before = place.remote_wanted.is_symlink()
    manager.systemctl("daemon-reload")
    manager.systemctl("enable", "--quiet", REMOTE_SOCKET_UNIT)
    # What runs may be of an older version; who asks next starts it again.
    manager.systemctl("stop", REMOTE_UNIT)
    manager.systemctl("start", REMOTE_SOCKET_UNIT)
    return not before


def remove(place: Place, manager: UserManager | None) -> bool:
    """Stop, disable and remove the units and the drop-in; say whether there were any."""
    there = is_installed(place)
    if manager is not None and there:
        manager.systemctl("disable", "--now", "--quiet", REMOTE_SOCKET_UNIT)
        manager.systemctl("stop", REMOTE_UNIT)
    folder = place.remote_sandbox.parent
    for path in (
        place.remote_sandbox,
        folder / f"50-{unit.NO_NAMESPACES}",
        place.remote_wanted,
        place.remote_socket_unit,
        place.remote_unit,
    ):
        files.remove(path)
    units = place.unit.parent
    files.remove_empty(
        folder, place.remote_wanted.parent, units, units.parent, config_file().parent
    )
    if manager is not None and there:
        manager.systemctl("daemon-reload")
    return there


def _folders() -> tuple[Path, Path, Path]:
    """Return the folders of a home that it needs; the last one is only read."""
    return state_dir(), audit_head_file().parent, config_file().parent
