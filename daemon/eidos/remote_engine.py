"""The remote engine: an engine process that has no model, and asks a server in its place.

`python -m eidos.remote_engine` takes the argument, reads the jobs and writes the answers that
`eidos.engine` does, so nothing else of the daemon knows which of the two it has: whatever a
server writes is judged and ranked like any draft. What is known of such requests is looked up here
and not there: the index is on this machine, and costs 10 ms.
"""

import asyncio
import importlib.util
import logging
import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import msgspec

from eidos import engine_messages as messages
from eidos.endpoint import Endpoint, read_key
from eidos.engine import LEAST_SIMILARITY, MAX_KNOWN
from eidos.errors import ConfigError, EidosError, EngineError
from eidos.finished import Phase, PhaseName
from eidos.logs import configure_logging
from eidos.remote_questions import form_of
from eidos.retrieval.index import Index
from eidos.retrieval.retriever import Known, Retriever

if TYPE_CHECKING:
    from eidos.remote_answers import Answer
    from eidos.remote_questions import Payload

SLOTS: Final = 8
"""Jobs at a time: servers decode so many together about as fast as one."""
_CONNECTIONS: Final = 2 * SLOTS
"""A job that asks for several candidates sends several requests."""
_KNOWN_TOKENS: Final = 11
_KNOWN_LOG_PROBABILITY: Final = -25.0
"""No server is asked how likely it finds a known command, which would be one more request: these
are the medians of what the embedded model made of 26 that it did not write itself, for 60 requests
of benchmarks/requests.txt. So a known command is chosen by how close its request is."""

log = logging.getLogger(__name__)


class Server(Protocol):
    """Whatever answers a payload: the HTTP client here, a fake in tests."""

    async def ask(self, payload: "Payload") -> "Answer":
        """Return the answer to *payload*."""
        ...


class RemoteEngine:
    """A server and our index: from the text of a request to drafts of commands."""

    def __init__(self, settings: messages.EngineSettings, environ: Mapping[str, str]) -> None:
        """Make ready to ask the server that *settings* name; nothing is sent yet.

        So a daemon starts while its server is down, and answers once that is up.

        Raises:
            ConfigError: no server is named, its key cannot be used, or httpx is not installed.
            ModelError: our model's prompt or the index cannot be read.
        """
        started = time.monotonic()
        endpoint = _endpoint(settings)
        from eidos.remote_client import RemoteClient  # needs httpx, of which `_endpoint` made sure

        self._form = form_of(settings, endpoint)
        self._client = RemoteClient(
            endpoint, read_key(endpoint, environ), self._form, connections=_CONNECTIONS
        )
        self._retriever = Retriever(Index())
        self._lookups = ThreadPoolExecutor(max_workers=1)  # beside the servers' answers
        self.loaded = messages.Loaded(
            model=f"{endpoint.model or 'the model'} at {endpoint.host}",
            path=endpoint.url,
            sha256="",  # nobody can tell what a server has loaded
            load_time_s=time.monotonic() - started,
            told=self._form.told,
            slots=SLOTS,
        )

    async def generate(self, job: messages.Job) -> messages.Done:
        """Return the drafts for *job*: the server's, likeliest first, then those that are known.

        Raises:
            EngineError: the server does not answer; the message says what to do.
        """
        begin_s = time.monotonic()
        looked_up = asyncio.get_running_loop().run_in_executor(self._lookups, self._known, job)
        written, found = await asyncio.gather(self._drawn(job), looked_up)
        drafts = [_joined(draft, found) for draft in written.values()]
        drafts += [_known_draft(each) for each in found.values() if each.command not in written]
        phases = (Phase(PhaseName.GENERATE, begin_s, time.monotonic()),)
        return messages.Done(job.id, drafts, phases)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _drawn(self, job: messages.Job) -> dict[str, messages.Draft]:
        """Return up to `job.count` distinct drafts of the server's by their text."""
        asked = (self._client.ask(self._form.payload(job, seed)) for seed in range(job.count))
        first, *others = await asyncio.gather(*asked, return_exceptions=True)
        answers: list[Answer] = []
        for answer in (first, *others):
            if not isinstance(answer, BaseException):
                answers.append(answer)
            elif answer is first or not isinstance(answer, EngineError):
                raise answer  # that of a further candidate is no reason to have none
        drafts = [answer.draft for answer in answers if answer.draft is not None]
        likeliest = sorted(drafts, key=lambda draft: -draft.log_probability)
        by_text: dict[str, messages.Draft] = {}
        for draft in likeliest:
            by_text.setdefault(draft.text, draft)
        return by_text

    def _known(self, job: messages.Job) -> dict[str, Known]:
        found = self._retriever.find(job.text, job.context.shell, MAX_KNOWN if job.count > 1 else 1)
        return {each.command: each for each in found if each.similarity >= LEAST_SIMILARITY}


def _joined(draft: messages.Draft, known: Mapping[str, Known]) -> messages.Draft:
    """Return *draft* with what is known of its command, if that is *known*."""
    same = known.get(draft.text)
    if same is None:
        return draft
    return msgspec.structs.replace(draft, similarity=same.similarity, is_own_form=same.is_own_form)


def _known_draft(known: Known) -> messages.Draft:
    return messages.Draft(
        known.command,
        _KNOWN_LOG_PROBABILITY,
        _KNOWN_TOKENS,
        is_generated=False,
        similarity=known.similarity,
        is_own_form=known.is_own_form,
    )


class Generator(Protocol):
    """Whatever turns a job into drafts, many at a time: the engine here, a fake in tests."""

    async def generate(self, job: messages.Job) -> messages.Done:
        """Return the drafts for *job*."""
        ...


async def serve(engine: Generator, jobs: asyncio.StreamReader, answers: BinaryIO) -> None:
    """Answer every job that comes in, each once, until *jobs* ends."""
    under_way: dict[str, asyncio.Task[messages.FromEngine]] = {}

    def finish(task: asyncio.Task[messages.FromEngine], identity: str) -> None:
        if under_way.get(identity) is task:
            del under_way[identity]
        # A task that is cancelled before its first step never runs: it cannot answer itself.
        answer = messages.Cancelled(identity) if task.cancelled() else task.result()
        with suppress(BrokenPipeError):  # the daemon is gone, and *jobs* ends too
            answers.write(messages.pack(answer))
            answers.flush()

    while (message := await _next(jobs)) is not None:
        if isinstance(message, messages.Job):
            task = asyncio.create_task(_answer(engine, message))
            under_way[message.id] = task
            task.add_done_callback(lambda task, identity=message.id: finish(task, identity))
        elif task := under_way.get(message.id):
            task.cancel()
    for task in under_way.values():
        task.cancel()
    await asyncio.gather(*under_way.values(), return_exceptions=True)


async def _next(jobs: asyncio.StreamReader) -> messages.ToEngine | None:
    """Return the next message, or None once *jobs* has ended."""
    try:
        header = await jobs.readexactly(messages.LENGTH_BYTES)
        return messages.unpack_job(await jobs.readexactly(messages.body_bytes(header)))
    except asyncio.IncompleteReadError:
        return None


async def _answer(engine: Generator, job: messages.Job) -> messages.FromEngine:
    """Return the answer to *job*, whatever happens."""
    started = time.monotonic()
    try:
        answer = await engine.generate(job)
    except EngineError as exc:
        return messages.Failed(job.id, str(exc))
    except Exception as exc:  # one bad request must not end the engine
        # The text of an unforeseen error may be of the request, which debug alone may show.
        kind = type(exc).__name__
        log.error("request=%s failed in the remote engine: %s", job.id, kind)  # noqa: TRY400
        log.debug("request=%s", job.id, exc_info=True)
        return messages.Failed(job.id, f"the remote engine failed: {kind}")
    log.debug("request=%s answered in %.0f ms", job.id, (time.monotonic() - started) * 1000)
    return answer


def _endpoint(settings: messages.EngineSettings) -> Endpoint:
    if settings.remote is None:
        raise ConfigError("the remote engine needs remote_url")
    if importlib.util.find_spec("httpx") is None:
        raise ConfigError(
            "remote_url needs the package httpx; "
            f"run: {sys.executable} -m pip install 'eidosctl[remote]'"
        )
    return settings.remote


async def _run(settings: messages.EngineSettings, answers: BinaryIO) -> int:
    try:
        engine = RemoteEngine(settings, os.environ)
    except EidosError as exc:
        answers.write(messages.pack(messages.Unusable(str(exc))))
        answers.flush()
        return exc.exit_code
    answers.write(messages.pack(engine.loaded))
    answers.flush()
    jobs = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(jobs), sys.stdin
    )
    try:
        await serve(engine, jobs, answers)
    finally:
        await engine.close()
    return 0


def main() -> int:
    """Serve until stdin ends; the exit code is that of the error tree."""
    settings = msgspec.json.decode(sys.argv[1], type=messages.EngineSettings)
    configure_logging(
        settings.log_level,
        os.environ,
        log_format=settings.log_format,
        mb_per_day=settings.log_mb_per_day,
    )
    # Answers own the real stdout; whatever a library prints goes to the log instead.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        return asyncio.run(_run(settings, answers))
    except BrokenPipeError:
        log.debug("the daemon is gone")
        return 0


if __name__ == "__main__":
    sys.exit(main())
