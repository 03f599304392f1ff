"""Ask again, where the same may work in a moment: a few times, ever later, never past the end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from eidos_remote.provider_faults import Fault

TRIES: Final = 3
LONGEST_WAIT_S: Final = 20.0
"""A person waits for the answer: whoever wants a longer pause is not asked again by itself."""
_jitter: Final = wait_random_exponential(multiplier=0.5, max=8)
"""Full jitter: up to 0.5 s, then up to 1 s; so that not all who failed together return together."""

Value = TypeVar("Value")
Sleep = Callable[[float], Awaitable[None]]


async def with_retries(
    attempt: Callable[[], Awaitable[Value]], *, ends_s: float, tries: int, sleep: Sleep
) -> Value:
    """Return what *attempt* returns, which is made up to *tries* times, by *ends_s* of the loop.

    Raises:
        Fault: the last attempt's.
    """
    loop = asyncio.get_running_loop()

    async def made() -> Value:  # tenacity awaits what `async def` made, and no other function
        return await attempt()

    def is_late(state: RetryCallState) -> bool:
        pause_s = state.upcoming_sleep
        return pause_s > LONGEST_WAIT_S or loop.time() + pause_s >= ends_s

    retrying = AsyncRetrying(
        sleep=sleep,
        retry=retry_if_exception(lambda exc: isinstance(exc, Fault) and exc.is_passing),
        wait=_pause_s,
        stop=lambda state: stop_after_attempt(tries)(state) or is_late(state),
        reraise=True,
    )
    return await retrying(made)


def _pause_s(state: RetryCallState) -> float:
    """Return how long to wait: as long as the provider says, and no less than the jitter."""
    error = state.outcome.exception() if state.outcome else None
    wanted_s = error.wait_s if isinstance(error, Fault) else 0.0
    return max(wanted_s, _jitter(state))
