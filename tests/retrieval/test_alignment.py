"""What it costs to read a request as a known phrasing."""

import pytest

from eidos.retrieval.alignment import align, matched, pattern
from eidos.retrieval.index import Index
from eidos.retrieval.retriever import Retriever
from eidos.retrieval.words import words


def similarity(small: Retriever, text: str, command: str) -> float:
    """Return how close *text* is to a request for *command*."""
    return next((k.similarity for k in small.find(text, "bash", 20) if k.command == command), 0.0)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("count the lines in notes.txt", "wc -l notes.txt"),
        ("list all files modified in the last 2 days", "find . -type f -mtime -2"),
        ("How long has this machine been running?", "uptime"),
        ("replace alpha-1 with beta_2 in c.txt", "sed -i 's/alpha-1/beta_2/g' c.txt"),
    ],
)
def test_known_words_are_the_same(small: Retriever, text: str, command: str) -> None:
    """A request in the words of a phrasing has the similarity 1."""
    assert similarity(small, text, command) == pytest.approx(1)


def test_a_name_unheard_costs_more_than_a_small_word(small: Retriever) -> None:
    """To leave out a file's name is worse than to leave out an article."""
    command = "wc -l notes.txt"

    whole = similarity(small, "count the lines in notes.txt", command)
    without_article = similarity(small, "count lines in notes.txt", command)
    with_more = similarity(small, "count the lines in notes.txt of other.txt", command)

    assert whole >= without_article > with_more


def test_a_slot_said_twice_must_be_the_same(small: Retriever) -> None:
    """A slot that stands twice in a phrasing takes one value."""
    assert small.find("log in to web1.org as bob_1", "bash", 1)[0].command == "ssh bob_1@web1.org"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ssh bob_1@web-1", "ssh bob_1@web-1"),
        ("files ending in .py", 'find . -name "*.py"'),
    ],
)
def test_slots_inside_a_word_are_read(small: Retriever, text: str, command: str) -> None:
    """`{user}@{host}` and `.{ext}` are read from one word."""
    assert similarity(small, text, command) == pytest.approx(1)


def test_a_word_of_another_meaning_is_another_request(small: Retriever) -> None:
    """What shares nothing with a phrasing is not read as it."""
    assert similarity(small, "water the plants tomorrow", "uptime") == 0


def test_nothing_is_read_beyond_the_limit(small: Retriever, small_index: Index) -> None:
    """An alignment costs no more than the limit, and one at the limit is found."""
    said = small.request(words("count all the long lines in notes.txt"))
    found: list[float] = []
    for number in range(small_index.variants):
        variant = small_index.variant(number)
        intent = small_index.intent(variant.intent)
        args = (said, variant, intent, small_index.weights)
        if whole := align(*args, limit=said.weight):
            found.append(whole.cost)
            assert align(*args, limit=whole.cost) == whole
            assert align(*args, limit=whole.cost - 0.01) is None

    assert found


def test_a_word_of_a_thousand_signs_takes_no_longer_than_a_name() -> None:
    """A form with three slots is not tried at all places of a word that is no name."""
    form = pattern("\ue000-\ue001-\ue002z")

    assert matched(form, "a-b-cz") is not None
    assert matched(form, "-" * 1000) is None
    assert matched(form, "a-b-" + "c" * 1000 + "z") is None
