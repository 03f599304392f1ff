"""Reading tokens of many sequences in one pass, with graphs that training/serving.py made.

The keys and values of all of them stand in one buffer, each token in a place of its own, in the
order in which they were read; past and present are the same memory, and nothing is copied. A bias
says which places a token sees: those of its trail. Places that no trail has any more are garbage
until room is needed; then what is left is moved together. (Positions are in the keys already, so a
token may lie anywhere.) This is paged attention with pages of one token, in onnxruntime's words.
"""

from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakSet

import numpy as np

from eidos.graph import CHOICES, Array, Graph, on_top_of
from eidos.reading import Part, Row, Trail

PLACES: Final = 256
"""Of the buffer, while nobody needs more: 12 MB in our model, enough for six usual requests."""
_STEP: Final = 128
"""Places that are added at a time."""
_LEAST_TOKENS: Final = 2
"""Of a pass. onnxruntime multiplies a single row in another order, which changes the last bit of a
number; rounding to 8 bits makes of it a tenth of a logit, and of ten answers one is another one.
With two rows and more each comes out the same, whatever else is read with it."""
_PADDING: Final = 0
_HIDDEN: Final = -1e9
"""Added to what a token does not see. Not minus infinity: onnxruntime subtracts it from itself."""


class PackedReader:
    """A reader with one buffer for all trails."""

    slots = 6

    def __init__(self, graph: Graph) -> None:
        """Read with *graph*, which is packed."""
        self._graph = graph
        self._trails: WeakSet[Trail] = WeakSet()
        self._end = 0
        self._allocate(PLACES)
        self._kept = Trail()

    def keep(self, prefix: Sequence[int]) -> None:
        """Read *prefix* once, for all prompts that begin with it."""
        kept = self._track(Trail())
        self.read([Part(kept, prefix)])
        self._kept = kept

    def trail_for(self, prompt: Sequence[int]) -> Trail:
        """Return a new trail, which has the kept prefix if *prompt* begins with it and goes on."""
        length = len(self._kept.ids)
        is_begun = len(prompt) > length and self._kept.ids == list(prompt[:length])
        return self.fork(self._kept, length if is_begun else 0)

    def fork(self, trail: Trail, length: int) -> Trail:
        """Return a new trail with the first *length* tokens of *trail*."""
        return self._track(Trail(trail.ids[:length], trail.places[:length]))

    def read(self, parts: Sequence[Part]) -> list[list[Row]]:
        """Read all *parts* in one pass; return the wanted rows of each.

        If onnxruntime fails, the trails are as they were.
        """
        count = sum(len(part.ids) for part in parts)
        if not count:
            return [[] for _ in parts]
        if count < _LEAST_TOKENS:
            return self.read([*parts, Part(Trail(), [_PADDING])])[: len(parts)]
        self._make_room(count + 1)
        if not self._end and len(parts) > 1:
            # With nothing read before, onnxruntime's attention takes a token's place for its
            # position: right for one sequence, wrong for those beside it. So one place stays bare.
            self._end = 1
        rows, targets = _wanted(parts)
        feeds = {
            **self._feeds(parts, count),
            "rows": np.array(rows or [0], np.int64),
            "next_ids": np.array(targets or [0], np.int64)[None, :, None],
        }
        for name, value in feeds.items():
            self._binding.bind_cpu_input(name, value)
        for name in CHOICES:  # anew: the last ones have the last ones' shapes
            self._binding.bind_output(name, "cpu")
        self._graph.session.run_with_iobinding(self._binding, self._graph.run_options)
        for part in parts:
            part.trail.ids.extend(part.ids)
            part.trail.places.extend(range(self._end, self._end + len(part.ids)))
            self._end += len(part.ids)
        # Outputs come in the order in which they were bound: these last.
        outputs = [value.numpy()[0] for value in self._binding.get_outputs()[-len(CHOICES) :]]
        found = iter(_rows(outputs))
        return [[next(found) for _ in part.targets] for part in parts]

    def _feeds(self, parts: Sequence[Part], count: int) -> dict[str, Array]:
        """Return the inputs for the *count* tokens of *parts* behind what is in the buffer."""
        total = self._end + count
        bias = np.full((count, total), _HIDDEN, np.float32)
        positions = np.empty(count, np.int64)
        ids: list[int] = []
        for part in parts:
            begin, end = len(ids), len(ids) + len(part.ids)
            own = slice(begin, end)
            bias[own, part.trail.places] = 0
            bias[own, self._end + begin : self._end + end][np.tri(end - begin, dtype=bool)] = 0
            length = len(part.trail.ids)
            positions[own] = np.arange(length, length + len(part.ids))
            ids.extend(part.ids)
        return {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.ones((1, total), np.int64),
            "position_ids": positions[None],
            "attention_bias": bias[None, None],
        }

    def _track(self, trail: Trail) -> Trail:
        self._trails.add(trail)
        return trail

    def _make_room(self, count: int) -> None:
        """Give up what no trail has any more, and see to it that *count* tokens fit behind it."""
        live = sorted({place for trail in self._trails for place in trail.places})
        places = self._places_for(len(live) + count)
        is_in_order = not live or live[-1] == len(live) - 1
        if places == self._places and is_in_order:
            self._end = len(live)
        elif places > self._places or self._end + count > self._places or is_in_order:
            old = self._buffers
            if places != self._places:
                self._allocate(places)
            self._move(live, old)
            self._end = len(live)

    def _places_for(self, tokens: int) -> int:
        """Return how many places to have for *tokens*; fewer again when half of PLACES will do."""
        if tokens <= PLACES // 2 or tokens <= PLACES == self._places:
            return PLACES
        return max(self._places, -(-tokens // _STEP) * _STEP)

    def _move(self, live: list[int], old: dict[str, Array]) -> None:
        """Put what lies in the places *live* of *old* side by side at the buffer's beginning."""
        for name, values in self._buffers.items():
            values[:, :, : len(live)] = old[name][:, :, live]
        new = {place: number for number, place in enumerate(live)}
        for trail in self._trails:
            trail.places[:] = [new[place] for place in trail.places]

    def _allocate(self, places: int) -> None:
        """Have buffers of *places* tokens, which read nothing and write nothing yet."""
        buffers: dict[str, Array] = {}
        binding = self._graph.session.io_binding()
        for name, empty in self._graph.empty.items():
            batch, heads, _, head_size = empty.shape
            buffers[name] = np.zeros((batch, heads, places, head_size), empty.dtype)
            value = on_top_of(buffers[name])
            binding.bind_ortvalue_input(name, value)
            binding.bind_ortvalue_output(self._graph.present_of[name], value)
        # All at once: where there is no memory for the new ones, the old ones stay in use.
        self._places, self._buffers, self._binding = places, buffers, binding


def _wanted(parts: Sequence[Part]) -> tuple[list[int], list[int]]:
    """Return the numbers of the tokens of *parts* behind which rows are wanted, and the targets."""
    rows: list[int] = []
    targets: list[int] = []
    end = 0
    for part in parts:
        end += len(part.ids)
        rows.extend(range(end - len(part.targets), end))
        targets.extend(part.targets)
    return rows, targets


def _rows(outputs: Sequence[Any]) -> list[Row]:
    """Return the rows in *outputs*, which are as CHOICES names them."""
    top_ids, top_logits, log_total, next_logits = outputs
    log_probabilities = (top_logits - log_total[:, None]).tolist()
    nexts = (next_logits[:, 0] - log_total).tolist()
    tokens = top_ids.tolist()
    return [Row(*each) for each in zip(tokens, log_probabilities, nexts, strict=True)]
