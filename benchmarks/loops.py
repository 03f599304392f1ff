"""Ways to decode the same prompts: our loops, the fp32 model, llama.cpp; each is a `Loop`."""

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Protocol

from msgspec import Struct

from benchmarks.measuring import REPOSITORY
from eidos.config import Config
from eidos.decoder import Decoder
from eidos.engine import LEAST_SIMILARITY
from eidos.graph import Graph, GrowingCache
from eidos.model_files import locate, tokenizer_settings
from eidos.prompt import load_template
from eidos.retrieval.index import Index
from eidos.retrieval.retriever import Retriever
from eidos.tokenizer import Tokenizer

MAX_TOKENS = Config().max_tokens
FILES = locate("", "")


class Prompt(Struct, frozen=True):
    """A request, and the tokens that the model continues."""

    text: str
    ids: list[int]


class Answer(Struct, frozen=True):
    """The tokens of an answer without the end, how long they took, and how much CPU."""

    ids: list[int]
    ms: float
    cpu_ms: float
    """Of all threads; it says more than the time where other programs want the cores too."""


class Loop(Protocol):
    """One way to decode."""

    def __call__(self, prompt: Prompt, /) -> Answer:
        """Return the greedy answer to *prompt*."""
        ...


def embedded_tokenizer() -> Tokenizer:
    """Return the tokenizer of the embedded model."""
    return Tokenizer(FILES.tokenizer, tokenizer_settings(FILES))


def prompts(texts: Sequence[str], tokenizer: Tokenizer) -> list[Prompt]:
    """Return the prompts of *texts* as the engine makes them without a context."""
    template = load_template(FILES.tokenizer.parent, tokenizer_settings(FILES))
    return [Prompt(text, tokenizer.encode(template.render(text))) for text in texts]


def plain_loop(model: Path, tokenizer: Tokenizer, threads: int) -> Loop:
    """Return the loop that one writes first: all keys and values come and go with each token."""
    graph = Graph(model, threads=threads)

    def decode(prompt: Prompt) -> list[int]:
        cache = GrowingCache(graph)
        ids: list[int] = []
        token = int(cache.run(prompt.ids)[-1].argmax())
        while token not in tokenizer.end_ids and len(ids) < MAX_TOKENS:
            ids.append(token)
            token = int(cache.run([token])[-1].argmax())
        return ids

    return _timed(decode)


def shared_loop(decoder: Decoder, tokenizer: Tokenizer) -> Loop:
    """Return the daemon's loop, told of no known answers."""

    def decode(prompt: Prompt) -> list[int]:
        decoded = decoder.decode(prompt.ids, count=1, max_tokens=MAX_TOKENS, vocabulary=tokenizer)
        return list(decoded.sequences[0].ids)

    return _timed(decode)


def known_loop(decoder: Decoder, tokenizer: Tokenizer) -> Loop:
    """Return the daemon's loop with what is retrieved for the request, which is timed too."""
    retriever = Retriever(Index())

    def decode(prompt: Prompt) -> list[int]:
        found = retriever.find(prompt.text, "bash", 1)
        known = [each.command for each in found if each.similarity >= LEAST_SIMILARITY]
        decoded = decoder.decode(
            prompt.ids,
            count=1,
            max_tokens=MAX_TOKENS,
            vocabulary=tokenizer,
            known=[tokenizer.encode(command) for command in known],
        )
        return list(decoded.sequences[0].ids)

    return _timed(decode)


@contextmanager
def llama_loop(python: Path, model: Path, threads: int) -> Generator[Loop]:
    """Run llama.cpp on the GGUF file *model* in *python*, which has llama-cpp-python."""
    worker = Path(__file__).with_name("llama_worker.py")
    with subprocess.Popen(
        [python, worker, model, str(threads), str(MAX_TOKENS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        jobs, answers = process.stdin, process.stdout
        assert jobs is not None
        assert answers is not None

        def decode(prompt: Prompt) -> Answer:
            print(json.dumps(prompt.ids), file=jobs)
            return Answer(**json.loads(answers.readline()))

        try:
            yield decode
        finally:
            jobs.close()


def has_llama(python: Path) -> bool:
    """Whether *python* can import llama-cpp-python."""
    look = "import importlib.util as u, sys; sys.exit(u.find_spec('llama_cpp') is None)"
    return python.is_file() and not subprocess.run([python, "-c", look], check=False).returncode


def can_export() -> bool:
    """Whether what training/export.py needs is installed."""
    return all(map(importlib.util.find_spec, ("torch", "transformers", "onnxruntime_genai")))


@contextmanager
def fp32_model() -> Generator[Path]:
    """Make the graph of the embedded weights in fp32 in a folder that goes again: a minute."""
    with tempfile.TemporaryDirectory(prefix="eidos-fp32-") as folder:
        base, out = Path(folder, "base"), Path(folder, "fp32")
        for step in (
            ("training.base", FILES.model.parent, base),
            ("training.export", base, out, "--precision", "fp32"),
        ):
            subprocess.run(
                [sys.executable, "-m", *step], cwd=REPOSITORY, check=True, capture_output=True
            )
        yield out / "model.onnx"


def side_by_side(loops: Mapping[str, Loop], of: Sequence[Prompt]) -> dict[str, list[Answer]]:
    """Return the answers of each loop to each prompt.

    All loops answer one prompt before the next, each time in another order: whatever else the
    machine does meanwhile, it does to all of them.
    """
    answers: dict[str, list[Answer]] = {name: [] for name in loops}
    for loop in loops.values():
        loop(of[0])
    for number, prompt in enumerate(of):
        for name in Random(number).sample(list(loops), len(loops)):  # noqa: S311 - an order
            answers[name].append(loops[name](prompt))
    return answers


def _timed(decode: Callable[[Prompt], list[int]]) -> Loop:
    def loop(prompt: Prompt) -> Answer:
        begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
        ids = decode(prompt)
        taken_s, taken_cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
        return Answer(ids, taken_s * 1000, taken_cpu_s * 1000)

    return loop
