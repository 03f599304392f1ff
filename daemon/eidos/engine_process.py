"""One engine process, seen from the daemon: start it, ask it, notice its death, end it."""

import asyncio
import contextlib
import sys
from dataclasses import dataclass
from typing import Final

import msgspec

from eidos import engine_messages as messages
from eidos.errors import EngineError

LOAD_TIMEOUT_S: Final = 120.0
"""A cold disk can take a minute for a large model; the embedded one takes 0.4 s."""
PROGRAM: Final = ("-m", "eidos.engine")
"""What Python is given in front of the settings."""
REMOTE_PROGRAM: Final = ("-m", "eidos.remote_engine")
"""The same where the settings name a server."""
_END_TIMEOUT_S: Final = 1.0
"""How long a process that closed its pipe may take to end, so that its status can be told."""
_MAX_ANSWER_BYTES: Final = 1 << 20
"""Of one message; eight commands of the greatest length take 30 kB."""
_OTHER_VERSION: Final = (
    "the engine is of another version than this daemon, as after an upgrade; run: eidosctl restart"
)


class EngineUnusable(EngineError):  # noqa: N818 - the engine's own word
    """The engine says that it cannot work with these settings and files."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job that the engine has, and the clock that runs against it."""

    answer: asyncio.Future[messages.Done | str]
    timer: asyncio.TimerHandle


class EngineProcess:
    """A running engine program that has loaded its model; it works on several jobs at once."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        jobs: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        loaded: messages.Loaded,
    ) -> None:
        self.pid = process.pid
        self.loaded = loaded
        self._process = process
        self._jobs = jobs
        self._asked: dict[str, _Asked] = {}
        self._fault: asyncio.Future[EngineError] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(answers), name="engine answers")

    @classmethod
    async def start(
        cls, settings: messages.EngineSettings, program: tuple[str, ...] = PROGRAM
    ) -> "EngineProcess":
        """Return an engine once its model is loaded.

        Raises:
            EngineUnusable: its model cannot be used; the message names the file and the cure.
            EngineError: it died or hung while loading.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *program,
                msgspec.json.encode(settings).decode(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        except OSError as exc:  # no file descriptor, no memory, no process more
            raise EngineError(f"it cannot be started: {exc.strerror}") from exc
        if process.stdin is None or process.stdout is None:
            raise EngineError("it was started without pipes")
        try:
            loaded = await _first_words(process.stdout)
        except BaseException:
            await _end(process)
            raise
        return cls(process, process.stdin, process.stdout, loaded)

    async def ask(self, job: messages.Job, *, timeout_s: float) -> messages.Done | str:
        """Return the answer to *job*, or in words why the model has none.

        Cancelled, it has the engine stop, and ends when the engine has: then its slot is free.

        Raises:
            EngineError: the engine died, or had no answer to *job* after *timeout_s*.
        """
        if self._fault.done():
            raise EngineError(str(self._fault.result()))
        # Clients choose the ids, two of them perhaps the same; the engine tells jobs by them.
        identity = job.id
        while identity in self._asked:
            identity += "+"
        answer = self._send(msgspec.structs.replace(job, id=identity), timeout_s)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if not answer.done():  # else the id may be another job's by now
                self._jobs.write(messages.pack(messages.Cancel(identity)))
                await asyncio.wait([answer])
                answer.exception()  # looked at, or asyncio's log says that nobody did
            raise

    async def death(self) -> EngineError:
        """Wait until the engine can serve no more; return why."""
        return await asyncio.shield(self._fault)

    def kill(self) -> None:
        """Have the process end; those who wait for it, and `death`, hear of that soon."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """End the process at once; it holds no state."""
        self._give_up(EngineError("it was ended"))
        self._reading.cancel()
        await _end(self._process)

    def _send(self, job: messages.Job, timeout_s: float) -> asyncio.Future[messages.Done | str]:
        packed = messages.pack(job)  # first: a job that cannot be packed must not be waited for
        loop = asyncio.get_running_loop()
        silence = EngineError(f"no answer in {timeout_s:g} s")
        timer = loop.call_later(timeout_s, self._give_up, silence)
        self._asked[job.id] = _Asked(loop.create_future(), timer)
        self._jobs.write(packed)
        return self._asked[job.id].answer

    async def _read(self, answers: asyncio.StreamReader) -> None:
        """Hand each answer to who asked, until there are no more."""
        try:
            while True:
                self._hand_over(await _receive(answers))
        except (EOFError, ConnectionError):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_TIMEOUT_S):
                    await self._process.wait()
            status = self._process.returncode
            self._give_up(EngineError("it fell silent" if status is None else _death(status)))
        except EngineError as exc:
            self._give_up(exc)

    def _hand_over(self, answer: messages.FromEngine) -> None:
        if isinstance(answer, messages.Loaded | messages.Unusable) or answer.id not in self._asked:
            raise EngineError(f"it sent a message {type(answer).__name__} that answers nothing")
        asked = self._asked.pop(answer.id)
        asked.timer.cancel()
        match answer:
            case messages.Done():
                asked.answer.set_result(answer)
            case messages.Failed(message=message):
                asked.answer.set_result(message)
            case messages.Cancelled():
                asked.answer.set_result("the engine stopped this request")

    def _give_up(self, fault: EngineError) -> None:
        """Have all who wait know of *fault*; the first one counts."""
        if self._fault.done():
            return
        self._fault.set_result(fault)
        for asked in self._asked.values():
            asked.timer.cancel()
            asked.answer.set_exception(EngineError(str(fault)))
        self._asked.clear()


async def _first_words(answers: asyncio.StreamReader) -> messages.Loaded:
    try:
        async with asyncio.timeout(LOAD_TIMEOUT_S):
            answer = await _receive(answers)
    except TimeoutError as exc:
        raise EngineError(f"no answer in {LOAD_TIMEOUT_S:g} s") from exc
    except (EOFError, ConnectionError) as exc:
        raise EngineError("it died while it loaded its model") from exc
    except EngineError as exc:  # not even its first message can be read
        raise EngineUnusable(_OTHER_VERSION) from exc
    if isinstance(answer, messages.Unusable):
        raise EngineUnusable(answer.message)
    if not isinstance(answer, messages.Loaded):
        raise EngineUnusable(_OTHER_VERSION)
    return answer


async def _receive(answers: asyncio.StreamReader) -> messages.FromEngine:
    """Return the next message.

    Raises:
        EngineError: there is none in what was sent.
        EOFError, ConnectionError: there will be no more.
    """
    length = messages.body_bytes(await answers.readexactly(messages.LENGTH_BYTES))
    if length > _MAX_ANSWER_BYTES:
        raise EngineError(f"it announced a message of {length} bytes")
    try:
        return messages.unpack_answer(await answers.readexactly(length))
    except msgspec.DecodeError as exc:
        raise EngineError("it sent what is no message") from exc


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    ended = asyncio.ensure_future(process.wait())
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:  # it is killed: its end is near, and nobody else waits for it
        await asyncio.wait([ended])
        raise


def _death(status: int) -> str:
    return f"signal {-status} killed it" if status < 0 else f"it ended with status {status}"
