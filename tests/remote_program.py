"""The remote engine as its daemon sees it: a process with jobs on stdin and answers on stdout."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from eidos import engine_messages as messages
from eidos.endpoint import Endpoint
from eidos.engine_process import PROGRAM, REMOTE_PROGRAM


class RemoteProgram:
    """One running `python -m eidos.remote_engine`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self.first = self.receive()

    @property
    def log(self) -> str:
        """What it wrote to stderr until now."""
        return self._log.read_text()

    def send(self, message: messages.ToEngine) -> None:
        """Give it a job, or cancel one."""
        assert self.process.stdin is not None
        self.process.stdin.write(messages.pack(message))
        self.process.stdin.flush()

    def receive(self) -> messages.FromEngine:
        """Return its next message."""
        assert self.process.stdout is not None
        header = self.process.stdout.read(messages.LENGTH_BYTES)
        assert header, f"it ended\n{self.log}"
        return messages.unpack_answer(self.process.stdout.read(messages.body_bytes(header)))

    def ask(self, text: str = "list files", *, count: int = 1) -> list[messages.Draft]:
        """Return its drafts for *text*."""
        self.send(messages.Job("one", text, count))
        answer = self.receive()
        assert isinstance(answer, messages.Done), answer
        return answer.drafts

    def failure(self, text: str = "list files") -> str:
        """Return why it has no drafts for *text*."""
        self.send(messages.Job("one", text, 1))
        answer = self.receive()
        assert isinstance(answer, messages.Failed), answer
        return answer.message


def settings(endpoint: Endpoint | None, *, log_level: str = "info") -> messages.EngineSettings:
    """Return the settings of an engine that asks *endpoint*."""
    return messages.EngineSettings(
        model_path="",
        tokenizer_path="",
        threads=1,
        max_tokens=40,
        log_level=log_level,
        remote=endpoint,
    )


def endpoint(url: str, **changes: object) -> Endpoint:
    """Return an endpoint at *url*."""
    plain = Endpoint(url=url, model="", kind="completion", key_file="", timeout_s=30.0)
    return msgspec.structs.replace(plain, **changes)


@contextmanager
def remote_program(
    given: Endpoint | None, folder: Path, *, log_level: str = "info", **environ: str
) -> Iterator[RemoteProgram]:
    """Run the remote engine, or ours without one, with nothing but *environ* around it."""
    argument = msgspec.json.encode(settings(given, log_level=log_level)).decode()
    log = folder / "remote.log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, *(PROGRAM if given is None else REMOTE_PROGRAM), argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={"PATH": "/usr/bin:/bin", **environ},
        ) as process,
    ):
        try:
            yield RemoteProgram(process, log)
        finally:
            process.kill()
