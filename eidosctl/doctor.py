"""Check every part of the way from the key to the command, each failure with what mends it."""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import msgspec

from eidos import __version__, client, model_files
from eidos.config import Config, describe, variable
from eidos.errors import EidosError
from eidos.model_slots import ModelSlots, chosen, data_dir
from eidos.paths import audit_file, check_private
from eidos.protocol import Health, HealthRequest, Shell
from eidosctl import asking, control, service, unit
from eidosctl.place import UNIT, Place
from eidosctl.usermanager import UserManager

PACKAGES: Final = ("onnxruntime", "tokenizers", "jinja2", "pyzmq", "msgspec", "psutil")
REQUEST: Final = "list files by size"


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one part; `mend` is the command that helps where it is not `ok`."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


def checks(place: Place) -> Iterator[Check]:
    """Yield a check for each part, in the order of the way, as they are made."""
    steps: list[tuple[str, str, Callable[[Place], Iterator[Check]]]] = [
        ("python", "reinstall Eidos: see README.md", _python),
        ("config", "eidosctl config check", config_checks),
        ("model", "eidosctl model verify", model_checks),
        ("audit log", "eidosctl audit verify", _audit_log),
        ("runtime folder", "eidosctl start", _runtime_folder),
        ("unit", "eidosctl install", _unit),
        ("daemon", "eidosctl restart", _daemon),
    ]
    said: set[str] = set()
    for name, mend, step in steps:
        try:
            yield from step(place)
        except EidosError as exc:
            if str(exc) not in said:  # a bad setting stops more than one step
                yield Check(name, ok=False, detail=str(exc), mend=mend)
            said.add(str(exc))


def _python(place: Place) -> Iterator[Check]:
    missing: list[str] = []
    for package in PACKAGES:
        try:
            version(package)
        except PackageNotFoundError:
            missing.append(package)
    mend = f"{sys.executable} -m pip install {' '.join(missing)}"
    detail = f"Python {platform.python_version()}, eidosctl {__version__}"
    yield Check("python", not missing, f"{detail}; missing: {missing}" if missing else detail, mend)
    there = os.access(place.eidosd, os.X_OK)
    yield Check("eidosd", there, str(place.eidosd), f"{sys.executable} -m pip install eidosctl")


def config_checks(place: Place) -> Iterator[Check]:
    """Yield whether the settings are sound, and reach the daemon."""
    settings = describe(place.environ, place.config)
    yield Check("config", ok=True, detail=str(place.config))
    from_shell = [variable(key) for key, _, source in settings if source == "environment"]
    if from_shell and service.manager_of_unit(place) is not None:
        detail = f"{', '.join(from_shell)} set here does not reach the daemon, which systemd starts"
        yield Check("config", ok=False, detail=detail, mend=f"put it into {place.config}")


def model_checks(place: Place) -> Iterator[Check]:
    """Yield whether the files of the model that is to serve are as they came."""
    config = Config.load(place.environ, place.config)
    if config.model_path or config.tokenizer_path:
        files, checks = _checked(model_files.locate(config.model_path, config.tokenizer_path))
    else:
        now = chosen(data_dir())
        if now.fault:
            yield Check("model", ok=False, detail=now.fault, mend="eidosctl model rollback")
        files, checks = _checked(ModelSlots(data_dir()).files(now.name))
    bad = [check for check in checks if not check.ok]
    for check in bad:
        detail = f"{check.path}: {check.detail}"
        yield Check("model", ok=False, detail=detail, mend="pip install --force-reinstall eidosctl")
    if not bad:
        yield Check("model", ok=True, detail=f"{files.name}, checksums as they came")


def _checked(
    files: model_files.ModelFiles,
) -> tuple[model_files.ModelFiles, list[model_files.FileCheck]]:
    return files, model_files.verify(files)


def _audit_log(place: Place) -> Iterator[Check]:  # noqa: ARG001 - its place is in paths.py
    from eidos.audit import AuditLog  # with sqlite3, which nothing else here needs
    from eidosctl import auditing

    findings = auditing.verify(AuditLog(audit_file()))
    wrong = [finding.text for finding in findings if finding.ok is False]
    mend = "eidosctl audit show; docs/privacy.md says what it means"
    yield Check("audit log", not wrong, "; ".join(wrong) or "as it was written", mend)


def _runtime_folder(place: Place) -> Iterator[Check]:
    folder = place.socket.parent
    try:
        check_private(folder, place.uid)
    except FileNotFoundError:
        detail = f"{folder} is not there; the daemon makes it"
        yield Check("runtime folder", ok=False, detail=detail, mend="eidosctl start")
    else:
        yield Check("runtime folder", ok=True, detail=f"{folder}, ours alone")


def _unit(place: Place) -> Iterator[Check]:
    manager = UserManager.find(place.environ, place.uid)
    if manager is None:
        detail = "no user systemd; the first key press starts the daemon"
        yield Check("unit", ok=True, detail=detail)
        return
    if not unit.is_installed(place):
        detail = "not installed; the first key press starts the daemon"
        yield Check("unit", ok=True, detail=detail)
        return
    state = service.unit_state(manager)
    well = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
    box = "sandboxed" if place.sandbox.is_file() else "without the sandbox drop-in"
    detail = f"{UNIT} {state['ActiveState']}, {state['UnitFileState']}, {box}"
    yield Check("unit", well, detail, "eidosctl install")
    if place.unit.read_text(encoding="utf-8") != unit.unit_text(place.eidosd):
        detail = f"{place.unit} is of another version, or starts another eidosd"
        yield Check("unit", ok=False, detail=detail, mend="eidosctl install")


def _daemon(place: Place) -> Iterator[Check]:
    pong = client.ping(place.socket)
    yield Check("daemon", ok=True, detail=f"answers on {place.socket}")
    same = pong.version == __version__
    detail = f"daemon {pong.version}, eidosctl {__version__}"
    yield Check("versions", same, detail, "eidosctl restart")
    for engine in service.status(place)["engines"]:
        detail = f"pid {engine['pid']}, {engine['state']}, {engine['restarts']} restarts"
        yield Check("engine", engine["pid"] is not None, detail, "eidosctl logs; eidosctl restart")
    reply = control.ask(place, HealthRequest(control.new_id("doctor")), Health)
    for check in msgspec.json.decode(reply.body)["checks"]:
        if check["condition"] != "ok":
            yield Check(check["name"], ok=False, detail=check["seen"], mend="eidosctl logs")
    yield _suggestion(place)


def _suggestion(place: Place) -> Check:
    answer = asking.suggest(place, REQUEST, shell=Shell.BASH, count=1)
    if answer.refusal is not None:
        mend = "eidosctl logs; eidosctl restart"
        return Check("suggestion", ok=False, detail=str(answer.refusal), mend=mend)
    detail = f"{REQUEST!r}: {answer.usable[0].command} ({answer.total_ms:.0f} ms)"
    return Check("suggestion", ok=True, detail=detail)
