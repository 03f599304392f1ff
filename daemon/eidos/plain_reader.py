"""Reading with any decoder's graph, one part after the other.

The graph returns a longer cache with each step, as it was exported to do. The cache follows the
trail that is read: what it has in common with the one before is not read again.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import numpy as np
import numpy.typing as npt

from eidos.graph import Array, Graph
from eidos.reading import Part, Row, Trail

CHOICES: Final = 5
"""How many of the likeliest tokens a row has."""

Logits = npt.NDArray[np.float32]


class PlainReader:
    """A reader for graphs that take one sequence and return logits."""

    slots = 1

    def __init__(self, graph: Graph) -> None:
        """Read with *graph*."""
        self._graph = graph
        self._values: dict[str, Array] = graph.empty
        self._held: list[int] = []

    def keep(self, prefix: Sequence[int]) -> None:
        """Do nothing: what a prompt has in common with the one before is not read again."""

    def trail_for(self, prompt: Sequence[int]) -> Trail:  # noqa: ARG002 - nothing is kept for it
        """Return a new trail without tokens."""
        return Trail()

    def fork(self, trail: Trail, length: int) -> Trail:
        """Return a new trail with the first *length* tokens of *trail*."""
        return Trail(trail.ids[:length])

    def read(self, parts: Sequence[Part]) -> list[list[Row]]:
        """Read the *parts* one after the other; return the wanted rows of each."""
        return [self._read(part) for part in parts]

    def logits(self, ids: Sequence[int], wanted: int) -> Logits:
        """Read *ids* from their beginning; return logits for the last of them, (wanted, tokens)."""
        pairs = zip(ids, self._held, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        same = min(same, len(ids) - wanted)
        if same < len(self._held):
            self._values = {
                name: np.ascontiguousarray(value[:, :, :same])
                for name, value in self._values.items()
            }
            self._held = self._held[:same]
        graph = self._graph
        feeds = {**graph.feeds(list(ids[same:]), same), **self._values}
        values = dict(
            zip(graph.outputs, graph.session.run(None, feeds, graph.run_options), strict=True)
        )
        self._values = {name: values[present] for name, present in graph.present_of.items()}
        self._held = list(ids)
        return values["logits"][0][-wanted:].astype(np.float32, copy=False)

    def _read(self, part: Part) -> list[Row]:
        part.trail.ids.extend(part.ids)
        if not part.targets:
            return []  # they are read with what comes behind them
        logits = self.logits(part.trail.ids, len(part.targets))
        return [row_of(row, target) for row, target in zip(logits, part.targets, strict=True)]


def row_of(logits: Logits, target: int) -> Row:
    """Return what *logits* (tokens,) say of the likeliest tokens and of *target*."""
    top = logits.max()
    log_total = float(top + np.log(np.exp(logits - top).sum()))
    likeliest = np.argpartition(logits, -min(CHOICES, len(logits)))[-CHOICES:]
    tokens = likeliest[np.argsort(-logits[likeliest], kind="stable")]
    log_probabilities = (logits[tokens] - log_total).tolist()
    return Row(tokens.tolist(), log_probabilities, float(logits[target]) - log_total)
