"""The engine process: holds the model, turns jobs from stdin into drafts on stdout.

It is a process of its own so that a crash in native code costs one retry and never the socket,
and so that the daemon stays small. `python -m eidos.engine` reads its settings as one JSON
object from its only argument. It ends when its stdin ends: when the daemon is gone, however.
"""

import logging
import math
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import msgspec

from eidos import engine_messages as messages
from eidos.errors import EidosError
from eidos.logs import configure_logging
from eidos.model_files import (
    FileCheck,
    ModelFiles,
    locate,
    require_sound,
    sha256_of_model,
    tokenizer_settings,
    verify,
)
from eidos.prompt import load_template

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
        checks = self._load(files, settings.threads)
        self.loaded = messages.Loaded(
            model=files.name,
            path=str(files.model),
            sha256=sha256_of_model(files, checks),
            load_time_s=time.monotonic() - started,
        )

    def generate(self, job: messages.Job) -> messages.Done:
        """Return the drafts for *job*, likeliest first."""
        prompt = self._tokenizer.encode(self._template.render(job.text))
        sequences = self._decoder.decode(
            prompt, count=job.count, max_tokens=self._max_tokens, vocabulary=self._tokenizer
        )
        drafts = [
            messages.Draft(self._tokenizer.decode(list(s.ids)), math.exp(s.log_probability))
            for s in sequences
        ]
        return messages.Done(job.id, drafts)

    def _load(self, files: ModelFiles, threads: int) -> list[FileCheck]:
        # The checksums (70 ms) and onnxruntime's import and load (300 ms) both leave the GIL.
        with ThreadPoolExecutor(max_workers=1) as pool:
            verified = pool.submit(verify, files)
            try:
                from eidos.decoder import Decoder
                from eidos.tokenizer import Tokenizer

                settings = tokenizer_settings(files)
                self._tokenizer = Tokenizer(files.tokenizer, settings)
                self._template = load_template(files.tokenizer.parent, settings)
                self._decoder = Decoder(files.model, threads=threads)
            except EidosError:
                # A damaged file is the better explanation of whatever failed because of it.
                require_sound(files, verified.result())
                raise
            checks = verified.result()
            require_sound(files, checks)
            return checks


def serve(engine: Engine, jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer every job that comes in, one at a time, until *jobs* ends."""
    while header := jobs.read(messages.LENGTH_BYTES):
        job = messages.unpack_job(jobs.read(messages.body_bytes(header)))
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


if __name__ == "__main__":
    sys.exit(main())
