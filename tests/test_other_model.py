"""Another model than the embedded one: a tiny export with other shapes and its own tokenizer.

The graph is built here: two layers, five heads of size 8, position_ids, no GroupQueryAttention.
Its next token is always the current one plus one, so "count" must be followed by its successors.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from real_daemon import RealDaemon
from tokenizers import Tokenizer as Builder
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from eidos.engine import Engine
from eidos.engine_messages import EngineSettings, Job
from eidos.errors import ModelError
from eidos.protocol import Suggestions

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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with graph, tokenizer and settings, as an export leaves them."""
    make_graph(tmp_path / "model.onnx")
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Builder(WordLevel(vocabulary, unk_token="go"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<end>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    settings = {"eos_token": "<end>", "chat_template": "{{ messages[0].content }} go"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    return tmp_path


def settings(folder: Path) -> EngineSettings:
    """Return engine settings for the model in *folder*."""
    return EngineSettings(
        model_path=str(folder), tokenizer_path="", threads=1, max_tokens=20, log_level="info"
    )


def test_shapes_template_and_end_token_come_from_the_model(folder: Path) -> None:
    """Nothing of the embedded model is assumed of another."""
    engine = Engine(settings(folder))

    done = engine.generate(Job(id="x", text="ls", count=1))

    assert [draft.text for draft in done.drafts] == ["df - h"]
    assert engine.loaded.model == folder.name


def test_a_daemon_serves_the_model_that_was_named(stopped: RealDaemon, folder: Path) -> None:
    """EIDOS_MODEL_PATH changes who answers, and status says so."""
    stopped.start(EIDOS_MODEL_PATH=str(folder)).until_loaded()

    reply = stopped.ask("ls")

    assert isinstance(reply, Suggestions)
    assert reply.candidates[0].command == "df - h"
    assert stopped.status()["model"]["name"] == folder.name


def test_a_model_without_a_cache_is_refused_with_its_cure(folder: Path) -> None:
    """An export without past_key_values is named, and how to export it right."""
    make_graph(folder / "model.onnx", cache=False)

    with pytest.raises(ModelError, match=r"no past_key_values inputs.*export it with past"):
        Engine(settings(folder))


def test_a_tokenizer_without_an_end_token_is_refused(folder: Path) -> None:
    """Without an end token decoding would never stop; the error says what to add."""
    (folder / "tokenizer_config.json").write_text("{}")

    with pytest.raises(ModelError, match=r"add eos_token to tokenizer_config\.json"):
        Engine(settings(folder))


def test_a_damaged_tokenizer_is_named(folder: Path) -> None:
    """A truncated tokenizer.json gives its name and the setting."""
    (folder / "tokenizer.json").write_text('{"version": "1.0", ')

    with pytest.raises(ModelError, match=r"cannot read the tokenizer .*EIDOS_TOKENIZER_PATH"):
        Engine(settings(folder))


def test_a_truncated_embedded_like_model_is_refused_by_its_checksum(folder: Path) -> None:
    """A model that ships SHA256SUMS is not served when a file differs, even if it still loads."""
    wrong = hashlib.sha256(b"another file").hexdigest()
    (folder / "SHA256SUMS").write_text(f"{wrong}  model.onnx\n")

    with pytest.raises(ModelError, match=r"model\.onnx is damaged: its SHA-256 is"):
        Engine(settings(folder))
