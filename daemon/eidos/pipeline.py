"""The path of one request inside the daemon: look around, generate, judge, rank, reply.

What is known of such requests is retrieved in the engine, in front of generating.
"""

import logging
from typing import Protocol

import msgspec

from eidos.engine_messages import Draft, Job
from eidos.finished import Account, PhaseName
from eidos.protocol import Candidate, Certainty, Level, SuggestRequest
from eidos.ranking import LEAST_KNOWN, Weights, confidences
from eidos.surroundings import Surroundings, context_of
from eidos.validator.policy import Policy
from eidos.validator.validation import Verdict, judge

log = logging.getLogger(__name__)

SECOND_LOOK = 4
"""How many candidates are drawn when the one that was asked for may not be offered."""


class Generator(Protocol):
    """Whatever turns a job into drafts: the supervisor here, a fake in tests."""

    async def generate(self, job: Job, account: Account | None = None) -> list[Draft]:
        """Return the drafts for *job*: the model's, likeliest first, then those that are known.

        What it took is noted in *account*.
        """
        ...


class Host(Protocol):
    """Whatever knows the machine: the real one here, none in tests."""

    async def surroundings_of(self, request: SuggestRequest) -> Surroundings:
        """Return what stands around *request*."""
        ...


class Audit(Protocol):
    """Whatever keeps account of overrides: the audit log here, a list in tests."""

    def record(self, event: str, **details: str) -> None:
        """Note that *event* happened."""
        ...


class Pipeline:
    """Turns requests into candidates under one policy."""

    def __init__(
        self, engine: Generator, policy: Policy, audit: Audit, host: Host, weights: Weights
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._audit = audit
        self._host = host
        self._weights = weights

    async def suggest(
        self, request: SuggestRequest, client: str = "", account: Account | None = None
    ) -> tuple[Candidate, ...]:
        """Return at most `request.count` distinct candidates, those that may be offered first.

        Among these the likeliest to be right leads. Requests of different *client*s take turns.
        What the answer took is noted in *account*.

        When nothing may be offered, a few more candidates are drawn, once: the model's second
        choice is often the same command with its quotes closed.

        Raises:
            RequestRefused, EngineError: as the engine does.
        """
        account = account or Account()
        with account.phase(PhaseName.LOOK):
            surroundings = await self._host.surroundings_of(request)
        context = context_of(request, surroundings)
        job = Job(request.id, request.text, request.count, context, client)
        candidates = await self._candidates(request, job, surroundings, account)
        if request.count < SECOND_LOOK and all(c.verdict is Level.BLOCK for c in candidates):
            more = msgspec.structs.replace(job, count=SECOND_LOOK)
            candidates = await self._candidates(request, more, surroundings, account)
        return candidates[: request.count]

    async def _candidates(
        self, request: SuggestRequest, job: Job, surroundings: Surroundings, account: Account
    ) -> tuple[Candidate, ...]:
        drafts = await self._engine.generate(job, account)
        with account.phase(PhaseName.VALIDATE):
            return self._judged(request, drafts, surroundings)

    def _judged(
        self, request: SuggestRequest, drafts: list[Draft], surroundings: Surroundings
    ) -> tuple[Candidate, ...]:
        """Return what may be made of *drafts*, each with its verdict and its score."""
        scores = confidences(request.text, drafts, self._weights, surroundings)
        best: dict[str, Candidate] = {}
        for draft, score in zip(drafts, scores, strict=True):
            if not draft.is_generated and score < LEAST_KNOWN:
                continue
            verdict = judge(draft.text, request.shell, self._policy)
            self._account_for(request, draft, verdict)
            other = best.get(verdict.command)
            if other is None or other.score < score:
                best[verdict.command] = self._candidate(verdict, score)
        return tuple(sorted(best.values(), key=lambda c: (c.verdict is Level.BLOCK, -c.score)))

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

    def _candidate(self, verdict: Verdict, score: float) -> Candidate:
        reason, safer = verdict.reason, verdict.safer
        if verdict.level is Level.BLOCK and safer:
            reason = f"{reason}. {safer[0].upper()}{safer[1:]}"
        certainty = Certainty.SURE if score >= self._weights.sure else Certainty.UNSURE
        return Candidate(verdict.command, verdict.level, reason, score, certainty)
