"""One buffer for all trails: nobody sees what is another's, and room is given and taken back."""

import gc
import math

import embedded_model
import numpy as np
import pytest
from embedded_model import PlainLoop, new_reader, prefix, prompt_of

from eidos.packed_reader import PLACES, PackedReader
from eidos.reading import Part, Row, Trail

pytestmark = pytest.mark.model

PROMPT = prompt_of("find all log files larger than 20 MB under /srv")
NEIGHBOUR = prompt_of("count the lines in notes.txt")
OTHER = [token + 1 for token in NEIGHBOUR]
TARGET = 5
CLOSE = 0.5
"""How far apart the logarithms of likely tokens may be that differ in rounding alone."""
LIKELY = -2.0


@pytest.fixture
def reader() -> PackedReader:
    """A reader with nothing in its buffer."""
    return PackedReader(embedded_model.graph())


def read(reader: PackedReader, trail: Trail, ids: list[int]) -> Row:
    """Return the row behind *ids*, which *reader* reads alone behind *trail*."""
    ((row,),) = reader.read([Part(trail, ids, [TARGET])])
    return row


def of(reader: PackedReader, prompt: list[int]) -> tuple[Trail, Row]:
    """Return a trail that has read *prompt*, and the row behind it."""
    trail = reader.trail_for(prompt)
    return trail, read(reader, trail, prompt[len(trail.ids) :])


def close(one: Row, other: Row) -> bool:
    """Whether two rows differ in rounding alone, if at all."""
    pairs = zip(one.tokens, one.log_probabilities, strict=True)
    others = dict(zip(other.tokens, other.log_probabilities, strict=True))
    likely = [(token, chance) for token, chance in pairs if chance > LIKELY]
    return bool(likely) and all(
        abs(others.get(token, -math.inf) - chance) < CLOSE for token, chance in likely
    )


@pytest.fixture(scope="module")
def text() -> list[int]:
    """PROMPT and what the model writes behind it: there it knows what it does."""
    return [*PROMPT, *PlainLoop().write(PROMPT, 5)]


def held(reader: PackedReader, trail: Trail) -> list[np.ndarray]:
    """Return the keys and values of *trail*, in its order."""
    return [values[:, :, trail.places].copy() for values in reader._buffers.values()]


def test_rows_are_those_of_the_plain_loop(reader: PackedReader) -> None:
    """The same tokens, in the same order, as likely; the target too."""
    expected = PlainLoop().read(PROMPT, [TARGET])
    total = expected["log_total"][0]

    _, row = of(reader, PROMPT)

    assert row.tokens == expected["top_ids"][0].tolist()
    assert row.log_probabilities == pytest.approx((expected["top_logits"][0] - total).tolist())
    assert row.target == pytest.approx(float(expected["next_logits"][0, 0] - total))


def test_a_row_is_in_order_and_agrees_with_its_target(reader: PackedReader) -> None:
    """The likeliest token comes first; asked for by name, it is as likely."""
    trail, row = of(reader, PROMPT)
    fork = reader.fork(trail, len(PROMPT) - 1)

    ((again,),) = reader.read([Part(fork, PROMPT[-1:], [row.tokens[0]])])

    assert list(row.log_probabilities) == sorted(row.log_probabilities, reverse=True)
    assert sum(map(math.exp, row.log_probabilities)) < 1 + 1e-5
    assert again.target == pytest.approx(again.log_probabilities[0], abs=1e-5)
    assert close(again, row)


def test_a_neighbour_is_not_seen(reader: PackedReader, text: list[int]) -> None:
    """Whatever stands in a neighbour's places, bit for bit the same comes out."""
    found: list[list[Row]] = []
    for neighbour in (NEIGHBOUR, OTHER):
        fresh = PackedReader(embedded_model.graph())
        beside, trail = Trail(), fresh.trail_for(PROMPT)
        rows: list[Row] = []
        for ids in (PROMPT[:4], PROMPT[4:9], PROMPT[9:], text[-5:-4], text[-4:-1]):
            pair = [Part(beside, neighbour[: len(ids)]), Part(trail, ids, [TARGET])]
            _, (row,) = fresh.read(pair)
            rows.append(row)
        found.append(rows)

    assert found[0] == found[1]
    _, alone = of(reader, text[:-1])
    assert close(found[0][-1], alone)


def test_positions_are_those_of_the_trail(reader: PackedReader) -> None:
    """Wherever its tokens lie, each counts from the trail's beginning.

    The first layer's keys follow from a token and its position alone, so they are the same.
    """
    other = PackedReader(embedded_model.graph())
    beside, trail = Trail(), other.trail_for(PROMPT)
    for ids in (PROMPT[:4], PROMPT[4:9], PROMPT[9:]):
        other.read([Part(beside, NEIGHBOUR), Part(trail, ids)])
    fork = other.fork(trail, 3)
    other.read([Part(fork, PROMPT[3:])])

    alone, _ = of(reader, PROMPT)

    for one in (trail, fork):
        assert one.places != alone.places
        assert np.array_equal(held(other, one)[0], held(reader, alone)[0])


def test_garbage_is_not_seen(reader: PackedReader, text: list[int]) -> None:
    """What a reading left that has ended, or took back, is nothing to those that go on."""
    found: list[list[Row]] = []
    for garbage in (NEIGHBOUR, OTHER):
        fresh = PackedReader(embedded_model.graph())
        trail = fresh.trail_for(PROMPT)
        gone = Trail()
        fresh.read([Part(gone, garbage), Part(trail, PROMPT, [TARGET])])
        del gone
        gc.collect()
        draft = garbage[:3]
        (rows,) = fresh.read([Part(trail, [text[-5], *draft], [TARGET] * 4)])
        trail.cut(len(PROMPT) + 1)
        found.append([rows[0], read(fresh, trail, [text[-4]])])

    assert found[0] == found[1]
    _, alone = of(reader, text[:-3])
    assert close(found[0][1], alone)


def test_a_fork_goes_on_where_it_was_made(reader: PackedReader, text: list[int]) -> None:
    """It has the tokens before, none behind, and neither changes the other."""
    trail, _ = of(reader, PROMPT)
    fork = reader.fork(trail, 9)

    (one,), (other,) = reader.read(
        [Part(trail, text[-5:-3], [TARGET]), Part(fork, text[9:-1], [TARGET])]
    )

    assert close(one, of(PackedReader(embedded_model.graph()), text[:-3])[1])
    assert close(other, of(PackedReader(embedded_model.graph()), text[:-1])[1])
    assert (trail.ids, fork.ids) == (text[:-3], text[:-1])
    assert trail.places[:9] == fork.places[:9]
    assert not set(trail.places[9:]) & set(fork.places[9:])


def test_one_token_alone_gives_what_it_gives_beside_another() -> None:
    """A pass of one row would be multiplied in another order; it is never done."""
    found: list[Row] = []
    for is_alone in (True, False):
        fresh = PackedReader(embedded_model.graph())
        trail, _ = of(fresh, PROMPT)
        others = [] if is_alone else [Part(Trail(), [OTHER[0]])]
        found.append(fresh.read([Part(trail, [7], [TARGET]), *others])[0][0])

    assert found[0] == found[1]


def test_nothing_asked_is_nothing_read(reader: PackedReader) -> None:
    """A pass without tokens is none; parts without targets have no rows."""
    trail = Trail()

    assert reader.read([]) == []
    assert reader.read([Part(trail, [])]) == [[]]
    assert reader.read([Part(trail, PROMPT), Part(Trail(), [7])]) == [[], []]
    assert trail.ids == PROMPT


def test_a_pass_that_fails_leaves_trails_as_they_were(reader: PackedReader) -> None:
    """What was read before is there still, and is gone on with as if nothing was."""
    trail, _ = of(reader, PROMPT)
    before = list(trail.ids), list(trail.places)

    with pytest.raises(Exception, match="Out of range"):  # onnxruntime's: without a base
        reader.read([Part(trail, [7], [10**6])])

    assert (trail.ids, trail.places) == before
    sound = PackedReader(embedded_model.graph())
    assert read(reader, trail, [7]) == read(sound, of(sound, PROMPT)[0], [7])


def test_what_prompts_begin_with_is_read_once() -> None:
    """A prompt that goes on from the prefix finds it read; all others begin with nothing."""
    reader = new_reader()
    kept = prefix()

    assert reader.trail_for(PROMPT).ids == kept
    assert reader.trail_for(PROMPT).places == list(range(len(kept)))
    assert reader.trail_for(kept).ids == []  # its last token's row is wanted
    assert reader.trail_for(PROMPT[1:]).ids == []
    assert reader.trail_for([]).ids == []


def test_a_prefix_takes_the_place_of_the_one_before() -> None:
    """The keys and values of another prefix, even of the same length, serve no prompt."""
    reader = PackedReader(embedded_model.graph())
    reader.keep(OTHER[:3])
    reader.keep(PROMPT[:3])

    trail, row = of(reader, PROMPT)

    assert trail.ids == PROMPT
    assert reader.trail_for([*OTHER[:3], 1]).ids == []
    assert close(row, of(PackedReader(embedded_model.graph()), PROMPT)[1])


def test_places_are_used_again() -> None:
    """Over many requests nothing grows: what a trail had is free when it is gone."""
    reader = new_reader()
    first = reader.trail_for(PROMPT)
    ends: set[int] = set()
    for _ in range(5):
        of(reader, PROMPT)
        ends.add(reader._end)

    assert len(ends) == 1
    assert first.places == list(range(len(prefix())))
    assert reader._places == PLACES


def test_what_is_left_is_moved_together_when_room_is_needed(text: list[int]) -> None:
    """Each trail keeps its keys and values, bit for bit, and goes on as it would have gone on."""
    reader = new_reader()
    gone = reader.trail_for(PROMPT)
    trails: list[Trail] = []
    while reader._end + 64 <= PLACES:  # two that stay stand between others that do not
        trail = reader.trail_for(PROMPT)
        reader.read([Part(gone, NEIGHBOUR * 4), Part(trail, PROMPT[len(trail.ids) :])])
        trails = [*trails[:1], trail]
    fork = reader.fork(trails[0], 7)
    del gone, trail
    before = [held(reader, trail) for trail in (*trails, fork)]

    reader.read([Part(trails[1], [7] * 80)])

    after = [held(reader, trail) for trail in (*trails, fork)]
    for old, new in zip(before, after, strict=True):
        assert all(np.array_equal(a, b[:, :, : a.shape[2]]) for a, b in zip(old, new, strict=True))
    assert reader._places == PLACES
    assert reader._end == len(prefix()) + 2 * (len(PROMPT) - len(prefix())) + 80
    assert fork.places == trails[0].places[:7]
    assert close(read(reader, trails[0], text[-5:-1]), of(new_reader(), text[:-1])[1])


def test_a_long_request_gets_more_room_and_gives_it_back(text: list[int]) -> None:
    """It is read to its end, as by the plain loop; afterwards the usual buffer serves again."""
    reader = new_reader()
    beside, _ = of(reader, PROMPT)
    long = [*PROMPT, *NEIGHBOUR * 80][: PLACES + 20]
    trail = reader.trail_for(long)
    last = len(long) - 10
    for at in range(len(trail.ids), last, 128):
        reader.read([Part(trail, long[at : min(at + 128, last)])])
    row = read(reader, trail, long[last:])
    assert reader._places > PLACES

    assert close(row, of(PackedReader(embedded_model.graph()), long)[1])
    del trail
    row = read(reader, beside, text[-5:-1])

    assert reader._places == PLACES
    assert {values.shape[2] for values in reader._buffers.values()} == {PLACES}
    assert close(row, of(new_reader(), text[:-1])[1])
