"""A real daemon beside a stand-in for eidos-remote: what it asks there, and what comes of it."""

import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq
from real_daemon import EXAMPLE, EXAMPLE_COMMAND, RealDaemon, real_daemon, until
from remote_stand_in import (
    HOST,
    Behaviour,
    RemoteStandIn,
    fails,
    is_silent,
    suggests,
    translates,
)

from eidos.client import ask
from eidos.frames import decode_reply, encode_request
from eidos.protocol import (
    CancelRequest,
    Candidate,
    Certainty,
    ForgetRequest,
    Reply,
    Shell,
    Suggestions,
    SuggestRequest,
)
from eidos_remote.messages import AnsweredRequest, Code, Redacted, Suggest, Translate
from eidos_remote.messages import Reply as RemoteReply

GERMAN = "finde alle Dateien unter /var/log, die größer als 100 MB sind"
HARD = "do the thing with the stuff that we talked about"
"""What no model can be sure of."""

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealDaemon]:
    """A daemon in which a person turned both on."""
    switches = {"EIDOS_TRANSLATE_REQUESTS": "true", "EIDOS_REMOTE_SUGGESTIONS": "true"}
    with real_daemon(**switches) as running:
        yield running


@pytest.fixture(scope="module")
def quiet() -> Iterator[RealDaemon]:
    """A daemon as it is by default."""
    with real_daemon() as running:
        yield running


def socket_of(daemon: RealDaemon) -> Path:
    """Return where eidos-remote would listen for *daemon*."""
    return daemon.socket.with_name("remote.sock")


def beside(daemon: RealDaemon, behaviour: Behaviour) -> RemoteStandIn:
    """Run a stand-in for the eidos-remote of *daemon*."""
    return RemoteStandIn(socket_of(daemon), behaviour)


def candidates(reply: Reply) -> tuple[Candidate, ...]:
    """Return what *reply* suggests."""
    assert isinstance(reply, Suggestions)
    return reply.candidates


def never(_request: AnsweredRequest) -> list[RemoteReply]:
    """Be sure that nobody asks."""
    raise AssertionError("nobody may ask")


# --- Requests in other languages --------------------------------------------------------------


def test_a_foreign_request_is_translated_and_the_person_told(daemon: RealDaemon) -> None:
    """The model gets English, and the message says by whom it is and what the model was asked."""
    with beside(daemon, translates(EXAMPLE)) as remote:
        best = candidates(daemon.ask(GERMAN))[0]

    assert best.command == EXAMPLE_COMMAND
    assert best.reason == f"translated from German by libretranslate ({HOST}): «{EXAMPLE}»"
    (request,) = remote.requests
    assert isinstance(request, Translate)
    assert (request.text, request.to, request.is_request) == (GERMAN, "en", True)
    assert request.given.variables == {}


def test_what_was_left_out_is_said(daemon: RealDaemon) -> None:
    """A secret that was taken out before the text went is named by its kind."""
    redacted = Redacted("AWS access key", "[AWS access key 1]")
    with beside(daemon, translates(EXAMPLE, redacted)):
        best = candidates(daemon.ask(GERMAN))[0]

    assert "(left out: AWS access key)" in best.reason


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (fails(Code.CONSENT, "-"), "to allow it, run: eidosctl remote allow requests"),
        (fails(Code.TIMEOUT, "libretranslate (x) is silent"), "libretranslate (x) is silent"),
        (translates(""), "what came is no request"),
        (translates("ls\x1b[2K"), "what came is no request"),
        (translates("x" * 1001), "what came is no request"),
    ],
    ids=["consent", "timeout", "empty", "escape", "long"],
)
def test_a_translation_that_fails_loses_nothing(
    daemon: RealDaemon, behaviour: Behaviour, says: str
) -> None:
    """The model is asked as the person asked, and the message says why and what to do."""

    def answers(request: AnsweredRequest) -> list[RemoteReply]:
        if isinstance(request, Suggest):
            return fails(Code.CONFIG, "nobody")(request)
        return behaviour(request)

    with beside(daemon, answers):
        best = candidates(daemon.ask(GERMAN))[0]

    assert best.command
    assert f"not translated from German: {says}" in best.reason


def test_without_eidos_remote_the_request_goes_as_it_is(daemon: RealDaemon) -> None:
    """Nobody listens: that is known at once, and said."""
    best = candidates(daemon.ask(GERMAN))[0]

    assert best.command
    assert "not translated from German: eidos-remote does not run" in best.reason


def test_without_a_translator_the_message_says_so(quiet: RealDaemon) -> None:
    """By default nobody is asked, and a German request goes to the model with a notice."""
    with beside(quiet, never) as remote:
        best = candidates(quiet.ask(GERMAN))[0]

    assert best.command
    said = "the model does not know German: ask in English, or set translate_requests = true"
    assert best.reason.endswith(said)
    assert remote.requests == []


# --- Remote suggestions -----------------------------------------------------------------------


def test_a_sure_answer_asks_nobody(daemon: RealDaemon) -> None:
    """Where the local model is sure, the request does not leave the machine."""
    with beside(daemon, never) as remote:
        best = candidates(daemon.ask(EXAMPLE))[0]

    assert (best.command, best.reason, best.certainty) == (EXAMPLE_COMMAND, "", Certainty.SURE)
    assert remote.requests == []


def test_by_default_nobody_is_asked(quiet: RealDaemon) -> None:
    """Remote suggestions are off until a person turns them on."""
    with beside(quiet, never) as remote:
        quiet.ask(HARD)

    assert remote.requests == []


def test_an_unsure_answer_is_led_by_the_remote_one(daemon: RealDaemon) -> None:
    """Its command comes first and says from whom; the local ones stand behind it, once each."""
    with beside(daemon, suggests("df -h /srv/one")) as remote:
        first = candidates(daemon.ask(HARD))
        others = candidates(daemon.ask(HARD, count=4))

    assert [c.command for c in first] == ["df -h /srv/one"]
    assert first[0].reason == f"from openai ({HOST})"
    assert others[0] == first[0]
    assert len(others) > 1
    assert all(HOST not in c.reason for c in others[1:])
    assert [type(request) for request in remote.requests] == [Suggest], "the second is kept"
    assert isinstance(remote.requests[0], Suggest)
    assert (remote.requests[0].text, remote.requests[0].shell) == (HARD, Shell.BASH)


@pytest.mark.parametrize(
    "command", ["rm -rf / --no-preserve-root", "ls\ntouch PWNED", "ls\x1b[2K", "echo 'open"]
)
def test_a_remote_command_is_judged_like_any_other(daemon: RealDaemon, command: str) -> None:
    """What may not be offered is not, and the local answer stands with the reason."""
    request = f"{HARD} {len(command)}"
    with beside(daemon, suggests(command)):
        best = candidates(daemon.ask(request))[0]

    assert best.command != command
    assert f"another from openai ({HOST}) is not offered: " in best.reason


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (fails(Code.CONSENT, "-"), "to allow it, run: eidosctl remote allow suggest"),
        (fails(Code.OPEN, "openai (x) failed 5 times; asked again in 20 s"), "openai (x) failed"),
    ],
    ids=["consent", "open"],
)
def test_a_remote_failure_leaves_the_local_answer(
    daemon: RealDaemon, behaviour: Behaviour, says: str
) -> None:
    """The local candidate stands, with a clause that says why there is no other."""
    with beside(daemon, behaviour):
        best = candidates(daemon.ask("do that other thing again"))[0]

    assert best.command
    assert f"no other suggestion: {says}" in best.reason


def test_a_forgotten_answer_is_asked_again(daemon: RealDaemon) -> None:
    """`forget` counts for what came from elsewhere as well."""
    with beside(daemon, suggests("df -h")) as remote:
        daemon.ask("do the same thing as yesterday")
        ask(ForgetRequest("f"), socket=daemon.socket, timeout_s=30)
        daemon.ask("do the same thing as yesterday")

    assert len(remote.requests) == 2


def test_who_asks_just_as_eidos_remote_ends_is_answered_by_the_next_one(
    daemon: RealDaemon,
) -> None:
    """A connection that is lost before a reply is made once more."""
    first = beside(daemon, is_silent)
    with asking(daemon, "do what she said") as replies:
        until(lambda: first.requests)
        second = beside(daemon, suggests("df -h"))  # it takes the path over
        first.die(is_replaced=True)
    second.die()

    assert candidates(replies[0])[0].command == "df -h"


# --- The wait ---------------------------------------------------------------------------------


@contextmanager
def asking(daemon: RealDaemon, text: str) -> Generator[list[Reply]]:
    """Ask from a thread; the list has the reply once the block is left."""
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(daemon.ask(text)))
    thread.start()
    try:
        yield replies
    finally:
        thread.join(timeout=60)


def test_a_silent_provider_costs_the_local_answer_nothing() -> None:
    """The deadline is divided: the local answer comes in time, with the reason."""
    with (
        real_daemon(EIDOS_REMOTE_SUGGESTIONS="true", EIDOS_DEADLINE_S="3") as daemon,
        beside(daemon, is_silent) as remote,
    ):
        best = candidates(daemon.ask(HARD))[0]
        remote.until_cancelled()
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0, "nothing of the question is left that the end waits for"

    assert best.command
    assert "no other suggestion: no answer in time" in best.reason


def test_a_cancel_is_passed_on(daemon: RealDaemon) -> None:
    """Who presses Ctrl-C stops the work there, too."""
    request = SuggestRequest(id="c", shell=Shell.BASH, count=1, text="do it like him")
    with (
        beside(daemon, is_silent) as remote,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as dealer,
    ):
        dealer.linger = 1000
        dealer.connect(f"ipc://{daemon.socket}")
        dealer.send_multipart(encode_request(request))
        until(lambda: remote.requests, log=lambda: daemon.log)
        dealer.send_multipart(encode_request(CancelRequest("c")))
        remote.until_cancelled()

    assert remote.cancelled == [remote.requests[0].id]


def test_no_word_of_a_request_is_logged(daemon: RealDaemon) -> None:
    """Neither the request nor a translation or suggestion of it stands in the log."""

    def answers(request: AnsweredRequest) -> list[RemoteReply]:
        behaviour = suggests("echo narwal") if isinstance(request, Suggest) else translated
        return behaviour(request)

    translated = translates("show blauwal narwal")
    with beside(daemon, answers):
        daemon.ask("zeige mir bitte alle Dateien über den Blauwal an")

    assert "lauwal" not in daemon.log
    assert "narwal" not in daemon.log
    assert HOST not in daemon.log


def test_many_requests_at_once_do_not_end_the_daemon() -> None:
    """Few wait for eidos-remote: libzmq aborts a process that has no thread left for one more.

    The others are asked as they were typed, or refused where too many wait for the model.
    """
    settings = {"EIDOS_TRANSLATE_REQUESTS": "true", "EIDOS_RATE_LIMIT_PER_S": "0"}
    with (
        real_daemon(**settings, EIDOS_DEADLINE_S="5") as daemon,
        beside(daemon, is_silent) as remote,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as dealer,
    ):
        dealer.linger = 0
        dealer.connect(f"ipc://{daemon.socket}")
        for number in range(100):
            request = SuggestRequest(id=f"{number}", shell=Shell.BASH, count=1, text=GERMAN)
            dealer.send_multipart(encode_request(request))
        ids = {decode_reply(dealer.recv_multipart()).id for _ in range(100)}

    assert ids == {str(number) for number in range(100)}
    assert len(remote.requests) < 50
