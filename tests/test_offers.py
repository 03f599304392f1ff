"""What was picked in a chat: kept for a while, judged twice, given once, by the real daemon too."""

from collections.abc import Iterator

import pytest
from real_daemon import RealDaemon, real_daemon

from eidos.client import ask
from eidos.errors import RequestRefused
from eidos.offers import KEPT_S, Offers
from eidos.protocol import (
    Candidate,
    Done,
    ErrorCode,
    Failure,
    ForgetRequest,
    Level,
    OfferRequest,
    Reply,
    Request,
    Shell,
    Suggestions,
    TakeRequest,
)


class Clock:
    """A clock that stands still unless it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def judged(command: str) -> Candidate:
    """Find nothing wrong with *command*."""
    return Candidate(command, Level.OK, "", 1.0)


def blocked(command: str) -> Candidate:
    """Find *command* unfit."""
    return Candidate(command, Level.BLOCK, "deletes everything", 1.0)


def test_an_offer_is_given_once() -> None:
    """Who takes it first has it; the next one finds nothing."""
    offers = Offers()
    offers.put(judged("ls"))

    taken = offers.take(judged)

    assert (taken.command, taken.reason) == ("ls", "picked in a chat")
    with pytest.raises(RequestRefused, match="type what you want"):
        offers.take(judged)


def test_the_newest_offer_counts() -> None:
    """An offer takes the place of the one before."""
    offers = Offers()
    offers.put(judged("ls"))
    offers.put(judged("df -h"))

    assert offers.take(judged).command == "df -h"


def test_an_offer_is_forgotten_after_ten_minutes() -> None:
    """A command that somebody picked long ago stands in no prompt."""
    clock = Clock()
    offers = Offers(clock=clock)
    offers.put(judged("ls"))

    clock.now_s += KEPT_S

    with pytest.raises(RequestRefused) as refusal:
        offers.take(judged)
    assert refusal.value.code == ErrorCode.EMPTY


def test_a_blocked_command_is_not_kept() -> None:
    """What may not be offered is refused with the reason; the one before stays."""
    offers = Offers()
    offers.put(judged("ls"))

    with pytest.raises(RequestRefused, match="deletes everything") as refusal:
        offers.put(blocked("rm -rf /"))

    assert refusal.value.code == ErrorCode.BLOCKED
    assert offers.take(judged).command == "ls"


def test_an_offer_is_judged_again_when_it_is_taken() -> None:
    """What the policy of then, or the shell, forbids stays where it is, with the reason."""
    offers = Offers()
    offers.put(judged("ls"))

    refused = offers.take(blocked)

    assert (refused.verdict, refused.reason) == (Level.BLOCK, "deletes everything")
    assert offers.take(judged).command == "ls"


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealDaemon]:
    """A real daemon."""
    with real_daemon(EIDOS_LOG_LEVEL="info") as running:
        yield running


def say(daemon: RealDaemon, request: Request) -> Reply:
    """Return the daemon's reply."""
    return ask(request, socket=daemon.socket, timeout_s=60)


def test_the_daemon_gives_an_offered_command_to_the_next_empty_prompt(daemon: RealDaemon) -> None:
    """`offer` is done, `take` brings the one command with its verdict, and then nothing."""
    offered = say(daemon, OfferRequest("o", Shell.BASH, "git reset --hard"))
    taken = say(daemon, TakeRequest("t", Shell.ZSH))
    again = say(daemon, TakeRequest("t", Shell.ZSH))

    assert offered == Done("o", "press Ctrl-G at an empty prompt, within 10 minutes")
    assert isinstance(taken, Suggestions)
    (candidate,) = taken.candidates
    assert (candidate.command, candidate.verdict) == ("git reset --hard", Level.WARN)
    assert candidate.reason.endswith("; picked in a chat")
    assert isinstance(again, Failure)
    assert again.code == ErrorCode.EMPTY


@pytest.mark.parametrize("command", ["rm -rf /", "ls\ntouch PWNED", "ls\x1b[2K", "", "echo 'open"])
def test_the_daemon_refuses_what_may_not_stand_in_a_prompt(
    daemon: RealDaemon, command: str
) -> None:
    """What the validator or the text gate refuses is never kept."""
    reply = say(daemon, OfferRequest("o", Shell.BASH, command))

    assert isinstance(reply, Failure)
    assert reply.code == ErrorCode.BLOCKED
    assert isinstance(say(daemon, TakeRequest("t", Shell.BASH)), Failure)


def test_a_wish_to_forget_counts_for_offers(daemon: RealDaemon) -> None:
    """After `forget` there is nothing to take."""
    say(daemon, OfferRequest("o", Shell.BASH, "ls"))
    say(daemon, ForgetRequest("f"))

    assert isinstance(say(daemon, TakeRequest("t", Shell.BASH)), Failure)


def test_no_word_of_an_offer_is_logged(daemon: RealDaemon) -> None:
    """The log has the kind and the outcome of both requests, and not the command."""
    say(daemon, OfferRequest("o", Shell.BASH, "echo blauwal"))
    say(daemon, OfferRequest("o", Shell.BASH, "rm -rf /narwal /"))
    say(daemon, TakeRequest("t", Shell.BASH))

    assert "offer" in daemon.log
    assert "blauwal" not in daemon.log
    assert "narwal" not in daemon.log
