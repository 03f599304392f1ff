"""`eidosctl translate`: a real eidos-remote, and a server with LibreTranslate's interface."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from home import Home
from real_daemon import until

sys.path.append(str(Path(__file__).parents[1] / "remote"))

from faulty_server import FaultyServer, fails
from libre_server import libre_server

from eidos import client
from eidos.config import Config
from eidos.errors import ProviderError, RequestRefused
from eidos_remote.messages import Code, Notice
from eidosctl import remote_service, translating

GERMAN = "zeige alle Dateien"
ENGLISH = "show all files"


@pytest.fixture
def server(home: Home) -> Iterator[FaultyServer]:
    """Run a server that translates, named in the configuration; end the eidos-remote that asks."""
    with libre_server() as server:
        config = home.place.config
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f'translate_url = "{server.url}"\n')
        process = subprocess.Popen(
            [home.place.eidos_remote], env=home.environ, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: client.is_listening(home.place.remote_socket))
            yield server
        finally:
            process.terminate()
            process.wait(20)


def ask(home: Home, text: str, *, to: str = "", source: str = "") -> translating.Answer:
    """Return the answer to *text*, the user agreeing to all."""
    config = Config.load(home.environ, home.place.config)
    return translating.translate(
        home.place, text, source=source, to=to, config=config, agrees=lambda _: True
    )


def test_a_text_is_translated(home: Home, server: FaultyServer) -> None:
    """Standard output has the translation alone; standard error says by whom."""
    ask(home, "lösche alle Dateien", to="en")

    result = home.run("translate", *GERMAN.split())

    assert (result.returncode, result.stdout) == (0, f"{ENGLISH}\n")
    assert result.stderr == f"eidosctl: from German, by libretranslate ({server.host})\n"


def test_who_is_not_asked_sends_nothing(home: Home, server: FaultyServer) -> None:
    """Without a terminal and without consent it is refused, and says which command allows it."""
    result = home.run("translate", GERMAN)

    assert result.returncode == 4
    assert "eidosctl remote allow translate" in result.stderr
    assert result.stdout == ""
    assert server.seen == []


def test_who_does_not_agree_sends_nothing(home: Home, server: FaultyServer) -> None:
    """The notice names the host; a no keeps the text here."""
    notices: list[Notice] = []

    def refuses(notice: Notice) -> bool:
        notices.append(notice)
        return False

    with pytest.raises(RequestRefused):
        translating.translate(
            home.place, GERMAN, source="", to="en", config=Config(), agrees=refuses
        )

    assert [notice.host for notice in notices] == [server.host]
    assert server.seen == []


def test_a_text_in_ones_own_language_goes_to_english(home: Home, server: FaultyServer) -> None:
    """Who aims at German by locale has a German text put into English, and is told so."""
    ask(home, "lösche alle Dateien", to="en")

    result = home.run("translate", GERMAN, LANG="de_AT.UTF-8")

    assert result.stdout == f"{ENGLISH}\n"
    assert "this is German already: translated to English" in result.stderr
    assert all(payload["target"] == "en" for payload in server.payloads)


def test_a_text_in_the_named_language_is_not_sent(home: Home, server: FaultyServer) -> None:
    """With --to there is no other language to turn to: the text comes back as it is."""
    result = home.run("translate", "--to", "Deutsch", GERMAN)

    assert (result.returncode, result.stdout) == (0, f"{GERMAN}\n")
    assert "this is German already" in result.stderr
    assert server.seen == []


def test_the_answer_as_json(home: Home, server: FaultyServer) -> None:
    """--json tells all of it in one object, and nothing on standard error."""
    ask(home, "lösche alle Dateien", to="en")

    result = home.run("translate", "--json", "--from", "german", "-", stdin=GERMAN.encode())

    row = json.loads(result.stdout)
    assert (row["text"], row["from"], row["to"]) == (ENGLISH, "de", "en")
    assert (row["host"], row["redacted"], result.stderr) == (server.host, [], "")


def test_a_pipe_needs_no_dash(home: Home, server: FaultyServer) -> None:
    """Without a TEXT it is what comes by standard input, as in a chat."""
    del server

    result = home.run("translate", "--to", "en", stdin=b"12 + 3\n")

    assert result.stdout == "12 + 3\n"
    assert result.stderr == "eidosctl: this has no words: nothing was sent\n"


def test_a_secret_stays_here(home: Home, server: FaultyServer) -> None:
    """A password in a text is not sent, is shown to be left out, and stands in the answer again."""
    text = "lösche https://anna:geheim77x@example.org/alt und alle Dateien"

    answer = ask(home, text, to="en")

    assert "geheim77x" not in json.dumps(server.payloads)
    assert "geheim77x" in answer.reply.text
    assert any("sent without" in note for note in answer.notes())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "germann", "hello"), "did you mean german?"),
        (("--from", "xx", "hello"), "no language is called 'xx'"),
        ((), "give a text"),
        ((" ",), "give a text"),
    ],
)
def test_wrong_usage_is_said(home: Home, arguments: tuple[str, ...], said: str) -> None:
    """A wrong language has a hint, a missing text an example; both are wrong usage."""
    result = home.run("translate", *arguments)

    assert result.returncode == 2
    assert said in result.stderr


def test_a_long_text_is_refused_at_once(home: Home) -> None:
    """More than 5,000 characters are refused before anything is started, with both numbers."""
    result = home.run("translate", "-", stdin=b"x" * 5001)

    assert result.returncode == 4
    assert "the text has 5001 characters; the limit is 5000" in result.stderr
    assert not home.place.remote_socket.exists()


def test_a_failure_names_the_provider(home: Home, server: FaultyServer) -> None:
    """A server that fails is named, and neither its words nor the text are shown."""
    server.default = fails(403)

    with pytest.raises(ProviderError) as raised:
        ask(home, GERMAN, to="en")

    assert raised.value.code == Code.REFUSED
    assert server.host in str(raised.value)
    assert GERMAN not in str(raised.value)


def test_no_provider_is_said(home: Home) -> None:
    """Where none is configured the message says what to set, and the exit code is 78."""
    try:
        result = home.run("translate", GERMAN)
    finally:
        remote_service.stop(home.place)

    assert result.returncode == 78
    assert "translate_url" in result.stderr


@pytest.mark.parametrize(
    ("environ", "configured", "target"),
    [
        ({}, "", "en"),
        ({"LANG": "C.UTF-8"}, "", "en"),
        ({"LANG": "de_AT.UTF-8"}, "", "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "fr_FR@euro"}, "", "fr"),
        ({"LANG": "de_DE.UTF-8"}, "pt-BR", "pt-BR"),
        ({"LANG": "xx_XX"}, "", "en"),
    ],
)
def test_the_target_is_ones_own_language(
    environ: dict[str, str], configured: str, target: str
) -> None:
    """Configured, else that of the locale, else English."""
    assert translating.default_target(Config(translate_to=configured), environ) == target


def test_a_region_that_is_named_is_kept() -> None:
    """Brazilian Portuguese is another translation than Portuguese."""
    assert translating.code_of("pt-BR") == "pt-BR"
    assert translating.code_of("Portuguese") == "pt"
