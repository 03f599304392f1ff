"""The ONNX graph: loaded, its names checked and its shapes found, ready to be run.

The graph's own shapes are read, so any causal-LM export with the usual names works. onnxruntime
is imported here and nowhere else. `packed_reader.py` runs graphs that training/serving.py made,
`plain_reader.py` all others.
"""

import os
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

# onnxruntime >= 1.29 sends telemetry on Linux unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime as ort

from eidos.errors import ModelError

Array = npt.NDArray[np.generic]

_FLOATS: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_CACHE_RANK: Final = 4
"""(batch, heads, tokens, head size)"""
_USUAL_HEAD_SIZES: Final = (64, 128, 96, 80, 256, 32, 48, 112, 160, 192)
_KNOWN_INPUTS: Final = frozenset({"input_ids", "attention_mask", "position_ids"})
_SERVING_INPUTS: Final = frozenset({"position_ids", "attention_bias", "rows", "next_ids"})
CHOICES: Final = ("top_ids", "top_logits", "log_total", "next_logits")
"""What training/serving.py puts in place of the logits."""
_ERROR: Final = 3
_FATAL: Final = 4
"""Levels of onnxruntime's log."""


class Graph:
    """A causal language model in onnxruntime on the CPU."""

    def __init__(self, path: Path, *, threads: int, is_prepared: bool = False) -> None:
        """Load the graph *path* and read its shapes; one that *is_prepared* is optimized already.

        Raises:
            ModelError: the file is damaged, or its inputs and outputs are not a decoder's.
        """
        options = session_options(threads)
        if is_prepared:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self.session = ort.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # onnxruntime's errors share no base class but Exception
            reason = str(exc).splitlines()[0][:300]
            message = f"cannot load the model {path}: {reason}; set EIDOS_MODEL_PATH to a whole one"
            raise ModelError(message) from exc
        self.outputs = [output.name for output in self.session.get_outputs()]
        inputs = {value.name: value for value in self.session.get_inputs()}
        past = {name: v for name, v in inputs.items() if name.startswith("past_key_values.")}
        self.is_packed = frozenset(inputs) >= _SERVING_INPUTS and set(self.outputs) >= {*CHOICES}
        """Whether one pass may read tokens of several sequences."""
        self._takes_positions = "position_ids" in inputs
        self.present_of = {name: name.replace("past_key_values.", "present.") for name in past}
        self._check_names(frozenset(inputs), path)
        self.run_options = ort.RunOptions()
        self.run_options.log_severity_level = _FATAL  # what is tried below may fail, and may be
        self.empty = self._find_cache_shape(list(past.values()), path)
        """The inputs of a cache that holds no token."""
        self.run_options.log_severity_level = _ERROR

    def feeds(self, ids: list[int], past: int) -> dict[str, Array]:
        """Return the inputs of a plain graph beside the cache, for *ids* behind *past* tokens."""
        total = past + len(ids)
        feeds: dict[str, Array] = {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.ones((1, total), np.int64),
        }
        if self._takes_positions:
            feeds["position_ids"] = np.arange(past, total, dtype=np.int64)[None, :]
        return feeds

    def _find_cache_shape(self, past: list[ort.NodeArg], path: Path) -> dict[str, Array]:
        """Return the empty cache whose heads and head size this graph takes.

        Most exports state both; onnxruntime-genai's leave the head size open ("kv_cache_dim"), so
        the graph is asked: a run of one token fails with any but the right size.
        """
        stated = past[0].shape[3] if len(past[0].shape) == _CACHE_RANK else None
        one = self.feeds([0], 0)
        if self.is_packed:
            one |= {
                "attention_bias": np.zeros((1, 1, 1, 1), np.float32),
                "rows": np.zeros(1, np.int64),
                "next_ids": np.zeros((1, 1, 1), np.int64),
            }
        for head_size in (stated,) if isinstance(stated, int) else _USUAL_HEAD_SIZES:
            empty = {value.name: _empty(value, head_size) for value in past}
            try:
                self.session.run(None, {**one, **empty}, self.run_options)
            except Exception:  # noqa: BLE001, S112 - onnxruntime's own; the next size is tried
                continue
            return empty
        message = f"{path}: the key/value cache {past[0].name} {past[0].shape} has no usable shape"
        raise ModelError(message)

    def _check_names(self, inputs: frozenset[str], path: Path) -> None:
        known = (_KNOWN_INPUTS | _SERVING_INPUTS) if self.is_packed else _KNOWN_INPUTS
        missing = {"input_ids", "attention_mask"} - inputs
        missing |= {*self.present_of.values()} - set(self.outputs)
        if not self.is_packed:
            missing |= {"logits"} - set(self.outputs)
        unknown = inputs - known - set(self.present_of)
        if missing or unknown or not self.present_of:
            fault = f"missing {sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}"
            if not self.present_of:
                fault = "no past_key_values inputs"
            message = (
                f"{path} is not a decoder with a key/value cache ({fault}); "
                "export it with past key values (text-generation-with-past)"
            )
            raise ModelError(message)


def on_top_of(array: Array) -> ort.OrtValue:
    """Return *array* as onnxruntime takes it, the memory being the same."""
    return ort.OrtValue.ortvalue_from_numpy(array)


def session_options(threads: int) -> ort.SessionOptions:
    """Return what a session on *threads* threads is told."""
    options = ort.SessionOptions()
    options.log_severity_level = _ERROR
    options.intra_op_num_threads = threads  # given, or onnxruntime sets thread affinities
    options.inter_op_num_threads = 1
    # An arena keeps what the longest request ever needed: 311 MB resident after one of 1,000
    # characters and eight candidates, against 234 MB without, at the same speed.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # Weights are put in the kernels' order at load: on all threads 242 ms instead of 332.
    options.add_session_config_entry("session.prepack.enable_parallel", "1")
    # A pass has some 240 steps that both threads share, 20 to 200 µs each: a thread that waits for
    # the next one asleep is late for it. Without spinning a token takes 12.9 ms (p90 16.0), with
    # 30 µs of it 8.9 ms (13.7), with onnxruntime's own, longer, 9.7 ms (20.6), while other programs
    # wanted three cores of these two (benchmarks/threads.py). Nothing spins between requests.
    spins = threads > 1
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spins)))
    if spins:
        options.add_session_config_entry("session.intra_op.spin_duration_us", "30")
    return options


def _empty(value: ort.NodeArg, head_size: int) -> Array:
    heads = value.shape[1]
    shape = (1, heads if isinstance(heads, int) else 0, 0, head_size)
    return np.zeros(shape, _FLOATS.get(value.type, np.float32))
