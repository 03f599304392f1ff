"""Files with a key in them: read only where nobody else can, and never quoted."""

import os
import stat
from pathlib import Path
from typing import Final

from eidos.errors import ConfigError

_MAX_KEY_BYTES: Final = 8192


def read_key_file(name: str, setting: str) -> str:
    """Return the key in the file *name*, which the configuration names at *setting*.

    Raises:
        ConfigError: the file cannot be read, is open to others, or holds no key.
    """
    path = Path(name).expanduser()
    try:
        # Without O_NONBLOCK a named pipe would be waited for, and nobody else answered meanwhile.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            _check_private(os.fstat(file.fileno()), f"{setting} {path}", path)
            text = file.read(_MAX_KEY_BYTES)
    except OSError as exc:
        reason = f"cannot read {setting} {path}: {exc.strerror}"
        raise ConfigError(f"{reason}; write the key into it, with mode 0600") from exc
    return _one_word(text, f"{setting} {path}")


def read_credential(folder: str, name: str) -> str:
    """Return the key that systemd put into *folder* as *name*; "" where it put none there.

    systemd looks after who may read it, by an access list that the mode does not show.

    Raises:
        ConfigError: it cannot be read, or holds no key.
    """
    path = Path(folder) / name
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_KEY_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as exc:
        reason = f"cannot read the credential {name}: {exc.strerror}"
        raise ConfigError(f"{reason}; look at LoadCredential= of the unit") from exc
    return _one_word(text, f"the credential {name}")


def sound(key: str, place: str) -> str:
    """Return *key* if it can stand in a header.

    Raises:
        ConfigError: it cannot; the message has *place* and not the key.
    """
    if not key or " " in key or not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{place} holds no key: it must be one word of ASCII characters")
    return key


def _one_word(text: bytes, place: str) -> str:
    return sound(text.decode("ascii", errors="replace").strip(), place)


def _check_private(info: os.stat_result, place: str, path: Path) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise ConfigError(f"{place} is no file; write the key into one")
    if info.st_uid not in {os.getuid(), 0}:
        raise ConfigError(f"{place} belongs to another user; make it yours")
    if info.st_mode & 0o077:
        mode = stat.S_IMODE(info.st_mode)
        message = f"{place} is open to others ({mode:04o}); run: chmod 600 {path}"
        raise ConfigError(message)
