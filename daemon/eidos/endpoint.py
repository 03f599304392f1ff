"""Which server answers in the model's place, where one is configured: its address and its key.

docs/remote-engine.md says what leaves the machine then. Without `remote_url` nothing here counts.
"""

from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from eidos.addresses import REMOTE, checked, is_loopback
from eidos.config import Config
from eidos.errors import ConfigError
from eidos.key_files import read_key_file, sound

KEY_VARIABLE: Final = "EIDOS_REMOTE_KEY"

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
        return sound(given, KEY_VARIABLE)
    if not endpoint.key_file:
        return ""
    return read_key_file(endpoint.key_file, "remote_key_file")


def _base(url: str) -> str:
    checked(REMOTE, url)
    return url.rstrip("/").removesuffix("/v1").rstrip("/")
