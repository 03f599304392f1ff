"""Requests that nobody waits for any more: their work stops, and that of no other."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest
import zmq
from real_daemon import RealDaemon, until

from eidos.frames import decode_reply, encode_request
from eidos.protocol import (
    CancelRequest,
    Failure,
    PingRequest,
    Pong,
    Reply,
    Request,
    Shell,
    Suggestions,
    SuggestRequest,
)

pytestmark = pytest.mark.model


class Client:
    """One connection to a daemon, as a widget has it."""

    def __init__(self, dealer: "zmq.Socket[bytes]") -> None:
        self._dealer = dealer

    def send(self, request: Request) -> None:
        """Send *request* and wait for nothing."""
        self._dealer.send_multipart(encode_request(request))

    def receive(self) -> Reply:
        """Return the next reply that comes."""
        assert self._dealer.poll(60_000), "no reply within 60 s"
        return decode_reply(self._dealer.recv_multipart())


@contextmanager
def client(daemon: RealDaemon) -> Generator[Client]:
    """Connect to *daemon*."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(f"ipc://{daemon.socket}")
        yield Client(dealer)


def suggestion(name: str) -> SuggestRequest:
    """Return a request with the id *name* that no cache has the answer to."""
    text = f"show disk usage of /srv/{name}"
    return SuggestRequest(id=name, shell=Shell.BASH, count=1, text=text)


def test_a_cancelled_request_stops_and_is_not_answered(running: RealDaemon) -> None:
    """The count goes up, the engine is free again, and the next reply is to the next request."""
    before = running.status()["requests"]
    with client(running) as asking:
        with running.engine_held_still():
            asking.send(suggestion("stopped"))
            until(running.is_busy, log=lambda: running.log)
            asking.send(CancelRequest("stopped"))
            until(lambda: running.cancelled() > before["cancelled"], log=lambda: running.log)
        until(running.is_idle, log=lambda: running.log)

        asking.send(suggestion("next"))

        assert isinstance(reply := asking.receive(), Suggestions)
        assert reply.id == "next"
    after = running.status()["requests"]
    assert after["cancelled"] == before["cancelled"] + 1
    assert after["failed"] == before["failed"]
    assert after["total"] == before["total"] + 2


def test_cancelled_requests_leave_the_queue(own: RealDaemon) -> None:
    """Those that wait behind another one are gone at once, and that one is answered."""
    # A daemon that has served nobody yet lets all of them wait: it knows of no time they need.
    names = [f"queued-{number}" for number in range(20)]  # more than an engine takes at a time
    with client(own) as first, client(own) as second:
        with own.engine_held_still():
            first.send(suggestion("in-front"))
            until(own.is_busy, log=lambda: own.log)
            for name in names:
                second.send(suggestion(name))
            until(lambda: own.status()["queue"]["length"], log=lambda: own.log)
            for name in names:
                second.send(CancelRequest(name))
            until(lambda: own.cancelled() == 20, log=lambda: own.log)
            assert own.status()["queue"]["length"] == 0

        assert isinstance(first.receive(), Suggestions)
    until(own.is_idle, log=lambda: own.log)


def test_nobody_cancels_what_another_asked(running: RealDaemon) -> None:
    """An id counts on its own connection only: the request of the same name elsewhere goes on."""
    before = running.cancelled()
    with client(running) as asking, client(running) as stranger:
        with running.engine_held_still():
            asking.send(suggestion("mine"))
            until(running.is_busy, log=lambda: running.log)
            stranger.send(CancelRequest("mine"))
            stranger.send(PingRequest("done"))
            assert isinstance(stranger.receive(), Pong)

        assert isinstance(reply := asking.receive(), Suggestions)
        assert reply.id == "mine"
    assert running.cancelled() == before


def test_a_cancel_of_nothing_does_nothing(running: RealDaemon) -> None:
    """An unknown id, one answered already and one cancelled before change nothing."""
    before = running.cancelled()
    with client(running) as asking:
        asking.send(CancelRequest("unknown"))
        asking.send(suggestion("answered"))
        assert isinstance(asking.receive(), Suggestions)
        asking.send(CancelRequest("answered"))
        assert running.cancelled() == before
        with running.engine_held_still():
            asking.send(suggestion("once"))
            until(running.is_busy, log=lambda: running.log)
            for _ in range(3):
                asking.send(CancelRequest("once"))
            asking.send(PingRequest("done"))
            assert isinstance(asking.receive(), Pong)
        assert running.cancelled() == before + 1


def test_a_cancel_with_a_bad_id_is_refused_as_any_message(running: RealDaemon) -> None:
    """What is no cancel is answered with the reason."""
    with client(running) as asking:
        asking.send(CancelRequest("a b"))

        assert isinstance(reply := asking.receive(), Failure)
        assert "$.id" in reply.message


def test_one_of_two_equal_requests_may_be_cancelled(running: RealDaemon) -> None:
    """Two who ask the same share the engine's work; when one leaves, the other is answered."""
    before = running.status()
    with client(running) as leaves, client(running) as stays:
        with running.engine_held_still():
            for each in (leaves, stays):
                each.send(suggestion("shared"))
                until(running.is_busy, log=lambda: running.log)
            shared = before["cache"]["shared"]
            until(lambda: running.status()["cache"]["shared"] > shared, log=lambda: running.log)
            leaves.send(CancelRequest("shared"))
            count = before["requests"]["cancelled"]
            until(lambda: running.cancelled() > count, log=lambda: running.log)

        assert isinstance(stays.receive(), Suggestions)


def test_a_killed_client_is_noticed(running: RealDaemon) -> None:
    """A client that dies without a word is as good as one that cancels."""
    before = running.cancelled()
    program = (
        "import sys; from pathlib import Path; from eidos.client import ask;"
        "from eidos.protocol import Shell, SuggestRequest;"
        "request = SuggestRequest(id='x', shell=Shell.ZSH, count=1, text='show disk of /doomed');"
        "ask(request, socket=Path(sys.argv[1]), timeout_s=60)"
    )
    with running.engine_held_still():
        with subprocess.Popen([sys.executable, "-c", program, running.socket]) as doomed:
            until(running.is_busy, log=lambda: running.log)
            doomed.kill()
        until(lambda: running.cancelled() == before + 1, log=lambda: running.log)
    until(running.is_idle, log=lambda: running.log)
