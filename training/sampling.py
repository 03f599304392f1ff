"""What a trained model answers: `python -m training.sampling RUN/ SAMPLES.jsonl`.

Several answers to each request are drawn at a temperature, from the weights as the export will
round them: by a GPU in minutes, by a CPU for trials. `training.judging` says which are wrong, here
or on another machine; `training.selftraining` takes those on which the answers agree.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import DynamicCache, LlamaForCausalLM

from training import base, batching
from training.asked import Asked, Sampled, from_intents, from_lines, write_lines
from training.batching import Indices
from training.development import DevelopmentSet, read_questions
from training.intents import load_all
from training.quantizing import rounded_parameters
from training.recipe import rounding_of
from training.runs import usual_device

SEED: Final = 17  # not the corpus' own: other values stand in the requests
_LOOK_EVERY: Final = 8
"""Tokens between looks at which answers have ended: each makes the CPU wait for the GPU."""


class Drawing(msgspec.Struct, frozen=True):
    """How answers are drawn; at temperature 0 the likeliest token is taken each time."""

    count: int = 8
    temperature: float = 1.0
    most_tokens: int = 80
    rows: int = 4096  # answers drawn at once: 10 GB of keys and values at 80 tokens
    seed: int = SEED


@torch.inference_mode()
def draw(
    model: LlamaForCausalLM, prompts: Sequence[Indices], end: int, how: Drawing
) -> list[list[int]]:
    """Return *how*.count answers to each of *prompts*, one after the other, without the end token.

    Prompts stand at the right of a batch, so that all answers begin at the same place.
    """
    device = model.device
    generator = torch.Generator(device).manual_seed(how.seed)
    ids, mask = (tensor.to(device) for tensor in _at_the_right(prompts))
    positions = (mask.cumsum(1) - 1).clamp_(min=0)
    cache = DynamicCache(config=model.config)
    # A mask of four dimensions: of two, transformers asks the GPU each time whether all is set.
    hidden = _last(model, ids, positions, _causal(mask), cache)
    cache.batch_repeat_interleave(how.count)
    hidden, mask = (each.repeat_interleave(how.count, 0) for each in (hidden, mask))
    positions = positions[:, -1:].repeat_interleave(how.count, 0)
    going = torch.arange(len(hidden), device=device)
    answers = torch.full((len(hidden), how.most_tokens), end, device=device)
    for step in range(how.most_tokens):
        tokens = _chosen(model.lm_head(hidden).float(), how.temperature, generator)
        answers[going, step] = tokens
        if step % _LOOK_EVERY == _LOOK_EVERY - 1:
            kept = (answers[going, : step + 1] != end).all(1).nonzero().flatten()
            if not len(kept):
                break
            cache.batch_select_indices(kept)
            tokens, positions, mask, going = (t[kept] for t in (tokens, positions, mask, going))
        positions = positions + 1
        mask = torch.nn.functional.pad(mask, (0, 1), value=1)
        hidden = _last(model, tokens[:, None], positions, mask[:, None, None].bool(), cache)
    return [_before(row, end) for row in answers.cpu().numpy()]


def _last(
    model: LlamaForCausalLM, ids: Tensor, positions: Tensor, mask: Tensor, cache: DynamicCache
) -> Tensor:
    """Return the last token's hidden state of each row (rows, width)."""
    inner: Any = model.model
    found = inner(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
    )
    return found.last_hidden_state[:, -1]


def _at_the_right(prompts: Sequence[Indices]) -> tuple[Tensor, Tensor]:
    width = max(map(len, prompts))
    ids = np.zeros((len(prompts), width), np.int64)
    mask = np.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = prompt
        mask[row, width - len(prompt) :] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def _causal(mask: Tensor) -> Tensor:
    """Return who sees whom (rows, 1, tokens, tokens); what is padding sees itself, or it is NaN."""
    width = mask.shape[1]
    before = torch.ones(width, width, dtype=torch.bool, device=mask.device).tril()
    itself = torch.eye(width, dtype=torch.bool, device=mask.device)
    return ((before & mask[:, None].bool()) | itself)[:, None]


def _chosen(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    if not temperature:
        return logits.argmax(-1)
    # The largest of each probability over a draw of its own: chance without a wait for the GPU.
    shares = (logits / temperature).softmax(-1)
    return (shares / torch.empty_like(shares).exponential_(generator=generator)).argmax(-1)


def _before(row: Indices, end: int) -> list[int]:
    return list(map(int, itertools.takewhile(lambda token: token != end, row)))


def sample(
    model: LlamaForCausalLM, tokenizer: Tokenizer, asked: Sequence[Asked], how: Drawing
) -> Iterator[Sampled]:
    """Yield what *model* answers to each of *asked*, the shortest request first.

    An answer that did not end within *how*.most_tokens is left out.
    """
    texts = [batching.PROMPT.format(each.text) for each in asked]
    prompts = [ids.astype(np.int64) for ids in batching.encoded(tokenizer, texts)]
    order = sorted(range(len(asked)), key=lambda i: len(prompts[i]))
    end = batching.encoded(tokenizer, [batching.END])[0].item()
    size = max(1, how.rows // how.count)
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        seeded = msgspec.structs.replace(how, seed=how.seed + start)
        drawn = draw(model, [prompts[i] for i in chosen], end, seeded)
        texts = tokenizer.decode_batch(drawn)
        whole = [len(tokens) < how.most_tokens for tokens in drawn]
        for place, i in enumerate(chosen):
            mine = range(place * how.count, (place + 1) * how.count)
            counts = Counter(texts[n].strip() for n in mine if whole[n])
            yield Sampled(asked[i], tuple(counts.most_common()))


def load(run: Path) -> tuple[LlamaForCausalLM, Tokenizer]:
    """Return the model of *run*, rounded as its export is, on the usual device; its tokenizer."""
    model = base.read(run / "model")
    rounding = rounding_of(run)
    with torch.no_grad():
        weights = dict(model.named_parameters())
        rounded = rounded_parameters(weights, rounding.matrices, embedding=rounding.embedding)
        for name, weight in rounded.items():
            weights[name].copy_(weight)
    device = usual_device()
    torch.nn.Module.to(model.eval(), device)
    if device.type == "cuda":
        torch.nn.Module.to(model, torch.bfloat16)
    return model, Tokenizer.from_file(str(run / "model" / "tokenizer.json"))


def _shown(found: Iterable[Sampled], total: int) -> Iterator[Sampled]:
    every = max(1, total // 10)
    for number, each in enumerate(found, 1):
        if number % every == 0:
            click.echo(f"{number} of {total} requests answered")
        yield each


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--requests",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A text file of requests, one a line; without it the intents' own.",
)
@click.option("--per-intent", default=4, show_default=True, help="Requests made of each intent.")
@click.option("--count", default=8, show_default=True, help="Answers drawn to each request.")
@click.option("--temperature", default=1.0, show_default=True)
@click.option("--rows", default=4096, show_default=True, help="Answers drawn at once.")
@click.option("--seed", default=SEED, show_default=True)
@click.option("--limit", type=int, help="Requests at most.")
def main(
    run: Path,
    out: Path,
    *,
    requests: Path | None,
    per_intent: int,
    limit: int | None,
    **how: Any,  # noqa: ANN401 - the fields of Drawing
) -> None:
    """Write to OUT what the model of RUN (see training.train) answers to requests."""
    development = DevelopmentSet(read_questions())
    if requests is not None:
        asked = list(from_lines(requests, development))
    else:
        asked = list(from_intents(load_all(), per_intent, how["seed"], development))
    if limit is not None:
        asked = asked[:: max(1, -(-len(asked) // limit))]
    model, tokenizer = load(run)
    found = sample(model, tokenizer, asked, msgspec.convert(how, Drawing))
    write_lines(out, _shown(found, len(asked)))


if __name__ == "__main__":
    main()
