"""The path of one request inside the daemon: look around, generate, judge, rank, reply.

What is known of such requests is retrieved in the engine, in front of generating. Where a person
turned it on, a request in another language is translated before, and somebody else is asked after
it where the model is not sure.
"""

import logging
import time
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from eidos.engine_messages import Draft, Job
from eidos.finished import Account, PhaseName
from eidos.foreign import Foreign
from eidos.protocol import Candidate, Certainty, Level, Shell, SuggestRequest
from eidos.ranking import LEAST_KNOWN, Weights, confidences
from eidos.second_opinion import SecondOpinion
from eidos.surroundings import Surroundings, context_of
from eidos.validator.policy import Policy
from eidos.validator.validation import Verdict, judge

log = logging.getLogger(__name__)

SECOND_LOOK = 4
"""How many candidates are drawn when the one that was asked for may not be offered."""
_UNTOLD_LOG_PROBABILITY: Final = -0.5
_UNTOLD_TOKENS: Final = 10
"""Of what came from elsewhere, as of a server's answer (remote_answers.py): nobody tells it."""
_NOTICE_CHARS: Final = 500
"""Of what eidos-remote says: a reply with a frame that is too long would never reach the prompt."""
_SHARE: Final = 0.9
"""Of the deadline, until which somebody else may answer: ours must not come too late for that."""


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


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who is asked beside the engine; nobody unless a person turned it on."""

    foreign: Foreign | None = None
    opinion: SecondOpinion | None = None
    deadline_s: float = 10.0


_NOWHERE: Final = Elsewhere()


class Pipeline:
    """Turns requests into candidates under one policy."""

    def __init__(
        self,
        engine: Generator,
        policy: Policy,
        audit: Audit,
        host: Host,
        weights: Weights,
        elsewhere: Elsewhere = _NOWHERE,
    ) -> None:
        self._engine = engine
        self._elsewhere = elsewhere
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
        account, begin_s, notice = account or Account(), time.monotonic(), ""
        elsewhere = self._elsewhere
        if elsewhere.foreign is not None:
            request, notice = await elsewhere.foreign.in_english(request, account)
        with account.phase(PhaseName.LOOK):
            surroundings = await self._host.surroundings_of(request)
        candidates = await self._local(request, client, surroundings, account)
        if elsewhere.opinion is not None and not _is_sure(candidates):
            left_s = elsewhere.deadline_s * _SHARE - (time.monotonic() - begin_s)
            with account.phase(PhaseName.ASK):
                opinion = await elsewhere.opinion.on(request.text, request.shell, timeout_s=left_s)
            if opinion.command:
                draft = Draft(opinion.command, _UNTOLD_LOG_PROBABILITY, _UNTOLD_TOKENS)
                (other,) = self._judged(request, [draft], surroundings)
                candidates = _led_by(other, opinion.notice, candidates)
            else:
                candidates = _noted(candidates, opinion.notice)
        return _noted(candidates, notice)[: request.count]

    def judged(self, command: str, shell: Shell, identity: str) -> Candidate:
        """Return *command*, which a person picked for *shell*, with its verdict.

        *identity* is of the request that it came with.
        """
        verdict = judge(command, shell, self._policy)
        self._account_for(identity, verdict)
        return self._candidate(verdict, 1.0)

    async def _local(
        self, request: SuggestRequest, client: str, surroundings: Surroundings, account: Account
    ) -> tuple[Candidate, ...]:
        context = context_of(request, surroundings)
        job = Job(request.id, request.text, request.count, context, client)
        candidates = await self._candidates(request, job, surroundings, account)
        if request.count < SECOND_LOOK and all(c.verdict is Level.BLOCK for c in candidates):
            more = msgspec.structs.replace(job, count=SECOND_LOOK)
            candidates = await self._candidates(request, more, surroundings, account)
        return candidates

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
            self._account_for(request.id, verdict)
            log.debug("request=%s text=%r draft=%r", request.id, request.text, draft.text)
            other = best.get(verdict.command)
            if other is None or other.score < score:
                best[verdict.command] = self._candidate(verdict, score)
        return tuple(sorted(best.values(), key=lambda c: (c.verdict is Level.BLOCK, -c.score)))

    def _account_for(self, identity: str, verdict: Verdict) -> None:
        for use in verdict.overrides:
            self._audit.record(
                "rule-override", rule=use.rule, was=use.was, now=use.now, request=identity
            )
        log.debug("request=%s verdict=%s rule=%s", identity, verdict.level, verdict.rule)

    def _candidate(self, verdict: Verdict, score: float) -> Candidate:
        reason, safer = verdict.reason, verdict.safer
        if verdict.level is Level.BLOCK and safer:
            reason = f"{reason}. {safer[0].upper()}{safer[1:]}"
        certainty = Certainty.SURE if score >= self._weights.sure else Certainty.UNSURE
        return Candidate(verdict.command, verdict.level, reason, score, certainty)


def _is_sure(candidates: tuple[Candidate, ...]) -> bool:
    """Whether the best of *candidates* may be offered, and the model would stand by it."""
    best = candidates[0] if candidates else None
    return best is not None and best.verdict is not Level.BLOCK and best.certainty is Certainty.SURE


def _led_by(
    other: Candidate, notice: str, candidates: tuple[Candidate, ...]
) -> tuple[Candidate, ...]:
    """Return *candidates* behind *other*, with *notice*, or without it where it is blocked."""
    if other.verdict is not Level.BLOCK or not candidates:
        rest = tuple(each for each in candidates if each.command != other.command)
        return _noted((other, *rest), notice)
    return _noted(candidates, f"another {notice} is not offered: {other.reason}")


def _noted(candidates: tuple[Candidate, ...], notice: str) -> tuple[Candidate, ...]:
    """Return *candidates*, the first with *notice* behind its reason."""
    if not notice or not candidates:
        return candidates
    reason = "; ".join(filter(None, (candidates[0].reason, notice[:_NOTICE_CHARS])))
    return (msgspec.structs.replace(candidates[0], reason=reason), *candidates[1:])
