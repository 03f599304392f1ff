"""Finding a model's files, and finding out that one is missing or damaged."""

from pathlib import Path

import pytest

from eidos import model_files
from eidos.errors import ModelError
from eidos.resources import model_dir


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a tiny model of its own and a true list of checksums."""
    (tmp_path / "model.onnx").write_bytes(b"graph")
    (tmp_path / "tokenizer.json").write_text("{}")
    files = model_files.locate(str(tmp_path), "")
    lines = [f"{check.detail}  {check.path.name}" for check in model_files.verify(files)]
    (tmp_path / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_embedded_model_is_whole() -> None:
    """The model in the package is, byte for byte, the one that was trained and measured."""
    files = model_files.locate("", "")

    checks = model_files.verify(files)

    assert files.embedded
    assert {check.path.name for check in checks} == {
        "model.onnx",
        "model.onnx.data",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "drafts.ngrams",
    }
    assert all(check.ok for check in checks)
    sums = (model_dir() / model_files.SUMS).read_text()
    assert model_files.sha256_of_model(files, checks) in sums


@pytest.mark.parametrize("given", ["folder", "file"])
def test_a_model_may_be_named_by_folder_or_file(copy: Path, given: str) -> None:
    """model_path takes the ONNX file or the folder that holds model.onnx."""
    path = copy if given == "folder" else copy / "model.onnx"

    files = model_files.locate(str(path), "")

    assert files.model == copy / "model.onnx"
    assert files.tokenizer == copy / "tokenizer.json"
    assert not files.embedded
    assert files.name == copy.name


def test_a_missing_model_is_named_with_its_setting(tmp_path: Path) -> None:
    """The error says which file and which setting."""
    with pytest.raises(ModelError, match=r"no file .*/none\.onnx; set EIDOS_MODEL_PATH"):
        model_files.locate(str(tmp_path / "none.onnx"), "")


def test_a_missing_tokenizer_is_named_with_its_setting(tmp_path: Path) -> None:
    """A model without a tokenizer beside it asks for tokenizer_path."""
    (tmp_path / "model.onnx").write_bytes(b"graph")

    with pytest.raises(ModelError, match=r"tokenizer\.json; set EIDOS_TOKENIZER_PATH"):
        model_files.locate(str(tmp_path), "")


@pytest.mark.parametrize("damage", ["flip a bit", "truncate", "remove"])
def test_a_damaged_file_is_found(copy: Path, damage: str) -> None:
    """One flipped bit, a missing tail and a missing file are each reported for their file."""
    victim = copy / "tokenizer.json"
    if damage == "remove":
        files = model_files.locate(str(copy), "")
        victim.unlink()
    else:
        victim.write_bytes(b"{~" if damage == "flip a bit" else b"{")
        files = model_files.locate(str(copy), "")

    checks = model_files.verify(files)

    assert [check.path for check in checks if not check.ok] == [victim]
    with pytest.raises(ModelError, match=r"tokenizer\.json is damaged"):
        model_files.require_sound(files, checks)


def test_broken_settings_of_a_tokenizer_are_named(copy: Path) -> None:
    """A tokenizer_config.json that is not JSON gives an error that names it."""
    (copy / "tokenizer_config.json").write_text("{")
    files = model_files.locate(str(copy), "")

    with pytest.raises(ModelError, match=r"cannot read .*tokenizer_config\.json"):
        model_files.tokenizer_settings(files)


def test_a_model_without_settings_reads_the_request_alone(copy: Path) -> None:
    """Nobody is told more than a model was trained on; the embedded one says itself what."""
    assert model_files.told(model_files.locate(str(copy), "")) == ()


def test_a_model_says_what_it_reads(copy: Path) -> None:
    """eidos.json beside a model names what of the context it was trained on."""
    (copy / "eidos.json").write_text('{"context": ["shell", "last"]}')

    assert model_files.told(model_files.locate(str(copy), "")) == ("shell", "last")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"context": ["weather"]}', '{"context": "shell"}', '{"contexts": []}']
)
def test_broken_settings_of_a_model_are_named(copy: Path, text: str) -> None:
    """An eidos.json that is not understood gives an error that names it, and no model runs."""
    (copy / "eidos.json").write_text(text)

    with pytest.raises(ModelError, match=r"cannot read .*eidos\.json.*EIDOS_MODEL_PATH"):
        model_files.told(model_files.locate(str(copy), ""))


def test_the_list_of_checksums_covers_every_file_of_the_model() -> None:
    """A file of the embedded model that the list forgot would never be verified."""
    listed = {line.split()[1] for line in (model_dir() / "SHA256SUMS").read_text().splitlines()}

    present = {path.name for path in model_dir().iterdir()}

    assert present - listed == {"SHA256SUMS", "README.md"}
