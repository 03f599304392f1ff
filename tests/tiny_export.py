"""A tiny model as an export leaves it: of other shapes than the embedded one, its own tokenizer.

Two layers, five heads of size 32, position_ids, no GroupQueryAttention. The next token is always
the current one plus one: what ends in "go" goes on with "df - h". What was read before shows a
little, in the logit of "ls": `logits_after` says how.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from eidos.engine_messages import EngineSettings

WORDS = ["go", "df", "-", "h", "<end>", "ls"]
LAYERS, HEADS, HEAD_SIZE = 2, 5, 32
SURE = 9.0
"""The logit of what follows."""
MEMORY = 1 / 64
"""What each token that was read adds to the logit of "ls", times its number."""


def logits_after(ids: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return the logits that the tiny decoder has behind *ids*."""
    logits = np.zeros(len(WORDS), np.float32)
    logits[(ids[-1] + 1) % len(WORDS)] = SURE
    logits[WORDS.index("ls")] += MEMORY * sum(ids)
    return logits


def make_graph(path: Path, *, cache: bool = True, head_size: int | None = HEAD_SIZE) -> None:
    """Write the tiny decoder to *path*, which states *head_size*, or leaves it open."""
    nodes = [
        helper.make_node("Gather", ["successor", "input_ids"], ["next"]),
        # What is kept of a token is its number, in every head and every place of it.
        helper.make_node("Shape", ["input_ids"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["n"], axis=0),
        helper.make_node("Concat", ["front", "n", "back"], ["block_shape"], axis=0),
        helper.make_node("Cast", ["input_ids"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["numbers", "around"], ["column"]),
        helper.make_node("Expand", ["column", "block_shape"], ["block"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [1, length])
        for name, length in (("input_ids", "n"), ("attention_mask", "t"), ("position_ids", "n"))
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, "n", len(WORDS)])]
    for layer in range(LAYERS if cache else 0):
        for kind in ("key", "value"):
            past, present = f"past_key_values.{layer}.{kind}", f"present.{layer}.{kind}"
            nodes.append(helper.make_node("Concat", [past, "block"], [present], axis=2))
            for name, values, length in ((past, inputs, "p"), (present, outputs, "t")):
                shape = [1, HEADS, length, head_size or "kv_cache_dim"]
                values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    if cache:  # joined, an empty cache of another size would pass; added, it fails
        first = helper.make_node("ReduceSum", ["past_key_values.0.key", "tokens_axis"], ["sum"])
        check = helper.make_node("Mul", ["sum", "none"], ["zeros"])
        nodes += [first, check]
    last = f"present.{LAYERS - 1}.value" if cache else "block"
    nodes += [
        helper.make_node("CumSum", [last, "two"], ["all_sums"]),
        helper.make_node("Add", ["all_sums", "zeros"], ["sums"])
        if cache
        else helper.make_node("Identity", ["all_sums"], ["sums"]),
        helper.make_node("Neg", ["n"], ["new"]),
        helper.make_node("Slice", ["sums", "new", "end", "tokens_axis"], ["new_sums"]),
        helper.make_node("ReduceMean", ["new_sums"], ["read"], axes=[1, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["read", "tokens_axis"], ["read_column"]),
        helper.make_node("Mul", ["read_column", "memory"], ["remembered"]),
        helper.make_node("Add", ["next", "remembered"], ["logits"]),
    ]
    graph = helper.make_graph(nodes, "successors", inputs, outputs, _constants())
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


def _constants() -> list[TensorProto]:
    memory = np.zeros((1, 1, len(WORDS)), np.float32)
    memory[..., WORDS.index("ls")] = MEMORY
    constants = {
        "successor": SURE * np.roll(np.eye(len(WORDS), dtype=np.float32), 1, axis=1),
        "memory": memory,
        "one": np.array([1], np.int64),
        "two": np.array(2, np.int64),
        "none": np.array(0, np.float32),
        "tokens_axis": np.array([2], np.int64),
        "end": np.array([np.iinfo(np.int64).max], np.int64),
        "around": np.array([1, 3], np.int64),
        "front": np.array([1, HEADS], np.int64),
        "back": np.array([HEAD_SIZE], np.int64),
    }
    return [numpy_helper.from_array(value, name) for name, value in constants.items()]


def make_model(folder: Path) -> None:
    """Write graph, tokenizer and settings into *folder*."""
    make_graph(folder / "model.onnx")
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="go"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<end>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"eos_token": "<end>", "chat_template": "{{ messages[0].content }} go"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def settings(folder: Path) -> EngineSettings:
    """Return engine settings for the model in *folder*."""
    return EngineSettings(
        model_path=str(folder), tokenizer_path="", threads=1, max_tokens=20, log_level="info"
    )
