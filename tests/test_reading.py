"""Readings and trails: many side by side give what each gives alone."""

import random

import pytest
from dice_reader import DiceReader, asking, likeliest

from eidos.reading import Part, Reading, Trail, finish, together


def following(prompt: list[int], passes: int) -> Reading[list[int]]:
    """Return the *passes* tokens that follow *prompt*."""
    trail, unread = Trail(), list(prompt)
    for _ in range(passes):
        ((row,),) = yield [Part(trail, unread, [0])]
        unread = [row.tokens[0]]
    return [*trail.ids, *unread][len(prompt) :]


def of_two(prompt: list[int]) -> Reading[tuple[int, int]]:
    """Return what follows *prompt*, and what follows all of it but the last, in one pass."""
    (one,), (other,) = yield [Part(Trail(), prompt, [0]), Part(Trail(), prompt[:-1], [0])]
    return one.tokens[0], other.tokens[0]


def test_a_cut_trail_has_its_first_tokens() -> None:
    """Tokens go, and the places where a reader keeps them; where there are none, none go."""
    trail, bare = Trail([5, 6, 7], [0, 1, 2]), Trail([5, 6, 7])

    trail.cut(1)
    bare.cut(2)

    assert (trail.ids, trail.places) == ([5], [0])
    assert (bare.ids, bare.places) == ([5, 6], [])


def test_trails_with_the_same_tokens_are_two() -> None:
    """A reader keeps them apart by what they are, not by what they hold."""
    assert len({Trail([1]), Trail([1])}) == 2


def test_a_reading_is_done_to_its_end() -> None:
    """Each pass reads what the reading asks for; its result comes back."""
    reader = DiceReader()

    found = finish(reader, following([1, 2], 3))

    expected = [1, 2]
    for _ in range(3):
        expected.append(likeliest(expected))
    assert found == expected[2:]
    assert reader.passes == [[2], [1], [1]]


@pytest.mark.parametrize("seed", range(10))
def test_readings_side_by_side_give_what_each_gives_alone(seed: int) -> None:
    """Whatever their lengths, results come in the order of the readings."""
    drawn = random.Random(seed)
    asked = [([drawn.randrange(8)], drawn.randrange(6)) for _ in range(drawn.randrange(1, 6))]
    alone = [finish(DiceReader(), following(*each)) for each in asked]
    reader = DiceReader()

    found = finish(reader, together([following(*each) for each in asked]))

    assert found == alone
    assert len(reader.passes) == max(passes for _, passes in asked)


def test_a_reading_gets_the_rows_of_all_its_parts() -> None:
    """Parts of one reading stay together among those of the others."""
    prompts = [[1, 2], [3, 4, 5], [6, 7]]

    found = finish(DiceReader(), together([of_two(prompt) for prompt in prompts]))

    assert found == [(likeliest(prompt), likeliest(prompt[:-1])) for prompt in prompts]


def test_readings_side_by_side_may_be_nested() -> None:
    """A reading of several is one like any other."""
    inner = [together([asking(2, "a"), asking(0, "b")]), together([asking(3, "c")])]

    assert finish(DiceReader(), together(inner)) == [["a", "b"], ["c"]]


def test_no_readings_need_no_pass() -> None:
    """Nothing asked for is nothing read."""
    reader = DiceReader()

    assert finish(reader, together([])) == []
    assert reader.passes == []


def test_what_fails_in_one_reading_fails_all_that_were_put_together() -> None:
    """Who put them together gets the exception."""

    def failing() -> Reading[str]:
        yield [Part(Trail(), [1])]
        raise ValueError("out of luck")

    with pytest.raises(ValueError, match="out of luck"):
        finish(DiceReader(), together([asking(3, "a"), failing()]))
