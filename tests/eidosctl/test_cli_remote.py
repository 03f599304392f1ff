"""`eidosctl remote` with the real eidos-remote: who is asked, and what may be sent there."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from home import Home

from eidosctl import remote_service

if TYPE_CHECKING:
    from faulty_server import FaultyServer

KEY = "canary-key-of-nobody-0815"
_WORDS = ("kestrel", "canary", "4711")
SECRET = "-".join(_WORDS)
OTHER = "AK" + "IA" + "Q3EGRIZVWXYZ2345"


def _host(provider: "FaultyServer") -> str:
    return provider.url.removeprefix("http://")


def test_status_names_the_provider_and_no_key(home: Home, provider: "FaultyServer") -> None:
    """Who is asked, where the key comes from, that nothing is allowed; also as JSON."""
    shown = home.ok("remote", "status")
    body = json.loads(home.ok("remote", "status", "--json"))

    assert _host(provider) in shown
    assert "LLM_API_KEY" in shown
    assert "allowed: nothing" in shown
    assert body["chat"]["host"] == _host(provider)
    assert KEY not in shown + json.dumps(body)
    assert provider.seen == []


def test_status_says_what_to_set_where_nobody_is_named(home: Home) -> None:
    """Without a provider it works all the same, and names the variables."""
    try:
        shown = home.ok("remote", "status")
    finally:
        remote_service.stop(home.place)

    assert "nobody" in shown
    assert "OPENAI_API_KEY" in shown


def test_allow_shows_the_notice_and_notes_it(home: Home, provider: "FaultyServer") -> None:
    """The notice is shown also with --yes; status, privacy and the audit log know of it."""
    shown = home.ok("remote", "allow", "chat", "--yes")

    assert f"to {_host(provider)}" in shown
    assert "eidosctl remote revoke chat" in shown
    assert re.search(rf"chat +{_host(provider)}, since 20", home.ok("remote", "status"))
    assert "remote-consent.json" in home.ok("privacy", "show")
    assert "remote-consent" in home.ok("audit", "show")
    assert provider.seen == []


def test_allow_asks_nobody_who_is_not_there(home: Home, provider: "FaultyServer") -> None:
    """Without a terminal and without --yes nothing is allowed."""
    result = home.run("remote", "allow", "chat")

    assert result.returncode == 2
    assert "--yes" in result.stderr
    assert json.loads(home.ok("remote", "status", "--json"))["consents"] == []
    assert provider.seen == []


def test_allow_needs_a_provider(home: Home) -> None:
    """What cannot be sent anywhere cannot be allowed; it says what to set, with exit code 78."""
    try:
        result = home.run("remote", "allow", "chat", "--yes")
    finally:
        remote_service.stop(home.place)

    assert result.returncode == 78
    assert "LLM_API_URL" in result.stderr


@pytest.mark.parametrize("undo", [("remote", "revoke", "chat"), ("privacy", "purge", "--yes")])
def test_after_revoking_nothing_is_sent(
    home: Home, provider: "FaultyServer", undo: tuple[str, ...]
) -> None:
    """A process that runs asks again at once, be it revoked or purged."""
    home.ok("remote", "allow", "chat", "--yes")
    home.ok("chat", "hello")
    sent = len(provider.seen)

    home.ok(*undo)

    assert home.run("chat", "hello").returncode == 4
    assert len(provider.seen) == sent


def test_stop_says_whether_it_ran(home: Home, provider: "FaultyServer") -> None:
    """It ends the process; a second time there is none."""
    home.ok("remote", "status")

    assert home.ok("remote", "stop") == "eidos-remote stopped\n"
    assert home.ok("remote", "stop") == "no eidos-remote was running\n"
    assert provider.seen == []


def test_a_key_and_a_secret_are_nowhere(home: Home, provider: "FaultyServer") -> None:
    """The key is in the header that the server got and nowhere else, the secrets are nowhere.

    Looked through: every file, the arguments of the process, all that was printed, and the errors
    of a provider that quotes what it was sent.
    """
    from faulty_server import Handler

    def quotes(handler: Handler) -> None:
        quoted = json.dumps({"error": {"message": f"{KEY} {SECRET} {OTHER}"}}).encode()
        handler.reply(quoted, status=400, Content_Type="application/json")

    text = f"why does mysql -p{SECRET} fail, with {OTHER}?"
    home.ok("remote", "allow", "chat", "--yes")
    printed = [home.run("chat", text, EIDOS_LOG_LEVEL="debug")]
    provider.script.append(quotes)
    printed += [home.run("chat", "--no-history", text), home.run("remote", "status", "--json")]
    pid = remote_service.pid(home.place)
    assert pid is not None
    process = [Path(f"/proc/{pid}/cmdline").read_bytes()]
    files = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    shown = [f"{one.stdout}{one.stderr}".encode() for one in printed]

    assert [one.returncode for one in printed] == [0, 6, 0]
    sent = json.dumps(provider.payloads)
    for content in (*process, *files, *shown, sent.encode()):
        assert not any(one.encode() in content for one in (KEY, SECRET, OTHER))
    assert "[password 1]" in sent
    assert "[AWS access key 1]" in sent
