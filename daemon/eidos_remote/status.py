"""What `eidosctl remote status` shows: the body of a StateOf.

    version, pid, uptime_s, rss_bytes    of the process
    chat, translation                    who is asked, as a Server, or why nobody
    breakers                             of each provider that failed of late
    consents                             what may be sent where
    requests                             how many there were, by kind and outcome

A key is in none of it, only where it comes from. No request's text is.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from eidos import __version__
from eidos.config import Config
from eidos.errors import ConfigError
from eidos_remote.keys import key_place
from eidos_remote.provider import Provider, ProviderName
from eidos_remote.providers import chat_provider, translate_provider

_STATM: Final = Path("/proc/self/statm")
_Chosen = Callable[[Config, Mapping[str, str], Mapping[str, str]], Provider]


class Server(msgspec.Struct, frozen=True):
    """Who is asked; all but `fault` are empty where nobody can be."""

    provider: str = ""
    host: str = ""
    model: str = ""
    """Empty: one that the server has."""
    key: str = ""
    """Where its key comes from; empty: none is sent."""
    fault: str = ""
    """Why nobody is asked, and what to do."""


class StateBody(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    version: str
    pid: int
    uptime_s: float
    rss_bytes: int
    chat: Server
    translation: Server
    breakers: list[Any]
    consents: list[Any]
    requests: dict[str, dict[str, int]]


class Breakers(Protocol):
    """Who knows how the providers do."""

    def breakers(self) -> list[Any]:
        """Return a record for each provider."""
        ...


class Permissions(Protocol):
    """Who knows what the user agreed to."""

    def given(self) -> list[Any]:
        """Return a record for each permission."""
        ...


class Counts:
    """How many requests have ended, by kind and outcome."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, kind: str, outcome: str) -> None:
        """Count one."""
        self._counts[kind, outcome] += 1

    def as_table(self) -> dict[str, dict[str, int]]:
        """Return the counts, by kind and then by outcome."""
        table: dict[str, dict[str, int]] = {}
        for (kind, outcome), count in sorted(self._counts.items()):
            table.setdefault(kind, {})[outcome] = count
        return table


class Status:
    """Knows how this process is."""

    def __init__(
        self, counts: Counts, breakers: Breakers, permissions: Permissions, own: Mapping[str, str]
    ) -> None:
        """Begin to count the time; *own* is the environment of this process."""
        self._counts = counts
        self._breakers = breakers
        self._permissions = permissions
        self._own = own
        self._started_s = time.monotonic()

    def body(self, config: Callable[[], Config], given: Mapping[str, str]) -> msgspec.Raw:
        """Return the body for one who has *given* set; a wrong configuration is told in it."""
        state = StateBody(
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._started_s, 3),
            rss_bytes=int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGESIZE"),
            chat=self._server(chat_provider, config, given),
            translation=self._server(translate_provider, config, given),
            breakers=self._breakers.breakers(),
            consents=self._permissions.given(),
            requests=self._counts.as_table(),
        )
        return msgspec.Raw(msgspec.json.encode(state))

    def _server(
        self, chosen: _Chosen, config: Callable[[], Config], given: Mapping[str, str]
    ) -> Server:
        try:
            provider = chosen(config(), given, self._own)
            key = self._key_place(provider, config(), given)
        except ConfigError as exc:
            return Server(fault=str(exc))
        return Server(provider.name, provider.host, provider.model, key)

    def _key_place(self, provider: Provider, config: Config, given: Mapping[str, str]) -> str:
        if not provider.key:
            return ""
        is_translator = provider.name is ProviderName.LIBRETRANSLATE
        key_file = config.translate_key_file if is_translator else config.chat_key_file
        return key_place(provider.name, given, self._own, key_file)
