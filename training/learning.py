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

    `exact` is the share of pairs whose command greedy decoding would give token by token.
    """

    loss: float
    exact: float


class Commands(nn.Module):
    """The loss of a causal language model on the commands' tokens alone."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        """Wrap *model*, whose parameters stay its own."""
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits (n, vocabulary) of the tokens of *labels* to be learnt, and these (n,).

        Most tokens are a prompt's: leaving out their logits halves the memory of a step.
        """
        learnt = labels != IGNORED  # (rows, tokens)
        hidden = self.model.model(input_ids=ids, use_cache=False).last_hidden_state
        return self.model.lm_head(hidden[learnt]), labels[learnt]


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
        """Make one step on *batch*; return its loss and the gradient's norm before clipping."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate(self.recipe, self.step, self.steps)
        count = (batch.labels != IGNORED).sum()
        total = torch.zeros((), device=self.device)
        pieces = self.recipe.pieces
        for ids, labels in zip(batch.ids.chunk(pieces), batch.labels.chunk(pieces), strict=True):
            loss = self._loss(ids, labels) / count
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
        kept = dict(zip(self._names, self._kept(), strict=True))
        loss, tokens, exact, rows = 0.0, 0, 0, 0
        for batch in batches:
            logits, expected = self._run(batch.ids, batch.labels, kept)
            loss += float(nn.functional.cross_entropy(logits, expected, reduction="sum"))
            right = torch.ones_like(batch.labels, dtype=torch.bool)
            right[batch.labels != IGNORED] = logits.argmax(-1) == expected
            exact += int(right.all(dim=1).sum())
            tokens += len(expected)
            rows += len(right)
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

    def _loss(self, ids: Tensor, labels: Tensor) -> Tensor:
        logits, expected = self._run(ids, labels, {})
        smoothing = self.recipe.smoothing
        return nn.functional.cross_entropy(
            logits, expected, reduction="sum", label_smoothing=smoothing
        )

    def _run(
        self, ids: Tensor, labels: Tensor, weights: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            if self.rounds:
                named = weights or dict(zip(self._names, self._weights, strict=True))
                rounding = self.recipe.rounding
                weights = named | rounded_parameters(
                    named, rounding.matrices, embedding=rounding.embedding
                )
            named = {f"model.{name}": weight for name, weight in weights.items()}
            logits, expected = functional_call(self._commands, named, (ids, labels))
        return logits.float(), expected

    def _kept(self) -> list[Tensor]:
        return self._average if self.recipe.average else [w.detach() for w in self._weights]

    @torch.no_grad()
    def _follow(self) -> None:
        if self.recipe.average:
            # The average begins as a short one: else it would remember the base for too long.
            decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
            for average, weight in zip(self._average, self._weights, strict=True):
                average.lerp_(weight, 1 - decay)
