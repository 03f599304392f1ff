"""What is said between the benchmark and llama.cpp's process, with a llama_cpp of our own."""

import sys
from pathlib import Path

import pytest

from benchmarks.loops import MAX_TOKENS, Prompt, embedded_tokenizer, has_llama, llama_loop

FAKE = """
class Llama:
    def __init__(self, model, **options):
        assert options["rope_freq_base"] == 100_000 and options["n_threads"] == 2

    def token_eos(self):
        return 2

    def tokenize(self, text, add_bos, special):
        assert special and not add_bos
        return [int(text)]

    def detokenize(self, ids):
        return b"x" * len(ids)

    def generate(self, ids, temp):
        assert temp == 0.0
        yield from [7] * ids[0]
        yield 2
        raise AssertionError("nobody reads on behind the end")
"""


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python with llama_cpp."""
    (tmp_path / "llama_cpp.py").write_text(FAKE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Path(sys.executable)


def test_the_worker_answers_one_prompt_after_the_other(python: Path) -> None:
    """An answer has no end token, and is cut off where ours would be; it says what it cost."""
    tokenizer = embedded_tokenizer()
    with llama_loop(python, Path("model.gguf"), 2, tokenizer) as loop:
        answers = [loop(Prompt("any", str(count), [])) for count in (3, 0, MAX_TOKENS + 5)]

    written = [tokenizer.decode(answer.ids) for answer in answers]
    assert written == ["x" * 3, "", "x" * MAX_TOKENS]
    assert all(answer.ms >= 0 and answer.cpu_ms >= 0 for answer in answers)


def test_a_python_without_llama_cpp_is_seen(python: Path, tmp_path: Path) -> None:
    """It is looked for before anything is measured."""
    assert has_llama(python)

    (tmp_path / "llama_cpp.py").unlink()
    assert not has_llama(python)
    assert not has_llama(tmp_path / "nowhere")
