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

import numpy as np
from msgspec import Struct

from benchmarks.measuring import REPOSITORY
from eidos.config import Config
from eidos.decoder import Decoding, no_draft
from eidos.drafting import FILE, Drafter, load_ngrams
from eidos.engine import Engine
from eidos.engine_messages import Job
from eidos.graph import Array, Graph
from eidos.model_files import locate, tokenizer_settings
from eidos.packed_reader import PackedReader
from eidos.prompt import load_template
from eidos.reading import finish
from eidos.tokenizer import Tokenizer

MAX_TOKENS = Config().max_tokens
FILES = locate("", "")


class Prompt(Struct, frozen=True):
    """A request, the text that the model continues, and that text's tokens."""

    request: str
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


def prompts(requests: Sequence[str], tokenizer: Tokenizer) -> list[Prompt]:
    """Return the prompts of *requests* as the engine makes them without a context."""
    template = load_template(FILES.tokenizer.parent, tokenizer_settings(FILES))
    texts = map(template.render, requests)
    return [
        Prompt(request, text, tokenizer.encode(text))
        for request, text in zip(requests, texts, strict=True)
    ]


def plain_loop(model: Path, tokenizer: Tokenizer, threads: int) -> Loop:
    """Return the loop that one writes first: all keys and values come and go with each token."""
    graph = Graph(model, threads=threads)

    def following(ids: list[int], cache: dict[str, Array]) -> tuple[int, dict[str, Array]]:
        past = next(iter(cache.values())).shape[2]
        feeds = graph.feeds(ids, past) | {
            "attention_bias": np.zeros((1, 1, len(ids), past + len(ids)), np.float32),
            "rows": np.array([len(ids) - 1], np.int64),
            "next_ids": np.zeros((1, 1, 1), np.int64),
        }
        values = graph.session.run(None, {**feeds, **cache}, graph.run_options)
        by_name = dict(zip(graph.outputs, values, strict=True))
        token = int(by_name["top_ids"].flat[0])
        return token, {past: by_name[now] for past, now in graph.present_of.items()}

    def decode(prompt: Prompt) -> list[int]:
        ids: list[int] = []
        token, cache = following(prompt.ids, graph.empty)
        while token not in tokenizer.end_ids and len(ids) < MAX_TOKENS:
            ids.append(token)
            token, cache = following([token], cache)
        return ids

    return _timed(decode)


def packed_loop(
    model: Path, tokenizer: Tokenizer, threads: int, *, is_drafting: bool = False
) -> Loop:
    """Return the daemon's loop over one buffer, with drafted tokens or without."""
    reader = PackedReader(Graph(model, threads=threads))
    ngrams = load_ngrams(FILES.model.with_name(FILE))

    def decode(prompt: Prompt) -> list[int]:
        draft = Drafter(ngrams, [], prompt.ids, lambda: 3) if is_drafting else no_draft
        decoding = Decoding(reader, prompt.ids, tokenizer, max_tokens=MAX_TOKENS, draft=draft)
        return list(finish(reader, decoding.greedy()).ids)

    return _timed(decode)


def engine_loop(engine: Engine, tokenizer: Tokenizer) -> Loop:
    """Return all that the engine does for a request, known commands and their ranking too."""

    def decode(prompt: Prompt) -> list[int]:
        drafts = engine.generate(Job("one", prompt.request, 1)).drafts
        return tokenizer.encode(next(draft.text for draft in drafts if draft.is_generated))

    return _timed(decode)


@contextmanager
def llama_loop(python: Path, model: Path, threads: int, tokenizer: Tokenizer) -> Generator[Loop]:
    """Run llama.cpp on the GGUF file *model* in *python*, which has llama-cpp-python.

    Its vocabulary is its own: what it wrote is cut into the tokens of *tokenizer* afterwards.
    """
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
            print(json.dumps(prompt.text), file=jobs)
            answer = json.loads(answers.readline())
            return Answer(tokenizer.encode(answer.pop("text")), **answer)

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
