"""LibreTranslate's interface: what is sent for a translation, and what comes."""

from typing import Final

import msgspec

from eidos_remote.provider import Provider
from eidos_remote.provider_faults import broken_answer

TRANSLATE_PATH: Final = "/translate"


class _Translated(msgspec.Struct, frozen=True):
    translatedText: str  # noqa: N815 - the server's name


_TRANSLATED: Final = msgspec.json.Decoder(_Translated)


def translate_body(provider: Provider, text: str, *, source: str, to: str) -> bytes:
    """Return what is sent to have *text* translated; an empty *source* is found by the server.

    The key is in it, as this interface wants it: it goes into the request and nowhere else.
    """
    body = {"q": text, "source": source or "auto", "target": to, "format": "text"}
    if provider.key:
        body["api_key"] = provider.key.reveal()
    return msgspec.json.encode(body)


def read_translation(body: bytes, provider: Provider) -> str:
    """Return the translated text in *body*.

    Raises:
        Fault: there is none.
    """
    try:
        return _TRANSLATED.decode(body).translatedText
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise broken_answer(
            provider, "answered what is no translation; check translate_url or LIBRETRANSLATE_URL"
        ) from None
