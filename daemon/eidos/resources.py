"""The files that ship inside the package: model, widgets, units."""

from pathlib import Path


def model_dir() -> Path:
    """Return the folder of the embedded model."""
    return _folder("model")


def shell_dir() -> Path:
    """Return the folder of the shell widgets and their client."""
    return _folder("shell")


def systemd_dir() -> Path:
    """Return the folder of the unit templates."""
    return _folder("systemd")


def _folder(name: str) -> Path:
    # The package is always a folder on disk: onnxruntime and the shells need real files. So
    # importlib.resources has nothing to add, and its import takes 8 ms of each start.
    return Path(__file__).parent / name
