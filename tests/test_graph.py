"""The ONNX graph and its two caches: they may differ in cost, never in what comes out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_export import WORDS, make_graph

from eidos.errors import ModelError
from eidos.graph import Cache, Graph, GrowingCache, SharedCache
from eidos.resources import model_dir

TEXT = list(range(1000, 1040))
"""Tokens of the embedded model; which ones does not matter."""


@pytest.fixture(scope="module")
def embedded() -> Graph:
    """The embedded graph."""
    return Graph(model_dir() / "model.onnx", threads=2)


@pytest.fixture
def tiny(tmp_path: Path) -> Graph:
    """A graph that joins old and new keys and values itself."""
    make_graph(tmp_path / "model.onnx")
    return Graph(tmp_path / "model.onnx", threads=1)


CACHES: dict[str, Callable[[Graph], Cache]] = {
    "shared": lambda graph: SharedCache(graph, 64),
    "growing": GrowingCache,
}


@pytest.fixture(params=CACHES)
def cache(request: pytest.FixtureRequest, embedded: Graph) -> Cache:
    """An empty cache of the embedded graph, of each kind."""
    return CACHES[request.param](embedded)


@pytest.mark.model
def test_the_embedded_graph_shares_its_cache(embedded: Graph) -> None:
    """Its attention writes behind what is there, so nothing need be copied."""
    assert isinstance(embedded.begin(TEXT, 60), SharedCache)


@pytest.mark.model
def test_both_caches_give_the_same_logits(embedded: Graph) -> None:
    """Step for step, and going back between: bit for bit the same numbers."""
    shared, growing = (make(embedded) for make in CACHES.values())

    for ids, keep in ((TEXT[:8], 8), ([7], 9), (TEXT[8:12], 10), ([9], 3), (TEXT[3:30], 30)):
        assert np.array_equal(shared.run(ids), growing.run(ids))
        shared.rewind(keep)
        growing.rewind(keep)
        assert shared.length == growing.length == keep


@pytest.mark.model
def test_what_was_rewound_leaves_no_trace(cache: Cache) -> None:
    """After going back, what is read gives the logits that it gives without the detour."""
    cache.run(TEXT[:8])
    straight = cache.run([7])
    cache.rewind(8)
    cache.run(TEXT[20:30])
    cache.rewind(8)

    assert np.array_equal(cache.run([7]), straight)


@pytest.mark.model
def test_going_back_to_more_than_there_is_changes_nothing(cache: Cache) -> None:
    """A cache never claims tokens that it has not read."""
    cache.run(TEXT[:8])

    cache.rewind(30)

    assert cache.length == 8


@pytest.mark.model
def test_logits_come_for_every_token(cache: Cache) -> None:
    """One row for each token that was read, as 32-bit numbers."""
    first, second = cache.run(TEXT[:8]), cache.run([7])

    assert first.shape[0] == 8
    assert second.shape == (1, first.shape[1])
    assert first.dtype == second.dtype == np.float32


@pytest.mark.model
def test_logits_outlive_the_next_step(cache: Cache) -> None:
    """What was returned stays as it was: branches are taken from it later."""
    first = cache.run(TEXT[:8])
    kept = first.copy()

    cache.run(TEXT[8:16])

    assert np.array_equal(first, kept)


@pytest.mark.model
def test_a_request_begins_with_an_empty_cache(embedded: Graph) -> None:
    """Nothing of the request before is left, though the buffer is the same."""
    before = embedded.begin(TEXT, 60).run(TEXT[:8])
    embedded.begin(TEXT, 60).run(TEXT[20:40])

    cache = embedded.begin(TEXT, 60)

    assert cache.length == 0
    assert np.array_equal(cache.run(TEXT[:8]), before)


@pytest.mark.model
def test_a_long_request_gets_more_room_than_the_buffer_has(embedded: Graph) -> None:
    """It is read to its end, as by a cache that grows; afterwards the usual buffer serves again."""
    usual = embedded.begin([1], 10)
    assert isinstance(usual, SharedCache)
    long = (TEXT * 20)[: usual.room + 50]

    cache = embedded.begin(long, len(long) + 1)

    growing = GrowingCache(embedded)
    assert np.array_equal(cache.run(long)[-1], growing.run(long)[-1])
    assert np.array_equal(cache.run([7]), growing.run([7]))
    assert embedded.begin([1], 10) is usual


PREFIXES = {"kept": TEXT[:5], "none of it": [7], "all of it": TEXT[:8]}


@pytest.mark.model
@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
def test_what_prompts_begin_with_is_read_once(prefix: list[int]) -> None:
    """A prompt that goes on from the prefix finds it read; all others begin with nothing."""
    graph = Graph(model_dir() / "model.onnx", threads=2)
    prompt = TEXT[:8]
    expected = GrowingCache(graph).run(prompt)[-1]

    graph.keep(prefix)

    held = len(prefix) if prefix == TEXT[:5] else 0
    for other in ([7, 8], TEXT[5:12], prompt):
        cache = graph.begin(other, 60)
        assert cache.length == (held if other == prompt else 1 if prefix == other[:1] else 0)
        logits = cache.run(other[cache.length :])[-1]
    assert logits.argmax() == expected.argmax()
    assert np.allclose(logits, expected, atol=0.5)


@pytest.mark.model
def test_a_prefix_takes_the_place_of_the_one_before() -> None:
    """The keys and values of another prefix, even of the same length, serve no prompt."""
    graph = Graph(model_dir() / "model.onnx", threads=2)
    graph.keep(TEXT[20:25])
    graph.keep(TEXT[:5])
    cache = graph.begin(TEXT[:8], 60)
    logits = cache.run(TEXT[cache.length : 8])[-1]

    fresh = SharedCache(graph, 60)
    fresh.run(TEXT[:5])

    assert np.array_equal(logits, fresh.run(TEXT[5:8])[-1])


def test_a_graph_that_cannot_share_gets_a_cache_that_grows(tiny: Graph) -> None:
    """It is asked once, when it is loaded, and answers all the same."""
    cache = tiny.begin([0, 1], 10)

    assert isinstance(cache, GrowingCache)
    assert cache.run([0, 1]).argmax(axis=-1).tolist() == [1, 2]
    assert cache.run([2]).argmax(axis=-1).tolist() == [3]
    assert cache.length == 3


def test_asking_a_graph_what_it_can_makes_no_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is tried and fails is no error of the user's: nothing of it is printed."""
    make_graph(tmp_path / "model.onnx")

    Graph(tmp_path / "model.onnx", threads=1).begin([0], 10).run([0])

    assert capfd.readouterr() == ("", "")


def test_a_cache_that_grows_is_cut_where_it_is_rewound(tiny: Graph) -> None:
    """The keys and values behind the cut are gone, not only uncounted."""
    cache = GrowingCache(tiny)
    cache.run([0, 1, 2])

    cache.rewind(1)

    assert {value.shape[2] for value in cache._values.values()} == {1}
    assert cache.run([4]).shape == (1, len(WORDS))


def test_a_graph_without_a_cache_is_refused(tmp_path: Path) -> None:
    """The error names the file, the fault and the export that would do."""
    make_graph(tmp_path / "model.onnx", cache=False)

    with pytest.raises(ModelError, match=r"model\.onnx is not a decoder.*export it with past"):
        Graph(tmp_path / "model.onnx", threads=1)
