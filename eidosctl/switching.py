"""Have another model serve: proved before, taken over by a running daemon, undone where it fails.

1. The model is copied, and `eidosd --check` asks the copy for an answer.
2. It gets the slot that does not serve; what was there is set aside.
3. active.json names it; from here on it is what a daemon starts with.
4. A running daemon loads it beside the old one, has it answer, and only then uses it.

Where 4 fails, 3 and 2 are undone. slot_changes.py sees to what happens when this is killed.
"""

import hashlib
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from eidos import client
from eidos.audit import AuditLog
from eidos.config import describe, variable
from eidos.errors import ConfigError, DaemonSilent, EidosError, ModelError
from eidos.model_slots import (
    EMBEDDED,
    SLOTS,
    Active,
    Choice,
    Chosen,
    ModelSlots,
    chosen,
    data_dir,
)
from eidos.paths import audit_file
from eidos.protocol import Done, ReloadRequest
from eidosctl import control, service
from eidosctl.model_copying import read_source
from eidosctl.place import Place
from eidosctl.slot_changes import SlotChanges, changing

CHECK_TIMEOUT_S: Final = 150.0
"""Above what the daemon gives an engine for loading."""
_UNDO_TIMEOUT_S: Final = 30.0
_SILENT_TIMEOUT_S: Final = 1.0
"""The same where the daemon is slow or hangs: it does when it can what it was told, in order."""
_OVERRIDING: Final = ("remote_url", "model_path", "tokenizer_path")
"""Settings beside which no slot counts."""


class _Line(msgspec.Struct, frozen=True):
    """What is read of a line of the daemon's log."""

    message: str


@dataclass(frozen=True, slots=True)
class Switched:
    """What a switch did: what serves now and what did before, and whether a daemon uses it yet."""

    name: Choice
    before: Choice
    is_running: bool


def use(place: Place, wanted: str, *, is_forced: bool = False) -> Switched:
    """Have the model *wanted* serve: `embedded`, a slot, or the path of a model, which is copied.

    It must give an answer before, but where *is_forced*; a running daemon asks it anyhow.

    Raises:
        EidosError: it cannot be used, or the daemon refused it; all is as it was.
    """
    _require_slots_count(place)
    for name in (EMBEDDED, *SLOTS):
        if wanted == name:
            return _use_there(place, name, is_forced=is_forced)
    source = read_source(Path(wanted).expanduser())
    origin = source.files["model.onnx"].parent

    def prove(folder: Path) -> None:
        if not is_forced:
            _prove(place, folder, called=origin)

    with changing(data_dir()) as slots:
        now = chosen(data_dir())
        for name in SLOTS:
            if _manifest(slots, name) == source.manifest and not slots.fault(name):
                return _switch(place, slots, name, is_forced=is_forced)
        name = slots.target(now.name)
        with (
            _recorded(now.name, name, source.manifest),
            slots.filled(name, source, prove),
        ):
            return _activate(place, slots, now, name)


def rollback(place: Place, *, is_forced: bool = False) -> Switched:
    """Have that model serve again that served before the last switch.

    Raises:
        EidosError: there is none, it cannot be used, or the daemon refused it; all is as it was.
    """
    _require_slots_count(place)
    active = ModelSlots(data_dir()).active()
    if active == Active():
        raise EidosError("no other model served before this one; see: eidosctl model list")
    return _use_there(place, active.before or EMBEDDED, is_forced=is_forced)


def remove(name: Choice) -> None:
    """Remove the model in the slot *name*, which must not be the one that serves.

    Raises:
        EidosError: it serves, there is none, or it cannot be removed.
    """
    with changing(data_dir()) as slots:
        if not slots.is_filled(name):
            raise ModelError(f"there is no model in slot {name}; see: eidosctl model list")
        if name in {slots.active_or_default().serves, chosen(data_dir()).name}:
            raise EidosError(f"{described(name)} serves; first: eidosctl model use embedded")
        with _recorded(name, "nothing", _manifest(slots, name)):
            slots.remove(name)


def overriding(place: Place) -> list[str]:
    """Return each setting because of which no slot counts: `NAME = VALUE, set WHERE`.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    return [
        f"{key} = {value}, set {_where(key, source, place)}"
        for key, value, source in describe(place.environ, place.config)
        if key in _OVERRIDING and value
    ]


def described(name: Choice) -> str:
    """Return the model *name* in words."""
    return "the embedded model" if name == EMBEDDED else f"the model in slot {name}"


def _where(key: str, source: str, place: Place) -> str:
    return f"by {variable(key)}" if source == "environment" else f"in {place.config}"


def _require_slots_count(place: Place) -> None:
    found = overriding(place)
    if found:
        raise ConfigError(f"another setting names the model: {'; '.join(found)}; unset it first")


def _use_there(place: Place, name: Choice, *, is_forced: bool) -> Switched:
    with changing(data_dir()) as slots:
        return _switch(place, slots, name, is_forced=is_forced)


def _switch(place: Place, slots: SlotChanges, name: Choice, *, is_forced: bool) -> Switched:
    """Have the model *name* serve, which is there already."""
    now = chosen(data_dir())
    if name == now.name and not now.fault:
        return Switched(name, name, is_running=_reloaded(place, slots, name))
    with _recorded(now.name, name, _manifest(slots, name)):
        fault = slots.fault(name)
        if fault:
            cure = "see: eidosctl model list; add a whole one: eidosctl model use FOLDER"
            raise ModelError(f"{described(name)} cannot be used: {fault}; {cure}")
        if name != EMBEDDED and not is_forced:
            _prove(place, slots.slot(name), called=slots.slot(name))
        return _activate(place, slots, now, name)


def _activate(place: Place, slots: SlotChanges, now: Chosen, name: Choice) -> Switched:
    """Have active.json and a running daemon name the model *name*, or both what they did before."""
    was = slots.active_or_default()
    before = now.name if now.name != name else was.serves
    slots.activate(Active(serves=name, before=before))
    try:
        return Switched(name, before, is_running=_reloaded(place, slots, name))
    except BaseException as exc:
        slots.activate(was)
        if not isinstance(exc, ModelError):
            # It may have taken the model while we gave up on it, and its files go in a moment.
            is_silent = isinstance(exc, DaemonSilent)
            with suppress(EidosError):
                _reload(place, _SILENT_TIMEOUT_S if is_silent else _UNDO_TIMEOUT_S)
        raise


def _reloaded(place: Place, slots: ModelSlots, name: Choice) -> bool:
    """Have a running daemon serve the model *name*; return False where none runs."""
    if not client.is_listening(place.socket):
        return False
    _reload(place, control.RELOAD_TIMEOUT_S)
    serves = service.status(place)["model"]
    expected = slots.files(name)
    is_there = (
        serves["name"] == expected.name
        if name == EMBEDDED
        else (serves["path"] == str(expected.model))
    )
    if not is_there:
        elsewhere = "perhaps since it has another EIDOS_MODEL_PATH or XDG_DATA_HOME than this shell"
        cause = serves.get("fault") or elsewhere
        raise EidosError(f"the daemon goes on with {serves['path']}: {cause}")
    return True


def _reload(place: Place, timeout_s: float) -> None:
    request = ReloadRequest(id=control.new_id("model"))
    try:
        control.ask(place, request, Done, timeout_s=timeout_s)
    except ConfigError as exc:
        raise ModelError(f"the daemon refused the model, nothing was changed: {exc}") from exc


def _prove(place: Place, folder: Path, *, called: Path) -> None:
    """Return if the model in *folder* can be loaded and answers.

    Raises:
        ModelError: it cannot, in the words of `eidosd --check`, where the folder is *called* so.
    """
    try:
        result = subprocess.run(
            [place.eidosd, "--check"],
            env={**place.environ, variable("model_path"): str(folder), "EIDOS_LOG_FORMAT": "json"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHECK_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise ModelError(f"it does not load and answer in {CHECK_TIMEOUT_S:g} s") from exc
    except OSError as exc:
        raise EidosError(f"cannot start {place.eidosd}: {exc.strerror}") from exc
    if result.returncode:
        said = _last_words(result.stderr) or f"eidosd --check ended with {result.returncode}"
        # What it advises is for whoever named the folder in the configuration.
        reason = said.replace(str(folder), str(called)).partition("; set EIDOS_")[0]
        raise ModelError(f"the model does not work, nothing was changed: {reason}")


def _last_words(log: bytes) -> str:
    """Return the message of the last line of *log*, whose lines are JSON but what C code wrote."""
    lines = log.decode(errors="replace").strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=_Line).message
    except msgspec.MsgspecError:
        return lines[-1]
    except IndexError:
        return ""


def _manifest(slots: ModelSlots, name: Choice) -> bytes:
    path = slots.files(name).sums
    return path.read_bytes() if path is not None else b""


@contextmanager
def _recorded(before: str, name: str, manifest: bytes) -> Generator[None]:
    """Have what the block does in the audit log; a model is told by its list of checksums."""
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        details = {"from": before, "to": name, "sha256": hashlib.sha256(manifest).hexdigest()}
        AuditLog(audit_file()).record("model", **details, outcome=outcome)
