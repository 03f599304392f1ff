"""The systemd user unit: filled from the templates, installed, removed."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Final

from eidos.errors import EidosError
from eidos.paths import state_dir
from eidos.resources import systemd_dir
from eidosctl import files
from eidosctl.place import UNIT, Place
from eidosctl.usermanager import UserManager

_PROBE: Final = "import zmq, msgspec, tokenizers, onnxruntime"
"""What the daemon and its engine load, native code included, when they start."""

_PRIVATE: Final = ("/tmp", "/var/tmp")  # noqa: S108 - nothing of ours is made there
"""What PrivateTmp= replaces by empty folders."""


def unit_text(eidosd: Path) -> str:
    """Return the unit that starts *eidosd*."""
    template = (systemd_dir() / UNIT).read_text(encoding="utf-8")
    return template.replace("@EIDOSD@", _quoted(eidosd))


def sandbox_text() -> str:
    """Return the drop-in, with the folders from which our Python and its libraries run."""
    template = (systemd_dir() / f"{UNIT}.d" / "50-sandbox.conf").read_text(encoding="utf-8")
    folders = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent}
    folders |= {folder.resolve() for folder in folders}
    # In a checkout, an editable install, the modules are beside the virtual environment.
    needed = folders | {systemd_dir().parent.parent, systemd_dir().resolve().parent}
    hidden = {path for path in needed if any(map(path.is_relative_to, _PRIVATE))}
    # systemd-run refuses to set BindReadOnlyPaths to nothing.
    bind = f"BindReadOnlyPaths={_listed(hidden)}\n" if hidden else ""
    template = template.replace("BindReadOnlyPaths=@TMP_PATHS@\n", bind)
    template = template.replace("@STATE@", _quoted(state_dir()))
    return template.replace("@EXEC_PATHS@", _listed(folders))


def sandbox_works(manager: UserManager) -> bool:
    """Say whether the daemon's Python and libraries start under the drop-in's directives."""
    lines = [line.strip() for line in sandbox_text().splitlines()]
    directives = [line for line in lines if line and line[0] not in "#["]
    directives.append("Environment=ORT_DISABLE_TELEMETRY=1")
    return manager.can_run(directives, [sys.executable, "-c", _PROBE])


def is_installed(place: Place) -> bool:
    """Say whether the unit is in the user's folder of units."""
    return place.unit.is_file()


def write(place: Place, *, sandbox: bool) -> bool:
    """Put the unit there, and the drop-in if *sandbox*; say whether anything changed."""
    changed = _write(place.unit, unit_text(place.eidosd))
    if sandbox:
        state_dir().mkdir(mode=0o700, parents=True, exist_ok=True)  # or it cannot be let in
        return _write(place.sandbox, sandbox_text()) or changed
    return files.remove(place.sandbox) or changed


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
    files.remove(place.sandbox)
    files.remove(place.wanted)
    files.remove(place.unit)
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


def _listed(paths: set[Path]) -> str:
    return " ".join(sorted(_quoted(path) for path in paths))


def _write(path: Path, text: str) -> bool:
    content = text.encode()
    if files.read(path) == content:
        return False
    files.write_atomically(path, content)
    return True


def _quoted(path: Path) -> str:
    # systemd reads C-like escapes inside quotes, and % as a specifier everywhere.
    text = json.dumps(str(path), ensure_ascii=False).replace("%", "%%")
    return text if " " in text or "\\" in text else text.strip('"')
