"""A command that a person picked elsewhere, in a chat, and wants in the next empty prompt.

It is kept in memory alone, for a while, and given once. It was judged when it came and is judged
again when it goes: for the shell that takes it, under the policy of then.
"""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from eidos.errors import RequestRefused
from eidos.protocol import Candidate, ErrorCode, Level

KEPT_S: Final = 600.0
NOTICE: Final = "picked in a chat"


class Offers:
    """The newest command that was offered, for KEPT_S."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._command = ""
        self._made_s = 0.0

    def put(self, judged: Candidate) -> str:
        """Keep the command of *judged* in place of the one before; return in words what is next.

        Raises:
            RequestRefused: it may not stand in a prompt; the one before stays.
        """
        if judged.verdict is Level.BLOCK:
            raise RequestRefused(f"not offered: {judged.reason}", code=ErrorCode.BLOCKED)
        self._command, self._made_s = judged.command, self._clock()
        return "press Ctrl-G at an empty prompt, within 10 minutes"

    def take(self, judge: Callable[[str], Candidate]) -> Candidate:
        """Return the command as *judge* sees it now; one that may be placed is given once.

        Raises:
            RequestRefused: there is none.
        """
        if not self._command or self._clock() - self._made_s >= KEPT_S:
            self._command = ""
            said = "type what you want to do, then press Ctrl-G"
            raise RequestRefused(said, code=ErrorCode.EMPTY)
        judged = judge(self._command)
        if judged.verdict is Level.BLOCK:
            return judged
        self._command = ""
        reason = "; ".join(filter(None, (judged.reason, NOTICE)))
        return msgspec.structs.replace(judged, reason=reason)

    def forget(self) -> int:
        """Forget the command; return how many that were."""
        count = int(bool(self._command))
        self._command = ""
        return count
