"""What noise does to a request, and what it never touches."""

import re
from collections.abc import Iterator
from random import Random

import pytest

from training import noise, phrasing

TEXT = (
    f"Delete all the files named {phrasing.mark(0)} with grep -i from Makefile {phrasing.mark(1)}"
)
COMMAND = "grep -i x Makefile"


def rough(text: str, command: str = COMMAND, places: frozenset[int] = frozenset()) -> Iterator[str]:
    """Yield *text* two thousand times, as it comes out."""
    rng = Random(11)
    keep = noise.kept(command)
    for _ in range(2000):
        yield noise.roughen(text, rng, keep, places)


def test_marks_and_literals_stay() -> None:
    """What must be copied is neither mistyped nor changed in case nor lost."""
    for text in rough(TEXT):
        assert sorted(phrasing.marks(text)) == [0, 1]
        assert "grep -i" in text
        assert "Makefile" in text


def test_half_stays_as_it_is() -> None:
    """Most requests in the corpus are well written."""
    assert 0.4 < sum(text == TEXT for text in rough(TEXT)) / 2000 < 0.75


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(remove|erase|get rid of|trash|kill off)",
        r"all files",
        r"(?i)please|can you|how do i",
        r"^delete",
        r"^DELETE ALL",
        r"^De?l?[a-z]*te? (?<!Delete )",
    ],
    ids=["synonym", "article", "polite", "lower", "upper", "slip"],
)
def test_each_kind_of_noise_comes(pattern: str) -> None:
    """Other words, missing articles, frames, case and slips all occur."""
    assert any(re.search(pattern, text) for text in rough(TEXT))


def test_place_comes_first_only_where_it_may() -> None:
    """The place at the end of an instruction may come first, and no other slot."""
    text = f"find all empty files {phrasing.mark(0)}"

    assert any(text.startswith(phrasing.mark(0)) for text in rough(text, places=frozenset([0])))
    assert not any(text.startswith(phrasing.mark(0)) for text in rough(text))


def test_slips_are_one_letter_off() -> None:
    """A mistyped word keeps its first letter and is nearly as long as it was."""
    rng = Random(4)
    for _ in range(500):
        slip = noise.mistyped("directory", rng)
        assert slip[0] == "d"
        assert abs(len(slip) - len("directory")) <= 1


def test_no_full_stop_behind_a_name() -> None:
    """A dot behind a name would read as a part of it."""
    text = f"show {phrasing.mark(0)}"
    assert not any(re.search(r"[\ue000-\ue0ff][.!]", each) for each in rough(text))


def test_words_after_an_article_of_time_keep_it() -> None:
    """It stays "once a week", since "once week" is nothing that people write."""
    assert not any("once week" in text.lower() for text in rough("run it once a week"))
