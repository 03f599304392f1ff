"""A model being trained: one step, one evaluation, and the weights to keep."""

# pyright: reportUnknownMemberType=false
# torch, transformers and onnx leave parts of their signatures untyped.

from collections.abc import Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.func import functional_call
from transformers import LlamaForCausalLM

from training.batching import IGNORED, Batch
from training.quantizing import rounded_parameters
from training.recipe import Recipe, rate


class Evaluation(msgspec.Struct, frozen=True):
    """How well held-out pairs are known, by the weights that would be kept now.

    `exact` is the share of pairs whose command greedy decoding would give token by token, and
    `preferred`, where there is something to prefer it to, that of commands likelier than the other.
    """

    loss: float
    exact: float
    preferred: float | None = None


class Scores(msgspec.Struct, frozen=True):
    """What a model says of the tokens to be learnt: logits (n, vocabulary), and these tokens (n,).

    `rows` tells which row of the batch each token is in.
    """

    logits: Tensor
    expected: Tensor
    rows: Tensor

    def of_rows(self, count: int) -> Tensor:
        """Return the log-probability of each of *count* rows' tokens together (count,)."""
        losses = nn.functional.cross_entropy(self.logits, self.expected, reduction="none")
        return torch.zeros(count, device=losses.device).index_add(0, self.rows, -losses)

    def are_exact(self, count: int) -> Tensor:
        """Return whether the likeliest tokens are the expected ones in each of *count* rows."""
        wrong = (self.logits.argmax(-1) != self.expected).float()
        return torch.zeros(count, device=wrong.device).index_add(0, self.rows, wrong) == 0


class Commands(nn.Module):
    """The loss of a causal language model on the commands' tokens alone."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        """Wrap *model*, whose parameters stay its own."""
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, places: Tensor) -> Tensor:
        """Return the logits (n, vocabulary) at *places* (n,) of *ids* (rows, tokens), row by row.

        Most tokens are a prompt's: leaving out their logits halves the memory of a step.
        """
        hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
        return self.model.lm_head(hidden.flatten(0, 1)[places])


class Training:
    """A model being trained: its weights, their average, the optimizer and the step reached."""

    def __init__(self, model: LlamaForCausalLM, recipe: Recipe, steps: int) -> None:
        """Begin to train *model* for so many *steps*."""
        self.recipe = recipe
        self.steps = steps
        self.step = 0
        self.model = model.train()
        self.device = next(model.parameters()).device
        self._commands = Commands(model)
        self._names = [name for name, _ in model.named_parameters()]
        self._weights = list(model.parameters())
        self._average = [w.detach().clone() for w in self._weights] if recipe.average else []
        decayed = [weight for weight in self._weights if weight.dim() > 1]
        others = [weight for weight in self._weights if weight.dim() <= 1]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": recipe.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            betas=recipe.betas,
            fused=self.device.type == "cuda",
        )

    @property
    def rounds(self) -> bool:
        """Whether this step sees rounded weights."""
        share = self.recipe.rounding.share
        return share > 0 and self.step >= self.steps * (1 - share)

    def advance(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Make one step on *batch*, of the CPU; return its loss and the gradient's norm.

        The norm is that before clipping. Nothing here waits for the GPU, but a check of positions
        that transformers makes as a step begins.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate(self.recipe, self.step, self.steps)
        total = torch.zeros((), device=self.device)
        for piece in batch.pieces(self.recipe.pieces):
            loss = self._loss(piece, batch)
            loss.backward()  # pyright: ignore[reportUnknownMemberType]
            total += loss.detach()
        norm = nn.utils.clip_grad_norm_(self._weights, self.recipe.clip)
        self._optimizer.step()  # pyright: ignore[reportUnknownMemberType]
        self._optimizer.zero_grad()
        self.step += 1
        self._follow()
        return total, norm

    @torch.no_grad()
    def evaluate(self, batches: Sequence[Batch]) -> Evaluation:
        """Return how well *batches* are known by the weights that would be kept now."""
        loss, tokens, exact, rows = 0.0, 0, 0, 0
        for batch in batches:
            found = self._run(batch, self._kept_by_name())
            loss -= float(found.of_rows(len(batch.ids)).sum())
            exact += int(found.are_exact(len(batch.ids)).sum())
            tokens += len(found.expected)
            rows += len(batch.ids)
        return Evaluation(loss / max(1, tokens), exact / max(1, rows))

    def finish(self) -> LlamaForCausalLM:
        """Return the model with the weights to keep: the average, where the recipe asks for one."""
        with torch.no_grad():
            for weight, kept in zip(self._weights, self._kept(), strict=True):
                weight.copy_(kept)
        return self.model.eval()

    def state(self) -> dict[str, Any]:
        """Return all that load_state needs to go on exactly as if nothing had happened."""
        return {
            "step": self.step,
            "weights": [weight.detach() for weight in self._weights],
            "average": self._average,
            "optimizer": self._optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from *state*."""
        self.step = state["step"]
        with torch.no_grad():
            for weight, saved in zip(self._weights, state["weights"], strict=True):
                weight.copy_(saved)
            for weight, saved in zip(self._average, state["average"], strict=True):
                weight.copy_(saved)
        self._optimizer.load_state_dict(state["optimizer"])

    def _loss(self, piece: Batch, whole: Batch) -> Tensor:
        """Return what *piece* adds to the loss of *whole*."""
        found = self._run(piece, {})
        smoothing = self.recipe.smoothing
        loss = nn.functional.cross_entropy(
            found.logits, found.expected, reduction="sum", label_smoothing=smoothing
        )
        return loss / int((whole.labels != IGNORED).sum())

    def _run(self, batch: Batch, weights: dict[str, Tensor]) -> Scores:
        # Found on the CPU: the GPU would have to end all it was asked for before it could say.
        places = (batch.labels != IGNORED).flatten().nonzero().flatten()
        rows = places // batch.ids.shape[1]
        expected = batch.labels.flatten()[places]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            if self.rounds:
                named = weights or dict(zip(self._names, self._weights, strict=True))
                rounding = self.recipe.rounding
                weights = named | rounded_parameters(
                    named, rounding.matrices, embedding=rounding.embedding
                )
            named = {f"model.{name}": weight for name, weight in weights.items()}
            inputs = (self._moved(batch.ids), self._moved(places))
            logits = functional_call(self._commands, named, inputs)
        return Scores(logits.float(), self._moved(expected), self._moved(rows))

    def _moved(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)

    def _kept_by_name(self) -> dict[str, Tensor]:
        return dict(zip(self._names, self._kept(), strict=True))

    def _kept(self) -> list[Tensor]:
        return self._average if self.recipe.average else [w.detach() for w in self._weights]

    @torch.no_grad()
    def _follow(self) -> None:
        if self.recipe.average:
            # The average begins as a short one: else it would remember the base for too long.
            decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
            for average, weight in zip(self._average, self._weights, strict=True):
                average.lerp_(weight, 1 - decay)
