"""When a provider is left alone, and when it is asked again."""

import asyncio

import pytest

from eidos_remote.breaker import FAILURES, PAUSE_S, Breaker
from eidos_remote.messages import Code
from eidos_remote.provider_faults import Fault

THEIRS = Fault("it failed", code=Code.BROKEN, is_theirs=True)
REFUSAL = Fault("it said no", code=Code.REFUSED)


class Clock:
    """A clock that a test sets."""

    now_s = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """A new breaker."""
    return Breaker("openai (api.openai.com)", clock)


def end(breaker: Breaker, error: BaseException | None = None, *, is_answered: bool = False) -> None:
    """Make a request that ends with *error*."""
    try:
        with breaker.trial() as trial:
            trial.is_answered = is_answered
            if error is not None:
                raise error
    except BaseException as exc:
        if exc is not error:
            raise


def fail(breaker: Breaker, times: int = FAILURES) -> None:
    """Make requests that fail."""
    for _ in range(times):
        end(breaker, THEIRS)


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    """One success between them, and the count begins again."""
    fail(breaker, FAILURES - 1)
    end(breaker)
    fail(breaker, FAILURES - 1)
    assert breaker.state().state == "closed"

    fail(breaker, 1)

    assert breaker.state().state == "open"
    with pytest.raises(Fault, match=r"openai \(api.openai.com\) failed 5 times in a row") as caught:
        end(breaker)
    assert caught.value.code == Code.OPEN


def test_a_refusal_is_an_answer(breaker: Breaker) -> None:
    """A wrong key says nothing against the provider, and ends a row of failures."""
    fail(breaker, FAILURES - 1)

    for _ in range(FAILURES):
        end(breaker, REFUSAL)

    assert breaker.state().failures == 0


@pytest.mark.parametrize("code", [Code.BUSY, Code.CONFIG])
def test_what_never_got_there_tells_nothing(breaker: Breaker, clock: Clock, code: Code) -> None:
    """Too many requests of our own neither end a row of failures nor close it."""
    fail(breaker)
    clock.now_s += PAUSE_S

    end(breaker, Fault("not even asked", code=code))

    assert breaker.state().state == "half-open"


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), KeyError("ours")])
def test_what_its_user_stopped_tells_nothing(breaker: Breaker, error: BaseException) -> None:
    """Nor does a bug of ours; but what came before the end counts as an answer."""
    fail(breaker, FAILURES - 1)

    end(breaker, error)
    assert breaker.state().failures == FAILURES - 1

    end(breaker, error, is_answered=True)
    assert breaker.state().failures == 0


def test_it_says_when_it_asks_again(breaker: Breaker, clock: Clock) -> None:
    """The wait shrinks; at its end the breaker is half open."""
    fail(breaker)
    clock.now_s += 10

    assert breaker.state().opens_again_in_s == PAUSE_S - 10
    with pytest.raises(Fault, match="ask again in 20 s"):
        end(breaker)
    clock.now_s += 20
    assert breaker.state().state == "half-open"


def test_half_open_it_lets_one_request_through(breaker: Breaker, clock: Clock) -> None:
    """All others are turned away until that one has ended."""
    fail(breaker)
    clock.now_s += PAUSE_S

    with breaker.trial() as probe:
        assert probe.is_probe
        with pytest.raises(Fault, match="in a moment"):
            end(breaker)

    assert breaker.state().state == "closed"
    end(breaker)


def test_a_probe_that_fails_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    """For as long as the first time."""
    fail(breaker)
    clock.now_s += PAUSE_S

    fail(breaker, 1)

    assert breaker.state().opens_again_in_s == PAUSE_S


def test_a_probe_that_is_cancelled_makes_room_for_another(breaker: Breaker, clock: Clock) -> None:
    """Else nobody would ever ask again."""
    fail(breaker)
    clock.now_s += PAUSE_S

    end(breaker, asyncio.CancelledError())

    assert breaker.state().state == "half-open"
    end(breaker)
    assert breaker.state().state == "closed"
