"""Guesses: where they come from, how many there are, and what is no table of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from eidos.drafting import BEGIN, MAGIC, RECORD, Drafter, Ngrams, key_of, load_ngrams
from eidos.errors import ModelError

SURE = 255
UNSURE = 60

Guesses = Mapping[tuple[int, ...], tuple[int, int]]


def records(guesses: Guesses) -> np.ndarray:
    """Return a table in which a token and its share of 255 follow each context."""
    rows = [(key_of(context), *guess) for context, guess in guesses.items()]
    return np.sort(np.array(rows, RECORD), order="key")


def drafter(
    guesses: Guesses | None = None,
    known: Sequence[Sequence[int]] = (),
    request: Sequence[int] = (),
    limit: int = 3,
) -> Drafter:
    """Return a drafter with these sources."""
    ngrams = None if guesses is None else Ngrams(records(guesses))
    return Drafter(ngrams, known, request, lambda: limit)


def test_the_longest_context_tells() -> None:
    """What follows three tokens is surer than what follows the last two, or the last."""
    ngrams = Ngrams(records({(3,): (10, 255), (2, 3): (11, 102), (1, 2, 3): (12, 51)}))

    assert ngrams.following([9, 1, 2, 3]) == (12, 0.2)
    assert ngrams.following([1, 2, 3]) == (12, 0.2)
    assert ngrams.following([9, 2, 3]) == (11, 0.4)
    assert ngrams.following([3]) == (10, 1.0)


@pytest.mark.parametrize("context", [[], [7], [1, 2], [70_000], [BEGIN]])
def test_what_was_never_seen_is_followed_by_nothing(context: list[int]) -> None:
    """A context that is not in the table has no guess, wherever its key would stand."""
    assert Ngrams(records({(1,): (10, 255)})).following(context) is None
    assert Ngrams(records({})).following(context) is None


def test_every_entry_of_a_table_is_found() -> None:
    """Also the first and the last, and tokens of any number that a model may have."""
    guesses = {(token, token + 1): (token % 65_536, 255) for token in range(0, 200_000, 211)}
    ngrams = Ngrams(records(guesses))

    assert all(ngrams.following(context) == (guesses[context][0], 1.0) for context in guesses)


def test_a_table_is_read_from_its_file(tmp_path: Path) -> None:
    """What was written is what is looked up."""
    path = tmp_path / "drafts.ngrams"
    path.write_bytes(MAGIC + records({(1,): (10, 255), (2,): (11, 0)}).tobytes())

    ngrams = load_ngrams(path)

    assert ngrams is not None
    assert ngrams.following([1]) == (10, 1.0)
    assert ngrams.following([2]) == (11, 0.0)


def test_a_model_without_a_table_is_drafted_for_without_one(tmp_path: Path) -> None:
    """Another model need not have one."""
    assert load_ngrams(tmp_path / "drafts.ngrams") is None


WHOLE = MAGIC + bytes(3 * RECORD.itemsize)


@pytest.mark.parametrize(
    "content",
    [b"", WHOLE[:-1], WHOLE + b"x", WHOLE[1:], b"x" * len(WHOLE), WHOLE.replace(b"/1", b"/2")],
    ids=["empty", "cut off", "too long", "begun later", "of another kind", "of another form"],
)
def test_a_damaged_table_is_refused(tmp_path: Path, content: bytes) -> None:
    """The error names the file and what makes it again."""
    path = tmp_path / "drafts.ngrams"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"drafts\.ngrams is not a table.*training/ngrams\.py"):
        load_ngrams(path)


def test_a_table_of_another_vocabulary_is_refused(tmp_path: Path) -> None:
    """A token that the model does not have would be read from beyond its embedding."""
    path = tmp_path / "drafts.ngrams"
    path.write_bytes(MAGIC + np.array([(1, 7, 255)], RECORD).tobytes())

    assert load_ngrams(path, 8)
    with pytest.raises(ModelError, match=r"drafts\.ngrams is of another tokenizer"):
        load_ngrams(path, 7)


def test_a_known_answer_is_copied_from_its_first_token() -> None:
    """Before anything is written it is the best guess there is."""
    assert drafter(known=[[5, 6, 7]], limit=1)([]) == [5]


def test_a_known_answer_is_gone_on_with_where_it_was_left() -> None:
    """As far as what is written is its beginning, the next of its tokens follow."""
    assert drafter(known=[[5, 6, 7, 8]], limit=1)([5, 6]) == [7]


def test_a_name_is_copied_from_the_request() -> None:
    """Once two of its tokens are written, the rest of it is guessed."""
    draft = drafter(request=[1, 20, 21, 22, 2], limit=1)

    assert draft([9, 20, 21]) == [22]
    assert draft([21, 20]) == []
    assert draft([9, 20]) == []


def test_what_was_copied_longest_is_copied_on() -> None:
    """Where the last two tokens stand in two places, the third tells which one is meant."""
    draft = drafter(request=[1, 20, 21, 30, 2, 20, 21, 31], limit=1)

    assert draft([2, 20, 21]) == [31]
    assert draft([7, 20, 21]) == [30]


def test_a_source_that_ends_there_has_no_more() -> None:
    """Nothing is guessed behind the last token of what is copied."""
    assert drafter(known=[[5, 6]], request=[5, 6])([5, 6]) == []
    assert drafter()([1, 2]) == drafter()([]) == []


def test_a_sure_ngram_goes_before_a_copy_and_an_unsure_one_behind_it() -> None:
    """Which of two guesses is made follows from how often each is right."""
    known = [[5, 6, 7]]

    assert drafter({(5, 6): (9, SURE)}, known, limit=1)([5, 6]) == [9]
    assert drafter({(5, 6): (9, UNSURE)}, known, limit=1)([5, 6]) == [7]
    assert drafter({(5, 6): (9, UNSURE)}, limit=1)([5, 6]) == [9]


@pytest.mark.parametrize("limit", [0, 1, 2, 5])
def test_no_draft_is_longer_than_the_limit(limit: int) -> None:
    """However sure the guesses are: it says what is worth reading now."""
    guesses = {(token,): (token + 1, SURE) for token in range(20)}

    assert drafter(guesses, limit=limit)([3]) == [4, 5, 6, 7, 8][:limit]


def test_the_limit_is_asked_for_at_every_draft() -> None:
    """It changes with what else is under way."""
    limits = iter([2, 0, 1])
    draft = Drafter(Ngrams(records({(1,): (1, SURE)})), [], [], lambda: next(limits))

    assert [draft([1]) for _ in range(3)] == [[1, 1], [], [1]]


def test_a_draft_ends_where_it_grows_unlikely() -> None:
    """Guesses of 0.8 each are made up to the third: 0.8³ is worth a try, 0.8⁴ is not."""
    guesses = {(token,): (token + 1, 204) for token in range(20)}

    assert drafter(guesses, limit=9)([3]) == [4, 5, 6]


def test_one_guess_is_free() -> None:
    """A pass of one token has room for a second: it is guessed however unlikely, and no third.

    A prompt's last pass is long, so there nothing is free.
    """
    guesses = {(3,): (4, UNSURE), (4,): (5, SURE), (BEGIN,): (4, UNSURE)}

    assert drafter(guesses)([3]) == [4]
    assert drafter(guesses)([]) == []
