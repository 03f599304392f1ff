"""Every message gets its reply, and every one is accounted for, whatever happens."""

import asyncio
import os
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from eidos.answering import Answering, Asked
from eidos.config import Config
from eidos.errors import ConfigError, EngineError, RequestRefused
from eidos.finished import Account, Finished, Phase, PhaseName, Tokens
from eidos.frames import encode_request
from eidos.listener import Message
from eidos.protocol import (
    CancelRequest,
    Candidate,
    ErrorCode,
    Failure,
    Level,
    PingRequest,
    ReloadRequest,
    Reply,
    Request,
    Shell,
    StatusRequest,
    Suggestions,
    SuggestRequest,
)
from eidos.rate_limit import RateLimit

SUGGEST = SuggestRequest(id="a1", shell=Shell.FISH, count=1, text="list files")


class Daemon:
    """A daemon that does nothing, and may fail at it."""

    is_stopping = False

    def __init__(self, fault: Exception | None = None) -> None:
        self._fault = fault
        self.called_off: list[tuple[bytes, str]] = []

    def requests_of(self, client: str) -> int:
        """Tell that *client* waits for this one alone."""
        assert client == str(os.getpid())
        return 1

    def call_off(self, sender: bytes, identity: str) -> None:
        """Remember what was called off."""
        self.called_off.append((sender, identity))

    def status(self) -> bytes:
        """Fail, or answer."""
        if self._fault is not None:
            raise self._fault
        return b"{}"

    async def reload(self) -> str:
        """Fail, or answer."""
        if self._fault is not None:
            raise self._fault
        return "nothing"


class Pipeline:
    """A pipeline with one answer, or a fault, that may be waited for for ever."""

    def __init__(self, fault: Exception | None = None, *, is_slow: bool = False) -> None:
        self._fault = fault
        self._is_slow = is_slow

    async def suggest(
        self, request: SuggestRequest, client: str, account: Account
    ) -> Sequence[Candidate]:
        """Note a phase, and answer."""
        assert request.text
        assert client
        account.add([Phase(PhaseName.GENERATE, 1.0, 2.0)], Tokens(7, 5, 2))
        if self._is_slow:
            await asyncio.Event().wait()
        if self._fault is not None:
            raise self._fault
        return (Candidate("ls", Level.OK, "", 0.5),)


class Accounts(list[Finished]):
    """An observer that is a list."""

    def observe(self, finished: Finished) -> None:
        """Remember *finished*."""
        self.append(finished)


class Broken:
    """An observer with a bug."""

    def observe(self, finished: Finished) -> None:
        """Fail."""
        raise ValueError(finished.id)


def asked_of(request: Request, pipeline: Pipeline, deadline_s: float = 10.0) -> Asked:
    """Return *request* as it came in, at a Serving with this *pipeline*."""

    async def ready() -> Pipeline:
        return pipeline

    serving: Any = SimpleNamespace(
        config=Config(deadline_s=deadline_s),
        rate=RateLimit(2),
        pipeline=ready,
        engine=SimpleNamespace(loaded=None),
    )
    message = Message(b"x", os.getuid(), os.getpid(), encode_request(request))
    return Asked(message, serving)


def answered(
    request: Request,
    pipeline: Pipeline | None = None,
    *,
    daemon: Daemon | None = None,
    deadline_s: float = 10.0,
) -> tuple[Reply | None, Finished]:
    """Return the reply to *request*, and what the observers were told."""
    accounts = Accounts()
    told: Any = daemon or Daemon()

    async def scenario() -> Reply | None:
        asked = asked_of(request, pipeline or Pipeline(), deadline_s)
        return await Answering(told, [Broken(), accounts]).answer(asked)

    reply = asyncio.run(scenario())
    (finished,) = accounts
    return reply, finished


def test_an_answer_is_accounted_for_with_what_it_took() -> None:
    """The record has the kind, the shell, the phases, the tokens and the verdicts, and no text."""
    reply, finished = answered(SUGGEST)

    assert isinstance(reply, Suggestions)
    assert (finished.id, finished.command, finished.outcome) == ("a1", "suggest", "ok")
    assert (finished.shell, finished.verdicts) == ("fish", ("ok",))
    assert [phase.name for phase in finished.phases] == [PhaseName.GENERATE]
    assert finished.tokens == Tokens(7, 5, 2)
    assert finished.duration_s >= 0
    assert "list files" not in str(finished)
    assert "ls" not in str(finished)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (RequestRefused("no", code="busy"), ErrorCode.BUSY),
        (EngineError("it died"), ErrorCode.ENGINE),
        (ZeroDivisionError("list files"), ErrorCode.ENGINE),
    ],
)
def test_a_fault_is_a_reply_and_an_outcome(fault: Exception, code: ErrorCode) -> None:
    """Whatever goes wrong, the client hears of it, and not its own words in it."""
    reply, finished = answered(SUGGEST, Pipeline(fault))

    assert isinstance(reply, Failure)
    assert reply.code is code
    assert finished.outcome == code
    assert finished.verdicts == ()
    assert "list files" not in reply.message


def test_an_answer_that_takes_too_long_is_a_deadline() -> None:
    """The client is told how long it was, and to try again."""
    reply, finished = answered(SUGGEST, Pipeline(is_slow=True), deadline_s=0.1)

    assert isinstance(reply, Failure)
    assert "no answer within 0.1 s" in reply.message
    assert finished.outcome == ErrorCode.DEADLINE
    assert finished.duration_s >= 0.1


def test_what_nobody_waits_for_any_more_is_accounted_for_too() -> None:
    """A request that is called off has no reply, and the outcome `cancelled`."""
    accounts, daemon = Accounts(), Daemon()
    told: Any = daemon

    async def scenario() -> None:
        task = asyncio.create_task(
            Answering(told, [accounts]).answer(asked_of(SUGGEST, Pipeline(is_slow=True)))
        )
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(scenario())
    assert [finished.outcome for finished in accounts] == ["cancelled"]


def test_a_message_that_is_none_is_of_an_unknown_command() -> None:
    """Nobody can make labels of metrics or fields of the log by what they send."""
    asked = asked_of(SUGGEST, Pipeline())
    asked.message.frames[1] = b"rm -rf"
    accounts = Accounts()
    told: Any = Daemon()

    reply = asyncio.run(Answering(told, [accounts]).answer(asked))

    assert isinstance(reply, Failure)
    assert (accounts[0].command, accounts[0].outcome) == ("unknown", "bad-message")


def test_a_refused_configuration_is_the_answer_to_a_reload() -> None:
    """The reason is the message."""
    reply, finished = answered(ReloadRequest("r"), daemon=Daemon(ConfigError("threads = 0")))

    assert reply == Failure("r", ErrorCode.CONFIG, "threads = 0")
    assert (finished.command, finished.outcome) == ("reload", "config")


def test_a_cancel_has_no_reply() -> None:
    """The request of that id and connection is called off."""
    daemon = Daemon()
    reply, finished = answered(CancelRequest("a1"), daemon=daemon)

    assert reply is None
    assert daemon.called_off == [(b"x", "a1")]
    assert (finished.command, finished.outcome) == ("cancel", "ok")


@pytest.mark.parametrize("request_", [SUGGEST, StatusRequest("s"), PingRequest("p")])
def test_every_kind_of_request_counts_against_the_rate(request_: Request) -> None:
    """A flood of status requests takes as much of the loop as one of suggestions."""
    accounts = Accounts()
    daemon: Any = Daemon()
    daemon.requests_of = lambda _: 9
    answering = Answering(daemon, [accounts])
    first = asked_of(request_, Pipeline())

    async def scenario() -> None:
        for _ in range(5):
            again = Asked(first.message, first.serving)
            await answering.answer(again)

    asyncio.run(scenario())
    assert [finished.outcome for finished in accounts] == [*["ok"] * 4, "busy"]


def test_who_waits_for_each_answer_is_never_too_fast() -> None:
    """One request at a time costs nothing of the rate, however quick the answers are."""
    accounts = Accounts()
    told: Any = Daemon()
    first = asked_of(SUGGEST, Pipeline())
    answering = Answering(told, [accounts])

    async def scenario() -> None:
        for _ in range(50):
            await answering.answer(Asked(first.message, first.serving))

    asyncio.run(scenario())
    assert {finished.outcome for finished in accounts} == {"ok"}
