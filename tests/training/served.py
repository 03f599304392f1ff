"""What an exported model says, asked as the daemon's engine asks it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from eidos.decoder import Decoding
from eidos.graph import Graph
from eidos.packed_reader import PackedReader
from eidos.reading import Part, Row, Trail, finish

END = 2
Logits = npt.NDArray[np.float32]


class Words:
    """What the decoder must know of the tokens."""

    end_ids = frozenset({END})

    def word_start_ids(self) -> frozenset[int]:
        """Return no ids: one candidate has no branches."""
        return frozenset()


def decoded(folder: Path, prompt: list[int]) -> list[int]:
    """Return what the daemon's decoder writes with the model in *folder*, without the end token."""
    reader = PackedReader(Graph(folder / "model.onnx", threads=1))
    decoding = Decoding(reader, prompt, Words(), max_tokens=24)
    return list(finish(reader, decoding.greedy()).ids)


def rows_of(folder: Path, ids: list[int], targets: list[int]) -> list[Row]:
    """Return what the model in *folder* says behind the last tokens of *ids* and of *targets*."""
    reader = PackedReader(Graph(folder / "model.onnx", threads=1))
    return reader.read([Part(reader.fork(Trail(), 0), ids, targets)])[0]


def last_logits(folder: Path, ids: list[int]) -> Logits:
    """Return the logits behind the last of *ids*, of all tokens: its row is asked for each."""
    size = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    graph = Graph(folder / "model.onnx", threads=1)
    unseen = np.triu(np.full((len(ids), len(ids)), -1e9, np.float32), 1)
    feeds: dict[str, Any] = {
        **graph.feeds(ids, 0),
        **graph.empty,
        "attention_bias": unseen[None, None],
        "rows": np.full(size, len(ids) - 1, np.int64),
        "next_ids": np.arange(size, dtype=np.int64)[None, :, None],
    }
    (found,) = graph.session.run(["next_logits"], feeds)
    return np.asarray(found, np.float32)[0, :, 0]
