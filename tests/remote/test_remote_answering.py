"""The order of the steps: nothing goes before it is checked, allowed, and clean of secrets."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chat_server import breaks_off, chat_server, event, says
from faulty_server import fails, sends
from libre_server import libre_server

from eidos.audit import AuditLog
from eidos.config import Config
from eidos.protocol import Shell
from eidos_remote.answering import Answering, Parts
from eidos_remote.asking import Asking
from eidos_remote.consent import Consents
from eidos_remote.messages import (
    MAX_FRAME_BYTES,
    Allow,
    AnsweredRequest,
    Chat,
    Code,
    Done,
    End,
    Failure,
    Piece,
    Purpose,
    Reply,
    Revoke,
    Sending,
    State,
    StateOf,
    Suggest,
    Suggested,
    Translate,
    Translation,
    Turn,
    encode,
)
from eidos_remote.translation import Translator

SECRET = "hunter2-" + "x7Qp9Lm2"
ASKED = f"why does curl -u me:{SECRET} https://example.org fail?"


@dataclass
class Bench:
    """An Answering with real parts, in folders of a test's own."""

    folder: Path
    config: Config
    asking: Asking = field(default_factory=Asking)

    def __post_init__(self) -> None:
        audit = AuditLog(self.folder / "state.sqlite3")
        consents = Consents(self.folder / "consent.json", audit)
        host = _Host(self)
        self._answering = Answering(Parts(host, {}, consents, self.asking, Translator(self.asking)))

    async def ask(self, request: AnsweredRequest) -> list[Reply]:
        """Return all replies to *request*."""
        replies: list[Reply] = []

        async def send(reply: Reply) -> None:
            replies.append(reply)

        await self._answering.answer(request, send)
        return replies

    def run(self, *requests: AnsweredRequest) -> list[list[Reply]]:
        """Return all replies to each of *requests*, asked one after the other."""

        async def all_of_them() -> list[list[Reply]]:
            try:
                return [await self.ask(request) for request in requests]
            finally:
                await self.asking.close()

        return _run(all_of_them())


@dataclass
class _Host:
    bench: Bench

    def config(self) -> Config:
        return self.bench.config

    def state(self, request: State) -> msgspec.Raw:
        del request
        return msgspec.Raw(b"{}")


def _run(coroutine: Coroutine[Any, Any, list[list[Reply]]]) -> list[list[Reply]]:
    return asyncio.run(coroutine)


def chat(text: str, *before: Turn) -> Chat:
    """Return a request for the answer to *text*."""
    return Chat(id="c", turns=(*before, Turn("user", text)), shell=Shell.FISH)


def allow(purpose: Purpose, host: str) -> Allow:
    """Return the user's consent."""
    return Allow(id="a", purpose=purpose, host=host)


def test_nothing_is_sent_before_the_user_agreed(tmp_path: Path) -> None:
    """The first question brings a notice; after consent it is answered, piece by piece."""
    with chat_server(says("two ", "words")) as server:
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m"))
        refused, done, answered, revoked, again = bench.run(
            chat("hello"),
            allow(Purpose.CHAT, server.host),
            chat("hello"),
            Revoke(id="r"),
            chat("hello"),
        )

        assert [type(reply) for reply in refused] == [Failure]
        assert isinstance(refused[0], Failure)
        assert refused[0].code is Code.CONSENT
        assert refused[0].notice is not None
        assert refused[0].notice.host == server.host
        assert isinstance(done[0], Done)
        assert [type(reply) for reply in answered] == [Sending, Piece, Piece, End]
        assert "".join(each.text for each in answered if isinstance(each, Piece)) == "two words"
        assert isinstance(revoked[0], Done)
        assert isinstance(again[0], Failure)
        assert again[0].code is Code.CONSENT
        assert len(server.seen) == 1


def test_consent_for_one_purpose_is_none_for_another(tmp_path: Path) -> None:
    """Who chats has not agreed that requests at the prompt go there."""
    with chat_server() as server:
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m"))
        _, suggested, translated, request = bench.run(
            allow(Purpose.CHAT, server.host),
            Suggest(id="s", text="list files", shell=Shell.ZSH),
            Translate(id="t", text="zeige alle dateien in diesem ordner", to="en"),
            Translate(id="t", text="zeige alle dateien hier", to="en", is_request=True),
        )

        wanted: list[str] = []
        for (reply,) in (suggested, translated, request):
            assert isinstance(reply, Failure)
            assert reply.notice is not None
            wanted.append(reply.notice.purpose)
        assert wanted == [Purpose.SUGGEST, Purpose.TRANSLATE, Purpose.REQUESTS]
        assert server.seen == []


def test_a_secret_stays_here(tmp_path: Path) -> None:
    """Of all turns the secrets are taken out, and who asked is told before anything goes."""
    with chat_server() as server:
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m"))
        before = (Turn("user", ASKED), Turn("assistant", "It is wrong."))
        _, replies = bench.run(
            allow(Purpose.CHAT, server.host), chat(f"is {SECRET} too short?", *before)
        )

        sending = replies[0]
        assert isinstance(sending, Sending)
        assert len(sending.redacted) == 1
        assert SECRET not in msgspec.json.encode(server.payloads).decode()
        assert sending.redacted[0].shown in msgspec.json.encode(server.payloads).decode()


def test_redaction_can_be_turned_off(tmp_path: Path) -> None:
    """With redact = false a text is sent as it is, and the notice said so."""
    with chat_server() as server:
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m", redact=False))
        _, replies = bench.run(allow(Purpose.CHAT, server.host), chat(ASKED))

        assert isinstance(replies[0], Sending)
        assert replies[0].redacted == ()
        assert SECRET in msgspec.json.encode(server.payloads).decode()


def test_a_translation_has_its_secret_again(tmp_path: Path) -> None:
    """The server sees a mark in its place, and the person what they wrote."""
    text = f"öffne die Datenbank mit password={SECRET} und zeige alle Tabellen"
    with libre_server() as server:
        bench = Bench(tmp_path, Config(translate_url=server.url))
        _, (sending, reply) = bench.run(
            allow(Purpose.TRANSLATE, server.host), Translate(id="t", text=text, to="fr")
        )

        assert isinstance(sending, Sending)
        assert isinstance(reply, Translation)
        assert SECRET in reply.text
        assert SECRET not in msgspec.json.encode(server.payloads).decode()


def test_what_is_in_the_language_already_needs_no_consent(tmp_path: Path) -> None:
    """Nothing is sent, so nobody is asked."""
    with libre_server() as server:
        bench = Bench(tmp_path, Config(translate_url=server.url))
        ((reply,),) = bench.run(
            Translate(id="t", text="show me all the files in this folder", to="en")
        )

        assert isinstance(reply, Translation)
        assert reply.is_same
        assert server.seen == []


def test_a_draft_is_one_line_or_an_error(tmp_path: Path) -> None:
    """What comes is the one command in the answer; prose alone is none."""
    with chat_server() as server:
        server.script.extend([says("```fish\nls ", "-l\n```"), says("I cannot do that.")])
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m"))
        wish = Suggest(id="s", text="list files", shell=Shell.FISH)
        _, (_, found), (_, missing) = bench.run(allow(Purpose.SUGGEST, server.host), wish, wish)

        assert isinstance(found, Suggested)
        assert (found.command, found.host) == ("ls -l", server.host)
        assert isinstance(missing, Failure)
        assert missing.code is Code.BROKEN


def test_half_a_command_is_none(tmp_path: Path) -> None:
    """An answer that was cut at its limit may mean the opposite of the whole."""
    with chat_server(says("rm -rf /srv/www", finish_reason="length")) as server:
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m"))
        wish = Suggest(id="s", text="empty the cache", shell=Shell.BASH)
        _, replies = bench.run(allow(Purpose.SUGGEST, server.host), wish)

        assert isinstance(replies[-1], Failure)


def test_an_answer_that_breaks_off_keeps_its_pieces(tmp_path: Path) -> None:
    """Who asked has what came, and then the reason; it is not asked for again."""
    with chat_server(breaks_off(event("half "))) as server:
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m"))
        _, replies = bench.run(allow(Purpose.CHAT, server.host), chat("hello"))

        assert [type(reply) for reply in replies] == [Sending, Piece, Failure]
        assert len(server.seen) == 1


def test_who_fails_chats_again_and_again_is_left_alone(tmp_path: Path) -> None:
    """A model that is known beforehand is no answer of the provider's and ends no row."""

    async def at_once(_: float) -> None:
        """Wait no time."""

    with chat_server(fails(500)) as server:
        config = Config(chat_url=server.url, chat_model="m")
        bench = Bench(tmp_path, config, Asking(sleep=at_once))
        *_, fifth, sixth = bench.run(
            allow(Purpose.CHAT, server.host), *[chat("hello") for _ in range(6)]
        )

    codes = [reply.code for reply in (fifth[-1], sixth[-1]) if isinstance(reply, Failure)]
    assert codes == [Code.BROKEN, Code.OPEN]


def test_no_answer_is_larger_than_a_message_may_be(tmp_path: Path) -> None:
    """However much a provider writes at once, who asked can read all of its replies."""
    written = "\x01" * MAX_FRAME_BYTES
    choice = {"message": {"content": written}, "finish_reason": "stop"}
    whole = msgspec.json.encode({"choices": [choice]})
    with chat_server(sends(whole, Content_Type="application/json")) as server:
        bench = Bench(tmp_path, Config(chat_url=server.url, chat_model="m"))
        _, replies = bench.run(allow(Purpose.CHAT, server.host), chat("hello"))

    assert "".join(each.text for each in replies if isinstance(each, Piece)) == written
    assert max(len(encode(each)[1]) for each in replies) < MAX_FRAME_BYTES


@pytest.mark.parametrize(
    "written", ["x" * 50_000, "[password 1]" * 2000], ids=["long", "long once it is restored"]
)
def test_what_is_too_long_for_a_translation_is_none(written: str, tmp_path: Path) -> None:
    """A server may also write the mark of a secret very often, which comes back as often."""
    text = f"öffne die Datenbank mit password={SECRET * 4} und zeige alle Tabellen"
    answer = msgspec.json.encode({"translatedText": written})
    with chat_server(sends(answer)) as server:
        bench = Bench(tmp_path, Config(translate_url=server.url))
        _, replies = bench.run(
            allow(Purpose.TRANSLATE, server.host), Translate(id="t", text=text, to="fr")
        )

    assert isinstance(replies[-1], Failure)
    assert "far more than a translation" in replies[-1].message


def test_who_forbids_translations_has_none_kept(tmp_path: Path) -> None:
    """After a revoke the same text is not answered from memory: the user is asked again."""
    ask = Translate(id="t", text="zeige alle dateien", source="de", to="en")
    with libre_server() as server:
        bench = Bench(tmp_path, Config(translate_url=server.url))
        _, _, kept, _, after = bench.run(
            allow(Purpose.TRANSLATE, server.host), ask, ask, Revoke(id="r"), ask
        )

    assert isinstance(kept[-1], Translation)
    assert kept[-1].is_kept
    assert isinstance(after[-1], Failure)
    assert after[-1].code is Code.CONSENT


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Chat(id="c", turns=(Turn("user", "x" * 10_001),)), Code.TOO_LONG),
        (Chat(id="c", turns=(Turn("user", " "),)), Code.EMPTY),
        (Translate(id="t", text="x" * 5001, to="en"), Code.TOO_LONG),
        (Translate(id="t", text="", to="en"), Code.EMPTY),
        (Suggest(id="s", text="a\x1b[2J", shell=Shell.ZSH), Code.CONTROL_CHARACTER),
        (Chat(id="c", turns=(Turn("user", "hello"),)), Code.CONFIG),
    ],
)
def test_what_cannot_be_sent_is_refused_first(
    request_: AnsweredRequest, code: Code, tmp_path: Path
) -> None:
    """Limits come before the provider: who has none learns all the same what is too long."""
    ((reply,),) = Bench(tmp_path, Config()).run(request_)

    assert isinstance(reply, Failure)
    assert reply.code is code


def test_a_bug_is_answered_and_says_nothing_of_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception may quote what was typed: its words are in no reply and no log."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("eidos_remote.answering.chat_provider", broken)
    with caplog.at_level(logging.DEBUG):
        ((reply,), (after,)) = Bench(tmp_path, Config()).run(chat(ASKED), State(id="s"))

    assert isinstance(reply, Failure)
    assert reply.code is Code.INTERNAL
    assert "RuntimeError" in reply.message
    assert SECRET not in reply.message + caplog.text
    assert isinstance(after, StateOf)


def test_a_wrong_configuration_is_told(tmp_path: Path) -> None:
    """Who asks reads what is wrong in the file; the next one is answered once it is mended."""
    bench = Bench(tmp_path, Config(chat_url="http://example.org"))
    ((reply,),) = bench.run(chat("hello"))

    assert isinstance(reply, Failure)
    assert reply.code is Code.CONFIG
    assert "in the clear" in reply.message
