"""Who is asked, and what: a provider with its address and its key, and the messages to a model."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit


class ProviderName(StrEnum):
    """The kinds of providers."""

    COMPATIBLE = "compatible"
    """Any server with OpenAI's interface."""
    OPENAI = "openai"
    OLLAMA = "ollama"
    LIBRETRANSLATE = "libretranslate"


class Key:
    """A key, which is shown nowhere: whoever needs it has to `reveal` it."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Key(set)" if self._value else "Key()"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be written anywhere")

    def reveal(self) -> str:
        """Return the key itself, to be put into a request and nowhere else."""
        return self._value


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One server and how it is asked; two of the same name and URL share a circuit breaker."""

    name: ProviderName
    url: str
    """Without a slash at its end, and without the `/v1` of OpenAI's interface."""
    model: str = ""
    """Empty: one that the server has."""
    key: Key = field(default_factory=Key, compare=False)
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    total_timeout_s: float = 120.0

    @property
    def host(self) -> str:
        """The host with its port, where the address names one."""
        return urlsplit(self.url).netloc

    @property
    def shown(self) -> str:
        """What it is called in messages: `openai (api.openai.com)`."""
        return f"{self.name} ({self.host})"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a chat model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Finish:
    """What comes behind the last piece of an answer: why it ends there."""

    reason: Literal["stop", "length", "filtered"]
