"""From token ids to the likeliest continuations: the loop around the graph.

The decoder knows nothing of text. One candidate is greedy decoding. Further ones branch off the
greedy path where another token was likeliest to be taken: that one is taken instead, and decoding
goes on greedily. What was read before the branch is not read again, so a further candidate costs
its own tail only. Branches are allowed between words only: within one, the runner-up is a
misspelling ("gitreset", "find / var").

The first known answer, where there is one, is read together with the prompt, in one pass. That
gives its probability; and as far as the model would have written the same, its tokens are there
already. Numbers are rounded otherwise where many tokens are read at once, so of two tokens about as
likely the other one may be taken.
"""

from collections.abc import Sequence as Ids
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from eidos.graph import Cache, Graph, Logits

_CHOICES: Final = 5
"""How many tokens are remembered at each step."""
_CLOSE: Final = 0.5
"""Two choices of which one is not e^0.5 times likelier than the other are close."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """Token ids without the end token, and the natural logarithm of their probability."""

    ids: tuple[int, ...]
    log_probability: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a prompt is continued with, likeliest first, and how likely each known answer is."""

    sequences: list[Sequence]
    known: list[Sequence]


@dataclass(frozen=True, slots=True)
class _Step:
    """One choice: the token taken, and the others that were likeliest, best first."""

    token: int
    log_probability: float
    others: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class _Branch:
    """A token that could have been taken at step `at`; `loss` is what it costs in likelihood."""

    at: int
    token: int
    log_probability: float
    loss: float


class Vocabulary(Protocol):
    """What the decoder must know of the tokens: which end an answer, which begin a word."""

    end_ids: frozenset[int]

    def word_start_ids(self) -> frozenset[int]:
        """Return the ids of tokens that begin a word; asked only when there are branches."""
        ...


class Decoder:
    """Decoding on one graph."""

    def __init__(self, path: Path, *, threads: int) -> None:
        """Load the graph *path*.

        Raises:
            ModelError: the file is damaged, or not a decoder's.
        """
        self._graph = Graph(path, threads=threads)

    def keep(self, prefix: Ids[int]) -> None:
        """Read *prefix* once, for all prompts that begin with it."""
        self._graph.keep(prefix)

    def decode(
        self,
        prompt: Ids[int],
        *,
        count: int,
        max_tokens: int,
        vocabulary: Vocabulary,
        known: Ids[Ids[int]] = (),
    ) -> Decoded:
        """Return up to *count* distinct continuations of *prompt*, likeliest first.

        A continuation that does not end within *max_tokens* is returned cut off. *known* are
        some that are likely; they change no more than the module says, and their own
        probabilities are returned too, in their order.
        """
        first = list(known[0]) if known else []
        longest = max(max_tokens, *(len(ids) + 1 for ids in known), 0)
        cache = self._graph.begin(prompt, len(prompt) + longest)
        unread = [*prompt, *first][cache.length :]
        logits = cache.run(unread)[-1 - len(first) :]
        run = _Run(cache, len(prompt), first, vocabulary, max_tokens)
        steps = run.greedy(run.agreed(logits))
        found = {sequence.ids: sequence for sequence in [_sequence(steps, vocabulary.end_ids)]}
        # More branches are tried than are wanted: some end in a continuation found before.
        tries = 2 * (count - 1)
        for branch in _branches(steps, vocabulary)[:tries] if tries else ():
            if len(found) >= count:
                break
            sequence = _sequence(run.follow(branch, steps), vocabulary.end_ids)
            if sequence.ids:
                found.setdefault(sequence.ids, sequence)
        scored = [run.scored(first, logits)] if known else []
        scored += [run.scored(ids, run.read(ids, logits[0])) for ids in known[1:]]
        likeliest = sorted(found.values(), key=lambda sequence: -sequence.log_probability)
        return Decoded(likeliest, scored)


class _Run:
    """The decoding of one prompt of *start* tokens; behind it the cache holds *held*."""

    def __init__(
        self, cache: Cache, start: int, held: Ids[int], vocabulary: Vocabulary, max_tokens: int
    ) -> None:
        self._cache = cache
        self._start = start
        self._held = list(held)
        self._end_ids = vocabulary.end_ids
        self._max_tokens = max_tokens

    def agreed(self, logits: Logits) -> list[_Step]:
        """Return the greedy steps as far as what is held goes along, and the one behind them.

        A choice that is close is left to be made again, from one token alone: read in one pass
        with others, its logits are rounded a little otherwise.
        """
        steps = [_choose(logits[0])]
        for row, token in zip(logits[1:], self._held, strict=True):
            if token in self._end_ids or steps[-1].token != token:
                break
            step = _choose(row)
            if step.log_probability - step.others[0][1] < _CLOSE:
                break
            steps.append(step)
        return steps[: self._max_tokens]

    def greedy(self, steps: list[_Step]) -> list[_Step]:
        """Return *steps* gone on with until an end token, or until they are max_tokens."""
        while steps[-1].token not in self._end_ids and len(steps) < self._max_tokens:
            steps = [*steps, _choose(self._behind(steps))]
        return steps

    def follow(self, branch: _Branch, steps: list[_Step]) -> list[_Step]:
        """Leave the greedy *steps* at *branch*, and go on greedily."""
        return self.greedy([*steps[: branch.at], _Step(branch.token, branch.log_probability, ())])

    def read(self, ids: Ids[int], before: Logits) -> Logits:
        """Return the logits *before* the first of *ids* and behind each of them."""
        self._cache.rewind(self._start)
        self._held = list(ids)
        return np.concatenate([before[None], self._cache.run(ids)]) if ids else before[None]

    def scored(self, ids: Ids[int], logits: Logits) -> Sequence:
        """Return *ids* with the probability that *logits* give them and an end behind them."""
        taken = [
            float(row[token]) - _log_total(row) for row, token in zip(logits, ids, strict=False)
        ]
        last = logits[len(ids)]
        ending = max(float(last[token]) for token in self._end_ids) - _log_total(last)
        return Sequence(tuple(ids), sum(taken) + ending)

    def _behind(self, steps: list[_Step]) -> Logits:
        """Return the logits behind *steps*, of which what the cache holds is not read again."""
        tokens = [step.token for step in steps]
        pairs = enumerate(zip(tokens[:-1], self._held, strict=False))
        same = next((at for at, (token, held) in pairs if token != held), None)
        same = min(len(tokens) - 1, len(self._held)) if same is None else same
        self._cache.rewind(self._start + same)
        self._held = tokens
        return self._cache.run(tokens[same:])[-1]


def _choose(logits: Logits) -> _Step:
    likeliest = np.argpartition(logits, -_CHOICES)[-_CHOICES:]
    ordered = likeliest[np.argsort(-logits[likeliest], kind="stable")]
    total = _log_total(logits)
    choices = [(int(token), float(logits[token] - total)) for token in ordered]
    return _Step(*choices[0], others=tuple(choices[1:]))


def _log_total(logits: Logits) -> float:
    top = logits.max()
    return float(top + np.log(np.exp(logits - top).sum()))


def _branches(steps: list[_Step], vocabulary: Vocabulary) -> list[_Branch]:
    """Return every way off the greedy path that falls between two words, likeliest first."""
    between = vocabulary.word_start_ids() | vocabulary.end_ids
    branches = [
        _Branch(at, token, log_probability, step.log_probability - log_probability)
        for at, step in enumerate(steps)
        for token, log_probability in step.others
        if at == 0 or (step.token in between and token in between)
    ]
    return sorted(branches, key=lambda branch: branch.loss)


def _sequence(steps: list[_Step], end_ids: frozenset[int]) -> Sequence:
    ids = tuple(step.token for step in steps if step.token not in end_ids)
    return Sequence(ids, sum(step.log_probability for step in steps))
