"""Guesses of the next tokens, which the model then reads in one pass in place of one by one.

A guess costs time where it is wrong and nothing else: the model says what comes out. There are two
sources. What is written is often copied: from the request (names, patterns), or from the command
that is known for such requests. And commands are much alike: a table beside the model says what
follows two or three tokens in the commands that it was trained on (training/ngrams.py makes it).
Measured on 220 requests: docs/benchmarks.md.
"""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from eidos.errors import ModelError

FILE: Final = "drafts.ngrams"
MAGIC: Final = b"eidos-ngrams/1\n\0"
ORDERS: Final = (3, 2, 1)
"""How many tokens a guess looks back at, the most telling first."""
BEGIN: Final = -1
"""Stands before the first token."""
RECORD: Final = np.dtype([("key", "<u4"), ("token", "<u2"), ("share", "u1")])
"""An n-gram: `key_of` its context, what follows it most often, and how often, of 255."""

_LEAST: Final = 0.45
"""A draft goes on while it is right with this probability: a token read in vain costs a third of
what a pass costs."""
_COPIED: Final = 0.62
"""How often a copied token is right."""
_TELLING: Final = 0.7
"""An n-gram that is right so often is better than a copy."""
_LEAST_COPIED: Final = 2
"""Tokens that must be the same before one is copied."""


def key_of(context: Sequence[int]) -> int:
    """Return what stands for the tokens *context* in a table; two may share one by chance."""
    return zlib.crc32(np.array(context, np.int32).tobytes())


class Ngrams:
    """What most often follows a few tokens."""

    def __init__(self, records: npt.NDArray[np.void]) -> None:
        """Look up in *records* of type RECORD, sorted by key."""
        self._keys = np.ascontiguousarray(records["key"])
        self._records = records

    def following(self, context: Sequence[int]) -> tuple[int, float] | None:
        """Return what follows *context*, and how likely, by as many of its last tokens as known."""
        for order in ORDERS:
            if order > len(context):
                continue
            key = key_of(context[-order:])
            at = int(self._keys.searchsorted(np.uint32(key)))
            if at < len(self._keys) and self._keys[at] == key:
                record = self._records[at]
                return int(record["token"]), int(record["share"]) / 255
        return None


def load_ngrams(path: Path, vocabulary_size: int = 1 << 16) -> Ngrams | None:
    """Return the table *path*, or none where there is no such file.

    Raises:
        ModelError: the file is not a table, or one of another vocabulary.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if not data.startswith(MAGIC) or (len(data) - len(MAGIC)) % RECORD.itemsize:
        raise ModelError(f"{path} is not a table of n-grams; make it again: training/ngrams.py")
    records = np.frombuffer(data, RECORD, offset=len(MAGIC))
    if records["token"].max(initial=0) >= vocabulary_size:  # onnxruntime would read out of bounds
        raise ModelError(f"{path} is of another tokenizer; make it again: training/ngrams.py")
    return Ngrams(records)


class Drafter:
    """Drafts for one request."""

    def __init__(
        self,
        ngrams: Ngrams | None,
        known: Sequence[Sequence[int]],
        request: Sequence[int],
        limit: Callable[[], int],
    ) -> None:
        """Draft from *ngrams*, from *known* answers and the *request*, up to *limit()* tokens."""
        self._ngrams = ngrams
        self._sources = [[BEGIN, *ids] for ids in known] + [list(request)]
        self._limit = limit

    def __call__(self, written: Sequence[int]) -> list[int]:
        """Return what may follow the tokens *written*."""
        limit = self._limit()
        context = [BEGIN, *written]
        begin = len(context)
        probability = 1.0
        while len(context) - begin < limit:
            guess = self._guess(context)
            if guess is None:
                break
            probability *= guess[1]
            # A pass of one token has room for a second one (see packed_reader.py): it is free.
            is_free = len(context) == begin > 1
            if probability < _LEAST and not is_free:
                break
            context.append(guess[0])
        return context[begin:]

    def _guess(self, context: list[int]) -> tuple[int, float] | None:
        """Return what may follow *context*, and how likely."""
        following = self._ngrams and self._ngrams.following(context)
        if following and following[1] >= _TELLING:
            return following
        copied = self._copied(context)
        return following if copied is None else (copied, _COPIED)

    def _copied(self, context: list[int]) -> int | None:
        least = _LEAST_COPIED if len(context) > 1 else 1
        for length in range(3, least - 1, -1):
            last = context[-length:]
            for source in self._sources:
                for at in range(len(source) - length):
                    if source[at : at + length] == last:
                        return source[at + length]
        return None
