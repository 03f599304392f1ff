"""Places, kinds of files and signs, as they are said."""

import pytest

from eidos.retrieval import phrases
from eidos.retrieval.words import words


@pytest.mark.parametrize(
    ("text", "length", "value"),
    [
        ("in src now", 2, "src"),
        ("in the src directory now", 4, "src"),
        ("on the whole system", 4, "/"),
        ("anywhere under /srv", 3, "/srv"),
        ("in the current working directory", 5, "."),
        ("within ~/a", 2, "~/a"),
    ],
)
def test_a_place_takes_its_preposition(text: str, length: int, value: str) -> None:
    """From the preposition to the noun `folder`, all that says where belongs to the place."""
    spans = list(phrases.place(words(text), 0))

    assert (length, value) in [(span.length, span.value) for span in spans]


def test_anywhere_may_be_said_ever_so_often() -> None:
    """A word said a thousand times is read without a call in a call for each."""
    spans = list(phrases.place(words("anywhere " * 2000 + "in src"), 0))

    assert [(span.length, span.value) for span in spans] == [(2002, "src")]


@pytest.mark.parametrize("text", ["src", "of the", "in the", "with x"])
def test_what_has_no_place_is_none(text: str) -> None:
    """Without a preposition and a name there is no place."""
    assert not list(phrases.place(words(text), 0))


def test_a_text_without_quotes_costs_by_the_word() -> None:
    """One word is likelier meant than four, and a quoted text is all there is."""
    costs = [span.cost for span in phrases.text(words("alpha beta gamma delta epsilon"), 0)]

    assert len(costs) == 4
    assert costs == sorted(costs)
    assert [s.value for s in phrases.text(words('"a b" c'), 0)] == ["a b"]


@pytest.mark.parametrize("text", ["files", "files with care", "files ending in"])
def test_files_without_an_extension_have_none(text: str) -> None:
    """The word "files" alone says nothing about their names."""
    assert not list(phrases.extension_files(words(text), 0))
