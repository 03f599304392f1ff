"""The remote engine against a real server with our own weights: llama-cpp-python, as a recipe.

Not part of the tests, since the server takes 9 minutes to build. docs/remote-engine.md has the
commands; pytest runs this file where it is named.
"""

import os
import socket
import subprocess
import urllib.request
from collections.abc import Generator
from pathlib import Path

import pytest
from layers import REPOSITORY
from real_daemon import until
from remote_program import RemoteProgram, endpoint, remote_program

PYTHON = os.environ.get("EIDOS_TEST_LLAMA_PYTHON", "")
MODEL = Path(
    os.environ.get("EIDOS_TEST_LLAMA_MODEL")
    or REPOSITORY.parent / "shared" / "model" / "eidos-135m.Q4_0.gguf"
)
REQUESTS = 20
LEAST_SAME = 15
"""The server's weights are rounded otherwise than ours, to 4 bits as well; 18 were measured."""

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="EIDOS_TEST_LLAMA_PYTHON is not set"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A llama-cpp-python server on loopback."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    # Our first GGUF file named no rotary base, and llama.cpp then takes 10,000.
    options = ["--model", MODEL, "--port", str(port), "--n_threads", "2", "--n_ctx", "2048",
               "--rope_freq_base", "100000"]  # fmt: skip
    log = tmp_path_factory.mktemp("llama") / "log"
    command = [PYTHON, "-m", "llama_cpp.server", *options]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _answers(address), log=log.read_text)
            yield address
        finally:
            process.kill()


@pytest.fixture
def program(url: str, tmp_path: Path) -> Generator[RemoteProgram]:
    """A remote engine that asks it, patiently."""
    with remote_program(endpoint(url, timeout_s=250.0), tmp_path) as running:
        yield running


def test_it_writes_what_the_embedded_model_writes(program: RemoteProgram, tmp_path: Path) -> None:
    """Most requests get the same command, with about the same probability."""
    folder = tmp_path / "embedded"
    folder.mkdir()

    with remote_program(None, folder) as embedded:
        pairs = [(embedded.ask(text)[0], program.ask(text)[0]) for text in _requests()]

    same = [(ours, theirs) for ours, theirs in pairs if ours.text == theirs.text]
    assert len(same) >= LEAST_SAME, pairs
    for ours, theirs in same:
        assert ours.log_probability == pytest.approx(theirs.log_probability, abs=0.5)
        assert ours.tokens == theirs.tokens


def test_it_draws_several_candidates(program: RemoteProgram) -> None:
    """Further candidates differ from the first."""
    drafts = program.ask("take the sound out of interview.mp4 as a file of its own", count=4)

    assert len({draft.text for draft in drafts if draft.is_generated}) > 1


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/v1/models", timeout=5) as response:  # noqa: S310
            return response.status == 200
    except OSError:
        return False


def _requests() -> list[str]:
    lines = (REPOSITORY / "benchmarks" / "requests.txt").read_text().splitlines()
    texts = [line for line in lines if line and not line.startswith("#")]
    return texts[:: len(texts) // REQUESTS][:REQUESTS]
