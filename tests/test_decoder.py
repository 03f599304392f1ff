"""Decoding: what makes it quick changes no token, on drawn choices and on the real model.

The real model's numbers are rounded to 8 bits between its layers, so a sum in another order may
change one by a tenth. Where the order is the same, so are the tokens; where it is not, as beside
other readings, a test says how much may differ. On drawn choices all is exact.
"""

from collections.abc import Callable, Sequence
from itertools import takewhile

import pytest
from dice_reader import END, TOKENS, Dice, DiceReader, greedy, score
from embedded_model import PlainLoop, graph, new_reader, prompt_of, requests, tokenizer
from hypothesis import given
from hypothesis import strategies as st

from eidos.decoder import Decoding, Draft, no_draft
from eidos.decoder import Sequence as Decoded
from eidos.drafting import FILE, Drafter, load_ngrams
from eidos.packed_reader import PackedReader
from eidos.reading import Part, Reading, Row, finish
from eidos.resources import model_dir
from eidos.scheduler import Finished, Scheduler

FEW_TOKENS = 8
"""Of each answer, so that 200 take seconds."""
WAVERING = 1.0
"""A token that another order of sums puts in place of the likeliest was less likely by at most
this factor, as a logarithm."""

TEXT = st.lists(st.integers(0, TOKENS - 1), min_size=1, max_size=6)
ANSWER = st.lists(st.integers(1, TOKENS - 1), max_size=6)
MOST = st.integers(1, 9)


def drawn(prompt: Sequence[int], max_tokens: int, draft: Draft = no_draft) -> Decoding:
    """Return the decoding of *prompt* on drawn choices."""
    return Decoding(DiceReader(), prompt, Dice(), max_tokens=max_tokens, draft=draft)


def done(decoding: Decoding) -> Decoded:
    """Return what is written greedily."""
    return finish(DiceReader(), decoding.greedy())


@given(TEXT, MOST, st.lists(st.lists(st.integers(0, TOKENS - 1), max_size=12), min_size=1))
def test_no_draft_changes_what_is_written(
    prompt: list[int], max_tokens: int, drafts: list[list[int]]
) -> None:
    """Whatever is guessed, however much, an end in the middle of it: the likeliest tokens come."""
    decoding = drawn(prompt, max_tokens, lambda written: drafts[len(written) % len(drafts)])

    found = done(decoding)

    assert list(found.ids) == greedy(prompt, max_tokens)
    assert found.log_probability == pytest.approx(score(prompt, decoding._best.ids), abs=1e-9)


@given(TEXT, MOST)
def test_right_drafts_save_passes(prompt: list[int], max_tokens: int) -> None:
    """All that was guessed right is read in one pass; the draft is asked for what was written."""
    right = greedy(prompt, max_tokens)
    reader, asked = DiceReader(), list[list[int]]()

    def draft(written: Sequence[int]) -> list[int]:
        asked.append(list(written))
        return right[len(written) :]

    finish(reader, Decoding(reader, prompt, Dice(), max_tokens=max_tokens, draft=draft).greedy())

    assert len(reader.passes) == 1
    assert asked == [[]]
    assert sum(reader.passes[0]) == len(prompt) + min(len(right), max_tokens - 1)


@given(st.integers(1, 300), MOST)
def test_a_long_prompt_is_read_in_pieces(length: int, max_tokens: int) -> None:
    """No pass is long, so that neighbours go on, and nothing else changes."""
    prompt = [at % TOKENS for at in range(length)]
    reader = DiceReader()

    found = finish(reader, Decoding(reader, prompt, Dice(), max_tokens=max_tokens).greedy())

    assert list(found.ids) == greedy(prompt, max_tokens)
    assert max(sum(parts) for parts in reader.passes) <= 64
    assert sum(map(sum, reader.passes)) < length + max_tokens


@given(TEXT, MOST, st.integers(0, 6))
def test_branches_are_others_and_change_nothing(
    prompt: list[int], max_tokens: int, count: int
) -> None:
    """Each is distinct, not empty, at most *count*, and has the probability it has alone."""
    decoding = drawn(prompt, max_tokens)
    first = done(decoding)

    others = finish(DiceReader(), decoding.branches(count))

    assert list(first.ids) == greedy(prompt, max_tokens)
    assert len(others) <= count
    assert len({first.ids, *(other.ids for other in others)}) == len(others) + 1
    for other in others:
        assert 0 < len(other.ids) <= max_tokens
        whole = list(other.ids) + [END] * (len(other.ids) < max_tokens)
        assert other.log_probability == pytest.approx(score(prompt, whole), abs=1e-9)


@given(TEXT, MOST)
def test_branches_leave_between_words_and_go_on_greedily(
    prompt: list[int], max_tokens: int
) -> None:
    """Within a word the runner-up is a misspelling; behind the branch the likeliest come."""
    decoding = drawn(prompt, max_tokens)
    first = done(decoding).ids
    between = Dice().word_start_ids() | {END}

    for other in finish(DiceReader(), decoding.branches(4)):
        pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, other.ids, strict=False))
        at = len(list(pairs))
        taken = [*decoding._best.ids, END][at]
        changed = [*other.ids, END][at]
        assert at == 0 or {taken, changed} <= between
        if changed != END:
            rest = greedy([*prompt, *other.ids[: at + 1]], max_tokens - at - 1)
            assert list(other.ids[at + 1 :]) == rest


@given(TEXT, MOST, st.lists(ANSWER, max_size=4))
def test_known_answers_have_the_probability_they_have(
    prompt: list[int], max_tokens: int, answers: list[list[int]]
) -> None:
    """Whether all of one is what was written, its beginning, or nothing; each in its place."""
    decoding = drawn(prompt, max_tokens)
    answers = [*answers, list(done(decoding).ids)]

    found = finish(DiceReader(), decoding.scores(answers))

    assert [list(each.ids) for each in found] == answers
    for each in found:
        assert each.log_probability == pytest.approx(score(prompt, [*each.ids, END]), abs=1e-9)


@given(TEXT, MOST, ANSWER)
def test_no_answer_is_likelier_than_at_most(
    prompt: list[int], max_tokens: int, answer: list[int]
) -> None:
    """The bound costs no pass, and is never below the truth."""
    decoding = drawn(prompt, max_tokens)
    written = list(done(decoding).ids)

    for ids in (answer, [*written[:3], *answer], written):
        assert decoding.at_most(ids) >= score(prompt, [*ids, END]) - 1e-9


@given(TEXT, MOST)
def test_no_branch_says_the_same_with_another_end(prompt: list[int], max_tokens: int) -> None:
    """Two ways to end are one answer."""
    decoding = Decoding(DiceReader(), prompt, Dice(frozenset({0, 1, 2})), max_tokens=max_tokens)
    first = done(decoding)

    found = finish(DiceReader(), decoding.branches(6))

    assert len({each.ids for each in (first, *found)}) == len(found) + 1


def test_any_end_token_ends_an_answer() -> None:
    """A model may have several, and what is known ends with one of them."""
    ends = Dice(frozenset({0, 1, 2, 3}))
    for start in range(TOKENS):
        decoding = Decoding(DiceReader(), [start], ends, max_tokens=30)

        found = done(decoding)

        assert not ends.end_ids & set(found.ids)
        assert set(decoding._best.ids) - set(found.ids) <= ends.end_ids
        (scored,) = finish(DiceReader(), decoding.scores([[7]]))
        assert scored.log_probability == pytest.approx(score([start], [7, END]))


# What follows reads with the embedded model.


@pytest.fixture(scope="module")
def reader() -> PackedReader:
    """A reader that has kept what prompts begin with."""
    return new_reader()


@pytest.fixture(scope="module")
def prompts() -> list[list[int]]:
    """The prompts of all requests."""
    return [prompt_of(request) for request in requests()]


@pytest.fixture(scope="module")
def plain(prompts: list[list[int]]) -> list[list[int]]:
    """What the plain loop writes for each."""
    return [PlainLoop().write(prompt, FEW_TOKENS) for prompt in prompts]


def writing(
    reader: PackedReader, prompt: Sequence[int], draft: Draft = no_draft, most: int = FEW_TOKENS
) -> Decoding:
    """Return the decoding of *prompt* with the embedded model, not begun."""
    return Decoding(reader, prompt, tokenizer(), max_tokens=most, draft=draft)


def written(reader: PackedReader, prompt: Sequence[int], draft: Draft = no_draft) -> list[int]:
    """Return what is written behind *prompt*, the end with it."""
    decoding = writing(reader, prompt, draft)
    finish(reader, decoding.greedy())
    return decoding._best.ids


def others(found: Sequence[object], expected: Sequence[object]) -> dict[int, object]:
    """Return what is not as expected, by its number."""
    pairs = enumerate(zip(found, expected, strict=True))
    return {number: one for number, (one, other) in pairs if one != other}


@pytest.mark.model
@pytest.mark.timeout(600)
def test_drafts_change_no_token_of_the_plain_loop(
    reader: PackedReader, prompts: list[list[int]], plain: list[list[int]]
) -> None:
    """All 200 requests, with the drafts that the daemon makes and the prefix that it keeps."""
    ngrams = load_ngrams(model_dir() / FILE)
    assert ngrams is not None

    found = [written(reader, prompt, Drafter(ngrams, [], prompt, lambda: 3)) for prompt in prompts]

    assert len(found) == 200
    assert others(found, plain) == {}


@pytest.mark.model
@pytest.mark.timeout(600)
def test_right_drafts_change_no_token(
    reader: PackedReader, prompts: list[list[int]], plain: list[list[int]]
) -> None:
    """All 200 requests, each answer read at once behind its prompt."""
    found = [
        written(reader, prompt, lambda ids, answer=answer: answer[len(ids) :])
        for prompt, answer in zip(prompts, plain, strict=True)
    ]

    assert others(found, plain) == {}


def nothing(answer: list[int], ids: Sequence[int]) -> list[int]:  # noqa: ARG001 - a Guess
    """Guess nothing."""
    return []


def wrong(answer: list[int], ids: Sequence[int]) -> list[int]:
    """Guess three others."""
    return [token + 1 for token in answer[len(ids) : len(ids) + 3]]


def half_right(answer: list[int], ids: Sequence[int]) -> list[int]:
    """Guess one or two right ones and another."""
    rest = answer[len(ids) :]
    return [*rest[: 1 + len(ids) % 2], 100]


@pytest.mark.model
@pytest.mark.timeout(600)
@pytest.mark.parametrize("guess", [nothing, wrong, half_right])
def test_wrong_drafts_and_none_change_no_token(
    reader: PackedReader,
    prompts: list[list[int]],
    plain: list[list[int]],
    guess: Callable[[list[int], Sequence[int]], list[int]],
) -> None:
    """Every eighth request: a wrong draft costs time alone."""
    found = [
        written(reader, prompt, lambda ids, answer=answer: guess(answer, ids))
        for prompt, answer in zip(prompts[::8], plain[::8], strict=True)
    ]

    assert others(found, plain[::8]) == {}


@pytest.mark.model
def test_a_kept_prefix_changes_no_token(prompts: list[list[int]], plain: list[list[int]]) -> None:
    """Every eighth request: with nothing kept, all is read with the prompt."""
    bare = PackedReader(graph())

    found = [written(bare, prompt) for prompt in prompts[::8]]

    assert others(found, plain[::8]) == {}


@pytest.mark.model
def test_a_long_prompt_in_pieces_gives_the_same_tokens(reader: PackedReader) -> None:
    """Read by 64 or at once: what is written behind it is the same."""
    for request in requests()[:3]:
        prompt = prompt_of(f"{request}, " * 40)
        assert len(prompt) > 128

        assert written(reader, prompt) == PlainLoop().write(prompt, FEW_TOKENS)


class Writing:
    """A decoding among others, and what it wrote."""

    def __init__(self, reader: PackedReader, prompt: Sequence[int]) -> None:
        self._decoding = writing(reader, prompt)
        self.ids: list[int] = []
        self.rows: list[Row] = []

    def reading(self) -> Reading[None]:
        """Write; then let go of the trail."""
        yield from self._decoding.greedy()
        best = self._decoding._best
        self.ids, self.rows = best.ids, [row for row in best.rows if row]
        del self._decoding


def side_by_side(reader: PackedReader, prompts: Sequence[list[int]]) -> list[list[int]]:
    """Return what is written behind each of *prompts*, as many at a time as there are slots."""
    scheduler = Scheduler[None](reader)
    writings: list[Writing] = []
    finished: list[Finished[None]] = []
    while len(finished) < len(prompts):
        while not scheduler.is_full and len(writings) < len(prompts):
            writings.append(Writing(reader, prompts[len(writings)]))
            scheduler.add(str(len(writings)), writings[-1].reading())
        finished += scheduler.step()
    assert [each.result for each in finished] == [None] * len(prompts)
    return [each.ids for each in writings]


def preference(prompt: Sequence[int], one: Sequence[int], other: Sequence[int]) -> float:
    """Return how much likelier than *other*'s the token of *one* is where they part."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    same = len(list(pairs))
    likely, less = (
        float(PlainLoop().read([*prompt, *one[:same]], [token])["next_logits"][0, 0])
        for token in (one[same], other[same])
    )
    return likely - less


@pytest.mark.model
@pytest.mark.timeout(600)
def test_readings_side_by_side_differ_only_where_the_model_wavers(
    reader: PackedReader, prompts: list[list[int]], plain: list[list[int]]
) -> None:
    """All 200 requests, eight at a time: of four answers three or more are the same.

    Where one is not, the model alone holds the two tokens at which they part for about as likely.
    """
    found = side_by_side(reader, prompts)

    different = others(found, plain)
    losses = {
        number: preference(prompts[number], plain[number], found[number]) for number in different
    }
    assert len(losses) <= len(prompts) // 4
    assert max(losses.values(), default=0.0) < WAVERING, losses


@pytest.mark.model
def test_a_reading_alone_is_the_same_after_all_others(
    reader: PackedReader, prompts: list[list[int]], plain: list[list[int]]
) -> None:
    """Finished, cancelled and failed neighbours leave nothing that changes a token."""
    scheduler = Scheduler[None](reader)
    for number, prompt in enumerate(prompts[:6]):
        scheduler.add(str(number), Writing(reader, prompt).reading())

    def failing() -> Reading[None]:
        yield [Part(reader.trail_for(prompts[7]), prompts[7])]
        raise ValueError("out of luck")

    scheduler.add("failing", failing())
    for number in range(6):
        scheduler.step()
        scheduler.cancel(str(number))

    assert len(scheduler) == 0
    assert written(reader, prompts[6]) == plain[6]


@pytest.mark.model
def test_the_first_candidate_does_not_depend_on_how_many_are_asked(reader: PackedReader) -> None:
    """Others come behind the greedy one; they are distinct, and what was written stays."""
    prompt = prompt_of("kill the process on port 8080")
    decoding = writing(reader, prompt, most=40)
    first = finish(reader, decoding.greedy())

    many = finish(reader, decoding.branches(3))

    assert finish(reader, writing(reader, prompt, most=40).greedy()).ids == first.ids
    assert len({sequence.ids for sequence in (first, *many)}) == 4
    assert all(sequence.log_probability < 0 for sequence in many)


@pytest.mark.model
@pytest.mark.parametrize("number", range(0, 200, 20))
def test_scores_are_those_of_plain_reading(
    prompts: list[list[int]], plain: list[list[int]], number: int
) -> None:
    """A known answer, right, wrong or half right, is as likely as where all is read at once.

    Rounding changed logarithms below -20 by up to 2 of 100, and others in the sixth digit.
    """
    prompt, right, other = prompts[number], plain[number][:-1], plain[number - 1][:-1]
    answers = [right, [*right[:2], *other], other]
    reader = new_reader()
    decoding = writing(reader, prompt)
    finish(reader, decoding.greedy())

    scores = [each.log_probability for each in finish(reader, decoding.scores(answers))]

    expected = [PlainLoop().score(prompt, ids) for ids in answers]
    assert scores == pytest.approx(expected, rel=0.05, abs=1e-3)
    for ids, found in zip(answers, scores, strict=True):
        assert decoding.at_most(ids) >= found - 0.2


@pytest.mark.model
def test_no_continuation_is_longer_than_allowed(reader: PackedReader) -> None:
    """max_tokens bounds every candidate, branches and drafts included."""
    prompt = prompt_of("list the 5 biggest files here")
    decoding = writing(reader, prompt, lambda _: [1] * 20, most=5)

    sequences = [finish(reader, decoding.greedy()), *finish(reader, decoding.branches(3))]

    assert all(0 < len(sequence.ids) <= 5 for sequence in sequences)
