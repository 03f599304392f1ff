"""Which variants are looked at: few, and the right ones among them."""

from pathlib import Path

import pytest

from eidos.retrieval.alignment import Request
from eidos.retrieval.index import Index
from eidos.retrieval.retriever import Retriever
from eidos.retrieval.shortlist import Shortlist
from eidos.retrieval.words import words
from training import indexing, intents


def request(retriever: Retriever, text: str) -> Request:
    """Return *text* as it is compared."""
    return retriever.request(tuple(words(text)))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("count the lines in notes.txt", "wc"),
        ("find files modified in the last week in /var/log", "find"),
        ("log in to web-1 as bob_1", "ssh"),
    ],
)
def test_the_best_variant_comes_among_the_first(
    small: Retriever, small_index: Index, text: str, command: str
) -> None:
    """What fits best is foreseen to cost least, or nearly."""
    first = Shortlist(small_index).candidates(request(small, text), 3)

    intents = [small_index.intent(small_index.variant(number).intent) for number, _ in first]
    assert any(str(intent.forms[0].parts[0]).startswith(command) for intent in intents)


def test_variants_whose_slots_find_nothing_are_left_out(
    small: Retriever, small_index: Index
) -> None:
    """Without a length of time no request is for files of the last days."""
    found = Shortlist(small_index).candidates(request(small, "list all files modified"), 100)

    for number, _ in found:
        intent = small_index.intent(small_index.variant(number).intent)
        assert "-mtime" not in str(intent.forms[0].parts)


def test_what_was_asked_before_changes_nothing(small: Retriever, small_index: Index) -> None:
    """The sums of one request are gone when the next one comes."""
    shortlist = Shortlist(small_index)
    texts = ["count the lines in notes.txt", "log in to web-1 as bob_1", "find all py files"]
    alone = [Shortlist(small_index).candidates(request(small, text), 20) for text in texts]

    assert [shortlist.candidates(request(small, text), 20) for text in texts] == alone
    assert [shortlist.candidates(request(small, text), 20) for text in texts] == alone


def test_as_many_come_as_are_asked_for_at_most(small: Retriever, small_index: Index) -> None:
    """The count is a bound, and the cheapest come first."""
    found = Shortlist(small_index).candidates(request(small, "show the lines in a.txt"), 4)

    assert len(found) <= 4
    assert [cost for _, cost in found] == sorted(cost for _, cost in found)


def test_an_index_without_slots_is_searched(tmp_path: Path) -> None:
    """Where no phrasing has a slot, what is said in its words is found."""
    (tmp_path / "some.yaml").write_text("- cmd: uptime\n  nl: [how long is this machine up]\n")
    path = tmp_path / "some.index"
    path.write_bytes(indexing.build(intents.load_all(tmp_path), "x"))

    (known,) = Retriever(Index(path)).find("how long is this machine up", "bash", 1)

    assert known.command == "uptime"
