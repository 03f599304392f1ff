"""The keys of chat and translation; `eidos-remote` reads them, and opens the connections.

Nothing here makes the daemon open one: it asks `eidos-remote`, and only where `translate_requests`
or `remote_suggestions` says so.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from eidos.config_keys import DaemonKeys

_ADDRESS = {"noun": "an address: https, or http to this machine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteKeys(DaemonKeys):
    """What `eidos-remote` reads."""

    chat_provider: Annotated[
        Literal["auto", "compatible", "openai", "ollama", "off"],
        Meta(
            description="Who answers `eidosctl chat`; auto: the first that is set, in this order."
        ),
    ] = "auto"
    chat_url: Annotated[
        str,
        Meta(description="An OpenAI-compatible server; or LLM_API_URL.", extra=_ADDRESS),
    ] = ""
    chat_model: Annotated[
        str,
        Meta(
            description="The model to ask there; empty: one that is there.",
            extra={"noun": "a name"},
        ),
    ] = ""
    chat_key_file: Annotated[
        str, Meta(description="A file of mode 0600 with the provider's key.")
    ] = ""
    chat_timeout_s: Annotated[
        float, Meta(ge=1, le=3600, description="How long all of an answer may take.")
    ] = 120.0
    translate_provider: Annotated[
        Literal["auto", "libretranslate", "chat", "off"],
        Meta(description="Who translates; auto: translate_url where it is set, else who chats."),
    ] = "auto"
    translate_url: Annotated[
        str,
        Meta(description="A LibreTranslate server; or LIBRETRANSLATE_URL.", extra=_ADDRESS),
    ] = ""
    translate_key_file: Annotated[
        str, Meta(description="A file of mode 0600 with that server's key, if it asks for one.")
    ] = ""
    translate_to: Annotated[
        str,
        Meta(
            pattern=r"\A([a-z]{2,3}(-[A-Za-z]{2,4})?)?\Z",
            description="The language `eidosctl translate` aims at; empty: that of your locale.",
            extra={"noun": "the code of a language, like de"},
        ),
    ] = ""
    translate_timeout_s: Annotated[
        float, Meta(ge=0.5, le=300, description="How long a translation may take.")
    ] = 60.0
    translate_requests: Annotated[
        bool,
        Meta(description="Whether a request that is not English is translated: it goes there."),
    ] = False
    remote_suggestions: Annotated[
        bool,
        Meta(description="Whether who chats is asked for a command where the model is not sure."),
    ] = False
    connect_timeout_s: Annotated[
        float, Meta(ge=0.1, le=60, description="How long a provider may take to be reached.")
    ] = 5.0
    read_timeout_s: Annotated[
        float, Meta(ge=0.5, le=600, description="How long a provider may be silent.")
    ] = 30.0
    remote_per_minute: Annotated[
        int, Meta(ge=1, le=1000, description="Requests to providers in a minute; more are refused.")
    ] = 30
    remote_idle_s: Annotated[
        float,
        Meta(ge=1, le=86_400, description="eidos-remote ends when it has had no work so long."),
    ] = 300.0
    redact: Annotated[
        bool, Meta(description="Whether keys and passwords in a text are taken out before it goes.")
    ] = True
    plain_http_hosts: Annotated[
        str,
        Meta(
            description="Hosts that may be asked over plain http, by name.",
            extra={"noun": "names, with blanks between"},
        ),
    ] = ""
    chat_keep: Annotated[
        int, Meta(ge=0, le=10_000, description="Conversations that are kept; 0: none.")
    ] = 100

    @property
    def asks_remote(self) -> bool:
        """Whether the daemon asks `eidos-remote` of its own accord, for requests at the prompt."""
        return self.translate_requests or self.remote_suggestions
