"""The file of the index: what is read of it, and what is said of a file that is none."""

from pathlib import Path

import pytest

from eidos.errors import ModelError
from eidos.retrieval import index
from eidos.retrieval.index import Index


def test_words_have_numbers_and_weights(small_index: Index) -> None:
    """Every word of a phrasing has a number, and weighs something."""
    number = small_index.number("uptim") or small_index.number("machin")

    assert number is not None
    assert 0 < small_index.weights[number] <= 1.3
    assert small_index.vocabulary[number] == "machin"
    assert small_index.number("nowhere") is None


def test_words_close_to_another_are_found(small_index: Index) -> None:
    """Words of about the length that begin alike are those a slip may have meant."""
    number = small_index.number("machin")

    assert number in small_index.close("machn")
    assert number not in small_index.close("xachin")


def cut(data: bytes) -> bytes:
    """Return the first half."""
    return data[: len(data) // 2]


def old(data: bytes) -> bytes:
    """Return it in an older format."""
    return data.replace(index.FORMAT.encode(), b"eidos-index/0", 1)


def emptied(_: bytes) -> bytes:
    """Return nothing."""
    return b""


def noise(data: bytes) -> bytes:
    """Return bytes that are no header."""
    return b"\x00\x00\x00\x10" + bytes(range(256)) * (len(data) // 256)


@pytest.mark.parametrize("damage", [cut, old, emptied, noise])
def test_a_damaged_file_is_named_with_its_cure(
    damage: object, index_file: Path, tmp_path: Path
) -> None:
    """A file that is cut short, old, empty or another is refused, with what to do."""
    assert callable(damage)
    path = tmp_path / "some.index"
    path.write_bytes(damage(index_file.read_bytes()))

    with pytest.raises(ModelError, match=r"some\.index.*install eidos again"):
        Index(path)


def test_a_missing_file_is_named_with_its_cure(tmp_path: Path) -> None:
    """Where there is no file the error says which, and what to do."""
    with pytest.raises(ModelError, match="install eidos again"):
        Index(tmp_path / "none.index")


def test_the_shipped_index_can_be_read() -> None:
    """Every variant has an intent, and every intent a command."""
    shipped = Index()

    for number in range(0, shipped.variants, max(1, shipped.variants // 500)):
        variant = shipped.variant(number)
        assert variant.items
        assert shipped.intent(variant.intent).forms
