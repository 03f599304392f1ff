"""From token ids to the likeliest continuations: what is read next, given what came out.

The decoder knows nothing of text. One candidate is greedy decoding. Further ones branch off the
greedy path where another token was likeliest to be taken: that one is taken instead, and decoding
goes on greedily. What was read before the branch is not read again, so a further candidate costs
its own tail only. Branches are allowed between words only: within one, the runner-up is a
misspelling ("gitreset", "find / var").

Tokens are drafted where they can be guessed (drafting.py) and read together with the one that is
known; as far as the model would have written the same, they are there already. A wrong one costs
time and changes nothing: what comes out is what comes out without drafts.
"""

from collections.abc import Callable
from collections.abc import Sequence as Ids
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Protocol

from eidos.reading import Part, Reader, Reading, Row, Trail, together

_CHUNK: Final = 64
"""Tokens of a prompt that are read in one pass: a long one must not hold up its neighbours."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """Token ids without the end token, and the natural logarithm of their probability."""

    ids: tuple[int, ...]
    log_probability: float


class Vocabulary(Protocol):
    """What the decoder must know of the tokens: which end an answer, which begin a word."""

    end_ids: frozenset[int]

    def word_start_ids(self) -> frozenset[int]:
        """Return the ids of tokens that begin a word; asked only when there are branches."""
        ...


Draft = Callable[[Ids[int]], list[int]]
"""Guesses what follows the tokens that were written; a wrong guess costs time alone."""


def no_draft(written: Ids[int]) -> list[int]:  # noqa: ARG001 - a Draft
    """Guess nothing."""
    return []


@dataclass(frozen=True, slots=True)
class _Branch:
    """A token that could have been taken at step `at`; `loss` is what it costs in likelihood."""

    at: int
    token: int
    log_probability: float
    loss: float


class _Path:
    """A continuation of the prompt under way; its trail lacks the last token taken."""

    def __init__(self, trail: Trail, taken: list[tuple[int, float]]) -> None:
        self.trail = trail
        self.taken = taken
        """Tokens and the logarithms of their probabilities, the end token with them."""
        self.rows: list[Row | None] = [None] * len(taken)
        """Where each was chosen; none where it was not."""

    @property
    def ids(self) -> list[int]:
        """The tokens."""
        return [token for token, _ in self.taken]

    def take(self, row: Row) -> None:
        """Take the likeliest token of *row*."""
        self.taken.append((row.tokens[0], row.log_probabilities[0]))
        self.rows.append(row)


class Decoding:
    """The decoding of one prompt."""

    def __init__(
        self,
        reader: Reader,
        prompt: Ids[int],
        vocabulary: Vocabulary,
        *,
        max_tokens: int,
        draft: Draft = no_draft,
    ) -> None:
        """Decode *prompt* with *reader*; what does not end within *max_tokens* is cut off there."""
        self._reader = reader
        self._prompt = list(prompt)
        self._vocabulary = vocabulary
        self._end_id = min(vocabulary.end_ids)
        self._max_tokens = max_tokens
        self._draft = draft
        self._best = _Path(reader.trail_for(prompt), [])
        self.generated = 0
        """Tokens that were written, by all continuations."""
        self.drafted = 0
        """Of these: those that were guessed right, and so cost no pass of their own."""

    @property
    def prompt_tokens(self) -> int:
        """How many tokens the prompt has."""
        return len(self._prompt)

    def greedy(self) -> Reading[Sequence]:
        """Write the continuation whose every token is the likeliest; return it."""
        yield from self._write(self._best)
        return self._sequence(self._best)

    def branches(self, count: int) -> Reading[list[Sequence]]:
        """Write up to *count* others that leave the greedy one, which must be there; return them.

        More are tried than are wanted: some end in a continuation found before, or in nothing.
        """
        ways = self._ways()[: 2 * count]
        found = {tuple(self._written(self._best)): self._sequence(self._best)}
        while ways and len(found) <= count:
            wanted = count + 1 - len(found)
            tried, ways = ways[:wanted], ways[wanted:]
            for sequence in (yield from together([self._follow(way) for way in tried])):
                if sequence.ids:
                    found.setdefault(sequence.ids, sequence)
        return list(found.values())[1:]

    def scores(self, answers: Ids[Ids[int]]) -> Reading[list[Sequence]]:
        """Return each of *answers* with its probability, an end behind it.

        As far as it is also the greedy one, which must be there, it is not read again.
        """
        return (yield from together([self._score(list(ids)) for ids in answers]))

    def _write(self, path: _Path) -> Reading[None]:
        """Go on greedily with *path* until an end token, or until it has max_tokens."""
        while not self._is_whole(path):
            unread = [*self._prompt, *path.ids][len(path.trail.ids) :]
            while len(unread) > _CHUNK:
                yield [Part(path.trail, unread[:_CHUNK])]
                unread = unread[_CHUNK:]
            draft = self._draft(path.ids)[: self._max_tokens - len(path.taken) - 1]
            part = Part(path.trail, [*unread, *draft], [self._end_id] * (len(draft) + 1))
            (rows,) = yield [part]
            begun = len(path.taken)
            for row, drafted in zip(rows, [*draft, None], strict=True):
                path.take(row)
                if row.tokens[0] != drafted or self._is_whole(path):
                    break
            self.generated += len(path.taken) - begun
            self.drafted += len(path.taken) - begun - 1
            path.trail.cut(len(self._prompt) + len(path.taken) - 1)

    def _follow(self, branch: _Branch) -> Reading[Sequence]:
        """Leave the greedy path at *branch*, and go on greedily."""
        trail = self._reader.fork(self._best.trail, len(self._prompt) + branch.at)
        taken = [*self._best.taken[: branch.at], (branch.token, branch.log_probability)]
        path = _Path(trail, taken)
        yield from self._write(path)
        return self._sequence(path)

    def at_most(self, answer: Ids[int]) -> float:
        """Return what the probability of *answer* cannot exceed, as a logarithm, without reading.

        The greedy continuation must be there: it tells of the first token that is another one.
        """
        same = self._agreed(answer)
        row = self._best.rows[same] if same < len(self._best.rows) else None
        if row is None:
            return self._known(same)
        token = [*answer, self._end_id][same]
        told = dict(zip(row.tokens, row.log_probabilities, strict=True))
        return self._known(same) + told.get(token, min(row.log_probabilities))

    def _agreed(self, answer: Ids[int]) -> int:
        """Return how many tokens of *answer* and its end are the greedy ones."""
        pairs = zip([*answer, self._end_id], self._best.ids, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def _known(self, count: int) -> float:
        return sum(log_probability for _, log_probability in self._best.taken[:count])

    def _score(self, ids: list[int]) -> Reading[Sequence]:
        same = self._agreed(ids)
        rest = [*ids, self._end_id][same:]
        if not rest:
            return Sequence(tuple(ids), self._known(same))
        # The token before the first other one is read again, since only its row tells of that.
        length = len(self._prompt) + same - 1
        trail = self._reader.fork(self._best.trail, length)
        before = [*self._prompt, *ids][length : length + 1]
        (rows,) = yield [Part(trail, [*before, *rest[:-1]], rest)]
        return Sequence(tuple(ids), self._known(same) + sum(row.target for row in rows))

    def _ways(self) -> list[_Branch]:
        """Return every way off the greedy path that falls between two words, likeliest first."""
        between = self._vocabulary.word_start_ids() | self._vocabulary.end_ids
        branches: list[_Branch] = []
        for at, ((taken, likeliest), row) in enumerate(
            zip(self._best.taken, self._best.rows, strict=True)
        ):
            others = zip(row.tokens[1:], row.log_probabilities[1:], strict=True) if row else ()
            branches += [
                _Branch(at, token, log_probability, likeliest - log_probability)
                for token, log_probability in others
                if at == 0 or (taken in between and token in between)
            ]
        return sorted(branches, key=lambda branch: branch.loss)

    def _is_whole(self, path: _Path) -> bool:
        if len(path.taken) >= self._max_tokens:
            return True
        return bool(path.taken) and path.taken[-1][0] in self._vocabulary.end_ids

    def _written(self, path: _Path) -> list[int]:
        return [token for token in path.ids if token not in self._vocabulary.end_ids]

    def _sequence(self, path: _Path) -> Sequence:
        total = sum(log_probability for _, log_probability in path.taken)
        return Sequence(tuple(self._written(path)), total)
