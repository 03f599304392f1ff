"""The ONNX graph: what is a decoder's, what is not, and what is found out about it."""

from pathlib import Path

import embedded_model
import numpy as np
import onnx
import pytest
from tiny_export import HEAD_SIZE, HEADS, LAYERS, make_graph

from eidos.errors import ModelError
from eidos.graph import CHOICES, Graph, on_top_of
from eidos.resources import model_dir


@pytest.mark.model
def test_the_embedded_graph_reads_several_sequences_in_a_pass() -> None:
    """It is what training/serving.py makes, so the engine does many jobs at once."""
    graph = embedded_model.graph()

    assert graph.is_packed
    assert set(CHOICES) <= set(graph.outputs)
    assert "logits" not in graph.outputs


def test_another_export_reads_one_at_a_time(tmp_path: Path) -> None:
    """Nothing of our own graph is asked of another."""
    make_graph(tmp_path / "model.onnx")

    graph = Graph(tmp_path / "model.onnx", threads=1)

    assert not graph.is_packed
    assert set(graph.present_of.values()) < set(graph.outputs)


@pytest.mark.parametrize("stated", [HEAD_SIZE, None], ids=["stated", "left open"])
def test_an_empty_cache_has_the_shapes_of_the_graph(tmp_path: Path, stated: int | None) -> None:
    """Also where the graph leaves the size of a head open, as onnxruntime-genai's do."""
    make_graph(tmp_path / "model.onnx", head_size=stated)

    graph = Graph(tmp_path / "model.onnx", threads=1)

    assert len(graph.empty) == 2 * LAYERS
    assert {value.shape for value in graph.empty.values()} == {(1, HEADS, 0, HEAD_SIZE)}
    assert {value.dtype for value in graph.empty.values()} == {np.dtype(np.float32)}


def test_a_cache_of_no_usable_shape_is_refused(tmp_path: Path) -> None:
    """A graph that fails with every cache is named, and the input that is at fault."""
    make_graph(tmp_path / "model.onnx", head_size=HEAD_SIZE + 1)

    with pytest.raises(ModelError, match=r"model\.onnx: the key/value cache past_key_values\.0"):
        Graph(tmp_path / "model.onnx", threads=1)


def test_asking_a_graph_what_it_takes_makes_no_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is tried and fails is no error of the user's: nothing of it is printed."""
    make_graph(tmp_path / "model.onnx", head_size=None)

    Graph(tmp_path / "model.onnx", threads=1)

    assert capfd.readouterr() == ("", "")


def test_the_inputs_of_a_plain_graph_count_what_was_read_before(tmp_path: Path) -> None:
    """Positions go on where the past ends, and the mask covers both."""
    make_graph(tmp_path / "model.onnx")
    graph = Graph(tmp_path / "model.onnx", threads=1)

    feeds = graph.feeds([4, 2], past=3)

    assert {name: value.tolist() for name, value in feeds.items()} == {
        "input_ids": [[4, 2]],
        "attention_mask": [[1] * 5],
        "position_ids": [[3, 4]],
    }


def test_a_graph_without_a_cache_is_refused(tmp_path: Path) -> None:
    """The error names the file, the fault and the export that would do."""
    make_graph(tmp_path / "model.onnx", cache=False)

    with pytest.raises(ModelError, match=r"model\.onnx is not a decoder.*export it with past"):
        Graph(tmp_path / "model.onnx", threads=1)


@pytest.mark.parametrize("name", ["logits", "present.1.value", "input_ids", "attention_mask"])
def test_a_graph_that_lacks_something_is_refused(tmp_path: Path, name: str) -> None:
    """The error says which of its inputs and outputs is missing, or is none that is known."""
    path = tmp_path / "model.onnx"
    make_graph(path)
    model = onnx.load(path)
    for node in model.graph.node:
        node.input[:] = ["other" if each == name else each for each in node.input]
        node.output[:] = ["other" if each == name else each for each in node.output]
    for value in (*model.graph.input, *model.graph.output):
        value.name = "other" if value.name == name else value.name
    onnx.save(model, path)

    with pytest.raises(ModelError, match=rf"model\.onnx is not a decoder.*{name}"):
        Graph(path, threads=1)


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x07" * 500])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    """Loading garbage gives a ModelError with the file's path and the setting to change."""
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"cannot load the model .*bad\.onnx.*EIDOS_MODEL_PATH"):
        Graph(path, threads=1)


def test_a_model_without_its_weights_is_named(tmp_path: Path) -> None:
    """A graph whose external data is missing says so."""
    (tmp_path / "model.onnx").write_bytes((model_dir() / "model.onnx").read_bytes())

    with pytest.raises(ModelError, match=r"cannot load the model .*model\.onnx"):
        Graph(tmp_path / "model.onnx", threads=1)


def test_what_lies_on_top_of_an_array_is_the_array() -> None:
    """Nothing is copied: what changes in one has changed in the other."""
    array = np.zeros((2, 3), np.float32)
    value = on_top_of(array)

    array[1, 2] = 5

    assert value.numpy()[1, 2] == 5
