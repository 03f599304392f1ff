"""A command from elsewhere: asked for once, kept for a while, and never in the way."""

import asyncio
from typing import cast

from eidos.errors import ProviderError
from eidos.protocol import Shell
from eidos.remote_asking import Answered, Question, RemoteAsking
from eidos.second_opinion import LEAST_S, Opinion, SecondOpinion
from eidos_remote.messages import Code, Redacted, Suggested


class Clock:
    """A clock that stands still unless it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


class Remote:
    """An eidos-remote that counts what it suggests, or fails."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.asked = 0

    async def ask(self, _question: Question, *, timeout_s: float) -> Answered:
        """Answer with another command each time."""
        assert timeout_s
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        reply = Suggested(id="1", command=f"ls {self.asked}", provider="ollama", host="x:11434")
        return Answered(reply, (Redacted("AWS access key", "[AWS access key 1]"),))


def opinion_of(remote: Remote, *, size: int = 2, clock: Clock | None = None) -> SecondOpinion:
    """Return one that asks *remote*, and keeps for a minute."""
    asking = cast("RemoteAsking", remote)
    return SecondOpinion(asking, size=size, max_age_s=60, clock=clock or Clock())


def on(
    second: SecondOpinion, text: str, *, shell: Shell = Shell.ZSH, timeout_s: float = 5
) -> Opinion:
    """Return what *second* says."""
    return asyncio.run(second.on(text, shell, timeout_s=timeout_s))


def test_it_says_from_whom_it_is_and_what_went_without() -> None:
    """The notice names provider and host, and the kinds of secrets that were left out."""
    opinion = on(opinion_of(Remote()), "list")

    assert opinion.command == "ls 1"
    assert opinion.notice == "from ollama (x:11434) (left out: AWS access key)"


def test_the_same_request_is_asked_once() -> None:
    """Who presses the key again sees the same command; another shell is another request."""
    remote = Remote()
    second = opinion_of(remote)

    assert on(second, "list") == on(second, "list")
    assert on(second, "list", shell=Shell.FISH).command == "ls 2"
    assert remote.asked == 2


def test_an_old_one_is_asked_again() -> None:
    """What is kept is kept as long as other answers."""
    clock = Clock()
    second = opinion_of(Remote(), clock=clock)
    on(second, "list")

    clock.now_s += 60

    assert on(second, "list").command == "ls 2"


def test_no_more_are_kept_than_may_be() -> None:
    """The oldest goes first; where no answer may be kept, none is."""
    remote, none = Remote(), Remote()
    second, forgetful = opinion_of(remote), opinion_of(none, size=0)
    for text in ("one", "two", "three", "three", "one"):
        on(second, text)
        on(forgetful, text)

    assert remote.asked == 4
    assert none.asked == 5


def test_a_fault_is_a_clause_and_is_not_kept() -> None:
    """The reason is told; the next press asks again."""
    remote = Remote(ProviderError("ollama (x) is silent", code=Code.TIMEOUT))
    second = opinion_of(remote)

    assert on(second, "list") == Opinion("", "no other suggestion: ollama (x) is silent")
    remote.fault = None
    assert on(second, "list").command == "ls 2"


def test_nobody_is_asked_where_no_time_is_left() -> None:
    """A provider that could not answer in time is not asked, and the message says so."""
    remote = Remote()

    opinion = on(opinion_of(remote), "list", timeout_s=LEAST_S / 2)

    assert opinion == Opinion("", "nobody else was asked: no time is left for it")
    assert remote.asked == 0


def test_forgetting_counts_for_what_is_under_way() -> None:
    """A wish to forget clears what is kept, and what is being asked for is not kept either."""
    remote = Remote()
    second = opinion_of(remote)
    on(second, "list")

    class Forgetting(Remote):
        async def ask(self, question: Question, *, timeout_s: float) -> Answered:
            third.forget()
            return await super().ask(question, timeout_s=timeout_s)

    third = opinion_of(slow := Forgetting())

    assert second.forget() == 1
    assert on(second, "list").command == "ls 2"
    on(third, "list")
    on(third, "list")
    assert slow.asked == 2
