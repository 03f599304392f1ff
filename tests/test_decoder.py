"""The decoding loop on the real model, and on files that are not one."""

from pathlib import Path

import numpy as np
import pytest

from eidos.decoder import Decoder, Sequence
from eidos.errors import ModelError
from eidos.graph import GrowingCache
from eidos.model_files import locate, tokenizer_settings
from eidos.prompt import load_template
from eidos.resources import model_dir
from eidos.tokenizer import Tokenizer
from training import tasks

TASKS = tasks.load()[::21]
"""Some 40 requests of mixed length, over all utilities."""
FEW_TOKENS = 12
"""Of each answer, so that as many requests take seconds."""

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The embedded tokenizer."""
    files = locate("", "")
    return Tokenizer(files.tokenizer, tokenizer_settings(files))


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    """The embedded model."""
    return Decoder(model_dir() / "model.onnx", threads=2)


def prompt_ids(tokenizer: Tokenizer, request: str) -> list[int]:
    """Return the ids of the prompt for *request*."""
    return tokenizer.encode(load_template(model_dir(), {}).render(request))


def plain_greedy(decoder: Decoder, prompt: list[int], end_ids: frozenset[int]) -> list[int]:
    """Decode without a cache: the whole text again for every token; slow and surely right."""
    ids: list[int] = []
    while len(ids) < 40:
        logits = GrowingCache(decoder._graph).run(prompt + ids)
        token = int(logits[-1].argmax())
        if token in end_ids:
            break
        ids.append(token)
    return ids


@pytest.mark.parametrize("request_text", ["show disk usage", "count the lines in notes.txt"])
def test_greedy_decoding_with_a_cache_equals_decoding_without(
    decoder: Decoder, tokenizer: Tokenizer, request_text: str
) -> None:
    """The key/value cache changes the cost, never a token."""
    prompt = prompt_ids(tokenizer, request_text)

    (sequence,) = decoder.decode(prompt, count=1, max_tokens=96, vocabulary=tokenizer).sequences

    assert list(sequence.ids) == plain_greedy(decoder, prompt, tokenizer.end_ids)


def test_the_first_candidate_does_not_depend_on_how_many_are_asked(
    decoder: Decoder, tokenizer: Tokenizer
) -> None:
    """More candidates come behind the best one; they are distinct and ever less likely."""
    prompt = prompt_ids(tokenizer, "kill the process on port 8080")
    (best,) = decoder.decode(prompt, count=1, max_tokens=96, vocabulary=tokenizer).sequences

    many = decoder.decode(prompt, count=4, max_tokens=96, vocabulary=tokenizer).sequences

    assert many[0] == best
    assert len({sequence.ids for sequence in many}) == len(many) == 4
    probabilities = [sequence.log_probability for sequence in many]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(value <= 0 for value in probabilities)


def test_a_branch_scores_like_the_same_tokens_from_scratch(
    decoder: Decoder, tokenizer: Tokenizer
) -> None:
    """The reused keys and values give a branch the probability it would have on its own."""
    prompt = prompt_ids(tokenizer, "undo my last commit but keep changes")
    decoded = decoder.decode(prompt, count=2, max_tokens=96, vocabulary=tokenizer)
    second = decoded.sequences[1]

    # Token by token, as the branch did it: activations are rounded to 8 bits, so one pass over
    # many tokens gives slightly other figures than many passes over one.
    cache = GrowingCache(decoder._graph)
    logits = cache.run(prompt)[-1]
    total = 0.0
    for token in (*second.ids, min(tokenizer.end_ids)):
        shifted = logits - logits.max()
        total += float(shifted[token] - np.log(np.exp(shifted).sum()))
        logits = cache.run([token])[-1]

    assert second.log_probability == pytest.approx(total, abs=1e-3)


@pytest.fixture(scope="module")
def answers(decoder: Decoder, tokenizer: Tokenizer) -> list[Sequence]:
    """What the model writes for each of TASKS, nothing being known."""
    return [answer(decoder, tokenizer, task.request) for task in TASKS]


def answer(
    decoder: Decoder, tokenizer: Tokenizer, request: str, known: tuple[str, ...] = ()
) -> Sequence:
    """Return the beginning of what the model writes for *request*."""
    (sequence,) = decoder.decode(
        prompt_ids(tokenizer, request),
        count=1,
        max_tokens=FEW_TOKENS,
        vocabulary=tokenizer,
        known=[tokenizer.encode(command) for command in known],
    ).sequences
    return sequence


def test_a_cache_that_grows_gives_the_same_answers(
    tokenizer: Tokenizer, answers: list[Sequence]
) -> None:
    """Sharing one buffer, which is written over again and again, changes no token anywhere."""
    growing = Decoder(model_dir() / "model.onnx", threads=2)
    growing._graph._buffer = None

    assert [answer(growing, tokenizer, task.request) for task in TASKS] == answers


def test_known_answers_change_no_answer_but_where_the_model_wavers(
    decoder: Decoder, tokenizer: Tokenizer, answers: list[Sequence]
) -> None:
    """Right or wrong, what is read with a prompt changes a token only for one as likely.

    Numbers are rounded otherwise where many tokens are read at once.
    """
    found = [answer(decoder, tokenizer, task.request, (task.command,)) for task in TASKS]

    pairs = zip(TASKS, found, answers, strict=True)
    others = [(task, one.ids, other.ids) for task, one, other in pairs if one.ids != other.ids]
    assert len(others) <= 2
    for task, one, other in others:
        same = next(at for at, (x, y) in enumerate(zip(one, other, strict=False)) if x != y)
        prompt = prompt_ids(tokenizer, task.request)
        logits = GrowingCache(decoder._graph).run([*prompt, *one[:same]])[-1]
        assert abs(logits[one[same]] - logits[other[same]]) < 0.5


def test_a_known_answer_longer_than_allowed_makes_none_longer(
    decoder: Decoder, tokenizer: Tokenizer
) -> None:
    """max_tokens bounds what is taken over from a known answer, too."""
    prompt = prompt_ids(tokenizer, "count the lines in notes.txt")

    def written(max_tokens: int, known: tuple[tuple[int, ...], ...]) -> Sequence:
        decoded = decoder.decode(
            prompt, count=1, max_tokens=max_tokens, vocabulary=tokenizer, known=known
        )
        return decoded.sequences[0]

    whole = written(96, ())
    assert len(whole.ids) > 3

    assert written(3, (whole.ids,)).ids == written(3, ()).ids == whole.ids[:3]


KNOWN = ("find . -type f -size +10M", "find . -size +10M -delete", "ls", "du -h | sort -rh")


@pytest.mark.parametrize("known", [KNOWN[:1], KNOWN[1:2], KNOWN[2:], KNOWN])
def test_known_answers_change_nothing_of_what_the_model_writes(
    decoder: Decoder, tokenizer: Tokenizer, known: tuple[str, ...]
) -> None:
    """Whether all of a known answer is taken over, its beginning or nothing: one text."""
    prompt = prompt_ids(tokenizer, "find files larger than 10 MB here")
    plain = decoder.decode(prompt, count=3, max_tokens=96, vocabulary=tokenizer).sequences
    ids = [tokenizer.encode(each) for each in known]

    decoded = decoder.decode(prompt, count=3, max_tokens=96, vocabulary=tokenizer, known=ids)

    assert [sequence.ids for sequence in decoded.sequences] == [sequence.ids for sequence in plain]
    assert [list(sequence.ids) for sequence in decoded.known] == ids


def test_a_known_answer_is_as_likely_as_when_the_model_writes_it(
    decoder: Decoder, tokenizer: Tokenizer
) -> None:
    """The probability of what is read is that of what is written, but for rounding."""
    prompt = prompt_ids(tokenizer, "count the lines in notes.txt")
    (written,) = decoder.decode(prompt, count=1, max_tokens=96, vocabulary=tokenizer).sequences
    ids = list(written.ids)

    decoded = decoder.decode(
        prompt, count=1, max_tokens=96, vocabulary=tokenizer, known=[[1, *ids], ids]
    )

    first, second = (sequence.log_probability for sequence in decoded.known)
    assert second == pytest.approx(written.log_probability, abs=0.05)
    assert first < second - 5


def test_a_prompt_longer_than_the_buffer_is_read_all_the_same(
    decoder: Decoder, tokenizer: Tokenizer
) -> None:
    """The room that is always there is no limit; the buffer serves again afterwards."""
    long = prompt_ids(tokenizer, "show disk usage " * 40)
    short = prompt_ids(tokenizer, "show disk usage")
    before = decoder.decode(short, count=1, max_tokens=20, vocabulary=tokenizer).sequences

    (sequence,) = decoder.decode(long, count=1, max_tokens=20, vocabulary=tokenizer).sequences

    assert list(sequence.ids) == plain_greedy(decoder, long, tokenizer.end_ids)[:20]
    after = decoder.decode(short, count=1, max_tokens=20, vocabulary=tokenizer).sequences
    assert after == before


def test_no_continuation_is_longer_than_allowed(decoder: Decoder, tokenizer: Tokenizer) -> None:
    """max_tokens bounds every candidate, branches included."""
    prompt = prompt_ids(tokenizer, "list the 5 biggest files here")

    sequences = decoder.decode(prompt, count=4, max_tokens=5, vocabulary=tokenizer).sequences

    assert all(isinstance(s, Sequence) and 0 < len(s.ids) <= 5 for s in sequences)


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x07" * 500])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    """Loading garbage gives a ModelError with the file's path and the setting to change."""
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"cannot load the model .*bad\.onnx.*EIDOS_MODEL_PATH"):
        Decoder(path, threads=1)


def test_a_model_without_its_weights_is_named(tmp_path: Path) -> None:
    """A graph whose external data is missing says so."""
    (tmp_path / "model.onnx").write_bytes((model_dir() / "model.onnx").read_bytes())

    with pytest.raises(ModelError, match=r"cannot load the model .*model\.onnx"):
        Decoder(tmp_path / "model.onnx", threads=1)
