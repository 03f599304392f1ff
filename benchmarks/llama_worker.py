"""llama.cpp on its own: reads prompts, writes their greedy continuations with times.

    python benchmarks/llama_worker.py MODEL.gguf THREADS MAX_TOKENS

Runs in an environment that has llama-cpp-python and need not have Eidos (docs/benchmarks.md).
"""

import json
import sys
import time
from importlib import import_module

ROPE_BASE = 100_000
"""SmolLM2's; llama.cpp's quantizer left it out of our first GGUF file."""
CONTEXT_TOKENS = 1024


def main() -> None:
    """Answer each line of stdin until it ends."""
    model, threads, max_tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    llama = import_module("llama_cpp").Llama(
        model,
        n_ctx=CONTEXT_TOKENS,
        n_threads=threads,
        n_threads_batch=threads,
        rope_freq_base=ROPE_BASE,
        verbose=False,
    )
    end = llama.token_eos()
    for line in sys.stdin:
        prompt = llama.tokenize(json.loads(line).encode(), add_bos=False, special=True)
        ids: list[int] = []
        begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
        for token in llama.generate(prompt, temp=0.0):
            if token == end or len(ids) == max_tokens:
                break
            ids.append(token)
        taken_s, taken_cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
        text = llama.detokenize(ids).decode(errors="replace")
        answer = {"text": text, "ms": taken_s * 1000, "cpu_ms": taken_cpu_s * 1000}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
