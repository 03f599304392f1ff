"""Which candidate comes first, and how likely it is to be right.

A candidate that the model wrote and one that is known have each a logistic model over a few
features: its probability of being right. `training/tuning.py` fits the weights in ranking.json on
the development set, and says there what was measured.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from eidos.engine_messages import Draft
from eidos.errors import ModelError

FILE: Final = Path(__file__).with_name("ranking.json")

_WORD: Final = re.compile(r"[\w.~/*@:-]+")
_LITERAL: Final = re.compile(
    # Begun in the middle of a word, a long one would be read once for each of its letters.
    r"(?:(?<![\w~/*@-])|(?=~))[\w~/*@-]*(?:[./@_]\w|\d|[*~]|\w[/*])[\w./*@-]*"
    r"|\"[^\"]+\"|'[^']+'"
)
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?!\w)")
_USUAL_NUMBERS: Final = frozenset("0 1 2".split())
_QUOTED: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
_PROGRAM: Final = re.compile(
    r"(?:^|[|;&]\s*|(?<![^\s$<>;&|])\(\s*|\bsudo\s+|\bxargs\s+(?:-\S+\s+(?:\d+\s+)?)*)"
    r"(?!\w+[=(])(?=([A-Za-z][\w.+-]*))"  # not taken: behind sudo and xargs stands another one
)
ABSENT_PENALTY: Final = 1.5
"""What a program that is not here takes off the log-odds. Chosen, not tuned: where the
development set is judged all programs are there."""

LEAST_KNOWN: Final = 0.12
"""A known command less likely to be right is for another request, and may well delete something."""

_EXACT: Final = 0.97
"""From here on a request has the known words, but for an article."""

_FLOORS: Final = {"mean": -3.0, "likelihood": -12.0, "unlikelihood": -6.0}
"""The least of what a known command's features make of its probability."""

Features = dict[str, float]


class Programs(Protocol):
    """Whatever knows which programs are here: the surroundings of a request."""

    def has_program(self, name: str, /) -> bool:
        """Whether *name* can be run."""
        ...


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was fitted."""

    generated: Mapping[str, float]
    known: Mapping[str, float]
    sure: float
    """The least probability of being right of an answer that is shown without reserve."""
    measured: Mapping[str, float] = {}
    """Figures for people; nothing here reads them."""


def load_weights(path: Path = FILE) -> Weights:
    """Return the weights in *path*.

    Raises:
        ModelError: the file is missing or not as it should be.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Weights)
    except (OSError, msgspec.DecodeError) as exc:
        raise ModelError(f"cannot read {path}: {exc}; install eidos again") from exc


def confidences(
    text: str, drafts: Sequence[Draft], weights: Weights, programs: Programs
) -> list[float]:
    """Return for each of *drafts* its probability of doing what the request *text* asks for."""
    return [
        probability(
            weights,
            features(text, draft, drafts),
            is_generated=draft.is_generated,
            penalty=ABSENT_PENALTY * is_absent(text, draft.text, programs),
        )
        for draft in drafts
    ]


def probability(
    weights: Weights, found: Features, *, is_generated: bool, penalty: float = 0.0
) -> float:
    """Return how likely a candidate with the features *found* is to be right.

    *penalty* is taken off the log-odds.
    """
    kind = weights.generated if is_generated else weights.known
    return _sigmoid(sum(value * kind.get(name, 0.0) for name, value in found.items()) - penalty)


def features(text: str, draft: Draft, drafts: Sequence[Draft]) -> Features:
    """Return what is known of *draft*, one of *drafts* for the request *text*."""
    mean = draft.log_probability / max(1, draft.tokens)
    found = {"bias": 1.0, "mean": max(mean, _FLOORS["mean"]), **_spoken(text, draft.text)}
    likeliest = max((d for d in drafts if d.is_generated), key=_likelihood, default=draft)
    if draft.is_generated:
        others = (d.similarity for d in drafts if not d.is_generated)
        return found | {
            "likelihood": max(draft.log_probability, -8.0),
            "similarity": draft.similarity,
            "other": max(others, default=0.0),
            "loss": min(_likelihood(likeliest) - _likelihood(draft), 8.0),
        }
    return found | {
        "similarity": draft.similarity,
        "exact": float(draft.similarity >= _EXACT),
        "likelihood": max(draft.log_probability, _FLOORS["likelihood"]),
        "unlikelihood": max(draft.log_probability / 10, _FLOORS["unlikelihood"]),
        "other": max(likeliest.log_probability, -4.0),
        "other_mean": max(likeliest.log_probability / max(1, likeliest.tokens), -3.0),
        "own_form": float(draft.is_own_form),
    }


def _spoken(text: str, command: str) -> Features:
    """Return how much *command* lacks of what *text* names, and how much nobody named."""
    said, written = text.lower(), command.lower()
    literals = [literal.strip("\"'*.~/") for literal in _LITERAL.findall(said)]
    numbers = set(_NUMBER.findall(written)) - _USUAL_NUMBERS
    missing = sum(not _is_in(literal, written) for literal in literals)
    return {
        "incomplete": float(missing > 0),
        "missing": float(min(missing, 3)),
        "unasked": float(min(3, sum(number not in said for number in numbers))),
    }


def _is_in(literal: str, written: str) -> bool:
    """Whether a command names *literal*, maybe as one of a row: day3 is in `day{1..5}`."""
    row = literal.rstrip("0123456789")
    is_row = row != literal and row[1:] and (f"{row}{{" in written or f"{row}(" in written)
    return literal in written or bool(is_row)


def may_lead(text: str, known: Draft, generated: Sequence[Draft], weights: Weights) -> bool:
    """Whether *known* could come before all that was *generated*, all programs being here.

    Its probability need not be known yet, only that it is no higher than *known* says.
    """
    drafts = [*generated, known]
    found = features(text, known, drafts)
    for name, floor in _FLOORS.items():
        if weights.known.get(name, 0.0) < 0:
            found[name] = floor
    ceiling = probability(weights, found, is_generated=False)
    best = max(
        (
            probability(weights, features(text, each, drafts), is_generated=True)
            for each in generated
        ),
        default=0.0,
    )
    return ceiling >= max(best, LEAST_KNOWN)


def is_absent(text: str, command: str, programs: Programs) -> bool:
    """Whether *command* needs a program that is not here, and that *text* does not name."""
    said = text.lower()
    # What is quoted is a pattern or code, in which "|" and ";" mean other things.
    found = _PROGRAM.findall(_QUOTED.sub("''", command))
    names = (name for name in found if name.lower() not in said)
    return not all(map(programs.has_program, names))


def _likelihood(draft: Draft) -> float:
    return max(draft.log_probability, -60.0)  # never infinite: the features are differences too


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, value))))
