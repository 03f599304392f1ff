"""The values that a slot of one intent takes: those listed, and what is said in the same way."""

from collections.abc import Iterator, Sequence

from eidos.retrieval.index import Frame, Slot
from eidos.retrieval.kinds import reader_of
from eidos.retrieval.spans import Reader, Span
from eidos.retrieval.words import Word

FRAMED_COST = 0.05
"""Of a name that is not listed, in words that are: "in the NAME folder"."""


def reader(slot: Slot) -> Reader:
    """Return the reader of the values of *slot*."""
    if not slot.listed:
        return reader_of(slot.kind)

    def read(words: Sequence[Word], at: int) -> Iterator[Span]:
        yield from _listed(slot, words, at)
        for frame in slot.frames:
            yield from _framed(frame, words, at)
        if slot.kind:
            yield from reader_of(slot.kind)(words, at)

    return read


def spoken(words: Sequence[Word]) -> str:
    """Return what listed phrases are looked up by: stems, but names as they are."""
    return " ".join(word.text.lower() if word.is_literal else word.stem for word in words)


def _listed(slot: Slot, words: Sequence[Word], at: int) -> Iterator[Span]:
    for length in range(1, min(slot.longest, len(words) - at) + 1):
        source = slot.listed.get(spoken(words[at : at + length]))
        if source is None:
            continue
        own = words[at].text
        if slot.kind and length == 1 and own.lower() == source.lower():
            yield Span(1, own)  # one example of many: "Alice" is listed, "alice" was said
        else:
            yield Span(length, source, is_source=True)


def _framed(frame: Frame, words: Sequence[Word], at: int) -> Iterator[Span]:
    middle = at + len(frame.before)
    after = middle + 1
    end = after + len(frame.after)
    if end > len(words) or _stems(words, at, middle) != frame.before:
        return
    if _stems(words, after, end) != frame.after:
        return
    word = words[middle]
    if frame.glued:
        value = word.text.removeprefix(frame.glued)
        if value != word.text and value:
            yield Span(end - at, value, FRAMED_COST)
        return
    for span in reader_of("name")(words, middle):
        yield Span(end - at, span.value, span.cost / 2 + FRAMED_COST)


def _stems(words: Sequence[Word], start: int, end: int) -> tuple[str, ...]:
    return tuple(word.stem for word in words[start:end])
