"""What follows what in commands: `python -m training.ngrams CORPUS.jsonl MODEL/`.

Writes the table from which the daemon drafts tokens (daemon/eidos/drafting.py) into MODEL/, in the
tokens of MODEL/tokenizer.json, and its checksum into MODEL/SHA256SUMS. A wrong draft changes no
answer, so nothing but speed depends on the corpus.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from eidos.drafting import BEGIN, FILE, MAGIC, ORDERS, RECORD, key_of
from eidos.model_files import SUMS
from training.export import write_sums

LEAST_COUNT: Final = 5
LEAST_SHARE: Final = 0.4
"""What follows less often is no help."""
_SAME: Final = 0.1
"""A longer context that says the same as a shorter one, no surer than by this, is left out."""

Context = tuple[int, ...]
Guess = tuple[int, float]
"""A token, and its share of what follows a context."""


class _Pair(msgspec.Struct, frozen=True):
    command: str


def commands(corpus: Path) -> Iterable[str]:
    """Return the commands of *corpus*."""
    decode = msgspec.json.Decoder(_Pair).decode
    with corpus.open("rb") as lines:
        for line in lines:
            yield decode(line).command


def count(answers: Iterable[Sequence[int]], order: int) -> dict[Context, Counter[int]]:
    """Return what follows each context of *order* tokens in *answers*, and how often."""
    counts: dict[Context, Counter[int]] = defaultdict(Counter)
    for ids in answers:
        line = (BEGIN, *ids)
        for at in range(order, len(line)):
            counts[line[at - order : at]][line[at]] += 1
    return counts


def table(answers: Sequence[Sequence[int]]) -> npt.NDArray[np.void]:
    """Return the n-grams of *answers* that are worth keeping, as RECORDs sorted by key.

    Raises:
        ValueError: a token's number is too large for a RECORD.
    """
    kept: dict[Context, Guess] = {}
    for order in sorted(ORDERS):
        for context, following in count(answers, order).items():
            token, times = following.most_common(1)[0]
            share = times / following.total()
            shorter = _looked_up(kept, context[1:])
            is_telling = share >= LEAST_SHARE or order == min(ORDERS)
            is_new = shorter is None or shorter[0] != token or share > shorter[1] + _SAME
            if following.total() >= LEAST_COUNT and is_telling and is_new:
                kept[context] = token, share
    largest = max((token for token, _ in kept.values()), default=0)
    if largest > np.iinfo(RECORD["token"]).max:
        raise ValueError(f"no table can hold the token {largest}: the vocabulary is too large")
    by_key = {key_of(context): guess for context, guess in kept.items()}
    records = [(key, token, round(255 * share)) for key, (token, share) in by_key.items()]
    return np.sort(np.array(records, RECORD), order="key")


def _looked_up(kept: Mapping[Context, Guess], context: Context) -> Guess | None:
    """Return what the daemon finds in *kept* for *context*: by as many of its tokens as known."""
    for begin in range(len(context)):
        if (guess := kept.get(context[begin:])) is not None:
            return guess
    return None


def write(records: npt.NDArray[np.void], model: Path) -> Path:
    """Write *records* into the folder *model*; return the file.

    Its checksum goes into the model's SHA256SUMS, where it has one.
    """
    file, sums = model / FILE, model / SUMS
    file.write_bytes(MAGIC + records.tobytes())
    if sums.is_file():
        listed = sums.read_text(encoding="ascii").split()[1::2]
        write_sums(model, dict.fromkeys([*listed, FILE]))
    return file


@click.command()
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--most",
    default=200_000,
    type=click.IntRange(min=1),
    show_default=True,
    help="Read so many commands.",
)
def main(corpus: Path, model: Path, most: int) -> None:
    """Write the n-grams of CORPUS into the folder MODEL."""
    texts = list(commands(corpus))
    if not texts:
        raise click.ClickException(f"{corpus} has no pairs")
    texts = texts[:: -(-len(texts) // most)]
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    answers = [each.ids for each in tokenizer.encode_batch(texts, add_special_tokens=False)]
    records = table(answers)
    file = write(records, model)
    click.echo(f"{len(records):,} n-grams of {len(texts):,} commands")
    click.echo(f"{file.stat().st_size:>12,}  {file}")


if __name__ == "__main__":
    main()
