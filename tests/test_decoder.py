"""The decoding loop on the real model, and on files that are not one."""

from pathlib import Path

import numpy as np
import pytest

from eidos.decoder import Decoder, Sequence
from eidos.errors import ModelError
from eidos.model_files import locate, tokenizer_settings
from eidos.prompt import load_template
from eidos.resources import model_dir
from eidos.tokenizer import Tokenizer

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
    empty = decoder._empty_cache
    while len(ids) < 40:
        logits, _ = decoder.step(np.array([prompt + ids], np.int64), empty, past=0)
        token = int(logits.argmax())
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

    (sequence,) = decoder.decode(prompt, count=1, max_tokens=96, vocabulary=tokenizer)

    assert list(sequence.ids) == plain_greedy(decoder, prompt, tokenizer.end_ids)


def test_the_first_candidate_does_not_depend_on_how_many_are_asked(
    decoder: Decoder, tokenizer: Tokenizer
) -> None:
    """More candidates come behind the best one; they are distinct and ever less likely."""
    prompt = prompt_ids(tokenizer, "kill the process on port 8080")
    (best,) = decoder.decode(prompt, count=1, max_tokens=96, vocabulary=tokenizer)

    many = decoder.decode(prompt, count=4, max_tokens=96, vocabulary=tokenizer)

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
    second = decoder.decode(prompt, count=2, max_tokens=96, vocabulary=tokenizer)[1]

    # Token by token, as the branch did it: activations are rounded to 8 bits, so one pass over
    # many tokens gives slightly other figures than many passes over one.
    logits, cache = decoder.step(np.array([prompt], np.int64), decoder._empty_cache, past=0)
    (end_id,) = tokenizer.end_ids
    total = 0.0
    for past, token in enumerate((*second.ids, end_id), start=len(prompt)):
        shifted = logits - logits.max()
        total += float(shifted[token] - np.log(np.exp(shifted).sum()))
        logits, cache = decoder.step(np.array([[token]], np.int64), cache, past)

    assert second.log_probability == pytest.approx(total, abs=1e-3)


def test_no_continuation_is_longer_than_allowed(decoder: Decoder, tokenizer: Tokenizer) -> None:
    """max_tokens bounds every candidate, branches included."""
    prompt = prompt_ids(tokenizer, "list the 5 biggest files here")

    sequences = decoder.decode(prompt, count=4, max_tokens=5, vocabulary=tokenizer)

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
