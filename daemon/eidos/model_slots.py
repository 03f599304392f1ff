"""Models that a user added: two slots beside the embedded one, and which of the three serves.

    $XDG_DATA_HOME/eidos/models/active.json   what serves, and what served before
    $XDG_DATA_HOME/eidos/models/a/, b/        a model's files, SHA256SUMS of them all, origin.json

Only eidosctl writes here (eidosctl/switching.py); the daemon reads. A file in a slot is never
changed in place: an engine may have it mapped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from xdg_base_dirs import xdg_data_home

from eidos import model_files
from eidos.errors import ModelError

Choice = Literal["embedded", "a", "b"]
EMBEDDED: Final = "embedded"
SLOTS: Final[tuple[Choice, Choice]] = ("a", "b")
ACTIVE: Final = "active.json"
ORIGIN: Final = "origin.json"
_NONE: Final[Mapping[Choice, str]] = MappingProxyType({})


class Active(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in active.json; where there is none, the embedded model serves, and always did."""

    serves: Choice = EMBEDDED
    before: Choice | None = None


class Origin(msgspec.Struct, frozen=True):
    """Where the model in a slot is from; nothing depends on it but what people are shown."""

    name: str
    source: str
    """The path that it was copied from."""
    added: str
    """When, as ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model that serves: `path` is for EngineSettings.model_path, empty for the embedded."""

    name: Choice
    path: str
    fault: str = ""
    """Why it is another one than active.json says, and what to do; empty where it is that one."""


def data_dir() -> Path:
    """Return the folder for what users add to Eidos, which need not exist."""
    return xdg_data_home() / "eidos"


class ModelSlots:
    """The slots below *data_dir*, as they are at the moment of each call."""

    def __init__(self, data_dir: Path) -> None:
        self.folder: Final = data_dir / "models"

    def slot(self, name: Choice) -> Path:
        """Return the folder of the slot *name*, which need not exist."""
        return self.folder / name

    def path(self, name: Choice) -> str:
        """Return what `model_path` would be for the model *name*."""
        return "" if name == EMBEDDED else str(self.slot(name))

    def is_filled(self, name: Choice) -> bool:
        """Tell whether there is a model of that name, be it damaged."""
        return name == EMBEDDED or self.slot(name).is_dir()

    def active(self) -> Active:
        """Return what active.json says.

        Raises:
            ModelError: it is there and cannot be read.
        """
        path = self.folder / ACTIVE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Active)
        except (FileNotFoundError, NotADirectoryError):
            return Active()
        except (OSError, msgspec.MsgspecError) as exc:
            message = f"cannot read {path}: {exc}; run: eidosctl model use embedded"
            raise ModelError(message) from exc

    def origin(self, name: Choice) -> Origin | None:
        """Return where the model in the slot *name* is from, or None where nothing tells."""
        try:
            return msgspec.json.decode((self.slot(name) / ORIGIN).read_bytes(), type=Origin)
        except (OSError, msgspec.MsgspecError):
            return None

    def files(self, name: Choice) -> model_files.ModelFiles:
        """Return where the files of the model *name* are, or should be."""
        if name == EMBEDDED:
            return model_files.locate("", "")
        folder = self.slot(name)
        sums = folder / model_files.SUMS
        return model_files.ModelFiles(
            folder / "model.onnx",
            folder / "tokenizer.json",
            sums if sums.is_file() else None,
            embedded=False,
        )

    def checks(self, name: Choice) -> list[model_files.FileCheck]:
        """Return the verdict on each file of the model *name*.

        Raises:
            ModelError: it is not there, or has no list of checksums that can be read.
        """
        if not self.is_filled(name):
            raise ModelError(f"there is no model in slot {name}")
        files = self.files(name)
        if files.sums is None:
            raise ModelError(f"{self.slot(name)} has no {model_files.SUMS}")
        try:
            return model_files.verify(files)
        except (OSError, ValueError) as exc:
            raise ModelError(f"cannot read {files.sums}: {exc}") from exc

    def fault(self, name: Choice) -> str:
        """Return what is wrong with the files of the model *name*; empty where nothing is.

        Reads them all: about 1 s for 1 GB.
        """
        try:
            checks = self.checks(name)
        except ModelError as exc:
            return str(exc)
        return "; ".join(f"{check.path}: {check.detail}" for check in checks if not check.ok)


def chosen(data_dir: Path, *, unusable: Mapping[Choice, str] = _NONE) -> Chosen:
    """Return the model that is to serve: the active one, or where that is damaged one that is not.

    A model that is missing, altered or in *unusable* (by name, with the reason why it cannot be
    loaded) gives way to what served before it, and that to the embedded one: who presses the key in
    the morning wants an answer, be it another model's, and `fault` says loudly what happened. It is
    decided at each start anew and written down nowhere, since a folder may only be mounted late.
    """
    slots = ModelSlots(data_dir)
    try:
        active = slots.active()
    except ModelError as exc:
        return Chosen(EMBEDDED, "", fault=f"{exc}; the embedded model answers")
    faults: list[str] = []
    for name in (active.serves, active.before):
        if name is None or name == EMBEDDED:
            break
        fault = unusable.get(name) or slots.fault(name)
        if not fault:
            return Chosen(name, slots.path(name), _told(faults, name))
        faults.append(f"the model in slot {name} cannot be used ({fault})")
    return Chosen(EMBEDDED, "", _told(faults, EMBEDDED))


def _told(faults: list[str], name: Choice) -> str:
    if not faults:
        return ""
    who = "the embedded model" if name == EMBEDDED else f"the one in slot {name}"
    cure = "to keep it so: eidosctl model rollback; else: eidosctl model use FOLDER"
    return f"{'; '.join(faults)}; {who} answers in its place; {cure}"
