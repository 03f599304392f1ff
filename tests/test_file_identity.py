"""Whether a model's files are still those that were loaded."""

import os
from pathlib import Path

from eidos.file_identity import identity_of, was_written_to


def model(folder: Path) -> Path:
    """Return a model's file, with its weights beside it."""
    path = folder / "model.onnx"
    path.write_bytes(b"graph")
    path.with_name("model.onnx.data").write_bytes(b"weights")
    return path


def test_a_name_with_signs_of_a_pattern_is_a_name(tmp_path: Path) -> None:
    """A browser names a second download `model[1].onnx`."""
    path = tmp_path / "model[1].onnx"
    path.write_bytes(b"graph")

    assert [name for name, *_ in identity_of(path)] == [path.name]


def test_files_that_nobody_touched_are_the_same(tmp_path: Path) -> None:
    """Reading a file, or one coming beside it, changes nothing."""
    path = model(tmp_path)
    before = identity_of(path)
    path.read_bytes()
    (tmp_path / "notes.txt").write_text("mine")

    assert identity_of(path) == before


def test_weights_that_are_written_to_are_seen(tmp_path: Path) -> None:
    """The graph names its weights' file, whose name begins with its own."""
    path = model(tmp_path)
    before = identity_of(path)
    with path.with_name("model.onnx.data").open("r+b") as weights:
        weights.write(b"W")
    os.utime(path.with_name("model.onnx.data"), ns=(1, 1))

    assert identity_of(path) != before
    assert was_written_to(before, identity_of(path))


def test_a_file_that_took_the_name_was_not_written_to(tmp_path: Path) -> None:
    """An upgrade replaces files; who has the old one mapped goes on with the old one."""
    path = model(tmp_path)
    before = identity_of(path)
    other = tmp_path / "new"
    other.write_bytes(b"another graph")
    other.replace(path)

    assert identity_of(path) != before
    assert not was_written_to(before, identity_of(path))


def test_in_a_folder_every_file_counts(tmp_path: Path) -> None:
    """A folder that is named as the model is looked at as a whole."""
    model(tmp_path)
    before = identity_of(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")

    assert identity_of(tmp_path) != before


def test_what_is_not_there_has_no_identity(tmp_path: Path) -> None:
    """Whoever loads it says what is wrong."""
    assert identity_of(tmp_path / "nothing" / "model.onnx") == ()
