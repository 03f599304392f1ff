"""Reading with any decoder's graph: what a cache saves, it saves without a trace in what comes out.

The tiny graph's logits tell of every token that was read, so a cache that holds another text, or a
token too many, shows.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tiny_export import WORDS, logits_after, make_graph

from eidos.graph import Graph
from eidos.plain_reader import PlainReader, row_of
from eidos.reading import Part, Row

TARGET = WORDS.index("ls")


@pytest.fixture
def reader(tmp_path: Path) -> PlainReader:
    """A reader of a graph that joins old and new keys and values itself."""
    make_graph(tmp_path / "model.onnx")
    return PlainReader(Graph(tmp_path / "model.onnx", threads=1))


def same(row: Row, text: Sequence[int]) -> bool:
    """Return whether *row* is what stands behind *text*."""
    expected = row_of(logits_after(text), TARGET)
    return (
        row.tokens[0] == expected.tokens[0]
        and row.target == pytest.approx(expected.target, abs=1e-5)
        and row.log_probabilities == pytest.approx(expected.log_probabilities, abs=1e-5)
    )


def test_logits_are_those_of_the_graph(reader: PlainReader) -> None:
    """The last ones are returned, as many as are wanted, whatever was read before."""
    for ids in ([0, 1, 2], [0, 1, 2], [0, 1, 2, 3], [0, 1], [5, 5], [0]):
        for wanted in range(1, len(ids) + 1):
            logits = reader.logits(ids, wanted)

            expected = [logits_after(ids[: len(ids) - left]) for left in reversed(range(wanted))]
            np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_one_row_comes_for_each_target(reader: PlainReader) -> None:
    """Rows tell what follows the last tokens of a part, and what each target's chance is."""
    trail = reader.trail_for([0, 1])

    ((one, other),) = reader.read([Part(trail, [0, 1, 2], [TARGET, TARGET])])

    assert same(one, [0, 1])
    assert same(other, [0, 1, 2])
    assert trail.ids == [0, 1, 2]


def test_parts_without_targets_are_read_with_what_comes_behind_them(reader: PlainReader) -> None:
    """A prompt in pieces gives what it gives at once."""
    trail = reader.trail_for([])

    assert reader.read([Part(trail, [3, 1])]) == [[]]
    assert reader.read([Part(trail, [2])]) == [[]]
    ((row,),) = reader.read([Part(trail, [5], [TARGET])])

    assert same(row, [3, 1, 2, 5])


def test_what_was_cut_leaves_no_trace(reader: PlainReader) -> None:
    """A draft that was wrong is forgotten: what comes behind it is as without it."""
    trail = reader.trail_for([])
    reader.read([Part(trail, [0, 1, 5, 5, 5], [TARGET])])
    trail.cut(2)

    ((row,),) = reader.read([Part(trail, [2], [TARGET])])

    assert same(row, [0, 1, 2])


def test_forks_go_their_own_ways(reader: PlainReader) -> None:
    """What one of two reads is nothing to the other, though both share one cache."""
    trail = reader.trail_for([])
    reader.read([Part(trail, [0, 5, 1], [TARGET])])
    fork = reader.fork(trail, 2)

    for ids in ([3], [4, 4], [2]):
        (one,), (other,) = reader.read(
            [Part(trail, ids, [TARGET]), Part(fork, [*reversed(ids), 1], [TARGET])]
        )
        assert same(one, trail.ids)
        assert same(other, fork.ids)
    assert trail.ids == [0, 5, 1, 3, 4, 4, 2]
    assert fork.ids == [0, 5, 3, 1, 4, 4, 1, 2, 1]


def test_a_pass_that_fails_spoils_nothing_behind_it(reader: PlainReader) -> None:
    """Where onnxruntime gives up in the middle, the next request is read as if nothing was."""
    reader.logits([0, 1, 2, 3], 1)
    with pytest.raises(Exception, match="out of data bounds"):  # onnxruntime's have no other base
        reader.logits([0, 1, len(WORDS)], 1)

    (logits,) = reader.logits([0, 1, 2, 3], 1)

    np.testing.assert_allclose(logits, logits_after([0, 1, 2, 3]), atol=1e-5)


def test_keeping_a_prefix_is_no_fault(reader: PlainReader) -> None:
    """Nothing is kept for all prompts; what two have in common is found all the same."""
    reader.keep([0, 1])

    trail = reader.trail_for([0, 1, 2])

    assert trail.ids == []
    assert reader.slots == 1


@pytest.mark.parametrize("count", [1, 2, 5, 6, 300])
def test_a_row_names_the_likeliest_tokens(count: int) -> None:
    """The five likeliest, or as many as there are, in their order, with their probabilities."""
    logits = np.random.default_rng(7).normal(0, 4, count).astype(np.float32)
    exact = np.log(np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum())

    row = row_of(logits, count - 1)

    assert row.tokens == np.argsort(-logits)[:5].tolist()
    assert row.log_probabilities == pytest.approx(exact[list(row.tokens)].tolist(), abs=1e-4)
    assert row.target == pytest.approx(exact[-1], abs=1e-4)
