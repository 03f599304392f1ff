"""The engine process: holds the model, turns jobs from stdin into drafts on stdout.

It is a process of its own so that a crash in native code costs one retry and never the socket,
and so that the daemon stays small. `python -m eidos.engine` reads its settings as one JSON
object from its only argument. It ends when its stdin ends: when the daemon is gone, however.
"""

import contextlib
import ctypes
import logging
import os
import resource
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from eidos import engine_messages as messages
from eidos.context import conditioned
from eidos.errors import EidosError
from eidos.logs import configure_logging
from eidos.model_files import (
    FileCheck,
    ModelFiles,
    locate,
    require_sound,
    sha256_of_model,
    tokenizer_settings,
    told,
    verify,
)
from eidos.prompt import load_template

if TYPE_CHECKING:  # what costs time to import is imported while the checksums are computed
    from eidos.decoder import Sequence
    from eidos.retrieval.retriever import Known

LEAST_SIMILARITY: Final = 0.45
"""Below, a known command is hardly ever right, and reading its tokens costs 2 ms each."""
MAX_KNOWN: Final = 3
"""Known commands that are read where several candidates are asked for; else one."""

_M_MMAP_THRESHOLD: Final = -3
"""The number of the setting in glibc's malloc.h."""

log = logging.getLogger(__name__)


class Engine:
    """A loaded model: from the text of a request to drafts of commands."""

    def __init__(self, settings: messages.EngineSettings) -> None:
        """Load and verify the model that *settings* names.

        Raises:
            ModelError: a file is missing, damaged, or of the wrong kind.
        """
        started = time.monotonic()
        files = locate(settings.model_path, settings.tokenizer_path)
        self._max_tokens = settings.max_tokens
        self._told = told(files)
        checks = self._load(files, settings.threads)
        self.loaded = messages.Loaded(
            model=files.name,
            path=str(files.model),
            sha256=sha256_of_model(files, checks),
            load_time_s=time.monotonic() - started,
            told=self._told,
        )

    def generate(self, job: messages.Job) -> messages.Done:
        """Return the drafts for *job*: the model's, likeliest first, then those that are known."""
        found = self._retriever.find(job.text, job.context.shell, MAX_KNOWN if job.count > 1 else 1)
        known = [each for each in found if each.similarity >= LEAST_SIMILARITY]
        text = conditioned(job.text, job.context.only(self._told))
        decoded = self._decoder.decode(
            self._tokenizer.encode(self._template.render(text)),
            count=job.count,
            max_tokens=self._max_tokens,
            vocabulary=self._tokenizer,
            known=[self._tokenizer.encode(each.command) for each in known],
        )
        by_command = {each.command: each for each in known}
        drafts = [self._draft(sequence, by_command) for sequence in decoded.sequences]
        written = {draft.text for draft in drafts}
        drafts += [
            _known_draft(each, sequence)
            for each, sequence in zip(known, decoded.known, strict=True)
            if each.command not in written
        ]
        return messages.Done(job.id, drafts)

    def _draft(self, sequence: "Sequence", known: Mapping[str, "Known"]) -> messages.Draft:
        """Return what the model wrote, and whether it is among what is *known*."""
        text = self._tokenizer.decode(list(sequence.ids)).strip()
        draft = messages.Draft(text, sequence.log_probability, len(sequence.ids) + 1)
        same = known.get(text)
        if same is None:
            return draft
        return msgspec.structs.replace(
            draft, similarity=same.similarity, is_own_form=same.is_own_form
        )

    def _prefix(self) -> list[int]:
        """Return the tokens that all prompts begin with."""
        prompts = [self._tokenizer.encode(self._template.render(text)) for text in ("ls", "who")]
        pairs = enumerate(zip(*prompts, strict=False))
        length = next((at for at, (one, other) in pairs if one != other), 0)
        return prompts[0][:length]

    def _load(self, files: ModelFiles, threads: int) -> list[FileCheck]:
        # The checksums (70 ms) and onnxruntime's import and load (300 ms) both leave the GIL.
        with ThreadPoolExecutor(max_workers=1) as pool:
            verified = pool.submit(verify, files)
            try:
                from eidos.decoder import Decoder
                from eidos.retrieval.index import Index
                from eidos.retrieval.retriever import Retriever
                from eidos.tokenizer import Tokenizer

                settings = tokenizer_settings(files)
                self._tokenizer = Tokenizer(files.tokenizer, settings)
                self._template = load_template(files.tokenizer.parent, settings)
                self._decoder = Decoder(files.model, threads=threads)
                self._retriever = Retriever(Index())
            except EidosError:
                # A damaged file is the better explanation of whatever failed because of it.
                require_sound(files, verified.result())
                raise
            self._decoder.keep(self._prefix())
            checks = verified.result()
            require_sound(files, checks)
            return checks


def _known_draft(known: "Known", sequence: "Sequence") -> messages.Draft:
    return messages.Draft(
        known.command,
        sequence.log_probability,
        len(sequence.ids) + 1,
        is_generated=False,
        similarity=known.similarity,
        is_own_form=known.is_own_form,
    )


def serve(engine: Engine, jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer every job that comes in, one at a time, until *jobs* ends."""
    while header := jobs.read(messages.LENGTH_BYTES):
        job = messages.unpack_job(jobs.read(messages.body_bytes(header)))
        if isinstance(job, messages.Cancel):
            continue  # jobs are answered in their order: that one was
        started = time.monotonic()
        try:
            answer = engine.generate(job)
        except Exception as exc:  # one bad request must not end the engine
            log.exception("request=%s failed in the engine", job.id)
            answer = messages.Failed(job.id, f"the model failed: {type(exc).__name__}")
        log.debug("request=%s generated in %.0f ms", job.id, (time.monotonic() - started) * 1000)
        answers.write(messages.pack(answer))
        answers.flush()


def main() -> int:
    """Serve until stdin ends; the exit code is that of the error tree."""
    settings = msgspec.json.decode(sys.argv[1], type=messages.EngineSettings)
    configure_logging(settings.log_level, os.environ)
    _lift_data_limit()
    _return_large_blocks()
    # Answers own the real stdout; whatever a library prints goes to the log instead.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        engine = Engine(settings)
    except EidosError as exc:
        answers.write(messages.pack(messages.Unusable(str(exc))))
        answers.close()
        return exc.exit_code
    answers.write(messages.pack(engine.loaded))
    answers.flush()
    try:
        serve(engine, sys.stdin.buffer, answers)
    except BrokenPipeError:
        log.debug("the daemon is gone")
    return 0


def _lift_data_limit() -> None:
    # The daemon limits itself (see main.py); a model may be larger than a daemon should ever be.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _return_large_blocks() -> None:
    # glibc keeps blocks as large as the largest that was ever freed, here the logits of a prompt,
    # 200 kB a token: 293 MB resident after 50 requests, 269 MB if what is over 1 MB goes back.
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)


if __name__ == "__main__":
    sys.exit(main())
