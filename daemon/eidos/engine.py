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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

# Before numpy is imported: OpenBLAS would start a thread, which nothing here uses (70 ms of CPU).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import msgspec

from eidos import engine_messages as messages
from eidos.context import conditioned
from eidos.engine_loop import serve
from eidos.errors import EidosError, RequestRefused
from eidos.finished import Tokens
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
from eidos.protocol import ErrorCode
from eidos.ranking import load_weights, may_lead

if TYPE_CHECKING:  # what costs time to import is imported while the session is loaded
    from eidos.decoder import Decoding
    from eidos.decoder import Sequence as Decoded
    from eidos.reading import Reader, Reading
    from eidos.retrieval.retriever import Known

LEAST_SIMILARITY: Final = 0.45
"""Below, a known command is hardly ever right, and reading its tokens costs 2 ms each."""
MAX_KNOWN: Final = 3
"""Known commands that are looked for where several candidates are asked for; else one."""

MAX_PROMPT_TOKENS: Final = 1200
"""A thousand letters of English are 200, of any script that a request should be in, 1,000. What is
longer would take all cores for seconds: the time grows with the square, and 4,000 are 180 MB."""
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
        checks = self._load(files, settings)
        self.loaded = messages.Loaded(
            model=files.name,
            path=str(files.model),
            sha256=sha256_of_model(files, checks),
            load_time_s=time.monotonic() - started,
            told=self._told,
            slots=self.reader.slots,
        )

    def generate(self, job: messages.Job, *, is_thorough: bool = False) -> messages.Done:
        """Return the drafts for *job*, with nothing beside it; see `work`."""
        from eidos.reading import finish

        return finish(self.reader, self.work(job, is_thorough=is_thorough))

    def work(
        self,
        job: messages.Job,
        *,
        drafted: Callable[[], int] = lambda: 3,
        is_thorough: bool = False,
    ) -> "Reading[messages.Done]":
        """Look up what is known of *job*; return the reading of the rest, which returns its drafts.

        These are the model's, likeliest first, and behind them the known ones. Up to *drafted()*
        tokens are guessed for each pass. Who asks for one candidate is not told how likely a known
        command is that cannot be the one, but only how likely it is at most; unless the work
        *is_thorough*. May be called beside a pass; what it returns must be read between passes.
        """
        return self._read(job, self._known(job), drafted, is_thorough=is_thorough)

    def _read(
        self,
        job: messages.Job,
        known: "Sequence[Known]",
        drafted: Callable[[], int],
        *,
        is_thorough: bool,
    ) -> "Reading[messages.Done]":
        answers = [self._tokenizer.encode(each.command) for each in known]
        decoding = self._decoding(job, answers[:1], drafted)
        sequences = [(yield from decoding.greedy())]
        if job.count > 1:
            sequences += yield from decoding.branches(job.count - 1)
        sequences.sort(key=lambda sequence: -sequence.log_probability)
        by_command = {each.command: each for each in known}
        written = [self._draft(sequence, by_command) for sequence in sequences]
        texts = {draft.text for draft in written}
        others = {
            _known_draft(each, decoding.at_most(ids), len(ids)): ids
            for each, ids in zip(known, answers, strict=True)
            if each.command not in texts
        }
        if job.count == 1 and not is_thorough:
            read = [each for each in others if may_lead(job.text, each, written, self._weights)]
        else:
            read = list(others)
        scored = yield from _scored(decoding, {each: others[each] for each in read})
        tokens = Tokens(decoding.prompt_tokens, decoding.generated, decoding.drafted)
        drafts = written + [scored.get(each, each) for each in others]
        return messages.Done(job.id, drafts, tokens=tokens)

    def _decoding(
        self, job: messages.Job, known: Sequence[Sequence[int]], drafted: Callable[[], int]
    ) -> "Decoding":
        """Return the decoding of what *job* asks for; *known* answers may be drafted from."""
        from eidos.decoder import Decoding
        from eidos.drafting import Drafter

        text = conditioned(job.text, job.context.only(self._told))
        prompt = self._tokenizer.encode(self._template.render(text))
        if len(prompt) > MAX_PROMPT_TOKENS:
            reason = f"the request is {len(prompt)} tokens to the model, {MAX_PROMPT_TOKENS} may be"
            raise RequestRefused(f"{reason}; say it shorter, in English", code=ErrorCode.TOO_LONG)
        return Decoding(
            self.reader,
            prompt,
            self._tokenizer,
            max_tokens=self._max_tokens,
            draft=Drafter(self._ngrams, known, prompt, drafted),
        )

    def _known(self, job: messages.Job) -> "list[Known]":
        found = self._retriever.find(job.text, job.context.shell, MAX_KNOWN if job.count > 1 else 1)
        return [each for each in found if each.similarity >= LEAST_SIMILARITY]

    def _draft(self, sequence: "Decoded", known: "Mapping[str, Known]") -> messages.Draft:
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

    def _load(self, files: ModelFiles, settings: messages.EngineSettings) -> list[FileCheck]:
        # The session (200 ms) and the checksums (70 ms) leave the GIL: what else is imported and
        # read, 200 ms of Python, goes on beside them, once onnxruntime's import is out of the way.
        from eidos.model_reader import reader_of

        with ThreadPoolExecutor(max_workers=2) as pool:
            verified = pool.submit(verify, files)
            reader = pool.submit(reader_of, files, settings, verified)
            try:
                from eidos.drafting import FILE, load_ngrams
                from eidos.prompt import load_template
                from eidos.retrieval.index import Index
                from eidos.retrieval.retriever import Retriever
                from eidos.tokenizer import Tokenizer

                config = tokenizer_settings(files)
                self._tokenizer = Tokenizer(files.tokenizer, config)
                self._template = load_template(files.tokenizer.parent, config)
                self._ngrams = load_ngrams(files.model.with_name(FILE), self._tokenizer.size)
                self._retriever = Retriever(Index())
                self._weights = load_weights()
                self.reader: Reader = reader.result()
            except EidosError:
                # A damaged file is the better explanation of whatever failed because of it.
                require_sound(files, verified.result())
                raise
            self.reader.keep(self._prefix())
            checks = verified.result()
            require_sound(files, checks)
            return checks


def _scored(
    decoding: "Decoding", drafts: Mapping[messages.Draft, Sequence[int]]
) -> "Reading[dict[messages.Draft, messages.Draft]]":
    """Return for each of *drafts*, given with their tokens, the same with its probability."""
    scores = yield from decoding.scores(list(drafts.values()))
    return {
        draft: msgspec.structs.replace(draft, log_probability=score.log_probability)
        for draft, score in zip(drafts, scores, strict=True)
    }


def _known_draft(known: "Known", log_probability: float, length: int) -> messages.Draft:
    return messages.Draft(
        known.command,
        log_probability,
        length + 1,
        is_generated=False,
        similarity=known.similarity,
        is_own_form=known.is_own_form,
    )


def main() -> int:
    """Serve until stdin ends; the exit code is that of the error tree."""
    settings = msgspec.json.decode(sys.argv[1], type=messages.EngineSettings)
    configure_logging(
        settings.log_level,
        os.environ,
        log_format=settings.log_format,
        mb_per_day=settings.log_mb_per_day,
    )
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
    # Not sys.stdin itself, which the interpreter closes at its end: it aborts (SIGABRT) where a
    # thread is reading it then, as when only our stdout was closed.
    jobs = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    try:
        serve(engine, jobs, answers)
    except BrokenPipeError:
        log.debug("the daemon is gone")
    return 0


def _lift_data_limit() -> None:
    # The daemon limits itself (see main.py); a model may be larger than a daemon should ever be.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _return_large_blocks() -> None:
    # glibc keeps blocks as large as the largest that was ever freed, here those of a long prompt:
    # 8 MB after 30 tokens, 13 to 18 MB after 300, if what is over 128 kB does not go back.
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 17)


if __name__ == "__main__":
    sys.exit(main())
