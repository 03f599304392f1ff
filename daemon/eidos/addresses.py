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
    may_name_hosts: bool = False
    """Whether `plain_http_hosts` may allow it nevertheless."""


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
CHAT: Final = Setting(
    "chat_url",
    "https://HOST/v1",
    "LLM_API_KEY or chat_key_file",
    "what you type",
    may_name_hosts=True,
)
TRANSLATION: Final = Setting(
    "translate_url",
    "https://HOST",
    "LIBRETRANSLATE_API_KEY or translate_key_file",
    "what you type",
    may_name_hosts=True,
)
_TRACES_PATH: Final = "/v1/traces"


def is_loopback(host: str) -> bool:
    """Tell whether *host* is this machine, by its name alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked(setting: Setting, url: str, *, plain_hosts: str = "") -> SplitResult:
    """Return the parts of *url* if it may stand at *setting*.

    *plain_hosts* is what `plain_http_hosts` says: names with blanks between.

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
    is_plain = parts.scheme == "http" and not is_loopback(parts.hostname)
    if is_plain and not (setting.may_name_hosts and _names(plain_hosts, parts.hostname)):
        others = f", or name {parts.hostname} in plain_http_hosts" if setting.may_name_hosts else ""
        raise ConfigError(
            f"{setting.key} = {url!r} is not allowed: {setting.told} would be sent in the clear; "
            f"use https, or http to this machine alone (127.0.0.1, ::1, localhost){others}"
        )
    return parts


def trace_address(url: str) -> str:
    """Return where spans are sent for *url*, whose path may be left out.

    Raises:
        ConfigError: as `checked` does.
    """
    parts = checked(TRACES, url)
    return url if parts.path.strip("/") else url.rstrip("/") + _TRACES_PATH


def _names(hosts: str, host: str) -> bool:
    """Tell whether *host* is one of *hosts*; an IPv6 address may stand there in brackets."""
    return host in {each.strip("[]") for each in hosts.lower().split()}


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
