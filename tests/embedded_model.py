"""The embedded model for tests: loaded once, its requests, and the loop that one writes first."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from eidos.graph import Array, Graph
from eidos.model_files import locate, tokenizer_settings
from eidos.packed_reader import PackedReader
from eidos.prompt import load_template
from eidos.resources import model_dir
from eidos.tokenizer import Tokenizer

_REQUESTS: Final = Path(__file__).parents[1] / "benchmarks" / "requests.txt"
_PADDING: Final = 0


@cache
def graph() -> Graph:
    """Return the embedded graph, with as many threads as it has at people's."""
    return Graph(model_dir() / "model.onnx", threads=2)


@cache
def tokenizer() -> Tokenizer:
    """Return the embedded tokenizer."""
    files = locate("", "")
    return Tokenizer(files.tokenizer, tokenizer_settings(files))


@cache
def requests() -> tuple[str, ...]:
    """Return the 200 requests of the benchmarks."""
    lines = _REQUESTS.read_text().splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def prompt_of(request: str) -> list[int]:
    """Return the ids of the prompt for *request*."""
    return tokenizer().encode(load_template(model_dir(), {}).render(request))


def prefix() -> list[int]:
    """Return the ids that all prompts begin with."""
    return next(
        prompt_of("ls")[:at]
        for at, (one, other) in enumerate(zip(prompt_of("ls"), prompt_of("who"), strict=False))
        if one != other
    )


def new_reader() -> PackedReader:
    """Return a reader with nothing in its buffer but the prefix of all prompts."""
    reader = PackedReader(graph())
    reader.keep(prefix())
    return reader


class PlainLoop:
    """Reading as one writes it first: all keys and values go in and come out with each pass.

    Two rows at least are in each: see packed_reader.py.
    """

    def __init__(self) -> None:
        self._cache: dict[str, Array] = graph().empty
        self._length = 0

    def read(self, ids: Sequence[int], targets: Sequence[int]) -> dict[str, Array]:
        """Read *ids*; return the choices behind the last of them, one row for each target."""
        padded = [*ids, *[_PADDING] * (2 - len(ids))]
        end = self._length + len(padded)
        feeds = {
            "input_ids": np.array([padded], np.int64),
            "attention_mask": np.ones((1, end), np.int64),
            "position_ids": np.arange(self._length, end, dtype=np.int64)[None],
            "attention_bias": np.zeros((1, 1, len(padded), end), np.float32),
            "rows": np.arange(len(ids) - len(targets), len(ids), dtype=np.int64),
            "next_ids": np.array(targets, np.int64)[None, :, None],
            **self._cache,
        }
        found = graph().session.run(None, feeds, graph().run_options)
        values = dict(zip(graph().outputs, found, strict=True))
        self._length += len(ids)
        self._cache = {
            past: np.ascontiguousarray(values[present][:, :, : self._length])
            for past, present in graph().present_of.items()
        }
        return {name: value[0] for name, value in values.items() if name not in self._cache}

    def write(self, prompt: Sequence[int], max_tokens: int) -> list[int]:
        """Return the likeliest tokens behind *prompt*, the end with them."""
        written: list[int] = []
        unread = list(prompt)
        while len(written) < max_tokens and not tokenizer().end_ids & set(written):
            (choices,) = self.read(unread, [0])["top_ids"]
            unread = [int(choices[0])]
            written += unread
        return written

    def score(self, prompt: Sequence[int], ids: Sequence[int]) -> float:
        """Return how likely *ids* and an end are behind *prompt*, as a logarithm."""
        targets = [*ids, min(tokenizer().end_ids)]
        found = self.read([*prompt, *ids], targets)
        return float((found["next_logits"][:, 0] - found["log_total"]).sum())
