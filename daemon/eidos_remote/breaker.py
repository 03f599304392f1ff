"""A circuit breaker: who fails again and again is left alone for a while.

Written here, since the libraries for it do not fit (versions of November 2026): purgatory 3.0.1,
pybreaker 1.4.1 and aiobreaker 1.2.0 reckon with the wall clock, by which a laptop that wakes up or
a corrected clock opens or keeps open; pybreaker's async calls need Tornado; purgatory lets every
waiting request through as soon as it half-opens, and counts one that its user cancelled as failed.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Literal

import msgspec

from eidos_remote.messages import Code
from eidos_remote.provider_faults import Fault

FAILURES: Final = 5
"""So many requests in a row open it."""
PAUSE_S: Final = 30.0
"""So long nobody is asked; then one request is let through."""
_NOT_ASKED: Final = {Code.BUSY, Code.CONFIG}
"""What fails on this machine already."""


class BreakerState(msgspec.Struct, frozen=True):
    """How a breaker is, as `eidosctl remote status` shows it."""

    provider: str
    state: Literal["closed", "open", "half-open"]
    failures: int
    """In a row, until now."""
    opens_again_in_s: float
    """When the provider is asked again; 0 where it may be at once."""


class Trial:
    """One request that was let through."""

    def __init__(self, *, is_probe: bool) -> None:
        self.is_probe = is_probe
        """Whether all others wait for how it ends."""
        self.is_answered = False
        """Whether the provider has shown that it works, whatever becomes of the request."""


class Breaker:
    """The breaker of one provider; for one asyncio loop. *clock* counts seconds and never jumps."""

    def __init__(self, provider: str, clock: Callable[[], float]) -> None:
        self._provider = provider
        self._clock = clock
        self._failures = 0
        self._opened_s = 0.0
        self._is_probing = False

    def state(self) -> BreakerState:
        """Return how it is now."""
        wait_s = self._wait_s()
        if self._failures < FAILURES:
            return BreakerState(self._provider, "closed", self._failures, 0.0)
        state = "open" if wait_s else "half-open"
        return BreakerState(self._provider, state, self._failures, wait_s)

    @contextmanager
    def trial(self) -> Generator[Trial]:
        """Let one request through, and learn from how it ends.

        Only what `Fault.is_theirs` says counts as a failure: a refusal is an answer; what its user
        stopped, or what never got there, tells nothing.

        Raises:
            Fault: it is open.
        """
        trial = self._admitted()
        try:
            yield trial
        except Fault as exc:
            if exc.code not in _NOT_ASKED:
                self._ended(is_failure=exc.is_theirs)
            raise
        except BaseException:  # cancelled, closed, or a bug of ours
            if trial.is_answered:
                self._ended(is_failure=False)
            raise
        else:
            self._ended(is_failure=False)
        finally:
            if trial.is_probe:
                self._is_probing = False

    def _admitted(self) -> Trial:
        if self._failures < FAILURES:
            return Trial(is_probe=False)
        wait_s = self._wait_s()
        if wait_s or self._is_probing:
            again = f"in {wait_s:.0f} s" if wait_s >= 1 else "in a moment"
            raise Fault(
                f"{self._provider} failed {self._failures} times in a row and is left alone; "
                f"ask again {again}, or look with: eidosctl remote status",
                code=Code.OPEN,
            )
        self._is_probing = True
        return Trial(is_probe=True)

    def _ended(self, *, is_failure: bool) -> None:
        self._failures = self._failures + 1 if is_failure else 0
        self._opened_s = self._clock()

    def _wait_s(self) -> float:
        if self._failures < FAILURES:
            return 0.0
        return max(0.0, self._opened_s + PAUSE_S - self._clock())
