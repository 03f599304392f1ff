"""Which model serves: the active slot's, and where that is damaged one that is not."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from eidos.model_slots import EMBEDDED, Active, Choice, Chosen, ModelSlots, chosen

FILES = {"model.onnx": b"graph", "tokenizer.json": b"{}"}


def fill(data_dir: Path, name: Choice) -> Path:
    """Put small files with their checksums into a slot; they are no model, and need not be."""
    folder = ModelSlots(data_dir).slot(name)
    folder.mkdir(parents=True)
    sums = ""
    for file, content in FILES.items():
        (folder / file).write_bytes(content)
        sums += f"{hashlib.sha256(content).hexdigest()}  {file}\n"
    (folder / "SHA256SUMS").write_text(sums)
    return folder


def activate(data_dir: Path, active: Active) -> None:
    """Write active.json."""
    folder = ModelSlots(data_dir).folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "active.json").write_bytes(msgspec.json.encode(active))


def test_the_embedded_model_serves_where_nobody_chose(tmp_path: Path) -> None:
    """Without a folder of models nothing is read, and nothing is wrong."""
    assert chosen(tmp_path / "none") == Chosen(EMBEDDED, "")


def test_the_active_slot_serves(tmp_path: Path) -> None:
    """Its folder is what model_path would be."""
    folder = fill(tmp_path, "a")
    activate(tmp_path, Active(serves="a", before=EMBEDDED))

    assert chosen(tmp_path) == Chosen("a", str(folder))


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("model.onnx", b"grapf", "model.onnx: its SHA-256 is"),
        ("model.onnx", None, "model.onnx: No such file"),
        ("tokenizer.json", b"", "tokenizer.json: its SHA-256 is"),
        ("SHA256SUMS", None, "has no SHA256SUMS"),
        ("SHA256SUMS", b"what?", "cannot read"),
        ("SHA256SUMS", b"\xff\xfe", "cannot read"),
    ],
    ids=["altered", "missing", "emptied", "no list", "no list in the list", "not even text"],
)
def test_a_damaged_model_gives_way_to_the_one_before(
    tmp_path: Path, file: str, content: bytes | None, said: str
) -> None:
    """The daemon answers with what served before; the fault names the file, and both cures."""
    damaged, before = fill(tmp_path, "b"), fill(tmp_path, "a")
    activate(tmp_path, Active(serves="b", before="a"))
    if content is None:
        (damaged / file).unlink()
    else:
        (damaged / file).write_bytes(content)

    found = chosen(tmp_path)

    assert (found.name, found.path) == ("a", str(before))
    assert said in found.fault
    assert "the one in slot a answers in its place" in found.fault
    assert "eidosctl model rollback" in found.fault
    assert "eidosctl model use" in found.fault


def test_where_both_slots_are_gone_the_embedded_model_serves(tmp_path: Path) -> None:
    """It is always there; the fault tells of both."""
    activate(tmp_path, Active(serves="b", before="a"))

    found = chosen(tmp_path)

    assert (found.name, found.path) == (EMBEDDED, "")
    assert "slot b" in found.fault
    assert "slot a" in found.fault


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"serves": "c"}', b'{"serves": "../../x"}', b'{"serve": "a"}', b"\0"]
)
def test_a_damaged_choice_means_the_embedded_model(tmp_path: Path, content: bytes) -> None:
    """What cannot be read is not guessed at; the fault names the file and the cure."""
    fill(tmp_path, "a")
    activate(tmp_path, Active())
    (tmp_path / "models" / "active.json").write_bytes(content)

    found = chosen(tmp_path)

    assert (found.name, found.path) == (EMBEDDED, "")
    assert "active.json" in found.fault
    assert "eidosctl model use embedded" in found.fault


def test_a_model_that_cannot_be_loaded_gives_way_too(tmp_path: Path) -> None:
    """Its files are whole, but the engine refused them: the daemon says so, and why."""
    fill(tmp_path, "a")
    activate(tmp_path, Active(serves="a", before=EMBEDDED))

    found = chosen(tmp_path, unusable={"a": "of another kind"})

    assert found.name == EMBEDDED
    assert "slot a cannot be used (of another kind)" in found.fault


def test_where_the_embedded_model_served_before_it_is_the_next(tmp_path: Path) -> None:
    """A slot that never served is not taken because the active one is damaged."""
    fill(tmp_path, "a")
    activate(tmp_path, Active(serves="b", before=EMBEDDED))

    assert chosen(tmp_path).name == EMBEDDED


def test_a_choice_that_cannot_be_reached_is_a_fault(tmp_path: Path) -> None:
    """A file in the place of the folder is as good as no folder."""
    (tmp_path / "models").write_text("")

    assert chosen(tmp_path) == Chosen(EMBEDDED, "")


def test_nothing_is_told_of_an_origin_that_cannot_be_read(tmp_path: Path) -> None:
    """Where a model is from is for people; nothing depends on it."""
    folder = fill(tmp_path, "a")
    (folder / "origin.json").write_text("{")

    assert ModelSlots(tmp_path).origin("a") is None
    assert ModelSlots(tmp_path).origin("b") is None
