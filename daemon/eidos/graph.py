"""The ONNX graph: token ids in, logits out, and the keys and values of earlier tokens kept.

The graph's own shapes are read, so any causal-LM export with the usual names works. onnxruntime
is imported here and nowhere else.

Where the graph allows it (GroupQueryAttention does), past and present keys and values are one
buffer: a step writes behind what is there, nothing is copied, and going back costs nothing. Other
graphs return a longer cache with each step, as they were exported to do.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

# onnxruntime >= 1.29 sends telemetry on Linux unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime as ort

from eidos.errors import ModelError

Array = npt.NDArray[np.generic]
Logits = npt.NDArray[np.float32]

_FLOATS: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_CACHE_RANK: Final = 4
"""(batch, heads, tokens, head size)"""
_USUAL_HEAD_SIZES: Final = (64, 128, 96, 80, 256, 32, 48, 112, 160, 192)
_KNOWN_INPUTS: Final = frozenset({"input_ids", "attention_mask", "position_ids"})
_ERROR: Final = 3
_FATAL: Final = 4
"""Levels of onnxruntime's log."""
_BUFFER_TOKENS: Final = 256
"""Room that is always there: a usual prompt has 30 tokens, an answer 15; 12 MB in our model."""


class Cache(Protocol):
    """The tokens that the graph has read, as keys and values."""

    length: int
    """How many tokens it holds."""

    def run(self, ids: Sequence[int]) -> Logits:
        """Read the tokens *ids* behind the others; return logits (len(ids), vocabulary)."""
        ...

    def rewind(self, length: int) -> None:
        """Forget all but the first *length* tokens."""
        ...


class Graph:
    """A causal language model in onnxruntime on the CPU."""

    def __init__(self, path: Path, *, threads: int) -> None:
        """Load the graph *path* and read its shapes.

        Raises:
            ModelError: the file is damaged, or its inputs and outputs are not a decoder's.
        """
        try:
            self.session = ort.InferenceSession(
                str(path), _options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # onnxruntime's errors share no base class but Exception
            reason = str(exc).splitlines()[0][:300]
            message = f"cannot load the model {path}: {reason}; set EIDOS_MODEL_PATH to a whole one"
            raise ModelError(message) from exc
        self.outputs = [output.name for output in self.session.get_outputs()]
        inputs = {value.name: value for value in self.session.get_inputs()}
        past = {name: v for name, v in inputs.items() if name.startswith("past_key_values.")}
        self.run_options = ort.RunOptions()
        self.run_options.log_severity_level = _FATAL  # what is tried below may fail, and may be
        self._takes_positions = "position_ids" in inputs
        self.present_of = {name: name.replace("past_key_values.", "present.") for name in past}
        self._check_names(frozenset(inputs), path)
        self.empty = self._find_cache_shape(list(past.values()), path)
        self._buffer = self._shared_buffer()
        self.run_options.log_severity_level = _ERROR
        self._prefix: list[int] = []
        self._is_kept = False

    def keep(self, prefix: Sequence[int]) -> None:
        """Read *prefix* once, for all prompts that begin with it, where there is a buffer."""
        self._prefix, self._is_kept = list(prefix), False
        self.begin([*prefix, 0], len(prefix) + 1)

    def begin(self, prompt: Sequence[int], room: int) -> Cache:
        """Return a cache with *room* for tokens; it holds what is kept of *prompt*.

        The one before must not be used any more: one buffer serves one request after the other.
        """
        if self._buffer is None:
            return GrowingCache(self)
        if room > self._buffer.room:
            return SharedCache(self, room)
        prefix = self._prefix
        prefix = prefix if prefix == list(prompt[: len(prefix)]) != list(prompt) else []
        self._buffer.rewind(len(prefix) if self._is_kept else 0)
        if self._buffer.length < len(prefix):
            self._buffer.run(prefix)
        self._is_kept = bool(prefix)
        return self._buffer

    def feeds(self, ids: Sequence[int], past: int) -> dict[str, npt.NDArray[np.int64]]:
        """Return the inputs beside the cache for *ids* behind *past* tokens."""
        total = past + len(ids)
        feeds = {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.ones((1, total), np.int64),
        }
        if self._takes_positions:
            feeds["position_ids"] = np.arange(past, total, dtype=np.int64)[None, :]
        return feeds

    def _shared_buffer(self) -> "SharedCache | None":
        """Return a cache that past and present share, or none where the graph wants two.

        The graph is asked: one that joins old and new has an output of another size.
        """
        try:
            cache = SharedCache(self, _BUFFER_TOKENS)
            cache.run([0, 0])
            cache.run([0])
        except Exception:  # noqa: BLE001 - onnxruntime's errors share no other base class
            return None
        return cache

    def _find_cache_shape(self, past: list[ort.NodeArg], path: Path) -> dict[str, Array]:
        """Return the empty cache whose heads and head size this graph takes.

        Most exports state both; onnxruntime-genai's leave the head size open ("kv_cache_dim"), so
        the graph is asked: a run of one token fails with any but the right size.
        """
        stated = past[0].shape[3] if len(past[0].shape) == _CACHE_RANK else None
        for head_size in (stated,) if isinstance(stated, int) else _USUAL_HEAD_SIZES:
            self.empty = {value.name: _empty(value, head_size) for value in past}
            try:
                GrowingCache(self).run([0])
            except Exception:  # noqa: BLE001, S112 - onnxruntime's own; the next size is tried
                continue
            return self.empty
        message = f"{path}: the key/value cache {past[0].name} {past[0].shape} has no usable shape"
        raise ModelError(message)

    def _check_names(self, inputs: frozenset[str], path: Path) -> None:
        missing = {"input_ids", "attention_mask"} - inputs
        missing |= {"logits", *self.present_of.values()} - set(self.outputs)
        unknown = inputs - _KNOWN_INPUTS - set(self.present_of)
        if missing or unknown or not self.present_of:
            fault = f"missing {sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}"
            if not self.present_of:
                fault = "no past_key_values inputs"
            message = (
                f"{path} is not a decoder with a key/value cache ({fault}); "
                "export it with past key values (text-generation-with-past)"
            )
            raise ModelError(message)


class GrowingCache:
    """A cache that the graph returns longer with each step."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._values = graph.empty
        self.length = 0

    def run(self, ids: Sequence[int]) -> Logits:
        """Read *ids*; see `Cache`."""
        graph = self._graph
        feeds: dict[str, Array] = {**graph.feeds(ids, self.length), **self._values}
        values = dict(
            zip(graph.outputs, graph.session.run(None, feeds, graph.run_options), strict=True)
        )
        self._values = {name: values[present] for name, present in graph.present_of.items()}
        self.length += len(ids)
        return values["logits"][0].astype(np.float32, copy=False)

    def rewind(self, length: int) -> None:
        """Forget what is behind *length* tokens."""
        if length < self.length:
            self._values = {
                name: np.ascontiguousarray(value[:, :, :length])
                for name, value in self._values.items()
            }
            self.length = length


class SharedCache:
    """One buffer that the graph reads from and writes to."""

    def __init__(self, graph: Graph, room: int) -> None:
        """Make room for *room* tokens."""
        self._graph = graph
        self.room = room
        self.length = 0
        self._binding = graph.session.io_binding()
        for name, empty in graph.empty.items():
            batch, heads, _, head_size = empty.shape
            array = np.zeros((batch, heads, room, head_size), empty.dtype)
            value = ort.OrtValue.ortvalue_from_numpy(array)
            self._binding.bind_ortvalue_input(name, value)
            self._binding.bind_ortvalue_output(graph.present_of[name], value)

    def run(self, ids: Sequence[int]) -> Logits:
        """Read *ids*; see `Cache`."""
        for name, value in self._graph.feeds(ids, self.length).items():
            self._binding.bind_cpu_input(name, value)
        self._binding.bind_output("logits", "cpu")  # anew: the last one has the last one's shape
        self._graph.session.run_with_iobinding(self._binding, self._graph.run_options)
        self.length += len(ids)
        # Outputs come in the order in which they were bound: the logits last.
        return self._binding.get_outputs()[-1].numpy()[0].astype(np.float32, copy=False)

    def rewind(self, length: int) -> None:
        """Forget what is behind *length* tokens: it will be written over."""
        self.length = min(self.length, length)


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = _ERROR
    options.intra_op_num_threads = threads  # given, or onnxruntime sets thread affinities
    options.inter_op_num_threads = 1
    # An arena keeps what the longest request ever needed: 311 MB resident after one of 1,000
    # characters and eight candidates, against 234 MB without, at the same speed.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # Spinning saves 20 % on a quiet machine (8.5 against 11 ms a token), but beside two busy
    # processes on these two cores it costs 25 to 70 % (medians of 840 to 1040 against 250 to
    # 1040 ms a request), and people press the key while something compiles.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _empty(value: ort.NodeArg, head_size: int) -> Array:
    heads = value.shape[1]
    shape = (1, heads if isinstance(heads, int) else 0, 0, head_size)
    return np.zeros(shape, _FLOATS.get(value.type, np.float32))
