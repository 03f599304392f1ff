"""The graph as the daemon's engine runs it: many sequences in one pass, and only choices come out.

`python -m training.serving MODEL.onnx OUT.onnx` does for other decoders of onnxruntime-genai's
builder what `training.export` does for ours. Weights and numbers stay as they are. Added are

- `position_ids` and `attention_bias`, so that tokens of several sequences, of several candidates of
  one, and drafts that may turn out wrong, stand in one buffer of keys and values: the bias says
  which of them a token sees;
- `rows`: the tokens whose choices are wanted. The output's matrix is a fifth of a small model's
  work, and of a prompt only the last token's choice is of interest;
- in place of `logits`: the likeliest tokens, the logarithm of the sum of all, and the logit of one
  more token for each row, `next_ids`. A row of 100 to 200 kB becomes one of 80 bytes.
"""

# pyright: reportUnknownMemberType=false
# onnx leaves parts of its signatures untyped.

from pathlib import Path
from typing import Final

import click
import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

CHOICES: Final = 5
"""How many of the likeliest tokens come out."""
_MATRICES: Final = ("MatMul", "MatMulNBits")
_ROWS: Final = ("batch_size", "rows")
_ADDED: Final = frozenset({"position_ids", "attention_bias", "rows", "next_ids"})
_POSITIONS: Final = 9
_BIAS: Final = 10
"""Where GroupQueryAttention takes position_ids and attention_bias."""


class UnservableGraphError(Exception):
    """The graph is none that can be served so; the message says what it has or lacks."""


def serve(source: Path, out: Path) -> None:
    """Write the graph of *source* as the engine runs it to *out*, its weights beside it.

    Raises:
        UnservableGraphError: *source* is no graph, or none of a decoder as the builder writes it.
    """
    try:
        model = onnx.load(source)
    except (DecodeError, onnx.checker.ValidationError, OSError) as exc:
        raise UnservableGraphError(f"cannot read the graph {source} with its data: {exc}") from exc
    if fault := _fault(model.graph):
        raise UnservableGraphError(
            f"{source} {fault}; give a decoder as onnxruntime-genai's builder writes it for a CPU"
        )
    for node in _attentions(model.graph):
        names = [*node.input, *[""] * (_BIAS + 1 - len(node.input))]
        names[_POSITIONS], names[_BIAS] = "position_ids", "attention_bias"
        node.input[:] = names
    _choose_rows(model.graph, _outputs(model.graph)[0])
    _add_choices(model.graph)
    del model.graph.value_info[:]
    data = out.with_suffix(out.suffix + ".data")
    data.unlink(missing_ok=True)
    onnx.save(model, out, save_as_external_data=True, location=data.name)


def _attentions(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    return [node for node in graph.node if node.op_type == "GroupQueryAttention"]


def _outputs(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    return [node for node in graph.node if "logits" in node.output]


def _fault(graph: onnx.GraphProto) -> str:
    """Return why *graph* cannot be served, or nothing if it can."""
    if there := _ADDED & {value.name for value in graph.input}:
        return f"has an input {min(there)} already"
    attentions = _attentions(graph)
    if not attentions:
        return "has no GroupQueryAttention"
    for node in attentions:
        numbers = {each.name: each.i for each in node.attribute}
        if not numbers.get("do_rotary"):
            return "does not turn keys by position in GroupQueryAttention"
        if numbers.get("local_window_size", -1) >= 0:
            # It counts places of the cache; tokens of one sequence need not lie side by side.
            return "has attention within a window"
    if [node.op_type in _MATRICES for node in _outputs(graph)] != [True]:
        return "has no one matrix whose product is called logits"
    return ""


def _choose_rows(graph: onnx.GraphProto, output: onnx.NodeProto) -> None:
    """Let the output's matrix read the hidden states of `rows` alone."""
    hidden, output.input[0] = output.input[0], "hidden_rows"
    rows = helper.make_node("Gather", [hidden, "rows"], ["hidden_rows"], "/rows", axis=1)
    at = list(graph.node).index(output)
    nodes = [*graph.node[:at], rows, *graph.node[at:]]
    del graph.node[:]
    graph.node.extend(nodes)


def _add_choices(graph: onnx.GraphProto) -> None:
    """Put what the engine asks for in place of the logits."""
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([CHOICES], np.int64), "choices"),
            numpy_helper.from_array(np.array([-1], np.int64), "vocabulary_axis"),
        ]
    )
    node = helper.make_node
    total = ["logits", "vocabulary_axis"]
    graph.node.extend(
        [
            node("TopK", ["logits", "choices"], ["top_logits", "top_ids"], "/top"),
            node("ReduceLogSumExp", total, ["log_total"], "/total", keepdims=0),
            node("GatherElements", ["logits", "next_ids"], ["next_logits"], "/next", axis=-1),
        ]
    )
    graph.input.extend(_inputs())
    cache = [value for value in graph.output if value.name != "logits"]
    del graph.output[:]
    graph.output.extend([*_choices(), *cache])


def _inputs() -> list[onnx.ValueInfoProto]:
    """Return the inputs that are added."""
    tensor = helper.make_tensor_value_info
    sequence = ["batch_size", "sequence_length"]
    bias = ["batch_size", 1, "sequence_length", "total_sequence_length"]
    return [
        tensor("position_ids", TensorProto.INT64, sequence),
        tensor("attention_bias", TensorProto.FLOAT, bias),
        tensor("rows", TensorProto.INT64, ["rows"]),
        tensor("next_ids", TensorProto.INT64, [*_ROWS, 1]),
    ]


def _choices() -> list[onnx.ValueInfoProto]:
    """Return the outputs in place of the logits."""
    tensor = helper.make_tensor_value_info
    return [
        tensor("top_logits", TensorProto.FLOAT, [*_ROWS, CHOICES]),
        tensor("top_ids", TensorProto.INT64, [*_ROWS, CHOICES]),
        tensor("log_total", TensorProto.FLOAT, _ROWS),
        tensor("next_logits", TensorProto.FLOAT, [*_ROWS, 1]),
    ]


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def main(source: Path, out: Path) -> None:
    """Write the graph of SOURCE as the engine runs it to OUT, its weights beside it."""
    try:
        serve(source, out)
    except UnservableGraphError as fault:
        raise click.ClickException(str(fault)) from fault
    click.echo(f"{out.stat().st_size:>12,}  {out}")


if __name__ == "__main__":
    main()
