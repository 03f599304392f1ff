"""Rounding of weights to few bits, exactly as onnxruntime does when the model is exported.

A model that was trained with these weights in its forward passes loses nothing by the export:
rounded after a training without them, the first model of ours lost ten points of exact match.

onnxruntime's MatMulNBits keeps blocks of consecutive weights of one row: a level of 4 or 8 bits
for each, a float32 scale and, where it is asymmetric, the level that stands for zero.
"""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec
import torch
from torch import Tensor, nn

_TINY: Final = torch.finfo(torch.float32).tiny


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a matrix is rounded: bits of a level, weights in a block, and whether zero is a level.

    A symmetric block's scale is its weight of largest magnitude over -8 (of 4 bits), so that this
    weight is kept exactly and zero is level 8.
    """

    bits: int = 4
    block_size: int = 32
    symmetric: bool = True


class Blocks(msgspec.Struct, frozen=True):
    """A rounded matrix: levels (rows, blocks, block size), scales and zeros (rows, blocks, 1)."""

    levels: Tensor
    scales: Tensor
    zeros: Tensor
    columns: int

    def matrix(self) -> Tensor:
        """Return what the levels stand for: (rows, columns), float32."""
        weights = (self.levels - self.zeros) * self.scales
        return weights.flatten(1)[:, : self.columns]


def quantize(matrix: Tensor, grid: Grid) -> Blocks:
    """Return *matrix* (rows, columns) on *grid*; all in float32, levels and zeros whole numbers."""
    rows, columns = matrix.shape
    padding = -columns % grid.block_size
    blocks = nn.functional.pad(matrix.float(), (0, padding)).view(rows, -1, grid.block_size)
    scales, zeros = _symmetric(blocks, grid) if grid.symmetric else _asymmetric(blocks, grid)
    # The kernel multiplies by the reciprocal: dividing gives other levels now and then.
    reciprocals = torch.where(scales == 0, 0.0, 1.0 / scales)
    levels = _rounded_half_up(blocks * reciprocals + zeros).clamp_(max=2**grid.bits - 1)
    return Blocks(levels, scales, zeros, columns)


class _StraightThrough(torch.autograd.Function):
    """The rounded matrix forward, the gradient as if nothing had been rounded backward."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, grid: Grid) -> Tensor:  # noqa: ANN401, ARG004
        return quantize(matrix, grid).matrix().to(matrix.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401, ARG004
        return grad_outputs[0], None


def rounded(matrix: Tensor, grid: Grid) -> Tensor:
    """Return *matrix* on *grid*; its gradient passes to *matrix* unchanged."""
    apply = cast("Callable[[Tensor, Grid], Tensor]", _StraightThrough.apply)
    return apply(matrix, grid)


def rounded_parameters(
    weights: Mapping[str, Tensor], matrices: Grid, *, embedding: Grid
) -> dict[str, Tensor]:
    """Return the matrices of *weights* by name, rounded, for torch.func.functional_call.

    The embedding, which is the output's matrix as well, has a grid of its own. Norms stay as they
    are, as in the export.
    """
    return {
        name: rounded(weight, embedding if is_embedding(name) else matrices)
        for name, weight in weights.items()
        if weight.dim() > 1
    }


def is_embedding(name: str) -> bool:
    """Whether the weight *name* is the embedding, or the output's matrix, which mirrors it."""
    return "embed_tokens" in name or "lm_head" in name


def _symmetric(blocks: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    middle = 2 ** (grid.bits - 1)
    high, low = blocks.amax(-1, keepdim=True), blocks.amin(-1, keepdim=True)
    extreme = torch.where(high.abs() > low.abs(), high, low)
    return extreme / -middle, torch.full_like(extreme, middle)


def _asymmetric(blocks: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    top = 2**grid.bits - 1
    high = blocks.amax(-1, keepdim=True).clamp_(min=0)
    low = blocks.amin(-1, keepdim=True).clamp_(max=0)
    scales = (high - low) / top
    zeros = torch.where(scales == 0, 0.0, -low / scales.clamp(min=_TINY))
    return scales, _rounded_half_up(zeros).clamp_(max=top)


def _rounded_half_up(values: Tensor) -> Tensor:
    # C's roundf, for what is clamped at zero anyway; torch.round takes halves to the even number.
    floor = values.clamp(min=0).floor()
    return floor + (values - floor >= 0.5)  # noqa: PLR2004
