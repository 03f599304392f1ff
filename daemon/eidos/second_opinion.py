"""A command by a language model elsewhere, where a person turned that on and ours is not sure.

What came of late is kept apart from the engine's answers: who presses the key once more sees the
same command, and the provider is not asked for it again.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from eidos.errors import ProviderError
from eidos.protocol import Shell
from eidos.remote_asking import RemoteAsking, without
from eidos_remote.messages import Suggest, Suggested

LEAST_S: Final = 0.3
"""With less time than that nobody is asked: no model answers so soon."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A command that nobody has judged, or "" where there is none; and a notice about it."""

    command: str
    notice: str


class SecondOpinion:
    """Asks *remote* for commands, and keeps the last *size* that came, each for *max_age_s*."""

    def __init__(
        self,
        remote: RemoteAsking,
        *,
        size: int,
        max_age_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._remote = remote
        self._size = size
        self._max_age_s = max_age_s
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[float, Opinion]] = OrderedDict()
        self._wishes_to_forget = 0

    async def on(self, text: str, shell: Shell, *, timeout_s: float) -> Opinion:
        """Return a command for *text*, or none and why; it never fails."""
        key = hashlib.sha256(f"{shell}\0{text}".encode()).digest()
        if kept := self._recall(key):
            return kept
        if timeout_s < LEAST_S:
            return Opinion("", "nobody else was asked: no time is left for it")
        wishes = self._wishes_to_forget
        question = Suggest(id="-", text=text, shell=shell)
        try:
            reply, redacted = await self._remote.ask(question, timeout_s=timeout_s)
        except ProviderError as exc:
            return Opinion("", f"no other suggestion: {exc}")
        if not isinstance(reply, Suggested):
            return Opinion("", "")
        notice = f"from {reply.provider} ({reply.host}){without(redacted)}"
        opinion = Opinion(reply.command, notice)
        if wishes == self._wishes_to_forget:
            self._keep(key, opinion)
        return opinion

    def forget(self) -> int:
        """Forget all that is kept, and keep nothing of what is under way; return how many went."""
        self._wishes_to_forget += 1
        count = len(self._kept)
        self._kept.clear()
        return count

    def _keep(self, key: bytes, opinion: Opinion) -> None:
        self._kept[key] = self._clock(), opinion
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def _recall(self, key: bytes) -> Opinion | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        made_s, opinion = kept
        if self._clock() - made_s < self._max_age_s:
            return opinion
        del self._kept[key]
        return None
