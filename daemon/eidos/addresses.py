"""Addresses of servers in settings: https, or http to this machine, and no key in them."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from eidos.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that holds an address, and what its messages say of it."""

    key: str
    example: str
    key_place: str
    """Where a key for the server belongs."""
    told: str
    """What would be sent to it in the clear."""


REMOTE: Final = Setting(
    "remote_url",
    "https://HOST/v1",
    "remote_key_file or EIDOS_REMOTE_KEY",
    "what you type",
)
TRACES: Final = Setting(
    "trace_url",
    "http://127.0.0.1:4318",
    "OTEL_EXPORTER_OTLP_HEADERS (docs/tracing.md)",
    "when you ask, and for what kind of thing,",
)
_TRACES_PATH: Final = "/v1/traces"


def is_loopback(host: str) -> bool:
    """Tell whether *host* is this machine, by its name alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked(setting: Setting, url: str) -> SplitResult:
    """Return the parts of *url* if it may stand at *setting*.

    Raises:
        ConfigError: it holds a key, is no address, or leads over a network in the clear.
    """
    if set("@?#") & set(url):
        # The address is shown and logged: a key has no place in it. Asked before anything else,
        # for every other message about an address quotes it, or what is wrong in it.
        raise ConfigError(
            f"{setting.key} must hold no user, password, ? or #; put the key into "
            f"{setting.key_place}"
        )
    parts = _split(setting, url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _not_allowed(setting, url)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigError(
            f"{setting.key} = {url!r} is not allowed: {setting.told} would be sent in the clear; "
            "use https, or http to this machine alone (127.0.0.1, ::1, localhost)"
        )
    return parts


def trace_address(url: str) -> str:
    """Return where spans are sent for *url*, whose path may be left out.

    Raises:
        ConfigError: as `checked` does.
    """
    parts = checked(TRACES, url)
    return url if parts.path.strip("/") else url.rstrip("/") + _TRACES_PATH


def _split(setting: Setting, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here alone does it tell a wrong one
    except ValueError as exc:
        raise ConfigError(f"{setting.key} is no address: {exc}") from exc
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise _not_allowed(setting, url)
    return parts


def _not_allowed(setting: Setting, url: str) -> ConfigError:
    message = f"{setting.key} = {url!r} is not allowed; it must be like {setting.example}"
    return ConfigError(message)
