"""Answers of providers that work: chats as they are streamed, models, and translations."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

import pytest
from chat_server import DONE, MODELS, chat_server, event, lists, says, streams
from faulty_server import Act, FaultyServer, fails, faulty_server, sends
from libre_server import libre_server

from eidos.errors import ProviderError
from eidos_remote.asking import Asking
from eidos_remote.provider import Finish, Key, Message, Provider, ProviderName

MESSAGES = [Message("system", "be brief"), Message("user", "grüße an 🦊")]


def provider(url: str, name: ProviderName = ProviderName.COMPATIBLE) -> Provider:
    """Return the provider at *url*."""
    return Provider(name=name, url=url, model="small-model", key=Key("key-of-the-user"))


def run(act: Callable[[Asking], Awaitable[object]]) -> object:
    """Return what *act* returns, in a loop of its own."""

    async def inside() -> object:
        asking = Asking()
        try:
            return await act(asking)
        finally:
            await asking.close()

    return asyncio.run(inside())


def ask(asked: Provider) -> list[str | Finish]:
    """Return all that comes of a chat."""

    async def chat(asking: Asking) -> list[str | Finish]:
        async with aclosing(asking.stream(asked, MESSAGES)) as pieces:
            return [piece async for piece in pieces]

    found = run(chat)
    assert isinstance(found, list)
    return found


def answer_to(act: Act) -> list[str | Finish]:
    """Return all that comes of a chat with a server that does *act*."""
    with chat_server(act) as server:
        return ask(provider(server.url))


def test_a_chat_is_asked_in_openais_form() -> None:
    """With the model, the messages and the key, and streamed."""
    with chat_server() as server:
        ask(provider(server.url))

    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["Authorization"] == "Bearer key-of-the-user"
    assert seen.headers["Accept-Encoding"] == "identity"
    assert seen.payload == {
        "model": "small-model",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "grüße an 🦊"},
        ],
        "stream": True,
    }


def test_pieces_come_as_they_are_written() -> None:
    """One by one, before the answer is whole."""
    with chat_server() as server:

        async def chat(asking: Asking) -> list[str | Finish]:
            pieces = asking.stream(provider(server.url), MESSAGES)
            return [piece async for piece in pieces]

        server.default = says("one ", "", "two")
        assert run(chat) == ["one ", "two", Finish("stop")]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "filtered"), ("load", "stop")],
)
def test_why_an_answer_ends_is_told(reason: str, expected: str) -> None:
    """By the provider's own word for it."""
    assert answer_to(says("x", finish_reason=reason)) == ["x", Finish(expected)]  # type: ignore[arg-type]


SAID = 'data: {"choices": [{"delta": {"content": "Ä🦊"}}]}'.encode()
END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}'


@pytest.mark.parametrize(
    "parts",
    [
        [SAID + b"\r\n\r\n" + END + b"\r\n\r\n" + DONE],
        [bytes([each]) for each in SAID + b"\n\n" + END + b"\n\n" + DONE],
        [b": a comment\n\nevent: x\nid: 1\n", SAID, b"\n\n", END, b"\n\n"],
        [SAID.replace(b"data: ", b"data:"), b"\n\n", b"data:[DONE]"],
        [SAID, b'\n\ndata: {"choices": []}\n\ndata: {"usage": {}}\n\n', END, b"\n"],
        [SAID + b"\n\n" + END],
        [SAID + b'\n\ndata: {"choices": [{"delta": {"reasoning_content": "hm"}}]}\n\n' + END],
    ],
    ids=["crlf", "bytes", "other lines", "no blank", "no choices", "no end of line", "thoughts"],
)
def test_events_are_read_however_they_are_cut(parts: list[bytes]) -> None:
    """As servers send them: with other lines, other ends of lines, and cut anywhere."""
    assert answer_to(streams(*parts)) == ["Ä🦊", Finish("stop")]


def test_a_server_that_does_not_stream_is_read_too() -> None:
    """Its answer is one piece."""
    choice = {"message": {"content": "all at once"}, "finish_reason": "length"}
    body = json.dumps({"choices": [choice]}).encode()

    answer = answer_to(sends(body, Content_Type="application/json; charset=utf-8"))

    assert answer == ["all at once", Finish("length")]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"choices": [3]}', b'{"error": "quoting"}', b"[" * 100_000]
)
def test_an_answer_of_another_kind_is_named(body: bytes) -> None:
    """Whatever JSON it is."""
    with pytest.raises(ProviderError, match=r"no chat of OpenAI's form|reports an error") as caught:
        answer_to(sends(body, Content_Type="application/json"))

    assert "quoting" not in str(caught.value)


def test_a_connection_is_used_again() -> None:
    """The next question costs no new one."""
    with chat_server() as server:

        async def twice(asking: Asking) -> None:
            for _ in range(3):
                async with aclosing(asking.stream(provider(server.url), MESSAGES)) as pieces:
                    async for _piece in pieces:
                        pass

        ports: set[int] = set()
        answer = server.default
        server.default = lambda handler: (ports.add(handler.client_address[1]), answer(handler))[1]
        run(twice)

    assert len(ports) == 1


def test_no_cookie_is_kept() -> None:
    """A provider cannot mark who asks."""
    with chat_server(fails(400, Set_Cookie="mark=1; Path=/")) as server:

        async def twice(asking: Asking) -> None:
            for _ in range(2):
                with pytest.raises(ProviderError):
                    await anext(asking.stream(provider(server.url), MESSAGES))

        run(twice)

    assert all("Cookie" not in seen.headers for seen in server.seen)
    assert len(server.seen) == 2


def test_no_proxy_of_the_environment_sees_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that other programs obey send nothing elsewhere."""
    with chat_server() as server, faulty_server(fails(500)) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)

        assert ask(provider(server.url))[-1] == Finish("stop")
        assert proxy.seen == []


def test_a_model_is_found_where_none_is_named() -> None:
    """Once for an address, and again when it is gone; what only embeds is no model to chat with."""
    with chat_server() as server:
        asked = replace(provider(server.url), model="")

        async def thrice(asking: Asking) -> str:
            for _ in range(2):
                async with aclosing(asking.stream(asked, MESSAGES)) as pieces:
                    async for _piece in pieces:
                        pass
            server.script.append(fails(404))
            with pytest.raises(ProviderError):
                await anext(asking.stream(asked, MESSAGES))
            return await asking.model_of(asked)

        assert run(thrice) == MODELS[1]

    assert [seen.path.removeprefix("/v1/") for seen in server.seen] == [
        "models",
        "chat/completions",
        "chat/completions",
        "chat/completions",
        "models",
    ]
    assert server.seen[1].payload["model"] == MODELS[1]


@pytest.mark.parametrize(
    ("name", "models", "expected"),
    [
        ("openai", ["gpt-4o-mini", "gpt-9", "gpt-5-mini", "gpt-9-mini-tts"], "gpt-5-mini"),
        ("ollama", ["all-minilm-embed", "llama"], "llama"),
    ],
)
def test_of_many_models_one_that_chats_is_taken(
    name: str, models: list[str], expected: str
) -> None:
    """Of OpenAI's the newest small one."""
    with chat_server(lists(models)) as server:
        asked = replace(provider(server.url, ProviderName(name)), model="")

        assert run(lambda asking: asking.model_of(asked)) == expected


@pytest.mark.parametrize(
    ("name", "act", "words"),
    [
        ("ollama", lists([]), "names no model to chat with; run: ollama pull NAME"),
        ("compatible", lists(["embedder"]), "names no model to chat with; set chat_model"),
        ("compatible", sends(b"<html>"), "does not say which models it has; set chat_model"),
        ("compatible", sends(b'{"data": 3}'), "does not say which models it has; set chat_model"),
    ],
    ids=["none", "none that chats", "page", "number"],
)
def test_without_a_model_the_cure_is_named(name: str, act: Act, words: str) -> None:
    """Which is a setting, or a command of Ollama's."""
    with chat_server(act) as server:
        asked = replace(provider(server.url, ProviderName(name)), model="")

        with pytest.raises(ProviderError, match=words):
            ask(asked)


def translated(server: FaultyServer, text: str, *, key: str = "", to: str = "en") -> object:
    """Return what *server* makes of *text*."""
    asked = Provider(name=ProviderName.LIBRETRANSLATE, url=server.url, key=Key(key))
    return run(lambda asking: asking.translate(asked, text, source="", to=to))


def test_a_text_is_translated() -> None:
    """The key is in the body, where LibreTranslate looks for it, and in no header."""
    with libre_server(key="key-of-libre") as server:
        found = translated(server, "zeige alle Dateien", key="key-of-libre")

    assert found == "show all files"
    (seen,) = server.seen
    assert seen.path == "/translate"
    assert seen.payload == {
        "q": "zeige alle Dateien",
        "source": "auto",
        "target": "en",
        "format": "text",
        "api_key": "key-of-libre",
    }
    assert "Authorization" not in seen.headers


@pytest.mark.parametrize(
    ("key", "to", "words"),
    [
        ("wrong", "en", "refuses the key; check LIBRETRANSLATE_API_KEY or translate_key_file"),
        ("right", "tlh", "refuses the request; check whether it knows both languages"),
    ],
)
def test_a_refused_translation_says_why(key: str, to: str, words: str) -> None:
    """Without the text, the key or a word of the server's."""
    with libre_server(key="right") as server, pytest.raises(ProviderError, match=words) as caught:
        translated(server, "zeige alle Dateien", key=key, to=to)

    assert "Dateien" not in str(caught.value)
    assert "Invalid" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"translatedText": 3}', b"[" * 100_000])
def test_what_is_no_translation_is_named(body: bytes) -> None:
    """There is something else at the address."""
    words = "no translation; check translate_url"
    with faulty_server(sends(body)) as server, pytest.raises(ProviderError, match=words):
        translated(server, "text")


def test_a_translation_is_tried_again() -> None:
    """As a chat is."""
    with libre_server() as server:
        server.script.append(fails(429, Retry_After="0"))

        assert translated(server, "montre tous les fichiers") == "show all files"


def test_an_empty_answer_has_an_end() -> None:
    """A model may have nothing to say."""
    assert answer_to(streams(event(finish_reason="stop"), DONE)) == [Finish("stop")]
