"""Who is asked: by the configuration, else by which variable is set, in one order.

    chat         1. compatible      chat_url, else LLM_API_URL
                 2. openai          OPENAI_API_KEY
                 3. ollama          OLLAMA_HOST
    translation  1. libretranslate  translate_url, else LIBRETRANSLATE_URL
                 2. who chats

What the configuration says comes before what a request brings along, and that before this
process' own environment. An address that a request brings gets no key but one that the same
request brings: a variable that some project's folder sets must not draw out a key that was put
into a file or a credential for another server.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from eidos.addresses import CHAT, TRANSLATION, Setting, checked
from eidos.config import Config
from eidos.errors import ConfigError
from eidos_remote.keys import VARIABLE, key_for
from eidos_remote.provider import Key, Provider, ProviderName

OPENAI_URL: Final = "https://api.openai.com"
_NOBODY: Final = (
    "nobody is named who could answer; set LLM_API_URL, OPENAI_API_KEY or OLLAMA_HOST, or run: "
    "eidosctl config set chat_url URL"
)
_NO_TRANSLATOR: Final = (
    "nobody is named who could translate; set LIBRETRANSLATE_URL, or who chats (OPENAI_API_KEY, "
    "OLLAMA_HOST, LLM_API_URL), or run: eidosctl config set translate_url URL"
)
_HOST: Final = "OLLAMA_HOST"
_ORDER: Final = {
    "LLM_API_URL": "compatible",
    VARIABLE[ProviderName.OPENAI]: "openai",
    _HOST: "ollama",
}


def chat_provider(config: Config, given: Mapping[str, str], own: Mapping[str, str]) -> Provider:
    """Return who answers a chat.

    Raises:
        ConfigError: nobody is named, or cannot be asked as they are; it says what to set.
    """
    wanted = config.chat_provider
    if wanted == "off":
        raise ConfigError(
            "chat is switched off; to allow it, run: eidosctl config set chat_provider auto"
        )
    if wanted == "auto":
        wanted = _first(config, given, own)
    if wanted == "openai":
        return _openai(config, given, own)
    if wanted == "ollama":
        return _ollama(config, given, own)
    return _compatible(config, given, own)


def translate_provider(
    config: Config, given: Mapping[str, str], own: Mapping[str, str]
) -> Provider:
    """Return who translates, which may be who chats.

    Raises:
        ConfigError: nobody is named, or cannot be asked as they are; it says what to set.
    """
    wanted = config.translate_provider
    if wanted == "off":
        raise ConfigError(
            "translation is switched off; to allow it, run: "
            "eidosctl config set translate_provider auto"
        )
    url, key = _place(TRANSLATION, "LIBRETRANSLATE_URL", config.translate_url, config, given, own)
    if url and wanted != "chat":
        return _with_timeouts(
            Provider(name=ProviderName.LIBRETRANSLATE, url=url, key=key),
            config,
            config.translate_timeout_s,
        )
    chats = config.chat_provider not in {"auto", "off"} or _first(config, given, own)
    if wanted == "libretranslate" or (wanted == "auto" and not chats):
        raise ConfigError(_NO_TRANSLATOR)
    return replace(chat_provider(config, given, own), total_timeout_s=config.translate_timeout_s)


def _first(config: Config, given: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Return who comes first of those that something is set for, "" where nothing is."""
    if config.chat_url:
        return "compatible"
    # One after the other: whom this shell names is not passed over for what the service was
    # started with, which may have been another shell, in another project.
    for environ in (given, own):
        for variable, name in _ORDER.items():
            if environ.get(variable, "").strip():
                return name
    return ""


def _compatible(config: Config, given: Mapping[str, str], own: Mapping[str, str]) -> Provider:
    url, key = _place(CHAT, "LLM_API_URL", config.chat_url, config, given, own)
    if not url:
        raise ConfigError(_NOBODY)
    provider = Provider(name=ProviderName.COMPATIBLE, url=url, model=config.chat_model, key=key)
    return _with_timeouts(provider, config, config.chat_timeout_s)


def _openai(config: Config, given: Mapping[str, str], own: Mapping[str, str]) -> Provider:
    if config.chat_url:
        raise ConfigError(
            'chat_url is not for chat_provider = "openai", whose address is known; run: '
            "eidosctl config unset chat_url, or: eidosctl config set chat_provider compatible"
        )
    is_named = config.chat_provider == "openai"
    key = key_for(ProviderName.OPENAI, given, own, config.chat_key_file if is_named else "")
    if not key:
        raise ConfigError("OpenAI asks for a key; set OPENAI_API_KEY or chat_key_file")
    provider = Provider(name=ProviderName.OPENAI, url=OPENAI_URL, model=config.chat_model, key=key)
    return _with_timeouts(provider, config, config.chat_timeout_s)


def _ollama(config: Config, given: Mapping[str, str], own: Mapping[str, str]) -> Provider:
    if config.chat_url:
        url = _base(CHAT, config.chat_url, config)
    else:
        host = _variable(_HOST, given, own)
        url = _base(replace(CHAT, key=_HOST, example="127.0.0.1:11434"), _ollama_url(host), config)
    provider = Provider(name=ProviderName.OLLAMA, url=url, model=config.chat_model)
    return _with_timeouts(provider, config, config.chat_timeout_s)


def _place(
    setting: Setting,
    variable: str,
    configured: str,
    config: Config,
    given: Mapping[str, str],
    own: Mapping[str, str],
) -> tuple[str, Key]:
    """Return an address and the key that goes with it; both empty where none is set."""
    if setting is CHAT:
        name, key_file = ProviderName.COMPATIBLE, config.chat_key_file
    else:
        name, key_file = ProviderName.LIBRETRANSLATE, config.translate_key_file
    if configured:
        return _base(setting, configured, config), key_for(name, given, own, key_file)
    named = replace(setting, key=variable)
    if url := given.get(variable, "").strip():
        return _base(named, url, config), key_for(name, given, {}, "")
    if url := own.get(variable, "").strip():
        return _base(named, url, config), key_for(name, given, own, "")
    return "", Key()


def _with_timeouts(provider: Provider, config: Config, total_timeout_s: float) -> Provider:
    return replace(
        provider,
        connect_timeout_s=config.connect_timeout_s,
        read_timeout_s=config.read_timeout_s,
        total_timeout_s=total_timeout_s,
    )


def _variable(name: str, given: Mapping[str, str], own: Mapping[str, str]) -> str:
    return given.get(name, "").strip() or own.get(name, "").strip()


def _base(setting: Setting, url: str, config: Config) -> str:
    checked(setting, url, plain_hosts=config.plain_http_hosts)
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def _ollama_url(host: str) -> str:
    """Return the address that *host* means to Ollama's own programs.

    They take `host`, `host:port`, `:port` and addresses, and the server's `0.0.0.0`
    (https://github.com/ollama/ollama/blob/main/envconfig/config.go, Host).
    """
    scheme, found, rest = host.partition("://")
    if not found:
        scheme, rest = "http", host
    port = "11434" if not found else ""
    place, slash, path = rest.partition("/")
    parts = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?", place)
    if parts is None:  # an IPv6 address without brackets, or what `checked` will refuse
        name = _bracketed(place)
    else:
        name, port = parts[1], parts[2] or port
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(name, name)  # noqa: S104 - a name, not bound to
    return f"{scheme}://{name}{f':{port}' if port else ''}{slash}{path}"


def _bracketed(place: str) -> str:
    try:
        return f"[{ip_address(place)}]"
    except ValueError:
        return place
