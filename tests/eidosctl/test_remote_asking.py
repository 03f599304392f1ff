"""Asking eidos-remote from eidosctl."""

import contextlib
import os
from collections.abc import Iterator

import pytest
from home import Home
from real_daemon import until
from scripted_remote import NOTICE, ScriptedRemote

from eidos.errors import DaemonSilent, DaemonUnavailable, RequestRefused
from eidos.paths import runtime_dir
from eidos_remote.messages import Chat, Code, End, Failure, Piece, Ping, Sending, Turn
from eidosctl import remote_asking

CHAT = Chat(id="c1", turns=(Turn("user", "how?"),))


@pytest.fixture
def remote(home: Home) -> Iterator[ScriptedRemote]:
    """A stand-in for eidos-remote."""
    with ScriptedRemote(runtime_dir(home.environ, os.getuid()) / "remote.sock") as remote:
        yield remote


def test_replies_come_as_they_are_sent(home: Home, remote: ScriptedRemote) -> None:
    """Each is given as soon as it is there, the last one ends it."""
    remote.is_holding = True
    replies = remote_asking.ask(home.place, CHAT, timeout_s=10)

    assert isinstance(next(replies), Sending)
    assert isinstance(next(replies), Piece)
    remote.is_holding = False
    assert [type(reply) for reply in replies] == [End]
    assert remote.cancelled == []


def test_who_stops_listening_has_the_work_stopped(home: Home, remote: ScriptedRemote) -> None:
    """Closing the iterator, and an interrupt in what reads it, cancel the request."""
    remote.is_holding = True

    with contextlib.closing(remote_asking.ask(home.place, CHAT, timeout_s=10)) as replies:
        next(replies)

    until(lambda: remote.cancelled)
    assert remote.cancelled == ["c1"]


def test_one_that_goes_in_the_middle_is_not_asked_again(home: Home, remote: ScriptedRemote) -> None:
    """The text went to the provider already; the user decides whether it goes again."""
    remote.is_holding = True
    replies = remote_asking.ask(home.place, CHAT, timeout_s=10)
    next(replies)
    next(replies)

    remote.stop()

    with pytest.raises(DaemonUnavailable, match="ended before its answer did; ask again"):
        next(replies)
    assert len(remote.asked) == 1


def test_silence_has_an_end(home: Home, remote: ScriptedRemote) -> None:
    """One that says nothing for too long is given up, and told so."""
    remote.is_holding = True

    with pytest.raises(DaemonSilent, match="run: eidosctl remote stop"):
        list(remote_asking.ask(home.place, CHAT, timeout_s=0.3))

    until(lambda: remote.cancelled)


def test_the_last_reply_is_the_one_that_counts(home: Home, remote: ScriptedRemote) -> None:
    """`ask_once` returns it, a failure included."""
    del remote
    reply = remote_asking.ask_once(home.place, Ping(id="p"), timeout_s=10)

    assert isinstance(reply, Failure)


def test_a_yes_is_noted_and_the_request_repeated(home: Home, remote: ScriptedRemote) -> None:
    """The notice is shown first; what it is about is allowed, and the text goes then."""
    remote.notice = NOTICE
    shown = []
    agrees = lambda notice: not shown.append(notice)  # noqa: E731 - shorter than a function

    replies = list(remote_asking.ask_with_consent(home.place, CHAT, timeout_s=10, agrees=agrees))

    assert shown == [NOTICE]
    assert [type(reply) for reply in replies] == [Sending, Piece, End]
    assert [(a.purpose, a.host) for a in remote.allowed] == [(NOTICE.purpose, NOTICE.host)]


def test_a_no_sends_nothing(home: Home, remote: ScriptedRemote) -> None:
    """Nothing is allowed, and the request is not repeated."""
    remote.notice = NOTICE

    with pytest.raises(RequestRefused, match="nothing was sent"):
        list(remote_asking.ask_with_consent(home.place, CHAT, timeout_s=10, agrees=lambda _: False))

    assert (len(remote.asked), remote.allowed) == (1, [])


def test_only_what_names_a_provider_is_given() -> None:
    """Of the environment goes what eidos-remote needs, and no empty variable."""
    environ = {"LLM_API_URL": "http://x", "OPENAI_API_KEY": "", "AWS_SECRET_ACCESS_KEY": "y"}

    given = remote_asking.given_of(environ)

    assert given.variables == {"LLM_API_URL": "http://x"}


@pytest.mark.parametrize("code", Code)
def test_every_failure_has_an_exit_code(code: Code) -> None:
    """Each code becomes an error with its message."""
    error = remote_asking.error_of(Failure(id="x", code=code, message="what happened"))

    assert "what happened" in str(error)
    assert error.exit_code in {1, 4, 6, 78}
