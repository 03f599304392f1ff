"""Each way in which a provider can fail, and the very words that a person reads then."""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from chat_server import DONE, ERROR, breaks_off, chat_server, drips, event, says, streams
from faulty_server import (
    SECRET_OF_SERVER,
    Act,
    FaultyServer,
    Handler,
    fails,
    faulty_server,
    hangs_up,
    pours,
    sends,
    waits,
    wants_a_pause,
)
from loopback_server import CERTIFICATE

from eidos.errors import ProviderError
from eidos_remote.asking import Asking
from eidos_remote.messages import Code
from eidos_remote.provider import Finish, Key, Message, Provider, ProviderName

DOCS = Path(__file__).parents[2] / "docs" / "remote-faults.md"
KEY = "key-of-the-user"
TEXT = "how heavy is a zebra"
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Case:
    """One fault: what the provider does, and what comes of it."""

    act: Act
    code: Code
    message: str
    """Of the person's message; PROVIDER is its name and host."""
    tries: int = 1
    is_theirs: bool = True
    """Whether the circuit breaker counts it."""
    given: str = ""
    """What had come of the answer before."""
    times: tuple[float, float, float] = (PATIENCE_S, PATIENCE_S, PATIENCE_S)
    """To connect, of silence, in all."""


def moves(handler: Handler) -> None:
    """Answer that the same is to be had from another host."""
    fails(307, Location="https://elsewhere.example/v1/chat/completions")(handler)


HALF = event("half ")
CASES = {
    "says nothing": Case(
        waits,
        Code.TIMEOUT,
        "PROVIDER said nothing for 0.5 s; ask again, or set read_timeout_s higher",
        times=(PATIENCE_S, 0.5, PATIENCE_S),
    ),
    "falls silent in the middle of its answer": Case(
        breaks_off(HALF, is_silent=True),
        Code.TIMEOUT,
        "PROVIDER said nothing for 2 s; ask again, or set read_timeout_s higher",
        given="half ",
        times=(PATIENCE_S, 2, PATIENCE_S),
    ),
    "goes on for longer than all of an answer may take": Case(
        drips(""),
        Code.TIMEOUT,
        "PROVIDER did not finish within 0.7 s; ask for less, or set chat_timeout_s (of a "
        "translation: translate_timeout_s) higher",
        times=(PATIENCE_S, PATIENCE_S, 0.7),
    ),
    "hangs up without a word": Case(
        hangs_up,
        Code.BROKEN,
        "PROVIDER gave no answer: it does not speak HTTP as it should, or hung up; look with: "
        "eidosctl remote status",
        tries=3,
    ),
    "hangs up in the middle of its answer": Case(
        breaks_off(HALF),
        Code.BROKEN,
        "PROVIDER broke off in the middle of its answer; ask again",
        given="half ",
    ),
    "ends its answer in the middle": Case(
        streams(HALF),
        Code.BROKEN,
        "PROVIDER broke off in the middle of its answer; ask again",
        given="half ",
    ),
    "has too many requests, always": Case(
        wants_a_pause(0),
        Code.REFUSED,
        "PROVIDER answered with HTTP 429: it has too many requests, or no credit of yours; ask "
        "again in a moment",
        tries=3,
        is_theirs=False,
    ),
    "wants a pause of an hour": Case(
        wants_a_pause(3600),
        Code.REFUSED,
        "PROVIDER answered with HTTP 429: it has too many requests, or no credit of yours; ask "
        "again in 3600 s",
        is_theirs=False,
    ),
    "fails, always": Case(
        fails(500),
        Code.BROKEN,
        "PROVIDER answered with HTTP 500: it failed; try again in a moment, or ask who runs it",
        tries=3,
    ),
    "refuses the key": Case(
        fails(401),
        Code.REFUSED,
        "PROVIDER answered with HTTP 401: it refuses the key; check LLM_API_KEY or chat_key_file",
        is_theirs=False,
    ),
    "wants to be paid": Case(
        fails(402),
        Code.REFUSED,
        "PROVIDER answered with HTTP 402: it wants to be paid; look at your account there",
        is_theirs=False,
    ),
    "has no such model": Case(
        fails(404),
        Code.REFUSED,
        "PROVIDER answered with HTTP 404: no such address or model there; check the address "
        "(chat_url or LLM_API_URL) and chat_model",
        is_theirs=False,
    ),
    "finds the text too long": Case(
        fails(413),
        Code.REFUSED,
        "PROVIDER answered with HTTP 413: the text is too long for it; send less",
        is_theirs=False,
    ),
    "refuses the request": Case(
        fails(400),
        Code.REFUSED,
        "PROVIDER answered with HTTP 400: it refuses the request; check chat_model, or "
        "send less: it may be too long for that model",
        is_theirs=False,
    ),
    "sends us to another host": Case(
        moves,
        Code.REFUSED,
        "PROVIDER answered with HTTP 307: it sends us to elsewhere.example, where nothing is "
        "sent; if that is right, name it in chat_url or LLM_API_URL",
        is_theirs=False,
    ),
    "answers what is no JSON": Case(
        streams(b'data: {"choices": [{"delta": words-of-the-server\n\n'),
        Code.BROKEN,
        "PROVIDER answered what is no chat of OpenAI's form; check its address and chat_model",
        is_theirs=False,
    ),
    "answers with a web page": Case(
        sends(b"<html>words-of-the-server</html>", Content_Type="text/html"),
        Code.BROKEN,
        "PROVIDER answered what is no chat of OpenAI's form; check its address and chat_model",
        is_theirs=False,
    ),
    "reports an error inside of its answer": Case(
        streams(HALF, ERROR, DONE),
        Code.BROKEN,
        "PROVIDER reports an error in place of an answer; ask again, or ask who runs it",
        is_theirs=False,
        given="half ",
    ),
    "answers without an end": Case(
        pours,
        Code.BROKEN,
        "PROVIDER answered more than 8 MB; ask for less, or ask who runs it",
        is_theirs=False,
    ),
    "compresses its answer": Case(
        sends(b"\x1f\x8b", Content_Encoding="gzip"),
        Code.BROKEN,
        "PROVIDER compresses its answers, unasked; switch that off there",
        is_theirs=False,
    ),
}
ELSEWHERE = {
    "is not running": "cannot reach PROVIDER: Connection refused; look with: eidosctl remote "
    "status",
    "has a name that nobody knows": "cannot reach PROVIDER: nobody knows its name (Name or service "
    "not known); look with: eidosctl remote status",
    "has a certificate that nobody vouches for": "cannot reach PROVIDER: its certificate is not "
    "valid here (self-signed certificate); look with: eidosctl remote status",
    "cannot be reached in time": "cannot reach PROVIDER within 0.2 s; look with: eidosctl remote "
    "status, or set connect_timeout_s higher",
    "is asked by eight others at once": "too many requests to PROVIDER are under way here; ask "
    "again in a moment",
    "failed five times in a row": "PROVIDER failed 5 times in a row and is left alone; ask again "
    "in 30 s, or look with: eidosctl remote status",
}
"""Faults that no server can show by itself, and what a person reads."""


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server that answers well, until it is told otherwise."""
    with chat_server() as running:
        yield running


def provider(url: str) -> Provider:
    """Return the provider at *url*, patient."""
    return Provider(
        name=ProviderName.COMPATIBLE,
        url=url,
        model="small-model",
        key=Key(KEY),
        connect_timeout_s=PATIENCE_S,
        read_timeout_s=PATIENCE_S,
        total_timeout_s=PATIENCE_S,
    )


async def at_once(_: float) -> None:
    """Make no pause before another try."""
    await asyncio.sleep(0)


async def said_by(asking: Asking, asked: Provider) -> tuple[str, str]:
    """Return what came of an answer, and what the failure behind it says."""
    written = ""
    try:
        async with aclosing(asking.stream(asked, [Message("user", TEXT)])) as pieces:
            async for piece in pieces:
                written += "" if isinstance(piece, Finish) else piece
    except ProviderError as exc:
        return written, f"{exc.code}: {exc}"
    return written, ""


def ask(asked: Provider, *, asking: Asking | None = None) -> tuple[str, str]:
    """Do the same, in a loop of its own."""

    async def run() -> tuple[str, str]:
        own = asking or Asking(sleep=at_once)
        try:
            return await said_by(own, asked)
        finally:
            await own.close()

    return asyncio.run(run())


def shown(message: str, asked: Provider) -> str:
    """Return *message* as a person reads it."""
    return message.replace("PROVIDER", asked.shown)


@pytest.mark.parametrize("name", CASES)
def test_each_fault_says_who_why_and_what_to_do(server: FaultyServer, name: str) -> None:
    """What had come before stays, and no key, text or word of the server's is told."""
    case = CASES[name]
    server.default = case.act
    connect_s, read_s, total_s = case.times
    asked = replace(
        provider(server.url),
        connect_timeout_s=connect_s,
        read_timeout_s=read_s,
        total_timeout_s=total_s,
    )
    asking = Asking(sleep=at_once)

    result = ask(asked, asking=asking)

    assert result == (case.given, f"{case.code}: {shown(case.message, asked)}")
    assert len(server.seen) == case.tries
    assert [each.failures for each in asking.breakers()] == [int(case.is_theirs)]


@pytest.mark.parametrize(
    "trouble",
    [fails(500), fails(503), hangs_up, wants_a_pause(0), wants_a_pause(1, as_date=True)],
    ids=["500", "503", "hangs up", "429", "429 until a date"],
)
def test_what_passes_is_tried_again(server: FaultyServer, trouble: Act) -> None:
    """Who was answered by the second or third try never learns of the first."""
    server.script.extend([trouble, trouble])

    assert ask(provider(server.url)) == ("two words", "")
    assert len(server.seen) == 3


def test_a_pause_that_is_wanted_is_made(server: FaultyServer) -> None:
    """Retry-After is obeyed, as a number and as a date; without one the pauses are short."""
    pauses: list[float] = []

    async def noted(pause_s: float) -> None:
        pauses.append(pause_s)

    for act in (wants_a_pause(17), wants_a_pause(17, as_date=True), fails(503)):
        server.script.append(act)

        assert ask(provider(server.url), asking=Asking(sleep=noted)) == ("two words", "")

    assert [round(pause_s) for pause_s in pauses[:2]] == [17, 17]
    assert pauses[2] <= 0.5


def test_no_failure_tells_what_was_said(server: FaultyServer) -> None:
    """Neither a message nor its traceback has the key, the text, or a word of the server's."""
    for case in CASES.values():
        server.default = case.act
        asked = replace(provider(server.url), read_timeout_s=0.2, total_timeout_s=0.5)
        told = _traceback_of(asked)

        assert asked.shown in told
        for private in (KEY, TEXT, SECRET_OF_SERVER):
            assert private not in told


def _traceback_of(asked: Provider) -> str:
    async def run() -> None:
        asking = Asking(sleep=at_once)
        try:
            async for _ in asking.stream(asked, [Message("user", TEXT)]):
                pass
        finally:
            await asking.close()

    with pytest.raises(ProviderError) as caught:
        asyncio.run(run())
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def test_nothing_is_tried_again_behind_the_first_piece(server: FaultyServer) -> None:
    """Two halves of two answers are no answer."""
    server.script.append(breaks_off(HALF))

    assert ask(provider(server.url))[0] == "half "
    assert len(server.seen) == 1


def test_a_redirect_gets_nothing(server: FaultyServer) -> None:
    """A second server, to which the first one sends us, sees no request and no key."""
    with faulty_server(says("caught")) as other:
        server.default = fails(307, Location=f"{other.url}/v1/chat/completions")
        asked = provider(server.url)

        _, message = ask(asked)

        assert f"sends us to {other.host}, where nothing is sent" in message
        assert other.seen == []


def test_what_a_redirect_says_is_not_told() -> None:
    """Only a plain name of a host is shown, and nothing of a path or of what is none."""
    for location in ("https://a b/", "https://[", f"//{KEY}@host/", f"https://{KEY}\\/"):
        with faulty_server(fails(302, Location=location)) as server:
            assert "sends us to elsewhere," in ask(provider(server.url))[1]


def test_a_redirect_to_what_is_no_address_is_told() -> None:
    """Its name is read by the libraries, and what they say of it is no bug of ours."""
    for location in ("http://xn--/", "foo:bar"):
        with faulty_server(fails(307, Location=location)) as server:
            assert ask(provider(server.url))[1].endswith("sends us to an address that is none")


@pytest.mark.parametrize(
    "pause", ["Mon, 01 Jan 99999999999999 00:00:00 GMT", "1 Jan 2026 00:00:00 +99999999999999999"]
)
def test_a_pause_that_is_no_time_is_none(pause: str) -> None:
    """What is no number and no date counts as if nothing was said, of whatever size it is."""
    with faulty_server(fails(401, Retry_After=pause, Date=pause)) as server:
        assert "it refuses the key" in ask(provider(server.url))[1]


def test_a_server_that_is_not_there_is_named() -> None:
    """Nobody listens at the address."""
    with chat_server() as gone:
        asked = provider(gone.url)

    assert ask(asked) == ("", f"unreachable: {shown(ELSEWHERE['is not running'], asked)}")


def test_a_name_that_nobody_knows_is_told() -> None:
    """The name is looked up once: another time finds it no better."""
    asked = provider("https://eidos-test.invalid")

    message = ask(asked)[1]

    # A machine without any resolver cannot tell that nobody knows it.
    known = ELSEWHERE["has a name that nobody knows"].replace("Name or service not known", "REASON")
    before, after = shown(known, asked).split("REASON")
    assert message.startswith(f"unreachable: {before}")
    assert message.endswith(after)


def test_a_name_that_is_none_is_told() -> None:
    """An address can pass for one and break the rules for names."""
    for url in ("https://[v1.x]", "https://xn--.com"):
        said = ask(provider(url))[1]
        assert said.endswith("has no usable address; check chat_url or LLM_API_URL")


def test_a_certificate_that_nobody_vouches_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent to a server that cannot show who it is; SSL_CERT_FILE may vouch for it."""
    case = ELSEWHERE["has a certificate that nobody vouches for"]
    with chat_server(tls=True) as server:
        asked = provider(server.url)

        assert ask(asked) == ("", f"unreachable: {shown(case, asked)}")
        assert server.seen == []

        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert ask(asked) == ("two words", "")


def test_a_server_that_does_not_take_the_connection_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried once: the kernel has knocked several times by then."""

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("anyio.connect_tcp", never)
    asked = replace(provider("http://127.0.0.1:9"), connect_timeout_s=0.2)

    message = shown(ELSEWHERE["cannot be reached in time"], asked)
    assert ask(asked) == ("", f"timeout: {message}")


def test_only_so_many_are_asked_at_once(server: FaultyServer) -> None:
    """Who finds no connection is told so soon, and the provider is not blamed."""
    server.default = waits
    asked = provider(server.url)

    async def run() -> None:
        asking = Asking(sleep=at_once)
        others = [asyncio.ensure_future(said_by(asking, asked)) for _ in range(8)]
        for _ in others:
            assert await asyncio.to_thread(server.waiting.acquire, timeout=PATIENCE_S)

        told = await said_by(asking, replace(asked, connect_timeout_s=0.1))

        assert told == ("", f"busy: {shown(ELSEWHERE['is asked by eight others at once'], asked)}")
        assert asking.breakers()[0].failures == 0
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asking.close()

    asyncio.run(run())


def test_who_fails_again_and_again_is_left_alone(server: FaultyServer) -> None:
    """After five requests nobody is asked for 30 s; then one, on which it depends."""
    now_s = 0.0
    server.default = fails(503)
    asked = provider(server.url)

    async def run() -> None:
        nonlocal now_s
        asking = Asking(clock=lambda: now_s, sleep=at_once)
        for _ in range(5):
            assert "HTTP 503" in (await said_by(asking, asked))[1]
        left_alone = f"open: {shown(ELSEWHERE['failed five times in a row'], asked)}"
        count = len(server.seen)

        assert await said_by(asking, asked) == ("", left_alone)
        assert len(server.seen) == count
        now_s = 30.0
        assert "HTTP 503" in (await said_by(asking, asked))[1]
        assert len(server.seen) == count + 1  # a probe is tried once
        assert (await said_by(asking, asked))[1].startswith("open: ")

        now_s, server.default = 60.0, says("back")
        assert [await said_by(asking, asked) for _ in range(2)] == [("back", "")] * 2
        assert [each.state for each in asking.breakers()] == ["closed"]
        await asking.close()

    asyncio.run(run())


@pytest.mark.parametrize("is_cancelled", [True, False], ids=["cancelled", "closed"])
def test_who_stops_an_answer_closes_its_connection(
    server: FaultyServer, is_cancelled: bool
) -> None:
    """The server sees it, which is how it can know to stop; the breaker counts nothing."""
    server.default = drips("again ")
    asking = Asking()

    async def run() -> None:
        pieces = asking.stream(provider(server.url), [Message("user", TEXT)])
        assert await anext(pieces) == "again "
        if is_cancelled:
            reading = asyncio.ensure_future(_drain(pieces))
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        await pieces.aclose()
        assert await asyncio.to_thread(server.hung_up.acquire, timeout=PATIENCE_S)
        await asking.close()

    asyncio.run(run())

    assert [each.failures for each in asking.breakers()] == [0]


async def _drain(pieces: AsyncGenerator[str | Finish]) -> None:
    async for _ in pieces:
        pass


def test_who_stops_waiting_closes_the_connection(server: FaultyServer) -> None:
    """Before the first piece too."""
    server.default = waits

    async def run() -> None:
        asking = Asking()
        waiting = asyncio.ensure_future(said_by(asking, provider(server.url)))
        assert await asyncio.to_thread(server.waiting.acquire, timeout=PATIENCE_S)

        waiting.cancel()

        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await asyncio.to_thread(server.hung_up.acquire, timeout=PATIENCE_S)
        await asking.close()

    asyncio.run(run())

    assert len(server.seen) == 1


def test_the_docs_have_every_fault() -> None:
    """docs/remote-faults.md has a row for each, with the words that come."""
    rows = [(name, case.message, case.tries, case.is_theirs) for name, case in CASES.items()]
    unasked = {"is asked by eight others at once", "failed five times in a row"}
    for name, message in ELSEWHERE.items():
        tries = 3 if name == "is not running" else int(name not in unasked)
        rows.append((name, message, tries, name not in unasked))

    table = "\n".join(
        f"| {name} | `{message}` | {tries} | {'yes' if is_theirs else 'no'} |"
        for name, message, tries, is_theirs in rows
    )

    assert table in DOCS.read_text(), table
