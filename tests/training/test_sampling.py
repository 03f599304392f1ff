"""What a trained model answers is drawn in batches, and is what it would answer alone."""

from pathlib import Path

import pytest
from tiny_models import ids_of, torch

from training import asked as asking
from training import intents, sampling
from training.asked import Asked, Sampled
from training.development import DevelopmentSet, Question
from training.expanding import Context, Pair
from training.sampling import Drawing

REQUESTS = {
    "count the lines in log1.txt": "wc -l log1.txt",
    "delete data7.txt": "rm data7.txt",
    "sort list2.txt and drop duplicates": "sort -u list2.txt",
}
INTENTS = """
- cmd: wc -l {file}
  nl: ["count (the|all) lines of {file}", "how many lines has {file}"]
- cmd: export EDITOR=vim
  shells: {fish: set -gx EDITOR vim}
  nl: ["make vim my editor", "use vim as the editor from now on"]
"""


def asked(request: str, **fields: str) -> Asked:
    """Return *request* as it is put to a model."""
    return Asked(Pair(request, fields.get("command", ""), "bash", "linux", "self", "x:1", ""))


def test_answers_of_a_batch_are_those_of_each_request_alone(learnt: Path) -> None:
    """Short prompts are padded at the left, and answer as they would without."""
    model, _ = sampling.load(learnt / "run")
    prompts = [sampling.np.array(ids_of(learnt, request)) for request in REQUESTS]
    likeliest = Drawing(count=1, temperature=0, most_tokens=24)

    together = sampling.draw(model, prompts, 2, likeliest)

    assert len({len(prompt) for prompt in prompts}) > 1
    assert together == [sampling.draw(model, [one], 2, likeliest)[0] for one in prompts]


def test_a_model_answers_what_it_learnt(learnt: Path) -> None:
    """The likeliest answer to a request of the corpus is its command, counted once a draw."""
    model, tokenizer = sampling.load(learnt / "run")

    found = sampling.sample(
        model, tokenizer, [asked(text) for text in REQUESTS], Drawing(count=3, temperature=0)
    )

    assert {each.asked.text: each.answers for each in found} == {
        request: ((command, 3),) for request, command in REQUESTS.items()
    }


def test_the_same_seed_draws_the_same_answers(learnt: Path) -> None:
    """Chance comes from the seed alone, and another seed draws others."""
    model, tokenizer = sampling.load(learnt / "run")

    def drawn(seed: int) -> list[Sampled]:
        how = Drawing(count=16, temperature=2.0, most_tokens=16, seed=seed)
        return list(sampling.sample(model, tokenizer, [asked("count log")], how))

    assert drawn(1) == drawn(1) != drawn(2)
    assert len(drawn(1)[0].answers) > 1


def test_an_answer_without_an_end_is_left_out(learnt: Path) -> None:
    """Half a command is no command."""
    model, tokenizer = sampling.load(learnt / "run")
    how = Drawing(count=2, temperature=0, most_tokens=1)

    (found,) = sampling.sample(model, tokenizer, [asked(next(iter(REQUESTS)))], how)

    assert found.answers == ()


def test_a_model_is_asked_as_rounded_as_its_export(learnt: Path) -> None:
    """The weights that answer are those of four bits, not those that were kept beside them."""
    model, _ = sampling.load(learnt / "run")

    weight = model.model.layers[0].mlp.up_proj.weight[0, :32]

    assert len(torch.unique(weight)) <= 16


@pytest.fixture
def two(tmp_path: Path) -> tuple[intents.Intent, ...]:
    """Two intents, one of them with a form for fish."""
    (tmp_path / "two.yaml").write_text(INTENTS)
    return intents.load(tmp_path / "two.yaml")


def test_requests_of_intents_are_the_same_for_the_same_seed(
    two: tuple[intents.Intent, ...],
) -> None:
    """Each has its command, the values in it, and the context of its shell."""
    apart = DevelopmentSet(())

    found = list(asking.from_intents(two, 20, 1, apart))

    assert found == list(asking.from_intents(two, 20, 1, apart))
    assert found != list(asking.from_intents(two, 20, 2, apart))
    for each in found:
        if each.pair.id == "two:1":
            ((kind, name),) = each.used
            assert kind == "file"
            assert name.lower() in each.text.lower()
    assert any(each.text.startswith("[fish] ") for each in found)


def test_what_the_development_set_asks_is_not_asked(two: tuple[intents.Intent, ...]) -> None:
    """A request close to one of its questions is left out, as in the corpus."""
    close = DevelopmentSet([Question("make vim my editor", "export")])

    requests = {each.pair.request.lower() for each in asking.from_intents(two, 40, 1, close)}

    assert "make vim my editor" not in requests
    assert any("use vim" in request for request in requests)


def test_a_file_of_requests_is_read_line_by_line(tmp_path: Path) -> None:
    """Blank lines and comments are none; nobody knows their commands."""
    (tmp_path / "asked.txt").write_text("# mine\nwho is  logged in\n\nfree memory\n")

    found = list(asking.from_lines(tmp_path / "asked.txt", DevelopmentSet(())))

    assert [each.text for each in found] == ["who is logged in", "free memory"]
    assert {each.pair.command for each in found} == {""}


def test_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Between two machines nothing of a sample is lost."""
    pair = Pair("why", "ls", "fish", "linux", "intent", "a:1", "ls", Context("fish", last="x"))
    samples = [Sampled(Asked(pair, (("file", "a b.txt"),)), (("ls", 2), ("", 1)))]

    asking.write_lines(tmp_path / "samples", samples)

    assert asking.read_lines(tmp_path / "samples", Sampled) == samples
