"""Numbers, lengths of time and sizes, in words and in digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.retrieval import quantities
from eidos.retrieval.words import words


@given(st.integers(0, 10**6))
def test_digits_are_their_number(number: int) -> None:
    """A number in digits is read as it is."""
    assert [s.value for s in quantities.count(words(str(number)), 0)] == [str(number)]


@pytest.mark.parametrize("text", ["²", "٣", "1²"])
def test_odd_digits_are_no_number(text: str) -> None:
    """Signs that only look like digits are no number, and no error."""
    assert not list(quantities.count(words(text), 0))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("a minute", "60"),
        ("two hours", "7200"),
        ("30s", "30"),
        ("5 mins", "300"),
        ("week", "604800"),
    ],
)
def test_lengths_of_time_are_counted_in_the_unit(text: str, seconds: str) -> None:
    """Whatever the unit that was said, the value is in that of the slot."""
    assert [s.value for s in quantities.duration("second")(words(text), 0)] == [seconds]


def test_a_length_that_the_unit_cannot_count_is_none() -> None:
    """90 minutes are no number of hours."""
    assert not list(quantities.duration("hour")(words("90 minutes"), 0))


@pytest.mark.parametrize("text", ["5", "five", "minutes ago"])
def test_a_bare_number_is_no_length_of_time(text: str) -> None:
    """Without a unit nothing is a length of time; with one alone it is one of them."""
    spans = list(quantities.duration("minute")(words(text), 0))

    assert [s.value for s in spans] == (["1"] if text.startswith("minutes") else [])


@pytest.mark.parametrize(
    ("text", "size"),
    [("1 kilobyte", "1k"), ("2GiB", "2G"), ("20 megs", "20M"), ("5T", "5T"), ("a GB", "1G")],
)
def test_sizes_are_written_as_find_writes_them(text: str, size: str) -> None:
    """The unit is k, M, G, T, or c for bytes."""
    assert [s.value for s in quantities.size(words(text), 0)] == [size]
