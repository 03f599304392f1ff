"""From token ids to the likeliest continuations: the loop around the ONNX graph.

The decoder knows nothing of text. It reads the graph's own shapes, so any causal-LM export with
the usual names works. onnxruntime is imported here and nowhere else.

One candidate is greedy decoding. Further ones branch off the greedy path where another token was
likeliest to be taken: that one is taken instead, and decoding goes on greedily. The keys and
values before the branch are reused, so a further candidate costs its own tail only. Branches are
allowed between words only: within one, the runner-up is a misspelling ("gitreset", "find / var").
"""

import os
from dataclasses import dataclass
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
_CHOICES: Final = 5
"""How many tokens are remembered at each step."""
_KNOWN_INPUTS: Final = frozenset({"input_ids", "attention_mask", "position_ids"})


@dataclass(frozen=True, slots=True)
class Sequence:
    """Token ids without the end token, and the natural logarithm of their probability."""

    ids: tuple[int, ...]
    log_probability: float


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
    """A causal language model with a key/value cache, in onnxruntime on the CPU."""

    def __init__(self, path: Path, *, threads: int) -> None:
        """Load the graph *path* and read its shapes.

        Raises:
            ModelError: the file is damaged, or its inputs and outputs are not a decoder's.
        """
        try:
            self._session = ort.InferenceSession(
                str(path), _options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # onnxruntime's errors share no base class but Exception
            reason = str(exc).splitlines()[0][:300]
            message = f"cannot load the model {path}: {reason}; set EIDOS_MODEL_PATH to a whole one"
            raise ModelError(message) from exc
        self._outputs = [output.name for output in self._session.get_outputs()]
        inputs = {value.name: value for value in self._session.get_inputs()}
        past = {name: v for name, v in inputs.items() if name.startswith("past_key_values.")}
        self._takes_positions = "position_ids" in inputs
        self._present_of = {name: name.replace("past_key_values.", "present.") for name in past}
        self._check_names(frozenset(inputs), path)
        self._empty_cache = self._find_cache_shape(list(past.values()), path)

    def decode(
        self, prompt: list[int], *, count: int, max_tokens: int, vocabulary: Vocabulary
    ) -> list[Sequence]:
        """Return up to *count* distinct continuations of *prompt*, likeliest first.

        A continuation that does not end within *max_tokens* is returned cut off.
        """
        run = _Run(self, vocabulary.end_ids, max_tokens)
        steps, cache = run.greedy(np.array([prompt], np.int64), self._empty_cache, past=0)
        found = {sequence.ids: sequence for sequence in [_sequence(steps, vocabulary.end_ids)]}
        if count == 1:
            return list(found.values())
        # More branches are tried than are wanted: some end in a continuation found before.
        for branch in _branches(steps, vocabulary)[: 2 * (count - 1)]:
            if len(found) >= count:
                break
            path = run.follow(branch, steps, cache, past=len(prompt) + branch.at)
            sequence = _sequence(path, vocabulary.end_ids)
            if sequence.ids:
                found.setdefault(sequence.ids, sequence)
        return sorted(found.values(), key=lambda sequence: -sequence.log_probability)

    def step(
        self, ids: npt.NDArray[np.int64], cache: dict[str, Array], past: int
    ) -> tuple[Logits, dict[str, Array]]:
        """Run *ids* (1, n) after *past* cached tokens; return logits (vocabulary,) and cache.

        The logits are those of the last token; the cache holds past + n tokens.
        """
        total = past + ids.shape[1]
        feeds: dict[str, Array] = {
            "input_ids": ids,
            "attention_mask": np.ones((1, total), np.int64),
            **cache,
        }
        if self._takes_positions:
            feeds["position_ids"] = np.arange(past, total, dtype=np.int64)[None, :]
        values = dict(zip(self._outputs, self._session.run(None, feeds), strict=True))
        grown = {name: values[present] for name, present in self._present_of.items()}
        return values["logits"][0, -1].astype(np.float32), grown

    def _find_cache_shape(self, past: list[ort.NodeArg], path: Path) -> dict[str, Array]:
        """Return the empty cache whose heads and head size this graph takes.

        Most exports state both; onnxruntime-genai's leave the head size open ("kv_cache_dim"), so
        the graph is asked: a run of one token fails with any but the right size.
        """
        stated = past[0].shape[3] if len(past[0].shape) == _CACHE_RANK else None
        for head_size in (stated,) if isinstance(stated, int) else _USUAL_HEAD_SIZES:
            cache = {value.name: _empty(value, head_size) for value in past}
            try:
                self.step(np.zeros((1, 1), np.int64), cache, past=0)
            except Exception:  # noqa: BLE001, S112 - onnxruntime's own; the next size is tried
                continue
            return cache
        message = f"{path}: the key/value cache {past[0].name} {past[0].shape} has no usable shape"
        raise ModelError(message)

    def _check_names(self, inputs: frozenset[str], path: Path) -> None:
        missing = {"input_ids", "attention_mask"} - inputs
        missing |= {"logits", *self._present_of.values()} - set(self._outputs)
        unknown = inputs - _KNOWN_INPUTS - set(self._present_of)
        if missing or unknown or not self._present_of:
            fault = f"missing {sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}"
            if not self._present_of:
                fault = "no past_key_values inputs"
            message = (
                f"{path} is not a decoder with a key/value cache ({fault}); "
                "export it with past key values (text-generation-with-past)"
            )
            raise ModelError(message)


class _Run:
    """The decoding of one prompt."""

    def __init__(self, decoder: Decoder, end_ids: frozenset[int], max_tokens: int) -> None:
        self._decoder = decoder
        self._end_ids = end_ids
        self._max_tokens = max_tokens

    def greedy(
        self, ids: npt.NDArray[np.int64], cache: dict[str, Array], past: int, done: int = 0
    ) -> tuple[list[_Step], dict[str, Array]]:
        """Decode until an end token, or until *done* + new tokens are max_tokens."""
        steps: list[_Step] = []
        while done + len(steps) < self._max_tokens:
            logits, cache = self._decoder.step(ids, cache, past)
            past += ids.shape[1]
            steps.append(_choose(logits))
            if steps[-1].token in self._end_ids:
                break
            ids = np.array([[steps[-1].token]], np.int64)
        return steps, cache

    def follow(
        self, branch: _Branch, steps: list[_Step], cache: dict[str, Array], past: int
    ) -> list[_Step]:
        """Leave the greedy *steps* at *branch*, after *past* cached tokens; go on greedily."""
        taken = [*steps[: branch.at], _Step(branch.token, branch.log_probability, ())]
        if branch.token in self._end_ids:
            return taken
        shared = {name: np.ascontiguousarray(kv[:, :, :past]) for name, kv in cache.items()}
        ids = np.array([[branch.token]], np.int64)
        tail, _ = self.greedy(ids, shared, past, done=len(taken))
        return [*taken, *tail]


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
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


def _choose(logits: Logits) -> _Step:
    likeliest = np.argpartition(logits, -_CHOICES)[-_CHOICES:]
    ordered = likeliest[np.argsort(-logits[likeliest], kind="stable")]
    top = logits[ordered[0]]
    log_total = top + np.log(np.exp(logits - top).sum())
    choices = [(int(token), float(logits[token] - log_total)) for token in ordered]
    return _Step(*choices[0], others=tuple(choices[1:]))


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
