"""The rounding of the training is onnxruntime's own, bit for bit."""

import numpy as np
import pytest
from tiny_models import torch

from training.quantizing import Blocks, Grid, quantize, rounded, rounded_parameters

KINDS = ["normal", "ties", "one-sided", "zeros", "a short last block"]


def matrix(kind: str) -> "torch.Tensor":
    """Return a matrix (48, 288) on which roundings differ, from a fixed seed."""
    weights = torch.randn(48, 288, generator=torch.Generator().manual_seed(5))
    if kind == "ties":
        return (weights * 3).round() / 4
    if kind == "one-sided":
        return weights.abs() * torch.where(torch.arange(48) % 2 == 0, 1.0, -1.0)[:, None]
    if kind == "zeros":
        weights[:, :64] = 0
    return weights[:, :250] * 1e-3 if kind == "a short last block" else weights


def by_onnxruntime(weights: "torch.Tensor", grid: Grid) -> "Blocks":
    """Return the levels, scales and zeros of onnxruntime's quantizer for MatMulNBits."""
    from onnxruntime.quantization import matmul_nbits_quantizer as theirs

    config = theirs.DefaultWeightOnlyQuantConfig(
        block_size=grid.block_size, is_symmetric=grid.symmetric, bits=grid.bits
    )
    found = theirs.DefaultWeightOnlyQuantizer(config).qbits_block_quant(
        np.ascontiguousarray(weights.numpy().T)
    )
    levels, scales, zeros = map(torch.from_numpy, found)
    rows, blocks = len(weights), -(-weights.shape[1] // grid.block_size)
    if grid.bits == 4:
        levels, zeros = (torch.stack([x & 15, x >> 4], -1).flatten(-2) for x in (levels, zeros))
    zeros = zeros.view(rows, -1)[:, :blocks, None].float()
    if grid.symmetric:
        zeros = torch.full_like(zeros, 2 ** (grid.bits - 1))  # not stored, but meant
    return Blocks(levels.float(), scales.view(rows, -1, 1), zeros, weights.shape[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block_size", [16, 32, 128])
@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "asymmetric"])
@pytest.mark.parametrize("bits", [4, 8])
def test_levels_are_those_of_onnxruntime(
    kind: str, block_size: int, symmetric: bool, bits: int
) -> None:
    """Levels, scales and zeros are equal to the last bit."""
    grid = Grid(bits, block_size, symmetric)
    found, expected = quantize(matrix(kind), grid), by_onnxruntime(matrix(kind), grid)

    assert torch.equal(found.scales, expected.scales)
    assert torch.equal(found.zeros, expected.zeros)
    assert torch.equal(found.matrix(), expected.matrix())
    whole = matrix(kind).shape[1] // block_size
    assert torch.equal(found.levels[:, :whole], expected.levels[:, :whole])


@pytest.mark.parametrize("kind", KINDS)
def test_a_rounded_matrix_stays_as_it_is(kind: str) -> None:
    """Rounding twice is rounding once: an exported model can be trained on and exported again."""
    once = quantize(matrix(kind), Grid()).matrix()

    torch.testing.assert_close(quantize(once, Grid()).matrix(), once, rtol=1e-6, atol=0)


def test_the_gradient_passes_straight_through() -> None:
    """Backward, a rounded matrix is the matrix itself."""
    weights = matrix("normal").requires_grad_()
    factor = torch.randn(48, 288, generator=torch.Generator().manual_seed(6))

    (rounded(weights, Grid()) * factor).sum().backward()

    assert weights.grad is not None
    assert torch.equal(weights.grad, factor)


def test_the_embedding_has_a_grid_of_its_own() -> None:
    """Its matrix is rounded to its own bits; norms are not rounded at all."""
    weights = {
        "model.embed_tokens.weight": matrix("normal"),
        "model.layers.0.mlp.up_proj.weight": matrix("normal"),
        "model.norm.weight": torch.ones(288),
    }
    found = rounded_parameters(weights, Grid(), embedding=Grid(bits=8))

    assert set(found) == set(list(weights)[:2])
    expected = quantize(matrix("normal"), Grid(bits=8)).matrix()
    assert torch.equal(found["model.embed_tokens.weight"], expected)
