"""The path of one request inside the daemon: generate, judge, rank, reply.

(Retrieval of examples, when it comes, goes in front of `generate`.)
"""

import logging
from typing import Protocol

from eidos.engine_messages import Draft, Job
from eidos.protocol import Candidate, Level, SuggestRequest
from eidos.validator.policy import Policy
from eidos.validator.validation import Verdict, judge

log = logging.getLogger(__name__)

_RANK = {Level.OK: 0, Level.WARN: 1, Level.BLOCK: 2}
SECOND_LOOK = 4
"""How many candidates are drawn when the one that was asked for may not be offered."""


class Generator(Protocol):
    """Whatever turns a job into drafts: the supervisor here, a fake in tests."""

    async def generate(self, job: Job) -> list[Draft]:
        """Return the drafts for *job*, likeliest first."""
        ...


class Audit(Protocol):
    """Whatever keeps account of overrides: the audit log here, a list in tests."""

    def record(self, event: str, **details: str) -> None:
        """Note that *event* happened."""
        ...


class Pipeline:
    """Turns requests into candidates under one policy."""

    def __init__(self, engine: Generator, policy: Policy, audit: Audit) -> None:
        self._engine = engine
        self._policy = policy
        self._audit = audit

    async def suggest(self, request: SuggestRequest) -> tuple[Candidate, ...]:
        """Return at most `request.count` distinct candidates, those that may be offered first.

        When nothing may be offered, a few more candidates are drawn, once: the model's second
        choice is often the same command with its quotes closed.

        Raises:
            RequestRefused, EngineError: as the engine does.
        """
        candidates = await self._candidates(request, request.count)
        if request.count < SECOND_LOOK and all(c.verdict is Level.BLOCK for c in candidates):
            candidates = await self._candidates(request, SECOND_LOOK)
        return candidates[: request.count]

    async def _candidates(self, request: SuggestRequest, count: int) -> tuple[Candidate, ...]:
        drafts = await self._engine.generate(Job(id=request.id, text=request.text, count=count))
        seen: set[str] = set()
        candidates: list[Candidate] = []
        for draft in drafts:
            verdict = judge(draft.text, request.shell, self._policy)
            self._account_for(request, draft, verdict)
            if verdict.command not in seen:
                seen.add(verdict.command)
                candidates.append(_candidate(verdict, draft.score))
        return tuple(sorted(candidates, key=lambda c: _RANK[c.verdict]))  # stable: likeliest first

    def _account_for(self, request: SuggestRequest, draft: Draft, verdict: Verdict) -> None:
        for use in verdict.overrides:
            self._audit.record(
                "rule-override", rule=use.rule, was=use.was, now=use.now, request=request.id
            )
        log.debug(
            "request=%s verdict=%s rule=%s text=%r draft=%r",
            request.id,
            verdict.level,
            verdict.rule,
            request.text,
            draft.text,
        )


def _candidate(verdict: Verdict, score: float) -> Candidate:
    reason, safer = verdict.reason, verdict.safer
    if verdict.level is Level.BLOCK and safer:
        reason = f"{reason}. {safer[0].upper()}{safer[1:]}"
    return Candidate(verdict.command, verdict.level, reason, score)
