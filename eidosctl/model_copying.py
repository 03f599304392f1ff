"""Copy a person's model into a folder of ours: its files, and the checksum of each."""

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from eidos import model_files
from eidos.errors import EidosError, ModelError
from eidos.model_slots import ORIGIN, Origin

_FICLONE: Final = 0x40049409
"""linux/fs.h: the two files share their blocks until one of them changes (btrfs, XFS)."""
_COMPANIONS: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    model_files.SETTINGS,
    "drafts.ngrams",
    "LICENSE",
    "README.md",
)
_SUM: Final = re.compile("[0-9a-f]{64}")
_SPARE_BYTES: Final = 1 << 20
"""What the list, folders and blocks that are not full take beside the files."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A whole model, where a person has it: its files and checksums by their names in a slot."""

    path: Path
    files: Mapping[str, Path]
    sums: Mapping[str, str]

    @property
    def manifest(self) -> bytes:
        """The content of SHA256SUMS for a copy of it."""
        return "".join(f"{self.sums[name]}  {name}\n" for name in sorted(self.sums)).encode()

    @property
    def size_bytes(self) -> int:
        """What its files hold together."""
        return sum(file.stat().st_size for file in self.files.values())


def read_source(path: Path) -> ModelSource:
    """Return the model at *path*, a model.onnx or its folder; all its files were read once.

    It is the graph, what stands beside it under the graph's name with an ending (its weights), what
    the daemon reads of a model, and all that its SHA256SUMS lists.

    Raises:
        ModelError: a file is missing, cannot be read, or is not as its SHA256SUMS says.
    """
    model = path / "model.onnx" if path.is_dir() else path
    for file in (model, model.with_name("tokenizer.json")):
        if not file.is_file():
            raise ModelError(f"there is no file {file}; name a folder that has it, or the file")
    try:
        listed = _listed(model.parent)
        names = {model.name, *listed, *_optional(model)}
        if model.name != "model.onnx":
            names.discard("model.onnx")  # another model, whose name this one gets
        files = {_own_name(name, model): model.with_name(name) for name in sorted(names)}
        sums = {name: _sha256(file) for name, file in files.items()}
    except OSError as exc:
        raise ModelError(f"cannot read {exc.filename or path}: {exc.strerror}") from exc
    for name, file in files.items():
        expected = listed.get(file.name, sums[name])
        if sums[name] != expected:
            said = f"its SHA-256 is {sums[name][:16]}…, {model_files.SUMS} says {expected[:16]}…"
            raise ModelError(f"{file} is damaged: {said}; copy or download the model again")
    return ModelSource(path.absolute(), files, sums)


def copy(source: ModelSource, folder: Path) -> None:
    """Make *folder* with a copy of *source* in it, all on disk when this returns.

    Raises:
        EidosError: there is no room, or it cannot be written; *folder* may be there in part.
    """
    free_bytes = shutil.disk_usage(folder.parent).free
    needed_bytes = source.size_bytes + _SPARE_BYTES
    if needed_bytes > free_bytes:
        sizes = f"needs {needed_bytes / 1e6:.0f} MB, and {free_bytes / 1e6:.0f} MB are free"
        cure = "make room, perhaps by: eidosctl model remove a (or b)"
        raise EidosError(f"{source.path} {sizes} in {folder.parent}; {cure}")
    origin = Origin(
        # Of a file model.onnx the folder's name says more.
        name=(source.path.parent if source.path.name == "model.onnx" else source.path).name,
        source=str(source.path),
        added=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    try:
        folder.mkdir(mode=0o700)
        for name, file in source.files.items():
            _copy_file(file, folder / name)
        _write(folder / model_files.SUMS, source.manifest)
        _write(folder / ORIGIN, msgspec.json.encode(origin))
        sync_folder(folder)
    except OSError as exc:
        message = f"cannot copy {source.path} to {folder}: {exc.strerror}; nothing was changed"
        raise EidosError(message) from exc


def sync_folder(folder: Path) -> None:
    """Return once the names in *folder* are on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _optional(model: Path) -> Iterator[str]:
    """Return the names of what stands beside *model* and belongs to it without being listed."""
    for file in model.parent.iterdir():
        if (file.name in _COMPANIONS or file.name.startswith(model.name)) and file.is_file():
            yield file.name


def _own_name(name: str, model: Path) -> str:
    return "model.onnx" if name == model.name else name


def _listed(folder: Path) -> dict[str, str]:
    """Return the checksums in SHA256SUMS by file name; {} where there is no such file."""
    path = folder / model_files.SUMS
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        sums = {name.removeprefix("*"): expected for expected, name in pairs}
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise ModelError(f"{path} is not a list of checksums: {exc}") from exc
    for name, expected in sums.items():
        if not _SUM.fullmatch(expected):
            raise ModelError(f"{path} is not a list of checksums: {expected[:20]!r} is none")
        if "/" in name or name in {model_files.SUMS, ORIGIN}:
            raise ModelError(f"{path} lists {name}, which is not a file beside it")
    return sums


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as old, os.fdopen(_create(target), "wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)
        new.flush()
        os.fsync(new.fileno())


def _write(target: Path, content: bytes) -> None:
    with os.fdopen(_create(target), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _create(target: Path) -> int:
    return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _sha256(path: Path) -> str:
    # A listed name may be a pipe, which would never end.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
