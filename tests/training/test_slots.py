"""Types of slots: phrase and value belong together, and fit where they stand."""

import re
from random import Random

import pytest

from training import slots, values
from training.values import Site, Value


def many(kind: str, site: Site = Site(), count: int = 400) -> list[Value]:  # noqa: B008 - frozen
    """Return values of the type *kind*, the same ones at each run."""
    rng = Random(9)
    return [slots.TYPES[kind](rng, site) for _ in range(count)]


@pytest.mark.parametrize("kind", sorted(slots.TYPES))
def test_every_type_gives_phrase_and_value(kind: str) -> None:
    """No phrase or value is empty, has an edge of blanks, or has a dollar sign in it."""
    for value in many(kind):
        assert value.phrase == value.phrase.strip() != ""
        assert value.text
        assert "$" not in value.text
        assert "\n" not in value.phrase + value.text


@pytest.mark.parametrize("kind", sorted(slots.PATHS - {"dir"}))
def test_paths_are_said_as_they_are(kind: str) -> None:
    """The name of a file stands in the phrase letter by letter, if not the home directory."""
    for value in many(kind):
        assert value.text in value.phrase or value.text == "~"


@pytest.mark.parametrize("before", ["last", "past", "every"])
@pytest.mark.parametrize("kind", ["days", "mins", "hours", "secs"])
def test_no_article_after_last(kind: str, before: str) -> None:
    """It is "the last week", never "the last a week"."""
    for value in many(kind, Site(before=before)):
        assert not re.match(r"(a|an|one|1) ", value.phrase)


@pytest.mark.parametrize("kind", ["days", "mins", "hours", "secs"])
def test_articles_elsewhere(kind: str) -> None:
    """One of a unit has an article or a number before it: "older than a week"."""
    for value in many(kind, Site(before="than")):
        assert re.match(r"(a|an|one|\d+|[a-z]+) \w+", value.phrase)


def test_lengths_of_time_are_right() -> None:
    """The value counts what the phrase says, in the unit of the type."""
    said = {value.phrase: value.text for value in many("days", count=3000)}
    assert said["a week"] == "7"
    assert said["2 weeks"] == "14"
    assert said["a year"] == "365"
    assert {value.phrase: value.text for value in many("mins", count=3000)}["an hour"] == "60"


def test_cut_never_gets_a_tab() -> None:
    r"""`cut -d '\t'` is an error: tab is not among the signs for cut, and is for tr."""
    for_cut = {value.text for value in many("char", Site(programs=frozenset(["cut"])))}
    for_tr = {value.text for value in many("char", Site(programs=frozenset(["tr"])))}

    assert "\\t" not in for_cut
    assert "\\t" in for_tr


def test_extensions_are_never_a_language_name() -> None:
    """The value is what stands behind the dot, whatever the phrase calls it."""
    for kind in ("ext", "exts", "bare_ext"):
        assert {value.text for value in many(kind)} <= values.LANGUAGES.keys()
    assert all(re.fullmatch(r"\.?\w+", value.phrase) for value in many("bare_ext"))


def test_no_quotes_within_quotes() -> None:
    """A slot that has quotes around it in the request brings none of its own."""
    for kind in ("file", "pattern", "string", "dirname", "msg"):
        for value in many(kind, Site(is_quoted=True)):
            assert value.phrase[0] not in "\"'"


@pytest.mark.parametrize(
    ("text", "is_type"),
    [
        ("file", True),
        ("file mp4 mkv", True),
        ("dirname", True),
        ("fiel", False),
        ("port 80", False),
    ],
)
def test_types_by_name(text: str, is_type: bool) -> None:
    """A type is named alone, and files with their extensions."""
    assert (slots.typed(text) is not None) is is_type


def test_numbered_slots_share_a_type() -> None:
    """`{file2}` is a file; a type whose own name ends so stays what it is."""
    assert slots.base("file2") == "file"
    assert slots.base("archive_bz2") == "archive_bz2"
