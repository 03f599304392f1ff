"""Small things to train on: pairs, a tokenizer of a few hundred tokens, a model that learnt them.

The embedded model's tokenizer has 21,182 tokens, and on two layers they would be all the work.
"""

import json
import shutil
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from tokenizers.decoders import ByteLevel

torch = pytest.importorskip("torch", reason="PyTorch is missing; run: bash tests/set-up --training")

from training import base  # noqa: E402
from training.train import main  # noqa: E402

# On layers this small, threads wait for each other longer than they work.
torch.set_num_threads(1)

RECIPES = Path(base.__file__).parent / "recipes"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
KINDS = {
    "count the lines in {}": "wc -l {}",
    "show {} with line numbers": "cat -n {}",
    "delete {}": "rm {}",
    "sort {} and drop duplicates": "sort -u {}",
    "last lines of {}": "tail {}",
}


def write_pairs(path: Path, *, count: int = 200, source: str = "intent") -> list[tuple[str, str]]:
    """Write *count* pairs to *path* as the corpus has them; return requests and commands."""
    random = Random(1)
    rows: list[tuple[str, str]] = []
    with path.open("w") as file:
        for number in range(count):
            request, command = random.choice(list(KINDS.items()))
            name = f"{random.choice(['log', 'notes', 'data', 'list'])}{number % 40}.txt"
            rows.append((request.format(name), command.format(name)))
            pair = dict(zip(("request", "command"), rows[-1], strict=True))
            fields = {"shell": "bash", "os": "linux", "source": source, "id": f"x:{number}"}
            file.write(json.dumps(pair | fields | {"tool": command.split()[0]}) + "\n")
    return rows


def write_tokenizer(folder: Path, rows: list[tuple[str, str]]) -> Path:
    """Write a tokenizer that knows the words of *rows* into *folder*; return the folder."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text for row in rows for text in row], trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    for name in base.TOKENIZER_FILES[1:]:
        shutil.copyfile(base.TOKENIZER / name, folder / name)
    return folder


def train(folder: Path, *arguments: str) -> str:
    """Run `training.train` on *folder*'s pairs and tokenizer; return what it printed."""
    files = [str(folder / "pairs.jsonl"), str(folder / "run")]
    options = ["--tokenizer", str(folder / "tokenizer"), *arguments]
    result = CliRunner().invoke(main, [*files, *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def prepare(folder: Path) -> list[tuple[str, str]]:
    """Write pairs and their tokenizer into *folder*; return the pairs."""
    rows = write_pairs(folder / "pairs.jsonl")
    write_tokenizer(folder / "tokenizer", rows)
    return rows


def ids_of(folder: Path, request: str) -> list[int]:
    """Return the prompt of *request* in *folder*'s tokenizer."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
    text = f"<|im_start|>user\n{request}<|im_end|>\n<|im_start|>assistant\n"
    return tokenizer.encode(text, add_special_tokens=False).ids
