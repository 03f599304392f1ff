"""The graph that is kept on disk: the same answers, shared pages, and nothing that is not whole."""

import os
import resource
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_export import make_graph

from eidos import prepared_graph

SHA256 = "a" * 64
CPUINFO = "processor\t: 0\nmodel name\t: One CPU\ncpu MHz\t\t: 2250.1\nflags\t\t: fpu sse avx2\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model and, in `cache`, its prepared form; for copies alone."""
    folder = tmp_path_factory.mktemp("made")
    make_graph(folder / "model.onnx")
    assert prepared_graph.prepared(folder / "model.onnx", SHA256, folder / "cache")
    return folder


@pytest.fixture
def kept(made: Path, tmp_path: Path) -> Path:
    """The folder of a prepared form, for one test to harm."""
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy" / "cache" / key()


def key() -> str:
    """The key of the small model here."""
    found = prepared_graph.current_key(SHA256)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph that multiplies by 1 MB of weights of four bits, as a model's graph does."""
    rows, columns, block = 2048, 1024, 32
    random = np.random.default_rng(5)
    constants = {
        "b": random.integers(0, 256, (rows, columns // block, block // 2), np.uint8),
        "scales": random.random((rows, columns // block), np.float32),
    }
    sizes = {"K": columns, "N": rows, "bits": 4, "block_size": block, "accuracy_level": 4}
    node = helper.make_node("MatMulNBits", ["a", *constants], ["y"], domain="com.microsoft")
    node.attribute.extend(helper.make_attribute(name, value) for name, value in sizes.items())
    graph = helper.make_graph(
        [node],
        "weights",
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, [1, columns])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, rows])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    path = tmp_path_factory.mktemp("weights") / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=10), path)
    return path


def session(graph: Path) -> ort.InferenceSession:
    """Load *graph* on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def test_the_prepared_graph_answers_the_same(weights: Path, tmp_path: Path) -> None:
    """Bit for bit, with weights that are mapped from a file nobody else may read."""
    graph = prepared_graph.prepared(weights, SHA256, tmp_path / "cache")

    assert graph is not None
    plain, mapped = session(weights), session(graph)
    feeds = {"a": np.random.default_rng(6).random((1, 1024), np.float32)}
    expected, actual = (each.run(None, feeds)[0] for each in (plain, mapped))
    assert np.array_equal(np.asarray(actual), np.asarray(expected))
    assert f"{graph}.data" in Path("/proc/self/maps").read_text()
    # The weights are there twice: as they were, and as this CPU multiplies by them.
    assert Path(f"{graph}.data").stat().st_size > 1.9 * weights.stat().st_size
    modes = {path.stat().st_mode & 0o777 for path in graph.parent.iterdir()}
    assert (modes, graph.parent.stat().st_mode & 0o777) == ({0o400}, 0o700)


def test_a_kept_graph_is_found_again(kept: Path) -> None:
    """The second engine gets what the first one made; nothing is written."""
    before = kept.stat().st_mtime_ns

    graph = prepared_graph.prepared(kept / "none.onnx", SHA256, kept.parent)

    assert graph == kept / "model.onnx"
    assert kept.stat().st_mtime_ns == before


def flip(kept: Path) -> None:
    """Change one bit in the middle of the graph."""
    content = bytearray((kept / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    rewrite(kept / "model.onnx", bytes(content))


def rename(kept: Path) -> None:
    """Put the form for one key under another."""
    listed = (kept / "prepared.json").read_text()
    rewrite(kept / "prepared.json", listed.replace(kept.name, "0" * 32).encode())


def link(kept: Path) -> None:
    """Replace the graph by a symbolic link to the same bytes."""
    (kept / "model.onnx").rename(kept.parent / "elsewhere")
    (kept / "model.onnx").symlink_to(kept.parent / "elsewhere")


def fifo(kept: Path) -> None:
    """Put a pipe that nobody writes to in the graph's place."""
    (kept / "model.onnx").unlink()
    os.mkfifo(kept / "model.onnx", 0o600)


def rewrite(path: Path, content: bytes) -> None:
    """Give *path* other *content* and the mode that it had."""
    path.unlink()
    path.write_bytes(content)
    path.chmod(0o400)


Harm = Callable[[Path], object]
DAMAGED, OTHERS, NOT_OURS = "model.onnx is damaged", "holds other files", "not a file of ours alone"
HARMS: dict[str, tuple[Harm, str]] = {
    "a flipped bit": (flip, DAMAGED),
    "an empty file": (lambda kept: rewrite(kept / "model.onnx", b""), DAMAGED),
    "a garbled list": (lambda kept: rewrite(kept / "prepared.json", b"{}"), "missing required"),
    "another key": (rename, OTHERS),
    "a missing file": (lambda kept: (kept / "model.onnx").unlink(), OTHERS),
    "one file more": (lambda kept: (kept / "more").write_bytes(b""), OTHERS),
    "a symbolic link": (link, "symbolic links"),
    "a hard link": (lambda kept: os.link(kept / "model.onnx", kept.parent / "other"), NOT_OURS),
    "a fifo": (fifo, NOT_OURS),
    "a file for others": (lambda kept: (kept / "model.onnx").chmod(0o644), NOT_OURS),
    "a folder for others": (lambda kept: kept.chmod(0o755), "open to others"),
    "a linked folder": (lambda kept: kept.symlink_to(kept.rename(kept.parent / "other")), "rm"),
    "a file as folder": (lambda kept: (shutil.rmtree(kept), kept.write_bytes(b"")), "rm"),
}


@pytest.mark.parametrize(("harm", "reason"), HARMS.values(), ids=HARMS)
def test_what_is_not_whole_is_never_used(
    kept: Path, harm: Harm, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A form that is damaged, foreign, linked or open to others is not found; the log says why."""
    harm(kept)

    assert prepared_graph.find(kept.name, kept.parent) is None
    assert reason in caplog.text


@pytest.mark.parametrize("name", ["a flipped bit", "a linked folder"])
def test_what_is_not_whole_is_made_anew(kept: Path, name: str) -> None:
    """After any damage the next engine has a whole form again."""
    harm, _ = HARMS[name]
    harm(kept)

    graph = prepared_graph.prepared(kept.parent.parent / "model.onnx", SHA256, kept.parent)

    assert graph == prepared_graph.find(kept.name, kept.parent) == kept / "model.onnx"


def test_somebody_elses_files_are_never_used(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms of another user are neither loaded nor touched."""
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)

    assert prepared_graph.prepared(kept.parent.parent / "model.onnx", SHA256, kept.parent) is None
    assert (kept / "model.onnx").exists()


def test_a_cache_open_to_others_is_not_used(kept: Path) -> None:
    """Who may write into the folder could swap what was checked."""
    kept.parent.chmod(0o777)

    assert prepared_graph.prepared(kept.parent.parent / "model.onnx", SHA256, kept.parent) is None


@pytest.mark.parametrize(
    ("sha256", "version", "cpuinfo"),
    [
        ("b" * 64, "1.32.0", CPUINFO),
        (SHA256, "1.33.0", CPUINFO),
        (SHA256, "1.32.0", CPUINFO.replace("avx2", "avx512f")),
        (SHA256, "1.32.0", CPUINFO.replace("One", "Other")),
    ],
    ids=["model", "onnxruntime", "flags", "CPU"],
)
def test_each_model_version_and_cpu_has_its_own_form(
    sha256: str, version: str, cpuinfo: str
) -> None:
    """A form is found only where it was made for."""
    one = prepared_graph.key_of(SHA256, "1.32.0", CPUINFO)

    assert one != prepared_graph.key_of(sha256, version, cpuinfo)


def test_the_clock_of_a_cpu_does_not_matter() -> None:
    """What changes from second to second, or from core to core, is no part of the key."""
    one = prepared_graph.key_of(SHA256, "1.32.0", CPUINFO)

    faster = CPUINFO.replace("2250.1", "3100.7")
    assert prepared_graph.key_of(SHA256, "1.32.0", faster + CPUINFO) == one


def test_an_unknown_cpu_has_no_form() -> None:
    """Where /proc/cpuinfo says nothing, the model is loaded as it is."""
    assert prepared_graph.key_of(SHA256, "1.32.0", "processor : 0\n") is None


def test_what_is_no_graph_is_not_prepared(tmp_path: Path) -> None:
    """A file that onnxruntime refuses leaves nothing behind."""
    (tmp_path / "model.onnx").write_bytes(b"no graph")

    assert prepared_graph.prepared(tmp_path / "model.onnx", SHA256, tmp_path / "cache") is None
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


@pytest.fixture
def small_files() -> Iterator[None]:
    """Files of this process and its children end at 500 kB, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_leaves_nothing_behind(
    weights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A form that cannot be written whole is removed, and the model loaded as it is."""
    cache = tmp_path / "cache"

    assert prepared_graph.prepared(weights, SHA256, cache) is None
    assert "Failed to write" in caplog.text
    assert [path.name for path in cache.iterdir()] == ["lock"]


def test_too_little_room_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The rest of a disk is not filled up to find out that it does not suffice."""
    with (tmp_path / "model.onnx").open("wb") as file:
        file.truncate(1 << 42)

    assert prepared_graph.prepared(tmp_path / "model.onnx", SHA256, tmp_path / "cache") is None
    assert "MB free" in caplog.text


def test_a_place_that_cannot_be_written_is_gone_without(tmp_path: Path) -> None:
    """No folder for it, no form; the model is loaded as it is."""
    make_graph(tmp_path / "model.onnx")
    (tmp_path / "file").write_bytes(b"")

    cache = tmp_path / "file" / "cache"
    assert prepared_graph.prepared(tmp_path / "model.onnx", SHA256, cache) is None


def test_old_forms_are_removed(kept: Path) -> None:
    """A new form takes the place of those before it, and of one that was never finished."""
    (kept.parent / "unfinished-x").mkdir()
    (kept.parent / "notes").write_text("not ours")

    graph = prepared_graph.prepared(kept.parent.parent / "model.onnx", "b" * 64, kept.parent)

    assert graph is not None
    assert {path.name for path in kept.parent.iterdir()} == {graph.parent.name, "lock", "notes"}


def test_engines_that_start_together_make_one_form(tmp_path: Path) -> None:
    """All of them get the same whole form; no one sees a half of it."""
    make_graph(tmp_path / "model.onnx")

    with ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(
                prepared_graph.prepared, tmp_path / "model.onnx", SHA256, tmp_path / "cache"
            )
            for _ in range(3)
        ]
        graphs = {job.result() for job in jobs}

    assert graphs == {tmp_path / "cache" / key() / "model.onnx"}
