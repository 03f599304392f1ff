"""Slots with values of their own: what is listed, what is said alike, and nothing else."""

import pytest

from eidos.retrieval.index import Frame, Slot
from eidos.retrieval.listed import reader, spoken
from eidos.retrieval.words import words

CLOSED = Slot(listed={spoken(words("in megabytes")): "m", spoken(words("in KB")): "k"}, longest=2)
OPEN = Slot("label", {spoken(words("Alice")): "Alice", spoken(words("the boss")): "root"}, 2)
FRAMED = Slot(
    listed={spoken(words("in the web folder")): "web"}, longest=4,
    frames=(Frame(("in", "the"), "", ("folder",)),),
)  # fmt: skip


def read(slot: Slot, text: str) -> dict[str, float]:
    """Return the values that *slot* has for the whole of *text*, with what they cost."""
    said = words(text)
    whole = [s for s in reader(slot)(said, 0) if s.length == len(said)]
    return {s.value: s.cost for s in sorted(whole, key=lambda s: s.cost, reverse=True)}


@pytest.mark.parametrize(("text", "value"), [("in megabytes", "m"), ("in kb", "k")])
def test_a_listed_phrase_is_its_source(text: str, value: str) -> None:
    """A phrase that is listed means what is listed with it, as shell source."""
    (span,) = reader(CLOSED)(words(text), 0)

    assert (span.value, span.cost, span.is_source) == (value, 0.0, True)


def test_a_closed_list_takes_nothing_else() -> None:
    """Where the list is complete other phrases are no value."""
    assert read(CLOSED, "in gigabytes") == {}


def test_an_open_list_takes_others_as_text() -> None:
    """What is not listed is read by the kind, and is no shell source."""
    (span,) = reader(OPEN)(words("bob_2"), 0)

    assert (span.value, span.is_source) == ("bob_2", False)


def test_an_example_is_copied_as_it_was_typed() -> None:
    """`alice` was said: that Alice is listed does not change it."""
    assert "alice" in read(OPEN, "alice")
    assert read(OPEN, "the boss") == {"root": 0.0}


def test_a_frame_takes_other_names() -> None:
    """Where "in the web folder" is listed, "in the src folder" is read alike, at a small cost."""
    assert 0 < read(FRAMED, "in the src1 folder")["src1"] < 0.1
    assert read(FRAMED, "in the web folder")["web"] <= 0.05


def test_names_are_looked_up_with_their_signs() -> None:
    """YYYY-MM-DD and YYYYMMDD are two phrases, although their stems are one."""
    assert spoken(words("YYYY-MM-DD")) != spoken(words("YYYYMMDD"))
