"""An exported model answers as the trained one does, in the very form that the daemon takes."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from served import END, decoded, last_logits
from tiny_models import ids_of, torch
from tokenizers import Tokenizer

from eidos import drafting, model_files
from eidos.model_files import locate, verify
from training import base
from training.export import Form, export_gguf, export_onnx, told
from training.quantizing import Grid, rounded_parameters

REQUESTS = ["count the lines in notes3.txt", "delete data17.txt", "last lines of log9.txt"]


@pytest.fixture(scope="session")
def rounded(learnt: Path) -> Any:
    """The trained model with its weights as the last steps saw them."""
    model = base.read(learnt / "run" / "model").eval()
    weights = rounded_parameters(dict(model.named_parameters()), Grid(), embedding=Grid())
    with torch.no_grad():
        for name, weight in weights.items():
            model.get_parameter(name).copy_(weight)
    return model


def greedy(model: Any, prompt: list[int]) -> list[int]:
    """Return what transformers' own greedy decoding gives, without the end token."""
    ids = torch.tensor([prompt])
    found = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=24)
    return [i for i in found[0, len(prompt) :].tolist() if i != END]


@pytest.mark.parametrize("request_text", REQUESTS)
def test_the_export_in_float_says_the_same(
    learnt: Path, exported_float: Path, request_text: str
) -> None:
    """Without rounding, onnxruntime gives torch's greedy tokens."""
    prompt = ids_of(learnt, request_text)

    expected = greedy(base.read(learnt / "run" / "model"), prompt)
    assert decoded(exported_float, prompt) == expected


@pytest.mark.parametrize("request_text", REQUESTS)
def test_the_export_in_4_bits_says_what_was_trained(
    learnt: Path, exported: Path, rounded: Any, request_text: str
) -> None:
    """Weights rounded in training lose nothing: the tokens are the same, and the right ones."""
    prompt = ids_of(learnt, request_text)

    found = decoded(exported, prompt)

    assert found == greedy(rounded, prompt)
    tokenizer = Tokenizer.from_file(str(exported / "tokenizer.json"))
    assert tokenizer.decode(found).split()[-1] == request_text.rsplit(maxsplit=1)[-1]


@pytest.mark.parametrize(
    ("form", "matrices", "embedding"),
    [
        (Form(), Grid(), Grid()),
        (Form(block_size=16), Grid(block_size=16), Grid(block_size=16)),
        (Form(symmetric=False), Grid(symmetric=False), Grid(symmetric=False)),
        (Form(embedding_bits=8), Grid(), Grid(bits=8)),
    ],
    ids=["symmetric", "blocks of 16", "asymmetric", "embedding of 8 bits"],
)
def test_training_rounds_as_the_export_does(
    learnt: Path, tmp_path: Path, form: Form, matrices: Grid, embedding: Grid
) -> None:
    """Multiplied in float32, an export's logits are those of the training's own rounding."""
    model = base.read(learnt / "run" / "model").eval()
    prompt = torch.tensor([ids_of(learnt, REQUESTS[0])])
    weights = rounded_parameters(dict(model.named_parameters()), matrices, embedding=embedding)
    with torch.no_grad():
        expected = torch.func.functional_call(model, weights, (prompt,)).logits[0, -1].numpy()

    exact = Form(form.precision, form.block_size, form.symmetric, form.embedding_bits, 1)
    export_onnx(learnt / "run" / "model", tmp_path, exact)

    found = last_logits(tmp_path, prompt[0].tolist())
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_an_export_does_not_tell_of_our_commits(exported: Path) -> None:
    """The same weights give the same file at any commit of ours: it names the builder's version."""
    from onnxruntime_genai import __commit__

    graph = onnx.load(exported / "model.onnx", load_external_data=False)

    assert graph.producer_version.endswith(f"+{__commit__[:7]}")
    assert "GIT_DIR" not in os.environ


def test_the_export_has_the_embedded_models_form(exported: Path) -> None:
    """Inputs and outputs have the names and types of the model that ships."""
    assert signature(exported) == signature(base.TOKENIZER)


def signature(folder: Path) -> set[tuple[str, str]]:
    """Return names and types of the inputs and outputs of *folder*'s graph, of two layers."""
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    values = [*session.get_inputs(), *session.get_outputs()]
    return {(value.name, value.type) for value in values if not _is_of_a_later_layer(value.name)}


def _is_of_a_later_layer(name: str) -> bool:
    numbers = [int(part) for part in name.split(".") if part.isdigit()]
    return bool(numbers) and numbers[0] > 1


def test_an_export_read_back_is_exported_the_same(exported: Path, tmp_path: Path) -> None:
    """Rounded weights are on the grid: to start from an export and change nothing changes none."""
    base.write(base.read(exported), tmp_path / "base", exported)

    export_onnx(tmp_path / "base", tmp_path / "again", Form(), ("shell", "last"))

    before, after = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (exported, tmp_path / "again")
    )
    assert after == before


def test_the_exports_checksums_are_right(exported: Path) -> None:
    """The daemon, which checks them at each start, finds every file sound."""
    checks = verify(locate(str(exported), ""))

    assert len(checks) == 6
    assert all(check.ok for check in checks)


def test_a_table_for_other_tokens_does_not_stay(learnt: Path, tmp_path: Path) -> None:
    """Tokens of another vocabulary may be none of the model's, and reading one fails."""
    table = tmp_path / drafting.FILE
    table.write_bytes(drafting.MAGIC)

    export_onnx(learnt / "run" / "model", tmp_path, Form())

    assert not table.exists()


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("{}", ("shell", "os", "last", "files")),
        ('{"seconds": 600, "context": ["shell"]}', ("shell",)),
        (None, ()),
    ],
    ids=["any corpus", "a corpus that says less", "no training of ours"],
)
def test_a_run_tells_what_its_model_reads(
    tmp_path: Path, card: str | None, expected: tuple[str, ...]
) -> None:
    """All that a context has, what the card of the run names, or nothing without a card."""
    if card is not None:
        (tmp_path / "card.json").write_text(card)

    assert told(tmp_path) == expected


def test_the_daemon_reads_what_to_tell(exported: Path) -> None:
    """The export's eidos.json is the one that the daemon looks for beside a model."""
    assert model_files.told(locate(str(exported), "")) == ("shell", "last")


@pytest.mark.parametrize(("kind", "worst"), [("F16", 1e-3), ("Q8_0", 0.01), ("Q4_0", 0.12)])
def test_a_gguf_holds_the_same_weights(
    learnt: Path, tmp_path: Path, kind: str, worst: float
) -> None:
    """What is written for llama.cpp is read back as the same model, but for the rounding."""
    model = base.read(learnt / "run" / "model")
    export_gguf(model, learnt / "tokenizer", tmp_path / "model.gguf", kind)

    found = base.read(tmp_path / "model.gguf")

    assert found.config.rope_parameters == model.config.rope_parameters
    for name, weight in model.state_dict().items():
        error = (found.state_dict()[name] - weight).abs().max() / weight.abs().max()
        assert error < worst, name


def test_a_4_bit_gguf_has_the_exports_levels(learnt: Path, tmp_path: Path, rounded: Any) -> None:
    """Q4_0 rounds rounded weights to themselves, but for its float16 scales."""
    export_gguf(rounded, learnt / "tokenizer", tmp_path / "model.gguf", "Q4_0")

    found = base.read(tmp_path / "model.gguf").state_dict()

    for name, weight in rounded.state_dict().items():
        torch.testing.assert_close(found[name], weight, rtol=2e-3, atol=1e-5)


@pytest.fixture(scope="session")
def exported(learnt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as it would ship."""
    folder = tmp_path_factory.mktemp("exported")
    export_onnx(learnt / "run" / "model", folder, Form(), ("shell", "last"))
    return folder


@pytest.fixture(scope="session")
def exported_float(learnt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model without any rounding."""
    folder = tmp_path_factory.mktemp("float")
    export_onnx(learnt / "run" / "model", folder, Form("fp32"))
    return folder
