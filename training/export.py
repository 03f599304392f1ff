"""Export: `python -m training.export RUN/ OUT/`: what `train.py` left, in the forms that run.

OUT gets model.onnx with its data, as daemon/eidos/model has them: made by onnxruntime-genai's
builder, weights of 4 bits, the embedding and the output sharing one matrix; then given the inputs
and outputs of the daemon's engine (serving.py). Beside it stand the tokenizer's files, eidos.json,
which says what beside the request the model has learnt to read, and SHA256SUMS; and a GGUF file for
llama.cpp for each --gguf. The table of n-grams, which makes answers quicker and not other ones, is
the next step: `python -m training.ngrams CORPUS.jsonl OUT/`.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

import contextlib
import hashlib
import io
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, get_args

import click
import msgspec
import numpy as np
from transformers import LlamaForCausalLM

from eidos import drafting
from eidos.context import Field
from eidos.model_files import SETTINGS
from training import base
from training.serving import serve

GGUF_KINDS: Final = ("Q4_0", "Q8_0", "F16")
PRECISIONS: Final = ("int4", "int8", "fp32")
_ONNX_FILES: Final = ("model.onnx", "model.onnx.data")


class Form(msgspec.Struct, frozen=True):
    """How weights and products are kept in an ONNX file.

    The embedding is the output's matrix too; 8 bits for it make the model 14 MB larger. Accuracy
    level 4 multiplies in int8; level 1 in float32: slower, and closer to what was trained.
    """

    precision: str = "int4"
    block_size: int = 32
    symmetric: bool = True
    embedding_bits: Literal[4, 8] = 4
    accuracy_level: int = 4


class Card(msgspec.Struct, frozen=True):
    """What is read of RUN/card.json: the parts of a context that the corpus told the model."""

    context: tuple[Field, ...] = get_args(Field)


def told(run: Path) -> tuple[Field, ...]:
    """Return what beside the request the model of *run* has learnt to read.

    All that a context holds, unless its card says less: training conditions every pair. Nothing
    where there is no card, for then it was no training of ours that made the model.
    """
    card = run / "card.json"
    return msgspec.json.decode(card.read_bytes(), type=Card).context if card.is_file() else ()


def export_onnx(model: Path, out: Path, form: Form, context: Sequence[Field] = ()) -> None:
    """Write the transformers folder *model* into *out* as ONNX, with tokenizer and checksums.

    *context* is what beside the request the daemon is to tell it. A table of n-grams that stands
    in *out* goes: it may have been made for other tokens.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / drafting.FILE).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        build(model, Path(folder), form)
        serve(Path(folder) / _ONNX_FILES[0], out / _ONNX_FILES[0])
    for name in base.TOKENIZER_FILES:
        shutil.copyfile(model / name, out / name)
    (out / SETTINGS).write_text(json.dumps({"context": list(context)}) + "\n")
    write_sums(out, [*_ONNX_FILES, *base.TOKENIZER_FILES, SETTINGS])


def build(model: Path, out: Path, form: Form) -> None:
    """Write model.onnx and its data into *out* as onnxruntime-genai makes them of *model*."""
    options = [
        f"block_size={form.block_size}",
        f"is_symmetric={form.symmetric}",
        f"accuracy_level={form.accuracy_level}",
        "op_types_to_quantize=MatMul/Gather",
        "shared_embeddings=true",
    ]
    is_mixed = form.precision == "int4" and form.embedding_bits != 4  # noqa: PLR2004
    if is_mixed:
        options.append(f"matmul_mixed_precision=last_matmul:int{form.embedding_bits}")
    with _quiet(), _no_repository():
        _build(model, out, form.precision, options)
        if form.precision == "int4" and (is_mixed or not form.symmetric):
            _tie(out / _ONNX_FILES[0])


def export_gguf(model: LlamaForCausalLM, tokenizer: Path, path: Path, kind: str) -> None:
    """Write *model* with the *tokenizer* of that folder to *path*, its matrices of *kind*.

    Q4_0 rounds as a symmetric grid of 4 bits in blocks of 32 does, but keeps float16 scales.
    """
    from gguf import GGMLQuantizationType, GGUFWriter, quantize

    config: Any = model.config
    writer = GGUFWriter(path, "llama")
    _describe(writer, config, path.stem, kind)
    _add_tokenizer(writer, tokenizer)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        array = tensor.float().numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            is_query = name.endswith("q_proj.weight")
            heads = config.num_attention_heads if is_query else config.num_key_value_heads
            array = base.permuted(array, heads)
        stored = GGMLQuantizationType[kind if array.ndim > 1 else "F32"]
        writer.add_tensor(
            base.gguf_name(name), quantize(np.ascontiguousarray(array), stored), raw_dtype=stored
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the SHA-256 of the files *names* of *folder* into its SHA256SUMS."""
    lines: list[str] = []
    for name in names:
        with (folder / name).open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))


def _build(model: Path, out: Path, precision: str, options: list[str]) -> None:
    # The builder is a script that ships in the package; it asks the hub for nothing where its
    # input is a folder, and these make sure.
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    import_module("onnxruntime_genai.models")  # puts the builder's modules where it finds them
    builder = import_module("onnxruntime_genai.models.builder")

    cache = str(out / "cache")
    arguments = (None, str(model), str(out), precision, "cpu", cache)
    builder.create_model(*arguments, **builder.parse_extra_options(*arguments, options))


def _tie(path: Path) -> None:
    """Let the embedding of the graph *path* read the output's rounded matrix.

    Builder 0.18 names tensors that are not there, or a float copy of it, unless the matrix is
    symmetric and of 4 bits.
    """
    import onnx

    model = onnx.load(path)
    nodes = {node.op_type: node for node in model.graph.node if "embed_tokens" in node.name}
    output = next(n for n in model.graph.node if n.name.startswith("/lm_head/MatMul"))
    levels, *scales = output.input[1:]
    shape = next(tensor.dims for tensor in model.graph.initializer if tensor.name == levels)
    bits = next(a.i for a in output.attribute if a.name == "bits")
    rows = onnx.numpy_helper.from_array(np.array([shape[0], shape[1] * shape[2]]), "tied_shape")
    nodes["Reshape"].input[:] = [levels, rows.name]
    gather = nodes["GatherBlockQuantized"]
    gather.input[2:] = scales
    next(a for a in gather.attribute if a.name == "bits").i = bits
    read = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in read]
    del model.graph.initializer[:], model.graph.value_info[:]
    model.graph.initializer.extend([*kept, rows])
    path.with_name("model.onnx.data").unlink()
    onnx.save(model, path, save_as_external_data=True, location="model.onnx.data")


@contextlib.contextmanager
def _quiet() -> Generator[None]:
    # It tells of every node and tensor; what it raises still comes through.
    for name in ("onnxruntime.quantization", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield


@contextlib.contextmanager
def _no_repository() -> Generator[None]:
    # Where git finds one around the builder, its commit, ours, would go into the file, and no two
    # exports of the same weights would be the same; else the builder names its own.
    before = os.environ.get("GIT_DIR")
    os.environ["GIT_DIR"] = os.devnull
    try:
        yield
    finally:
        os.environ.pop("GIT_DIR")
        if before is not None:
            os.environ["GIT_DIR"] = before


def _describe(writer: Any, config: Any, name: str, kind: str) -> None:  # noqa: ANN401
    from gguf import LlamaFileType

    types = {"Q4_0": LlamaFileType.MOSTLY_Q4_0, "Q8_0": LlamaFileType.MOSTLY_Q8_0}
    writer.add_name(name)
    writer.add_license("gpl-3.0")
    writer.add_file_type(types.get(kind, LlamaFileType.MOSTLY_F16))
    writer.add_quantization_version(2)
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])


def _add_tokenizer(writer: Any, folder: Path) -> None:  # noqa: ANN401
    from gguf import TokenType

    stored = json.loads((folder / "tokenizer.json").read_text())
    model = stored["model"]
    special = {token["content"] for token in stored["added_tokens"] if token["special"]}
    ids = model["vocab"] | {token["content"]: token["id"] for token in stored["added_tokens"]}
    tokens = sorted(ids, key=ids.__getitem__)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [TokenType.CONTROL if token in special else TokenType.NORMAL for token in tokens]
    )
    writer.add_token_merges(merges)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    writer.add_bos_token_id(ids[settings["bos_token"]])
    writer.add_eos_token_id(ids[settings["eos_token"]])
    writer.add_unk_token_id(ids[settings["unk_token"]])
    writer.add_pad_token_id(ids[settings["pad_token"]])
    writer.add_add_bos_token(value=False)
    writer.add_add_space_prefix(value=False)
    writer.add_chat_template((folder / "chat_template.jinja").read_text())


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--precision", default="int4", type=click.Choice(PRECISIONS), show_default=True)
@click.option("--block-size", default=32, show_default=True, help="Weights that share a scale.")
@click.option("--symmetric/--asymmetric", default=True, help="Whether zero is the middle level.")
@click.option("--embedding-bits", default="4", type=click.Choice(("4", "8")), show_default=True)
@click.option("--accuracy-level", default=4, type=click.IntRange(0, 4), show_default=True)
@click.option("--gguf", "kinds", multiple=True, type=click.Choice(GGUF_KINDS))
def main(run: Path, out: Path, kinds: tuple[str, ...], **form: Any) -> None:  # noqa: ANN401
    """Export the model of RUN (what training.train wrote, or a transformers folder) into OUT."""
    model = run / "model" if (run / "model").is_dir() else run
    export_onnx(model, out, msgspec.convert(form, Form, strict=False), told(run))
    for kind in kinds:
        export_gguf(base.read(model), model, out / f"eidos.{kind}.gguf", kind)
    for file in sorted(out.iterdir()):
        click.echo(f"{file.stat().st_size:>12,}  {file}")


if __name__ == "__main__":
    main()
