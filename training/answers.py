"""What the daemon's own parts answer to the development set, and what that takes.

The engine is a process of its own, as under the daemon, so that its memory is its own too. Where
the daemon would read the names of files in the user's folder, it finds those of the task's tree.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import psutil

from eidos.config import Config
from eidos.engine_messages import EngineSettings, Job, Loaded
from eidos.engine_supervisor import EngineSupervisor
from eidos.errors import EngineError, RequestRefused
from eidos.pipeline import Pipeline
from eidos.protocol import Certainty, Level, Shell, SuggestRequest
from eidos.ranking import load_weights
from eidos.surroundings import Surroundings, context_of, read_names
from eidos.validator.policy import Policy
from training import tasks, trees

T = TypeVar("T")

_WARM_UP: Final = "list files"
"""The first answer of a process is slow; a user's engine has long given its first one."""


class Answer(msgspec.Struct, frozen=True):
    """What was answered; *command* is empty, and *fault* says why, where nothing was offered."""

    command: str
    elapsed_s: float = 0.0
    certainty: Certainty | None = None
    fault: str = ""


class NoAudit:
    """An audit log that keeps nothing: the settings are those that ship."""

    def record(self, event: str, **details: str) -> None:
        """Forget it."""


class AnyHost:
    """A machine with the files of the task, of whose programs nothing is known.

    What is installed where a model is measured must not change its figures.
    """

    async def surroundings_of(self, request: SuggestRequest) -> Surroundings:
        """Return the names in the folder of *request*."""
        return surroundings_of(request)


class Answering:
    """A running engine, to be asked alone or behind the daemon's pipeline."""

    def __init__(self, engine: EngineSupervisor, loaded: Loaded, folder: Path) -> None:
        """Ask *engine*, which has *loaded* a model; *folder* is for names of files."""
        self._engine = engine
        self._folder = folder
        policy = Policy.build(Config().profile, {})
        self._pipeline = Pipeline(engine, policy, NoAudit(), AnyHost(), load_weights())
        self.loaded = loaded

    @property
    def rss_bytes(self) -> int:
        """The resident memory of the engine's process now; 0 where there is none."""
        pid = self._engine.pid
        return psutil.Process(pid).memory_info().rss if pid is not None else 0

    async def greedy(self, task: tasks.Task) -> Answer:
        """Return the model's likeliest command, judged by nobody."""
        return await _timed(self._draft(request_of(task, self._folder)))

    async def as_the_daemon(self, task: tasks.Task) -> Answer:
        """Return what would stand in the user's prompt."""
        return await _timed(self._offered(request_of(task, self._folder)))

    async def _draft(self, request: SuggestRequest) -> Answer:
        drafts = await self._engine.generate(job_of(request))
        return Answer(drafts[0].text if drafts else "")

    async def _offered(self, request: SuggestRequest) -> Answer:
        candidates = await self._pipeline.suggest(request)
        for candidate in candidates:
            if candidate.verdict is not Level.BLOCK:
                return Answer(candidate.command, certainty=candidate.certainty)
        return Answer("", fault=candidates[0].reason if candidates else "no candidate")


def request_of(task: tasks.Task, folder: Path) -> SuggestRequest:
    """Return what a widget would send for *task*, the names of its files being below *folder*."""
    return SuggestRequest(
        id="bench",
        shell=Shell(task.shell),
        count=1,
        cwd=str(names_of(task.tree, folder)) if task.tree else "",
        last=task.last,
        status=task.status,
        text=task.request,
    )


def job_of(request: SuggestRequest) -> Job:
    """Return what asks the engine for one command, told all that the daemon may tell it."""
    context = context_of(request, surroundings_of(request))
    return Job(id=request.id, text=request.text, count=1, context=context)


def surroundings_of(request: SuggestRequest) -> Surroundings:
    """Return the names in the folder of *request*, and nothing of this machine."""
    return Surroundings(request.shell, read_names(request.cwd))


def names_of(tree: str, folder: Path) -> Path:
    """Return the root of *tree* below *folder*, made there of empty files if it is not there."""
    grove = trees.load(tree)
    home = folder / tree
    if not home.exists():
        for item in grove.items:
            path = home / item.path
            if item.is_folder:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    return home / grove.root


def settings_for(model_path: str) -> EngineSettings:
    """Return the settings that ship, for the model at *model_path*; the embedded one for none."""
    defaults = Config()
    return EngineSettings(
        model_path=model_path,
        tokenizer_path="",
        threads=defaults.threads,
        max_tokens=defaults.max_tokens,
        log_level="error",
    )


@contextlib.asynccontextmanager
async def engine(model_path: str) -> AsyncGenerator[Answering]:
    """Start the engine with the model at *model_path*, the embedded one where it is empty.

    Raises:
        ModelError: The model cannot be used.
    """
    supervisor = EngineSupervisor(
        settings_for(model_path), queue_size=1, job_timeout_s=Config().engine_timeout_s
    )
    life = asyncio.create_task(supervisor.run())
    try:
        await _while_alive(life, supervisor.generate(Job(id="warm-up", text=_WARM_UP, count=1)))
        if supervisor.loaded is None:
            raise EngineError("it answered before it was loaded")
        with tempfile.TemporaryDirectory(prefix="eidos-names-") as folder:
            yield Answering(supervisor, supervisor.loaded, Path(folder))
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life


async def _while_alive(life: asyncio.Task[None], work: Awaitable[T]) -> T:
    """Return what *work* returns; raise what ended *life* if it ends before."""
    working = asyncio.ensure_future(work)
    await asyncio.wait({life, working}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        life.result()
    return await working


async def _timed(work: Awaitable[Answer]) -> Answer:
    started_s = time.perf_counter()
    try:
        answer = await work
    except (EngineError, RequestRefused) as fault:
        answer = Answer("", fault=str(fault))
    return msgspec.structs.replace(answer, elapsed_s=time.perf_counter() - started_s)
