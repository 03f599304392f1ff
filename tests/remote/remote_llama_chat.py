"""A chat with a real server that has our own weights: llama-cpp-python, as a recipe.

Not part of the tests, since the server takes 9 minutes to build. docs/remote-engine.md has the
commands that build it; pytest runs this file where it is named, with EIDOS_TEST_LLAMA_PYTHON set.
"""

import asyncio
import os
import socket
import subprocess
import urllib.request
from collections.abc import Generator
from contextlib import aclosing
from pathlib import Path

import pytest
from real_daemon import until

from eidos_remote.asking import Asking
from eidos_remote.provider import Finish, Message, Provider, ProviderName

PYTHON = os.environ.get("EIDOS_TEST_LLAMA_PYTHON", "")
MODEL = Path(
    os.environ.get("EIDOS_TEST_LLAMA_MODEL")
    or Path(__file__).parents[3] / "shared" / "model" / "eidos-135m.Q4_0.gguf"
)
MESSAGES = [Message("user", "list all files in this folder")]
LONG = [Message("user", "count from one to ten thousand, one number in a line")]

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="EIDOS_TEST_LLAMA_PYTHON is not set"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Generator[Provider]:
    """A llama-cpp-python server on loopback, whose model is not named."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    options = ["--model", MODEL, "--port", str(port), "--n_threads", "2", "--n_ctx", "2048",
               "--rope_freq_base", "100000", "--chat_format", "chatml"]  # fmt: skip
    log = tmp_path_factory.mktemp("llama") / "log"
    command = [PYTHON, "-m", "llama_cpp.server", *options]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _answers(url), log=log.read_text)
            yield Provider(
                name=ProviderName.COMPATIBLE, url=url, read_timeout_s=300, total_timeout_s=300
            )
        finally:
            process.kill()


def test_an_answer_is_streamed(provider: Provider) -> None:
    """Piece by piece, with an end, by the model that the server names."""
    written, finish = asyncio.run(_chat(provider))

    assert len(written) > 1, written
    assert isinstance(finish, Finish)


def test_a_stopped_answer_stops_the_server(provider: Provider) -> None:
    """The next question is answered while the stopped one would still be written."""

    async def run() -> tuple[list[str], Finish | None]:
        asking = Asking()
        async with aclosing(asking.stream(provider, LONG)) as pieces:
            assert isinstance(await anext(pieces), str)
        await asking.close()
        return await _chat(provider)

    written, finish = asyncio.run(run())

    assert written
    assert finish is not None


async def _chat(provider: Provider) -> tuple[list[str], Finish | None]:
    asking = Asking()
    written: list[str] = []
    finish = None
    async with aclosing(asking.stream(provider, MESSAGES)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Finish):
                finish = piece
            else:
                written.append(piece)
    await asking.close()
    return written, finish


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/v1/models", timeout=5) as response:  # noqa: S310
            return response.status == 200
    except OSError:
        return False
