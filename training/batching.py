"""From pairs to batches of token ids: read, encoded, mixed by source, grouped by length.

A prompt is encoded apart from its command, as in the daemon, where the model sees the prompt's
tokens and chooses the first of the command. Only the command's tokens are learnt.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from training.expanding import Context, conditioned

Indices = npt.NDArray[np.int64]

IGNORED: Final = -100
"""The label of a token that is not learnt, as torch's cross entropy has it."""
PROMPT: Final = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
"""What the model reads, the conditioned request in its middle."""
END: Final = "<|im_end|>"
"""What follows a command."""
_CHUNK: Final = 20_000
"""Pairs encoded at a time: bounds the memory that the tokenizer's own results take."""


class Learnable(Protocol):
    """What an epoch is made of."""

    @property
    def source(self) -> str:
        """Where it comes from: what a stage's mix names."""
        ...

    @property
    def length(self) -> int:
        """Tokens that it takes in a batch."""
        ...


class Example(msgspec.Struct, frozen=True):
    """A pair as token ids: the prompt's, then the command's and the end token."""

    prompt: npt.NDArray[np.uint16]
    answer: npt.NDArray[np.uint16]
    source: str

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.prompt) + len(self.answer)


class Batch(msgspec.Struct, frozen=True):
    """Token ids (rows, tokens), padded at the right, and labels: the next token, or IGNORED.

    Where *margins* is there, the rows are pairs: a command, and one that is to become less likely.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    margins: torch.Tensor | None = None
    """By how much the model at first prefers the first of each pair, as log-probabilities."""

    def pieces(self, count: int) -> "Iterator[Batch]":
        """Yield the rows in *count* batches, as far as they go; no pair is parted."""
        rows = -(-len(self.ids) // count)
        if self.margins is not None:
            rows += rows % 2
        for start in range(0, len(self.ids), rows):
            part = slice(start, start + rows)
            pairs = None if self.margins is None else self.margins[start // 2 : part.stop // 2]
            yield Batch(self.ids[part], self.labels[part], pairs)


class _Row(msgspec.Struct, frozen=True):
    """What is read of a line of the corpus."""

    request: str
    command: str
    shell: str = "bash"
    os: str = "linux"
    source: str = ""
    context: dict[str, object] = {}


def read(corpus: Path, tokenizer: Tokenizer, *, max_tokens: int, held_share: float) -> "Corpus":
    """Return the pairs of *corpus* (JSON lines), of at most *max_tokens* each.

    About *held_share* of the requests are held out: which ones depends on their own text alone,
    so that they are the same in every corpus and a request is never on both sides.
    """
    learnt: list[Example] = []
    held: list[Example] = []
    for rows in _chunks(corpus):
        prompts = [PROMPT.format(_conditioned(row)) for row in rows]
        answers = [row.command + END for row in rows]
        for row, prompt, answer in zip(
            rows, encoded(tokenizer, prompts), encoded(tokenizer, answers), strict=True
        ):
            example = Example(prompt, answer, row.source)
            if example.length <= max_tokens:
                (held if is_held(row.request, held_share) else learnt).append(example)
    with corpus.open("rb") as file:
        return Corpus(tuple(learnt), tuple(held), hashlib.file_digest(file, "sha256").hexdigest())


class Corpus(msgspec.Struct, frozen=True):
    """The pairs to learn, those held out, and the SHA-256 of the file that they come from."""

    learnt: tuple[Example, ...]
    held: tuple[Example, ...]
    sha256: str


def epoch(
    examples: Sequence[Learnable], mix: Mapping[str, float], rng: np.random.Generator
) -> Indices:
    """Return indices into *examples* for one epoch, in random order.

    A pair of a source with weight 2.3 in *mix* is there twice, and a third time with probability
    0.3; a source that *mix* does not name has weight 1.
    """
    weights = np.array([mix.get(example.source, 1.0) for example in examples])
    copies = np.floor(weights + rng.random(len(weights))).astype(np.int64)
    return rng.permutation(np.repeat(np.arange(len(weights)), copies))


def batched(
    lengths: Indices, chosen: Indices, *, batch_tokens: int, rng: np.random.Generator
) -> list[Indices]:
    """Return *chosen* in batches of similar length, in random order.

    Rows times the longest row's tokens are at most *batch_tokens*, as long as one row is.
    """
    # Ties fall as *chosen* was shuffled: a batch is other pairs in each epoch.
    ordered = chosen[np.argsort(lengths[chosen], kind="stable")]
    batches: list[Indices] = []
    end = len(ordered)
    while end:
        rows = max(1, batch_tokens // int(lengths[ordered[end - 1]]))
        batches.append(ordered[max(0, end - rows) : end])
        end = max(0, end - rows)
    return [batches[i] for i in rng.permutation(len(batches))]


def collated(examples: Sequence[Example]) -> Batch:
    """Return *examples* as one batch.

    Padding stands at the right, where causal attention never sees it: no mask is needed.
    """
    width = max(example.length for example in examples)
    ids = np.zeros((len(examples), width), np.int64)
    labels = np.full((len(examples), width), IGNORED, np.int64)
    for row, example in enumerate(examples):
        start = len(example.prompt)
        ids[row, :start] = example.prompt
        ids[row, start : example.length] = example.answer
        labels[row, start - 1 : example.length - 1] = example.answer
    return Batch(torch.from_numpy(ids), torch.from_numpy(labels))


def _chunks(corpus: Path) -> Iterator[list[_Row]]:
    decoder = msgspec.json.Decoder(_Row)
    rows: list[_Row] = []
    with corpus.open("rb") as lines:
        for line in lines:
            rows.append(decoder.decode(line))
            if len(rows) == _CHUNK:
                yield rows
                rows = []
    yield rows


def _conditioned(row: _Row) -> str:
    context = msgspec.convert({"shell": row.shell, "os": row.os, **row.context}, Context)
    return conditioned(row.request, context)


def encoded(tokenizer: Tokenizer, texts: list[str]) -> list[npt.NDArray[np.uint16]]:
    """Return the tokens of each of *texts*, nothing added."""
    found = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [np.array(encoding.ids, np.uint16) for encoding in found]


def is_held(request: str, share: float) -> bool:
    """Whether *request* is among the *share* that is held out, by its own text alone."""
    text = " ".join(request.lower().split()).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest()) < share * 2**32
