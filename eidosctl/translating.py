"""Have a text translated by `eidos-remote`, which is told where from and where to."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from eidos.config import Config
from eidos.errors import EidosError, ProtocolError, RequestRefused
from eidos.frames import check_text
from eidos.language_names import NAMES, language_code, language_name, same_language
from eidos_remote.messages import (
    MAX_TRANSLATE_CHARS,
    Failure,
    Notice,
    Sending,
    Translate,
    Translation,
)
from eidosctl import remote_asking
from eidosctl.place import Place

ENGLISH: Final = "en"
_LOCALE: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""By which a program knows the language of a person, the first that is set (locale(7))."""
_OWN_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A translation, and how it came to be."""

    reply: Translation
    sending: Sending | None
    """What went, and to whom; None where nothing was sent."""
    passed_over: str = ""
    """The language that was aimed at first, and which the text is in already."""

    def row(self) -> dict[str, Any]:
        """Return the object that --json prints."""
        reply, sending = self.reply, self.sending
        return {
            "text": reply.text,
            "from": reply.source,
            "to": reply.to,
            "is_same": reply.is_same,
            "is_kept": reply.is_kept,
            "provider": sending.provider if sending else None,
            "host": sending.host if sending else None,
            "redacted": [each.shown for each in sending.redacted] if sending else [],
            "provider_ms": round(reply.provider_ms, 1),
            "total_ms": round(reply.total_ms, 1),
        }

    def notes(self) -> list[str]:
        """Return what a person is told beside the translation."""
        reply, sending = self.reply, self.sending
        source, to = language_name(reply.source), language_name(reply.to)
        if reply.is_same:
            if not source:
                return ["this has no words: nothing was sent"]
            advice = "nothing was sent; name another language with --to"
            return [f"this is {source} already: {advice}"]
        first = language_name(self.passed_over)
        notes = [f"this is {first} already: translated to {to}"] if first else []
        if sending is None:
            return [*notes, f"from {source}, kept from before; nothing was sent"]
        if sending.redacted:
            shown = ", ".join(each.shown for each in sending.redacted)
            notes.append(f"sent without what stands for {shown}")
        return [*notes, f"from {source}, by {sending.provider} ({sending.host})"]


def default_target(config: Config, environ: Mapping[str, str]) -> str:
    """Return the language to translate to where none is named: configured, the locale's, English.

    A locale of a language that nobody here has a name for counts as none.
    """
    if config.translate_to:
        return config.translate_to
    locale = next((environ[name] for name in _LOCALE if environ.get(name)), "")
    base = locale.partition(".")[0].partition("@")[0].partition("_")[0]
    return base if base in NAMES else ENGLISH


def code_of(said: str) -> str:
    """Return the code of the language *said* as a person does; one with a region stays as it is.

    Raises:
        ConfigError: no language is called so.
    """
    code = language_code(said)
    return said if "-" in said and same_language(said, code) else code


def translate(
    place: Place,
    text: str,
    *,
    source: str,
    to: str,
    config: Config,
    agrees: Callable[[Notice], bool] | None = None,
) -> Answer:
    """Return *text* in the language *to*; *source* is the code of its own, "" to have it found.

    Without *to* it is the person's own language, and English for a text that is in that already.

    Raises:
        RequestRefused: the text is empty, too long or has control characters; or may not be sent.
        EidosError: there is no translation.
    """
    try:
        text = check_text(text, limit=MAX_TRANSLATE_CHARS, noun="text")
    except ProtocolError as exc:
        raise RequestRefused(str(exc), code=exc.code) from exc
    target = to or default_target(config, place.environ)
    answer = _ask(place, text, source, target, config, agrees)
    if answer.reply.is_same and not to and answer.reply.source and target != ENGLISH:
        other = _ask(place, text, source, ENGLISH, config, agrees)
        return Answer(other.reply, other.sending, passed_over=target)
    return answer


def _ask(
    place: Place,
    text: str,
    source: str,
    to: str,
    config: Config,
    agrees: Callable[[Notice], bool] | None,
) -> Answer:
    given = remote_asking.given_of(place.environ)
    request = Translate(id=remote_asking.new_id(), text=text, to=to, source=source, given=given)
    # A chat model that translates has as long as one that chats.
    timeout_s = max(config.translate_timeout_s, config.chat_timeout_s) + _OWN_TIMEOUT_S
    sending = None
    with contextlib.closing(
        remote_asking.ask_with_consent(place, request, timeout_s=timeout_s, agrees=agrees)
    ) as replies:
        for reply in replies:
            if isinstance(reply, Sending):
                sending = reply
            elif isinstance(reply, Failure):
                raise remote_asking.error_of(reply)
            elif isinstance(reply, Translation):
                return Answer(reply, sending)
    raise EidosError("eidos-remote answered something else; run: eidosctl remote stop")
