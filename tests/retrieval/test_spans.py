"""Names in a request: what each way of taking a word for one costs."""

import pytest

from eidos.retrieval.spans import (
    COMMON_COST,
    ODD_COST,
    OTHER_FILES,
    PLAIN_COST,
    VAGUE_COST,
    files,
    has_extension,
    label,
    matching,
    named,
)
from eidos.retrieval.words import Word, words


def cost_of(text: str) -> float:
    """Return what it costs to take *text* for a name."""
    return next(named(words(text), 0)).cost


def test_what_looks_like_a_name_is_one() -> None:
    """A path costs nothing, a plain word something, and a word of phrasings more."""
    common = Word("error", "error", is_common=True)

    assert cost_of("/etc/hosts") == 0
    assert cost_of("backup") == PLAIN_COST
    assert next(named([common], 0)).cost == COMMON_COST


def test_small_words_are_no_names() -> None:
    """Nobody calls a file `the`."""
    assert not list(named(words("the"), 0))


def test_a_quoted_word_is_a_name_whatever_it_is() -> None:
    """Quotes say that it is meant so."""
    assert [(s.value, s.cost) for s in named(words('"the"'), 0)] == [("the", 0.0)]


def test_any_file_leaves_special_ones_to_others() -> None:
    """An archive is read by the kind for archives first."""
    said = words("a.zip")

    assert next(files()(said, 0)).cost == VAGUE_COST
    assert next(files("zip")(said, 0)).cost == 0


@pytest.mark.parametrize("text", ["notes", "notes.txt", "/srv/a.b/c", "src/", "'a b'", "b.zip."])
def test_kinds_of_files_differ_only_by_their_endings(text: str) -> None:
    """A name with none of its endings is read by each kind of files as by every other."""
    said = words(text)

    assert list(files("csv", "tsv")(said, 0)) == list(OTHER_FILES(said, 0))
    assert list(files("txt")(said, 0)) != list(files()(said, 0)) or text == "notes.txt"


def test_labels_are_no_files() -> None:
    """A user is hardly called notes.txt, and a package is no address."""
    assert next(label(words("notes.txt"), 0)).cost == ODD_COST
    assert next(label(words("https://x.org/a"), 0)).cost == ODD_COST


def test_matching_reads_whole_words() -> None:
    """A pattern is for the whole word."""
    assert list(matching(r"\d+")(words("42"), 0))
    assert not list(matching(r"\d+")(words("42a"), 0))


def test_extensions_are_those_of_files() -> None:
    """`.py` is an extension, the `.2` of a version is none."""
    assert has_extension("a.PY")
    assert not has_extension("v1.2")
    assert not has_extension("py")
