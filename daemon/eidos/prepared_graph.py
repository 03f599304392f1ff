"""The graph in the form in which onnxruntime runs it, kept on disk, so that engines share it.

onnxruntime rearranges a graph's weights whenever it loads them, into memory of its own: 131 MB of
an engine with 76 MB of weights belong to it alone. In the form that is kept here the rearranged
weights are mapped from the file, and 46 MB remain; each further engine on the machine costs those
46 MB. The start does not get quicker: the weights are rearranged all the same, to find out whether
what the file holds is right for this CPU, and the file, twice as large as the model, is checked.

A form is good for one model, one onnxruntime and one kind of CPU. Nothing of it is used before
its checksums were compared: of 450 randomly corrupted ONNX files 119 loaded and answered.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Generator
from importlib.metadata import PackageNotFoundError, version
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec

from eidos.errors import EidosError, ModelError
from eidos.paths import check_private, make_private

log = logging.getLogger(__name__)

_FORM: Final = "1"
"""Goes up when the options in `_write` change."""
_GRAPH: Final = "model.onnx"
_LIST: Final = "prepared.json"
_LOCK: Final = "lock"
_UNFINISHED: Final = "unfinished-"
_OURS: Final = re.compile(f"[0-9a-f]{{32}}|{_UNFINISHED}.*")
_PROCESSOR: Final = re.compile(
    r"^(vendor_id|cpu family|model|model name|stepping|flags"  # x86
    r"|Features|CPU implementer|CPU architecture|CPU variant|CPU part)\s*:(.*)$",  # ARM
    re.MULTILINE,
)
_ROOM: Final = 4
"""Free space that is asked for, in sizes of the model: a form has 2.3, and others need some."""
_WRITE_TIMEOUT_S: Final = 60.0
"""It takes 0.5 to 1.5 s; an engine that waits for it is given up after 120 s."""


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a form consists of, and what it is for."""

    key: str
    sha256: dict[str, str]


def prepared(model: Path, sha256: str, cache: Path) -> Path | None:
    """Return the graph to load instead of *model*, made now where there is none; None: load it.

    *sha256* stands for all files of the model, which must have been compared with it: a form
    made of damaged ones would be kept. The graph needs no optimization any more. One that is not
    whole, or not ours alone, is made anew; the forms for other models in *cache* are removed, so
    where the graph cannot be loaded because another engine just did that, load *model*.
    """
    key = current_key(sha256)
    if key is None:
        return None
    found = find(key, cache)
    if found is not None:
        return found
    try:
        make_private(cache, os.getuid())
        with _locked(cache):
            # Who waited for the lock finds what the other engine made.
            return find(key, cache) or _make(model, key, cache)
    except (OSError, EidosError) as exc:
        log.warning("engines will not share memory: %s", exc)
        return None


def find(key: str, cache: Path) -> Path | None:
    """Return the graph that is kept in *cache* for *key*, if it is whole and ours alone."""
    folder = cache / key
    try:
        check_private(cache, os.getuid())
        _require_sound(folder, key)
    except FileNotFoundError:
        return None
    except (OSError, EidosError, msgspec.MsgspecError) as exc:
        log.warning("the graph kept in %s is not used: %s", folder, exc)
        return None
    return folder / _GRAPH


def current_key(sha256: str) -> str | None:
    """Return the key of the form for the model *sha256* here; None where that is unknown."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        return key_of(sha256, version("onnxruntime"), cpuinfo)
    except (OSError, PackageNotFoundError):
        return None


def key_of(sha256: str, onnxruntime_version: str, cpuinfo: str) -> str | None:
    """Return the name under which a form is kept; *cpuinfo* is the text of /proc/cpuinfo."""
    processor = sorted({" ".join(match[0].split()) for match in _PROCESSOR.finditer(cpuinfo)})
    if not processor:
        return None
    text = "\n".join([_FORM, sha256, onnxruntime_version, *processor])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _require_sound(folder: Path, key: str) -> None:
    check_private(folder, os.getuid())
    with _opened(folder / _LIST) as file:
        listed = msgspec.json.decode(file.read(), type=_List)
    names = {path.name for path in folder.iterdir()} - {_LIST}
    if listed.key != key or names != set(listed.sha256) or _GRAPH not in names:
        raise ModelError("it holds other files than were written")
    for name, expected in listed.sha256.items():
        if _sha256(folder / name) != expected:
            raise ModelError(f"{name} is damaged")


@contextlib.contextmanager
def _opened(path: Path) -> Generator[BufferedReader]:
    """Open *path* if it is a file, no link of either kind, of ours alone."""
    # O_NONBLOCK: a FIFO in its place would be waited for.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(handle)
        is_ours = info.st_uid == os.getuid() and not info.st_mode & 0o077
        if not stat.S_ISREG(info.st_mode) or not is_ours or info.st_nlink != 1:
            raise ModelError(f"{path.name} is not a file of ours alone")
        yield file


def _sha256(path: Path) -> str:
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _locked(cache: Path) -> Generator[None]:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(cache / _LOCK, flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the kernel lets go of it when its holder dies
        yield
    finally:
        os.close(handle)


def _make(model: Path, key: str, cache: Path) -> Path:
    _remove_others(cache)
    parts = [path for path in model.parent.iterdir() if path.name.startswith(model.name)]
    needed = _ROOM * sum(path.stat().st_size for path in parts)
    if shutil.disk_usage(cache).free < needed:
        raise ModelError(f"{cache} has less than {needed >> 20} MB free")
    # A name of its own: the child of an engine that was killed may be writing still.
    folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache))
    try:
        _write_in_child(model, folder / _GRAPH)
        sums: dict[str, str] = {}
        for path in folder.iterdir():
            path.chmod(0o400)
            sums[path.name] = _sha256(path)
        handle = os.open(folder / _LIST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(_List(key, sums)))
        # Nothing is synced to the disk: what a power cut leaves does not pass the checksums.
        folder.rename(cache / key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return cache / key / _GRAPH


def _remove_others(cache: Path) -> None:
    """Remove the forms in *cache*, finished or not; other names are not ours."""
    for path in cache.iterdir():
        if _OURS.fullmatch(path.name):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)  # an engine that has it mapped keeps it
            else:
                path.unlink()


def _write_in_child(model: Path, target: Path) -> None:
    """Write the form of *model* to *target*, in a process that gives its 200 MB back."""
    command = [sys.executable, "-m", "eidos.prepared_graph", str(model), str(target)]
    try:
        subprocess.run(  # noqa: PLW1510 - what it says is better than its status
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WRITE_TIMEOUT_S
        ).check_returncode()
    except subprocess.CalledProcessError as exc:
        reason = exc.stderr.decode(errors="replace").strip() or f"status {exc.returncode}"
        # onnxruntime names its own source first, and the fault last.
        raise ModelError(f"cannot prepare {model}: {reason[-200:]}") from exc
    except subprocess.TimeoutExpired as exc:
        raise ModelError(f"preparing {model} took more than {_WRITE_TIMEOUT_S:g} s") from exc


def _write(model: Path, target: Path) -> None:
    # onnxruntime >= 1.29 sends telemetry on Linux unless this is set before the import.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.optimized_model_filepath = str(target)  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs
    prefix = "session.optimized_model_external_initializers"
    options.add_session_config_entry(f"{prefix}_file_name", f"{target.name}.data")
    options.add_session_config_entry(f"{prefix}_min_size_in_bytes", "1024")
    options.add_session_config_entry("session.save_external_prepacked_constant_initializers", "1")
    ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    _write(Path(sys.argv[1]), Path(sys.argv[2]))
