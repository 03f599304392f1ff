"""What each kind of slot reads, and what it must not take for a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.retrieval.kinds import READERS, reader_of
from eidos.retrieval.words import words

SURE = 0.1
"""What a reader may ask for a value that it is sure of."""

VALUES = [
    ("dir", "in /var/log", "/var/log"),
    ("dir", "under the src folder", "src"),
    ("dir", "in my home directory", "~"),
    ("dir", "in the current directory", "."),
    ("dir", "here", "."),
    ("dirname", "my home folder", "~"),
    ("dirname", "/srv/data", "/srv/data"),
    ("file", "notes.txt", "notes.txt"),
    ("file", '"my notes"', "my notes"),
    ("csv", "sales.csv", "sales.csv"),
    ("file mp4 mkv", "a.mkv", "a.mkv"),
    ("glob", "*.py", "*.py"),
    ("n", "five", "5"),
    ("n", "12", "12"),
    ("N", "hundred", "100"),
    ("nth", "third", "3"),
    ("nth", "3rd", "3"),
    ("days", "a week", "7"),
    ("days", "2 days", "2"),
    ("days", "7d", "7"),
    ("mins", "half", None),
    ("mins", "2 hours", "120"),
    ("hours", "90 minutes", None),
    ("secs", "5s", "5"),
    ("size", "100 MB", "100M"),
    ("size", "1.5G", "1.5G"),
    ("size", "10k", "10k"),
    ("size", "300 bytes", "300c"),
    ("size", "src", None),
    ("size", "5 files", None),
    ("year", "1999", "1999"),
    ("year", "12345", None),
    ("mode", "644", "644"),
    ("mode", "888", None),
    ("port", "8080", "8080"),
    ("port", "home", None),
    ("ext", "Python", "py"),
    ("ext", ".tar", "tar"),
    ("ext", "large", None),
    ("exts", "Python files", "py"),
    ("exts", "files ending in .log", "log"),
    ("exts", "jpg images", "jpg"),
    ("exts", "large files", None),
    ("date", "2024-03-15", "2024-03-15"),
    ("date", "15.3.2024", None),
    ("time", "22:30", "22:30"),
    ("ip", "10.0.0.1", "10.0.0.1"),
    ("ip", "10.0", None),
    ("url", "https://example.com/a", "https://example.com/a"),
    ("url", "example", None),
    ("repo", "git@github.com:a/b.git", "git@github.com:a/b.git"),
    ("disk", "/dev/sda", "/dev/sda"),
    ("disk", "/home", None),
    ("char", "a comma", ","),
    ("char", "';'", ";"),
    ("char", "tab", r"\t"),
    ("char", "x", None),
    ("word", '"not found"', "not found"),
    ("pattern", "TODO", "TODO"),
    ("user", "www-data2", "www-data2"),
]


@pytest.mark.parametrize(("kind", "said", "value"), VALUES)
def test_reader_reads_its_phrases(kind: str, said: str, value: str | None) -> None:
    """What people say is read as the value it means; what is none of its kind, as nothing."""
    found = words(said)

    spans = [
        span
        for span in reader_of(kind)(found, 0)
        if span.length == len(found) and span.cost <= SURE
    ]

    assert [span.value for span in spans][:1] == ([] if value is None else [value])


@pytest.mark.parametrize(
    ("kind", "said", "better"),
    [
        ("csv", "notes.txt", "notes.csv"),
        ("user", "notes.txt", "bob-1"),
        ("host", "a/b", "web-1"),
        ("host", "web1:/tmp", "web1"),
        ("dir", "in notes.txt", "in notes_1"),
        ("file", "the", "it.md"),
        ("pdf", "thing", "thing.pdf"),
        ("word", "find files", '"find files"'),
    ],
)
def test_a_value_of_another_kind_costs_more(kind: str, said: str, better: str) -> None:
    """What looks like something else is taken for a value only where nothing better is."""
    read = reader_of(kind)

    costs = [
        min((span.cost for span in read(words(text), 0)), default=9.0) for text in (said, better)
    ]

    assert costs[0] > costs[1] + SURE


@pytest.mark.parametrize("kind", ["file", "dirname", "label", "path", "user"])
def test_an_option_is_no_name(kind: str) -> None:
    """`-rf` in a request is never taken for the name of anything."""
    assert not list(reader_of(kind)(words("-rf"), 0))


def test_an_unknown_kind_is_any_name() -> None:
    """A kind without a reader of its own reads names."""
    assert [span.value for span in reader_of("commit")(words("a1b2c3d"), 0)] == ["a1b2c3d"]


@given(st.sampled_from(sorted(READERS)), st.text(min_size=1, max_size=60))
def test_spans_lie_within_the_request(kind: str, text: str) -> None:
    """A reader takes one word or more, none behind the end, and what it takes costs something."""
    said = words(text)

    for place in range(len(said)):
        for span in reader_of(kind)(said, place):
            assert 1 <= span.length <= len(said) - place
            assert span.cost >= 0
