"""A request becomes words: what is compared in one form, what is copied as it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.retrieval.words import stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list all files", ["list", "all", "files"]),
        ("what's in notes.txt?", ["what", "is", "in", "notes.txt"]),
        ("don't sort, please!", ["not", "sort", "please"]),
        ("open ~/My-Files/a.b.", ["open", "~/My-Files/a.b"]),
        ("go to .. and .", ["go", "to", "..", "and", "."]),
        ("look in ./src/", ["look", "in", "./src/"]),
        ("print (only) this", ["print", "only", "this"]),
        ("zeige die Länge von größe.txt", ["zeige", "die", "Länge", "von", "größe.txt"]),
        ('show "my file.txt", now', ["show", "my file.txt", "now"]),
        ("show 'it is' here", ["show", "it is", "here"]),
        ("show “my file” here", ["show", "my file", "here"]),
        ("it's the user's file", ["it", "is", "the", "user's", "file"]),
        ("", []),
        (" ?! ", []),
    ],
)
def test_words_are_what_was_typed(text: str, expected: list[str]) -> None:
    """Signs of a sentence go, contractions come apart, and names stay as they were typed."""
    assert [word.text for word in words(text)] == expected


def test_quoted_words_are_literal() -> None:
    """What stands in quotes is one word, to be copied, and compared with nothing."""
    (word,) = words("'remove all files'")

    assert word.is_quoted
    assert word.is_literal
    assert not word.stem


@pytest.mark.parametrize(
    "text",
    ["notes.txt", "~/x", "/etc", "8080", "*.py", "-v", "user_id", "getUser", "a=b", "HEAD~1"],
)
def test_names_are_literal(text: str) -> None:
    """A word with signs, digits or capitals in it is something to be copied."""
    assert words(text)[0].is_literal


@pytest.mark.parametrize("text", ["files", "Show", "non-empty", "länge"])
def test_plain_words_are_not_literal(text: str) -> None:
    """A word of plain language is compared."""
    assert not words(text)[0].is_literal


@pytest.mark.parametrize(
    ("word", "other"),
    [("files", "file"), ("Modified", "modify"), ("sub-folders", "subfolder"), ("user's", "users")],
)
def test_forms_of_a_word_have_one_stem(word: str, other: str) -> None:
    """Words that differ by their ending, by capitals or by a hyphen are compared as one."""
    assert stem(word) == stem(other)


@given(st.text(max_size=200))
def test_any_text_has_words_without_blanks_outside_quotes(text: str) -> None:
    """No text is too odd; a word has a text, and blanks only where it was quoted."""
    for word in words(text):
        assert word.text
        assert word.is_quoted or not any(char.isspace() for char in word.text)
