"""The table of n-grams says what follows what in commands, and no more than helps."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tiny_models import write_pairs, write_tokenizer
from tokenizers import Tokenizer

from eidos.drafting import BEGIN, FILE, Drafter, Ngrams, load_ngrams
from eidos.model_files import FileCheck, locate, verify
from training import base
from training.export import write_sums
from training.ngrams import LEAST_COUNT, count, main, table

Answers = list[list[int]]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with pairs, their tokenizer, a file in the graph's place, and checksums."""
    folder = tmp_path / "model"
    write_tokenizer(folder, write_pairs(tmp_path / "pairs.jsonl"))
    (folder / "model.onnx").write_bytes(b"weights")
    write_sums(folder, ["model.onnx", *base.TOKENIZER_FILES])
    return folder


def make(model: Path, *options: str) -> str:
    """Run the command on *model*; return what it printed."""
    arguments = [str(model.with_name("pairs.jsonl")), str(model), *options]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def checks(model: Path) -> list[FileCheck]:
    """Return the verdicts on *model*'s files."""
    return verify(locate(str(model), ""))


def following(answers: Answers, *context: int) -> tuple[int, float] | None:
    """Return what the table of *answers* says of *context*."""
    return Ngrams(table(answers)).following(context)


def test_what_follows_each_context_is_counted() -> None:
    """Of every length, the beginning of a command being part of a context."""
    answers = [[7, 8, 9], [7, 8, 5], [8, 9]]

    assert count(answers, 1)[BEGIN,] == {7: 2, 8: 1}
    assert count(answers, 1)[8,] == {9: 2, 5: 1}
    assert count(answers, 2)[BEGIN, 7] == {8: 2}
    assert count(answers, 3) == {(BEGIN, 7, 8): {9: 1, 5: 1}}


def test_the_likeliest_token_is_found_with_its_share() -> None:
    """Of eight times, six; the share is kept to 1 in 255."""
    found = following([[7, 8]] * 6 + [[7, 9]] * 2, 7)

    assert found == (8, pytest.approx(0.75, abs=1 / 255))


def test_what_is_rare_is_left_out() -> None:
    """A context that was seen less often than LEAST_COUNT is no evidence."""
    assert following([[7, 8]] * LEAST_COUNT, 7) == (8, 1)
    assert following([[7, 8]] * (LEAST_COUNT - 1), 7) is None


def test_what_is_uncertain_stands_for_single_tokens_alone() -> None:
    """Two tokens that say little leave the word to the last one of them."""
    answers = [[6, 7, token] for token in (1, 2, 3) for _ in range(9)] + [[7, 4]] * 30

    assert following(answers, 6, 7) == following(answers, 7)


@pytest.mark.parametrize("length", [2, 3])
def test_a_longer_context_that_says_the_same_is_left_out(length: int) -> None:
    """The daemon looks up the shorter one then, and finds the same token as surely."""
    answers = [[4, 5, 6, 7, 8]] * 20

    records = table(answers)

    assert len(records) == len({BEGIN, 4, 5, 6, 7})
    context = [4, 5, 6, 7][-length:]
    assert Ngrams(records).following(context) == (8, 1)


def test_a_longer_context_that_says_more_is_kept() -> None:
    """Another token, or the same one surely: both are found, the longest context first."""
    answers = [[5, 7, 8]] * 20 + [[6, 7, 9]] * 30

    assert following(answers, 4, 7) == (9, pytest.approx(0.6, abs=1 / 255))
    assert following(answers, 5, 7) == (8, 1)
    assert following(answers, 6, 7) == (9, 1)


def test_records_are_sorted_and_the_same_each_time() -> None:
    """The daemon searches by halving; the checksum of a table depends on the corpus alone."""
    rng = np.random.default_rng(1)
    answers: Answers = rng.integers(0, 9, (400, 6)).tolist()

    records = table(answers)

    keys = records["key"].tolist()
    assert keys == sorted(set(keys))
    assert records.tobytes() == table(answers).tobytes()


def test_a_vocabulary_too_large_for_the_table_is_refused() -> None:
    """A token's number has 16 bits in it; a larger one is named, and none is cut off."""
    with pytest.raises(ValueError, match="hold the token 70000: the vocabulary is too large"):
        table([[7, 70_000]] * LEAST_COUNT)


def test_no_answers_give_an_empty_table() -> None:
    """It is a table, and knows nothing."""
    assert following([], 1) is None


def test_the_daemon_drafts_what_the_corpus_says(model: Path) -> None:
    """What the command leaves in the model's folder, in its tokens, continues its commands."""
    said = make(model)

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    drafter = Drafter(load_ngrams(model / FILE), [], [], lambda: 3)
    begun = tokenizer.encode("cat").ids
    assert tokenizer.decode([*begun, *drafter(begun)]).startswith("cat -n")
    assert f"n-grams of {200} commands" in said


def test_the_checksums_have_the_table_and_what_they_had(model: Path) -> None:
    """A table made anew replaces the old one, and the daemon finds every file sound."""
    before = checks(model)
    make(model, "--most", "50")
    make(model)

    found = checks(model)

    assert [check.path.name for check in found] == [*(c.path.name for c in before), FILE]
    assert all(check.ok for check in found)


def test_a_model_without_checksums_gets_none(model: Path) -> None:
    """A list of the table alone would leave the model itself unchecked."""
    (model / "SHA256SUMS").unlink()

    make(model)

    assert (model / FILE).exists()
    assert not (model / "SHA256SUMS").exists()


def test_of_a_large_corpus_a_part_is_read(model: Path) -> None:
    """Evenly from all of it, so that no source is left out."""
    assert "n-grams of 67 commands" in make(model, "--most", "80")


def test_a_corpus_without_pairs_is_refused(model: Path) -> None:
    """The message names it; no table is written."""
    model.with_name("pairs.jsonl").write_text("")

    result = CliRunner().invoke(main, [str(model.with_name("pairs.jsonl")), str(model)])

    assert result.exit_code == 1
    assert "pairs.jsonl has no pairs" in result.output
    assert not (model / FILE).exists()
