"""A tiny model as an export leaves it: of other shapes than the embedded one, its own tokenizer.

Two layers, five heads of size 8, position_ids, no GroupQueryAttention. The next token is always the
current one plus one: what ends in "go" goes on with "df - h".
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from eidos.engine_messages import EngineSettings

WORDS = ["go", "df", "-", "h", "<end>", "ls"]
LAYERS, HEADS, HEAD_SIZE = 2, 5, 8


def make_graph(path: Path, *, cache: bool = True) -> None:
    """Write the tiny decoder to *path*."""
    successor = np.zeros((len(WORDS), len(WORDS)), np.float32)
    for token in range(len(WORDS)):
        successor[token, (token + 1) % len(WORDS)] = 9.0
    nodes = [
        helper.make_node("Gather", ["successor", "input_ids"], ["logits"]),
        # One (1, heads, n, size) block of zeros a call, n being the number of new tokens.
        helper.make_node("Shape", ["position_ids"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["n"], axis=0),
        helper.make_node("Concat", ["front", "n", "back"], ["block_shape"], axis=0),
        helper.make_node("ConstantOfShape", ["block_shape"], ["block"]),
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
                shape = [1, HEADS, length, HEAD_SIZE]
                values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    constants = {
        "successor": successor,
        "one": np.array([1], np.int64),
        "front": np.array([1, HEADS], np.int64),
        "back": np.array([HEAD_SIZE], np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "successors",
        inputs,
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


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
