"""What connects, in `eidosctl doctor`: the remote engine, and eidos-remote."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from eidos.config import Config
from eidos.endpoint import Endpoint, endpoint_of, read_key
from eidos.errors import ConfigError, EidosError
from eidos.key_files import read_key_file
from eidos.resources import systemd_dir
from eidosctl import remote_unit, service
from eidosctl.doctor import Check
from eidosctl.place import REMOTE_SOCKET_UNIT, REMOTE_UNIT, UNIT, Place
from eidosctl.usermanager import UserManager

DROP_IN: Final = "60-remote-engine.conf"
"""Behind 50-sandbox.conf: of two settings the later one counts."""
_NAME: Final = "remote engine"
_PROCESS: Final = "eidos-remote"


def checks(place: Place) -> Iterator[Check]:
    """Yield a check for each part of the remote engine; none where no server is configured."""
    try:
        config = Config.load(place.environ, place.config)
    except ConfigError:
        return  # doctor.py tells of it
    try:
        endpoint = endpoint_of(config)
        if endpoint is not None:
            yield Check(_NAME, ok=True, detail=f"{endpoint.url}; {endpoint.warning}")
            yield from _key(endpoint, place)
            yield from _package()
            yield from _network(place)
    except ConfigError as exc:
        yield Check(_NAME, ok=False, detail=str(exc), mend=f"edit {place.config}")


def _key(endpoint: Endpoint, place: Place) -> Iterator[Check]:
    detail = "a key is sent along" if read_key(endpoint, place.environ) else "no key is sent along"
    yield Check(_NAME, ok=True, detail=detail)


def _package() -> Iterator[Check]:
    try:
        version("httpx")
    except PackageNotFoundError:
        detail = "the package httpx is not installed"
        yield Check(_NAME, ok=False, detail=detail, mend=remote_unit.INSTALL)


def _network(place: Place) -> Iterator[Check]:
    manager = service.manager_of_unit(place)
    if manager is None:
        return
    rules = manager.properties(UNIT, "RestrictAddressFamilies", "PrivateNetwork")
    families = rules.get("RestrictAddressFamilies", "").split()
    if "AF_INET" in families and rules.get("PrivateNetwork") == "no":
        yield Check(_NAME, ok=True, detail=f"{UNIT} may use the network")
        return
    folder = place.sandbox.parent
    copy = f"mkdir -p {folder} && cp {systemd_dir() / 'remote-engine.conf'} {folder / DROP_IN}"
    mend = f"{copy} && systemctl --user daemon-reload && eidosctl restart"
    yield Check(_NAME, ok=False, detail=f"{UNIT} forbids the network, on purpose", mend=mend)


def process_checks(place: Place) -> Iterator[Check]:
    """Yield whether eidos-remote can be started; nothing where chat and translation are not used.

    It is not started: it is no part of a suggestion.
    """
    try:
        yield from _process(place)
    except EidosError as exc:
        yield Check(_PROCESS, ok=False, detail=str(exc), mend="eidosctl install")
    yield from key_checks(place)


def key_checks(place: Place) -> Iterator[Check]:
    """Yield each key file of chat and translation that eidos-remote cannot use, and why."""
    try:
        config = Config.load(place.environ, place.config)
    except ConfigError:
        return  # doctor.py tells of it
    for setting in ("chat_key_file", "translate_key_file"):
        name = getattr(config, setting)
        path = Path(name).expanduser()
        if not name:
            continue
        if place.remote_sandbox.is_file() and not remote_unit.sees(path):
            detail = f"{setting} {path} is hidden from {REMOTE_UNIT} by its sandbox"
            mend = f"move it into {place.config.parent}, and set {setting} to where it is then"
            yield Check(_PROCESS, ok=False, detail=detail, mend=mend)
            continue
        try:
            read_key_file(name, setting)
        except ConfigError as exc:
            mend = f"edit {place.config}; docs/remote.md says where a key may be"
            yield Check(_PROCESS, ok=False, detail=str(exc), mend=mend)


def _process(place: Place) -> Iterator[Check]:
    is_installed = remote_unit.is_installed(place)
    manager = UserManager.find(place.environ, place.uid)
    if not remote_unit.is_possible():
        if is_installed:
            detail = "the packages for chat and translation are not installed any more"
            yield Check(_PROCESS, ok=False, detail=detail, mend=remote_unit.INSTALL)
        return
    if manager is None or not service.manager_of_unit(place):
        yield Check(_PROCESS, ok=True, detail="started by the first chat or translation")
    elif not is_installed:
        detail = f"{REMOTE_SOCKET_UNIT} is not installed"
        yield Check(_PROCESS, ok=False, detail=detail, mend="eidosctl install")
    else:
        state = manager.properties(REMOTE_SOCKET_UNIT, "ActiveState", "UnitFileState")
        well = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
        box = "sandboxed" if place.remote_sandbox.is_file() else "without the sandbox drop-in"
        detail = f"{REMOTE_SOCKET_UNIT} {state['ActiveState']}, {state['UnitFileState']}, {box}"
        mend = f"systemctl --user reset-failed {REMOTE_SOCKET_UNIT}; eidosctl install"
        yield Check(_PROCESS, well, detail, mend)
        if place.remote_unit.read_text(encoding="utf-8") != remote_unit.unit_text(
            place.eidos_remote
        ):
            detail = f"{place.remote_unit} is of another version, or starts another eidos-remote"
            yield Check(_PROCESS, ok=False, detail=detail, mend="eidosctl install")
