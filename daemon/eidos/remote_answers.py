"""What a server answered, as a draft: its JSON read, and its command taken out.

Nothing here is trusted: whatever comes out is judged like any other draft.
"""

from typing import Final

import msgspec

from eidos.command_by_chat import command_in
from eidos.engine_messages import Draft

UNSAID_TOKENS: Final = 10
"""The length that is assumed of a command where the server counts no tokens: the median of the
embedded model's answers to 60 requests of benchmarks/requests.txt."""
UNSAID_LOG_PROBABILITY: Final = -0.05 * UNSAID_TOKENS
"""What is assumed where the server tells no probabilities. The ranking makes 0.22 of it, below
`sure` in ranking.json: such an answer is marked as uncertain unless a known command agrees, for
nobody said how sure the model was."""
_LEAST_LOG_PROBABILITY: Final = -1e4
MAX_COMMAND_CHARS: Final = 4096
"""What is longer is no command; the validator allows no more bytes."""


class _Token(msgspec.Struct, frozen=True):
    logprob: float


class _Logprobs(msgspec.Struct, frozen=True):
    """Of /v1/completions the numbers, of /v1/chat/completions a list of tokens with theirs."""

    token_logprobs: list[float | None] | None = None
    content: list[_Token] | None = None

    def of_tokens(self) -> list[float]:
        """Return the natural logarithm of the probability of each token."""
        numbers = [each for each in self.token_logprobs or [] if each is not None]
        return numbers or [each.logprob for each in self.content or []]


class _Message(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    text: str = ""
    message: _Message | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Body(msgspec.Struct, frozen=True):
    choices: list[_Choice]


_BODY: Final = msgspec.json.Decoder(_Body)


class Answer(msgspec.Struct, frozen=True):
    """What a server wrote, and whether it tells probabilities."""

    draft: Draft | None
    """None where it wrote no command."""
    tells_probabilities: bool


def read_answer(body: bytes, *, is_chat: bool) -> Answer:
    """Return what the first choice in *body* holds.

    Raises:
        ValueError: *body* is not what an OpenAI-compatible server answers.
    """
    try:
        choices = _BODY.decode(body).choices
    except RecursionError as exc:  # brackets in brackets, a hundred thousand deep
        raise ValueError("nested too deep") from exc
    if not choices:
        raise ValueError("no choices")
    choice = choices[0]
    written = (choice.message.content if choice.message else choice.text) or ""
    told = choice.logprobs.of_tokens() if choice.logprobs else []
    # Half a command can do more than the whole: rm -rf /srv/www instead of /srv/www/cache.
    text = "" if choice.finish_reason == "length" else written.strip()
    command = command_in(text) if is_chat else text
    if not command or len(command) > MAX_COMMAND_CHARS:
        return Answer(None, bool(told))
    log_probability = max(_LEAST_LOG_PROBABILITY, min(0.0, sum(told)))
    if not told or command != text:  # the numbers are of more words than the command
        return Answer(Draft(command, UNSAID_LOG_PROBABILITY, UNSAID_TOKENS), bool(told))
    return Answer(Draft(command, log_probability, len(told) + 1), tells_probabilities=True)
