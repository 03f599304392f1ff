"""Requests in other languages than English, which is the one that the model knows."""

import asyncio
from typing import Final

import msgspec

from eidos.errors import ProviderError
from eidos.finished import Account, PhaseName
from eidos.languages import is_foreign, language_name
from eidos.protocol import MAX_TEXT_CHARS, SuggestRequest
from eidos.remote_asking import RemoteAsking, without
from eidos_remote.messages import Code, Translate, Translation

ENGLISH: Final = "en"
_SHOWN_CHARS: Final = 120
"""Of a translation, in a message that has 300 at a prompt."""


class Foreign:
    """Has requests translated that are surely not English, where a person turned that on."""

    def __init__(self, remote: RemoteAsking | None, *, timeout_s: float) -> None:
        """Take *remote* to ask for translations, None where that is off."""
        self._remote = remote
        self._timeout_s = timeout_s

    async def in_english(
        self, request: SuggestRequest, account: Account
    ) -> tuple[SuggestRequest, str]:
        """Return *request* in English, and what the person is to be told of that.

        It comes back as it is where it is English, or may be, and where nobody translates it; then
        the notice says what to do, in a clause. How long a translation took is noted in *account*.
        It never fails.
        """
        # The first that may be foreign loads the model, 40 ms and more; a thread leaves half of it
        # to others (the longest gap of the loop fell from 106 and 171 ms to 54 and 50).
        code = await asyncio.to_thread(is_foreign, request.text)
        if code is None:
            return request, ""
        language = language_name(code)
        if self._remote is None:
            advice = "ask in English, or set translate_requests = true"
            return request, f"the model does not know {language}: {advice}"
        try:
            with account.phase(PhaseName.TRANSLATE):
                return await _translated(request, code, self._remote, self._timeout_s)
        except ProviderError as exc:
            return request, f"not translated from {language}: {exc}"


async def _translated(
    request: SuggestRequest, code: str, remote: RemoteAsking, timeout_s: float
) -> tuple[SuggestRequest, str]:
    question = Translate(id="-", text=request.text, source=code, to=ENGLISH, is_request=True)
    reply, redacted = await remote.ask(question, timeout_s=timeout_s)
    if not isinstance(reply, Translation) or reply.is_same:
        return request, ""
    text = " ".join(reply.text.split())
    if not text or len(text) > MAX_TEXT_CHARS or not text.isprintable():
        raise ProviderError("what came is no request", code=Code.BROKEN)
    by = f" by {reply.provider}" if reply.provider else ""
    told = f"translated from {language_name(code)}{by}{without(redacted)}: «{_shortened(text)}»"
    return msgspec.structs.replace(request, text=text), told


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
