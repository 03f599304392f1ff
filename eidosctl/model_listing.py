"""What there is to see of the models: which one serves, what is in the slots, what is sound."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eidos import model_files
from eidos.config import Config
from eidos.errors import ModelError
from eidos.model_files import FileCheck, ModelFiles
from eidos.model_slots import EMBEDDED, SLOTS, Choice, ModelSlots, chosen, data_dir
from eidosctl.place import Place
from eidosctl.switching import overriding

_MEBIBYTE: Final = 1 << 20

Rows = list[tuple[str, str]]


def facts(place: Place) -> Rows:
    """Return what `eidosctl model show` tells of the model that serves, by name.

    Raises:
        ConfigError, ModelError: the configuration or the model's own settings cannot be read.
    """
    files, name, fault = _serving(place)
    checks = model_files.verify(files)
    rows = [
        ("model", files.name),
        ("path", str(files.model)),
        ("size", _size(check.path for check in checks)),
        ("sha256", model_files.sha256_of_model(files, checks)),
        ("checksums", _agreement(files, checks)),
        ("told", ", ".join(("the request", *model_files.told(files)))),
        *(("from", origin) for origin in [_origin(name)] if origin),
        *(("note", f"another setting counts: {setting}") for setting in overriding(place)),
        *(("fault", text) for text in [fault] if text),
    ]
    return rows + [(f"  {check.path.name}", check.detail) for check in checks]


def listing(place: Place) -> Rows:
    """Return what `eidosctl model list` tells of the embedded model and of each slot, by name.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    slots = ModelSlots(data_dir())
    others = overriding(place)
    now = chosen(data_dir())
    before = slots.active().before if not now.fault else None
    rows: Rows = []
    for name in (EMBEDDED, *SLOTS):
        mark = "serves" if name == now.name and not others else "before" if name == before else ""
        rows.append((f"{mark:<6}  {name:<8}", _summary(slots, name)))
    rows += [("", f"another setting counts: {setting}") for setting in others]
    return rows + [("", now.fault)] * bool(now.fault)


def verdicts(place: Place) -> Iterator[tuple[ModelFiles, list[FileCheck]]]:
    """Yield the files, with a verdict on each, of the model that serves and of those in the slots.

    Raises:
        ConfigError, ModelError: the configuration or a list of checksums cannot be read.
    """
    files, serving, _ = _serving(place)
    yield files, model_files.verify(files)
    slots = ModelSlots(data_dir())
    for name in SLOTS:
        if name != serving and slots.is_filled(name):
            yield slots.files(name), slots.checks(name)


def _serving(place: Place) -> tuple[ModelFiles, Choice | None, str]:
    """Return the files of the model that serves, what it is called, and what is wrong with it."""
    config = Config.load(place.environ, place.config)
    if config.model_path or config.tokenizer_path:
        return model_files.locate(config.model_path, config.tokenizer_path), None, ""
    now = chosen(data_dir())
    return ModelSlots(data_dir()).files(now.name), now.name, now.fault


def _summary(slots: ModelSlots, name: Choice) -> str:
    if not slots.is_filled(name):
        return "empty"
    try:
        checks = slots.checks(name)
    except ModelError as exc:
        return f"damaged: {exc}"
    size = _size(check.path for check in checks)
    if not all(check.ok for check in checks):
        size = f"damaged: {_agreement(slots.files(name), checks)}"
    if name == EMBEDDED:
        return f"{size}, {slots.files(name).name}"
    return ", ".join(filter(None, (size, _origin(name))))


def _origin(name: Choice | None) -> str:
    origin = ModelSlots(data_dir()).origin(name) if name in SLOTS else None
    return f"{origin.source}, added {origin.added}" if origin is not None else ""


def _size(paths: Iterator[Path]) -> str:
    size_bytes = sum(path.stat().st_size for path in paths if path.is_file())
    return f"{size_bytes / _MEBIBYTE:.1f} MB on disk"


def _agreement(files: ModelFiles, checks: list[FileCheck]) -> str:
    if files.sums is None:
        return "none to compare with: there is no SHA256SUMS beside it"
    bad = [check.path.name for check in checks if not check.ok]
    return f"not as in {files.sums.name}: {', '.join(bad)}" if bad else "as shipped"
