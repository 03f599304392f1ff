"""The graph that the daemon's engine runs says what the builder's graph says, for many at once."""

from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner
from tiny_export import make_graph
from tiny_models import ids_of

from eidos.graph import Graph
from eidos.packed_reader import PackedReader
from eidos.plain_reader import PlainReader
from eidos.reading import Part, Reader, Row
from training.export import PRECISIONS, Form, build
from training.serving import UnservableGraphError, main, serve

REQUESTS = ["count the lines in notes3.txt", "delete data17.txt", "last lines of log9.txt"]
TARGETS = [2, 70, 300, 5]
"""Any tokens: the probability of each is asked for behind the last ones of a prompt."""


@pytest.fixture(scope="session", params=PRECISIONS)
def built(
    request: pytest.FixtureRequest, learnt: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A graph of the builder, of each precision, and in served.onnx the engine's."""
    folder = tmp_path_factory.mktemp("built")
    build(learnt / "run" / "model", folder, Form(request.param))
    serve(folder / "model.onnx", folder / "served.onnx")
    return folder


@pytest.fixture(scope="session")
def plain(learnt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The builder's graph that ships, before it is served."""
    folder = tmp_path_factory.mktemp("plain")
    build(learnt / "run" / "model", folder, Form())
    return folder / "model.onnx"


def packed(folder: Path) -> PackedReader:
    """Return a reader of the served graph in *folder*."""
    return PackedReader(Graph(folder / "served.onnx", threads=1))


def part(reader: Reader, ids: list[int]) -> Part:
    """Return the part that reads *ids* from their beginning."""
    return Part(reader.trail_for([]), ids, TARGETS)


def assert_same(found: list[Row], expected: list[Row]) -> None:
    """Fail unless both have the same tokens in the same order, and the same probabilities."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.tokens == other.tokens
        assert one.log_probabilities == pytest.approx(other.log_probabilities, abs=2e-4)
        assert one.target == pytest.approx(other.target, abs=2e-4)


def test_choices_are_those_of_the_builders_logits(built: Path, learnt: Path) -> None:
    """The likeliest tokens, their probabilities and any other token's: of each row asked for."""
    ids = ids_of(learnt, REQUESTS[0])
    before = PlainReader(Graph(built / "model.onnx", threads=1))
    after = packed(built)

    (expected,) = before.read([part(before, ids)])
    (found,) = after.read([part(after, ids)])

    assert_same(found, expected)


def test_sequences_in_one_pass_do_not_see_each_other(built: Path, learnt: Path) -> None:
    """Each says what it says alone, wherever it lies among the others."""
    prompts = [ids_of(learnt, text) for text in REQUESTS]
    together = packed(built)

    rows = together.read([part(together, ids) for ids in prompts])

    for ids, found in zip(prompts, rows, strict=True):
        alone = packed(built)
        assert_same(found, alone.read([part(alone, ids)])[0])


def test_a_sequence_goes_on_behind_others(built: Path, learnt: Path) -> None:
    """Read in two passes, with others between its parts, a prompt says what it says in one."""
    first, other, _ = (ids_of(learnt, text) for text in REQUESTS)
    (expected,) = (reader := packed(built)).read([part(reader, first)])
    reader = packed(built)
    trail = reader.trail_for([])

    reader.read([Part(trail, first[:9])])
    reader.read([part(reader, other)])
    _, found = reader.read([part(reader, other), Part(trail, first[9:], TARGETS)])

    assert_same(found, expected)


def test_weights_stay_as_they_are(plain: Path, tmp_path: Path) -> None:
    """All tensors of the builder's graph are in the served one, bit for bit, and two numbers."""
    serve(plain, tmp_path / "served.onnx")

    before, after = tensors(plain), tensors(tmp_path / "served.onnx")

    assert after.keys() - before.keys() == {"choices", "vocabulary_axis"}
    assert {name: after[name] for name in before} == before


def tensors(path: Path) -> dict[str, bytes]:
    """Return the bytes of each tensor in the graph *path*."""
    graph = onnx.load(path).graph
    return {each.name: onnx.numpy_helper.to_array(each).tobytes() for each in graph.initializer}


def test_the_command_gives_the_same_file_each_time(plain: Path, tmp_path: Path) -> None:
    """Served twice, a graph and its data are the same bytes, whatever stood there before."""
    folders = [tmp_path / "once", tmp_path / "twice"]
    for folder in folders:
        folder.mkdir()
    (tmp_path / "twice" / "model.onnx.data").write_bytes(bytes(1_000_000))

    for folder in folders:
        result = CliRunner().invoke(main, [str(plain), str(folder / "model.onnx")])
        assert result.exit_code == 0, result.output

    once, twice = ({path.name: path.read_bytes() for path in each.iterdir()} for each in folders)
    assert once.keys() == {"model.onnx", "model.onnx.data"}
    assert once == twice


def change(source: Path, target: Path, kind: str) -> None:
    """Write the builder's graph *source* to *target* as one that is not as engines need it."""
    model = onnx.load(source)
    (output,) = [node for node in model.graph.node if "logits" in node.output]
    for node in model.graph.node:
        for attribute in node.attribute:
            if (kind, attribute.name) == ("a window", "local_window_size"):
                attribute.i = 512
            if (kind, attribute.name) == ("no rotation", "do_rotary"):
                attribute.i = 0
    if kind == "no matrix":
        output.output[0] = "product"
        model.graph.node.append(onnx.helper.make_node("Tanh", ["product"], ["logits"]))
    if kind == "no logits":
        output.output[0] = "scores"
    onnx.save(model, target)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("a window", "has attention within a window"),
        ("no rotation", "does not turn keys by position in GroupQueryAttention"),
        ("no matrix", "has no one matrix whose product is called logits"),
        ("no logits", "has no one matrix whose product is called logits"),
    ],
)
def test_other_decoders_are_refused(plain: Path, tmp_path: Path, kind: str, fault: str) -> None:
    """A graph that would be served wrongly is not written; the message says what is wrong."""
    change(plain, tmp_path / "other.onnx", kind)

    with pytest.raises(UnservableGraphError, match=rf"other\.onnx {fault}; give a decoder"):
        serve(tmp_path / "other.onnx", tmp_path / "served.onnx")
    assert not (tmp_path / "served.onnx").exists()


def test_a_graph_of_another_exporter_is_refused(tmp_path: Path) -> None:
    """Attention in single steps has no place for a bias; nor is there a stack in the terminal."""
    make_graph(tmp_path / "other.onnx")
    model = onnx.load(tmp_path / "other.onnx")
    del model.graph.input[2]  # position_ids
    onnx.save(model, tmp_path / "other.onnx")

    result = CliRunner().invoke(main, [str(tmp_path / "other.onnx"), str(tmp_path / "out.onnx")])

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "other.onnx has no GroupQueryAttention" in result.output


def test_a_served_graph_is_not_served_again(plain: Path, tmp_path: Path) -> None:
    """Its inputs would be there twice."""
    serve(plain, tmp_path / "once.onnx")

    with pytest.raises(UnservableGraphError, match="has an input attention_bias already"):
        serve(tmp_path / "once.onnx", tmp_path / "twice.onnx")


@pytest.mark.parametrize("kind", ["text", "without its data"])
def test_what_is_no_whole_graph_is_refused(plain: Path, tmp_path: Path, kind: str) -> None:
    """A file that is no graph, and one whose weights are not beside it."""
    content = b"a request, a command\n" if kind == "text" else plain.read_bytes()
    (tmp_path / "model.onnx").write_bytes(content)

    with pytest.raises(UnservableGraphError, match="cannot read the graph"):
        serve(tmp_path / "model.onnx", tmp_path / "served.onnx")
