"""What a server answered becomes a draft or nothing, whatever it answered."""

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.remote_answers import (
    MAX_COMMAND_CHARS,
    UNSAID_LOG_PROBABILITY,
    UNSAID_TOKENS,
    read_answer,
)


def body(text: str, *, finish_reason: str = "stop", logprobs: object = None) -> bytes:
    """Return what a server of our weights answers."""
    choice = {"text": text, "finish_reason": finish_reason, "logprobs": logprobs}
    return json.dumps({"choices": [choice]}).encode()


VALUES = st.recursive(
    st.none() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["content", "x"]), inner),
)
CHOICES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("text", "message", "finish_reason", "logprobs"), VALUES)
)


@given(st.binary() | CHOICES.map(lambda choice: json.dumps({"choices": [choice]}).encode()))
def test_bytes_are_an_answer_or_a_value_error(data: bytes) -> None:
    """No body of a server's can raise anything else."""
    with suppress(ValueError):
        read_answer(data, is_chat=True)


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        ({"token_logprobs": [-0.5, -0.25]}, (-0.75, 3)),
        ({"token_logprobs": [None, -0.25]}, (-0.25, 2)),
        ({"content": [{"token": "ls", "logprob": -0.5}]}, (-0.5, 2)),
        ({"token_logprobs": [0.5]}, (0.0, 2)),
        ({"token_logprobs": []}, (UNSAID_LOG_PROBABILITY, UNSAID_TOKENS)),
        ({}, (UNSAID_LOG_PROBABILITY, UNSAID_TOKENS)),
        (None, (UNSAID_LOG_PROBABILITY, UNSAID_TOKENS)),
    ],
)
def test_probabilities_are_of_the_whole_command(
    logprobs: object, expected: tuple[float, int]
) -> None:
    """The tokens' logarithms are added up, in both forms that servers have; else a constant."""
    draft = read_answer(body("ls", logprobs=logprobs), is_chat=False).draft

    assert draft is not None
    assert (draft.log_probability, draft.tokens) == expected


def test_impossible_probabilities_stay_numbers() -> None:
    """Sums that leave the range of numbers do not reach the ranking."""
    draft = read_answer(body("ls", logprobs={"token_logprobs": [-1e308] * 3}), is_chat=False).draft

    assert draft is not None
    assert math.isfinite(draft.log_probability)
    assert draft.log_probability <= UNSAID_LOG_PROBABILITY


@pytest.mark.parametrize(
    "answer",
    [
        body("rm -rf /srv/www", finish_reason="length"),
        body("x" * (MAX_COMMAND_CHARS + 1)),
        body("  \n "),
        b'{"choices": [{"message": {"content": null}}]}',
    ],
    ids=["cut off", "too long", "blank", "null"],
)
def test_what_is_no_whole_command_is_no_draft(answer: bytes) -> None:
    """Half a command can do more than the whole one; nothing is made of it."""
    assert read_answer(answer, is_chat=False).draft is None
