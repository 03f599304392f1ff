"""Which server answers in the model's place, where one is configured: its address and its key.

docs/remote-engine.md says what leaves the machine then. Without `remote_url` nothing here counts.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from eidos.addresses import REMOTE, checked, is_loopback
from eidos.config import Config
from eidos.errors import ConfigError

KEY_VARIABLE: Final = "EIDOS_REMOTE_KEY"
_MAX_KEY_BYTES: Final = 8192

Kind = Literal["completion", "chat"]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A server with an OpenAI-compatible interface; nothing in it is secret."""

    url: str
    """Without a slash at its end, and without the `/v1` of the interface."""
    model: str
    """The model's name on the server; empty: the only one that it has."""
    kind: Kind
    key_file: str
    timeout_s: float

    @property
    def host(self) -> str:
        """The host with its port, where the address names one."""
        return urlsplit(self.url).netloc

    @property
    def warning(self) -> str:
        """A sentence about where texts go."""
        if is_loopback(urlsplit(self.url).hostname or ""):
            return f"text that you send goes to another server, on this machine: {self.host}"
        return f"text that you send leaves this machine: {self.host}"


def endpoint_of(config: Config) -> Endpoint | None:
    """Return the server that *config* names, or None where the model is asked here.

    Raises:
        ConfigError: the address or the timeout cannot be used.
    """
    if not config.remote_url:
        return None
    if config.remote_timeout_s >= config.engine_timeout_s:
        limits = f"remote_timeout_s = {config.remote_timeout_s:g} must be less than"
        raise ConfigError(f"{limits} engine_timeout_s = {config.engine_timeout_s:g}")
    return Endpoint(
        url=_base(config.remote_url),
        model=config.remote_model,
        kind=config.remote_kind,
        key_file=config.remote_key_file,
        timeout_s=config.remote_timeout_s,
    )


def read_key(endpoint: Endpoint, environ: Mapping[str, str]) -> str:
    """Return the key for *endpoint*, from *environ* or else from its file; "" where it needs none.

    Raises:
        ConfigError: the file cannot be read, is open to others, or holds no key.
    """
    given = environ.get(KEY_VARIABLE, "").strip()
    if given:
        return _sound(given, KEY_VARIABLE)
    if not endpoint.key_file:
        return ""
    path = Path(endpoint.key_file).expanduser()
    try:
        with path.open("rb") as file:
            _check_private(os.fstat(file.fileno()), path)
            text = file.read(_MAX_KEY_BYTES)
    except OSError as exc:
        reason = f"cannot read remote_key_file {path}: {exc.strerror}"
        raise ConfigError(f"{reason}; write the key into it, with mode 0600") from exc
    return _sound(text.decode("ascii", errors="replace").strip(), f"remote_key_file {path}")


def _check_private(info: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise ConfigError(f"remote_key_file {path} is no file; write the key into one")
    if info.st_uid not in {os.getuid(), 0}:
        raise ConfigError(f"remote_key_file {path} belongs to another user; make it yours")
    if info.st_mode & 0o077:
        mode = stat.S_IMODE(info.st_mode)
        message = f"remote_key_file {path} is open to others ({mode:04o}); run: chmod 600 {path}"
        raise ConfigError(message)


def _sound(key: str, place: str) -> str:
    """Return *key* if it can stand in a header; the message never has it."""
    if not key or " " in key or not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{place} holds no key: it must be one word of ASCII characters")
    return key


def _base(url: str) -> str:
    checked(REMOTE, url)
    return url.rstrip("/").removesuffix("/v1").rstrip("/")
