"""The path of one request inside the daemon: generate, judge, rank, reply.

(Retrieval of examples, when it comes, goes in front of `generate`.)
"""

import logging
from typing import Protocol

from eidos.engine_messages import Draft, Job
from eidos.protocol import Candidate, Level, SuggestRequest
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


async def suggest(request: SuggestRequest, engine: Generator) -> tuple[Candidate, ...]:
    """Return at most `request.count` distinct candidates, those that may be offered first.

    When nothing may be offered, a few more candidates are drawn, once: the model's second choice
    is often the same command with its quotes closed.

    Raises:
        RequestRefused, EngineError: as the engine does.
    """
    candidates = await _candidates(request, request.count, engine)
    if request.count < SECOND_LOOK and all(c.verdict is Level.BLOCK for c in candidates):
        candidates = await _candidates(request, SECOND_LOOK, engine)
    return candidates[: request.count]


async def _candidates(
    request: SuggestRequest, count: int, engine: Generator
) -> tuple[Candidate, ...]:
    drafts = await engine.generate(Job(id=request.id, text=request.text, count=count))
    seen: set[str] = set()
    candidates: list[Candidate] = []
    for draft in drafts:
        verdict = judge(draft.text, request.shell)
        _log_verdict(request, draft, verdict)
        if verdict.command not in seen:
            seen.add(verdict.command)
            candidates.append(
                Candidate(verdict.command, verdict.level, verdict.reason, draft.score)
            )
    return tuple(sorted(candidates, key=lambda c: _RANK[c.verdict]))  # stable: likeliest first


def _log_verdict(request: SuggestRequest, draft: Draft, verdict: Verdict) -> None:
    log.debug(
        "request=%s verdict=%s rule=%s text=%r draft=%r",
        request.id,
        verdict.level,
        verdict.rule,
        request.text,
        draft.text,
    )
