"""One engine process, seen from the daemon: start it, ask it, notice its death, end it."""

import asyncio
import contextlib
import sys
from typing import Final

import msgspec

from eidos import engine_messages as messages
from eidos.errors import EngineError

LOAD_TIMEOUT_S: Final = 120.0
"""A cold disk can take a minute for a large model; the embedded one takes 0.4 s."""


class EngineUnusable(EngineError):  # noqa: N818 - the engine's own word
    """The engine says that it cannot work with these settings and files."""


class EngineProcess:
    """A running `python -m eidos.engine` that has loaded its model."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        jobs: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
    ) -> None:
        self._process = process
        self._jobs = jobs
        self._answers = answers
        self.pid = process.pid

    @classmethod
    async def start(
        cls, settings: messages.EngineSettings
    ) -> tuple["EngineProcess", messages.Loaded]:
        """Return an engine once its model is loaded, and what it loaded.

        Raises:
            EngineUnusable: its model cannot be used; the message names the file and the cure.
            EngineError: it died or hung while loading.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "eidos.engine"),
            msgspec.json.encode(settings).decode(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        if process.stdin is None or process.stdout is None:
            raise EngineError("it was started without pipes")
        engine = cls(process, process.stdin, process.stdout)
        try:
            answer = await engine._receive(LOAD_TIMEOUT_S)
            if isinstance(answer, messages.Unusable):
                raise EngineUnusable(answer.message)
            if not isinstance(answer, messages.Loaded):
                raise EngineError(f"its first message was a {type(answer).__name__}")
        except BaseException:
            await engine.end()
            raise
        return engine, answer

    async def ask(self, job: messages.Job, *, timeout_s: float) -> list[messages.Draft] | str:
        """Return the drafts for *job*, or in words why the model has none.

        Raises:
            EngineError: the engine died, was silent for *timeout_s*, or answered another job.
        """
        self._jobs.write(messages.pack(job))
        answer = await self._receive(timeout_s)
        match answer:
            case messages.Done(id=job.id, drafts=drafts):
                return drafts
            case messages.Failed(id=job.id, message=message):
                return message
            case _:
                raise EngineError(f"it answered {type(answer).__name__} to another job")

    async def death(self) -> int:
        """Wait until the process ends; return its exit status, negative for a signal."""
        return await self._process.wait()

    async def end(self) -> None:
        """End the process at once; it holds no state."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _receive(self, timeout_s: float) -> messages.FromEngine:
        try:
            async with asyncio.timeout(timeout_s):
                header = await self._answers.readexactly(messages.LENGTH_BYTES)
                body = await self._answers.readexactly(messages.body_bytes(header))
        except TimeoutError as exc:
            raise EngineError(f"no answer in {timeout_s:g} s") from exc
        except (asyncio.IncompleteReadError, ConnectionError) as exc:
            raise EngineError("it died") from exc
        return messages.unpack_answer(body)
