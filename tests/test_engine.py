"""From a job to drafts: what the model wrote and what is known, each marked as what it is."""

import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import embedded_model
import msgspec
import pytest
from tiny_export import make_model, settings

from eidos import engine_messages as messages
from eidos.context import Context
from eidos.engine import LEAST_SIMILARITY, MAX_KNOWN, Engine
from eidos.engine_loop import serve
from eidos.engine_messages import Draft, EngineSettings, Job
from eidos.errors import RequestRefused
from eidos.reading import finish
from eidos.retrieval.retriever import Known

WRITTEN = "df - h"
"""What the tiny model writes, whatever is asked."""


class Knowing:
    """A retriever that knows what it is told, and remembers what it was asked."""

    def __init__(self, *known: Known) -> None:
        self._known = known
        self.asked: list[tuple[str, str, int]] = []

    def find(self, text: str, shell: str, count: int) -> list[Known]:
        """Return the first *count* of what is known."""
        self.asked.append((text, shell, count))
        return list(self._known[:count])


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine with a tiny model."""
    make_model(tmp_path)
    return Engine(settings(tmp_path))


@pytest.fixture(scope="module")
def embedded() -> Engine:
    """An engine with the embedded model and the index that ships."""
    return Engine(
        EngineSettings(
            model_path="", tokenizer_path="", threads=2, max_tokens=40, log_level="error"
        )
    )


def known(command: str, similarity: float = 1.0, *, is_own_form: bool = False) -> Known:
    """Return a known command."""
    return Known(command, similarity, "some-intent", is_own_form)


def drafts(engine: Engine, retriever: Knowing, *, count: int = 1) -> list[Draft]:
    """Return what *engine* drafts where *retriever* says what is known."""
    engine._retriever = retriever  # pyright: ignore[reportAttributeAccessIssue]
    context = Context("fish")
    return engine.generate(Job(id="x", text="do it", count=count, context=context)).drafts


def test_what_the_model_wrote_comes_first_and_what_is_known_behind_it(engine: Engine) -> None:
    """Both are drafts, each says what it is, and what is known says how close it is."""
    written, read = drafts(engine, Knowing(known("ls", 0.75, is_own_form=True)))

    assert (written.text, written.is_generated, written.similarity) == (WRITTEN, True, 0.0)
    assert (read.text, read.is_generated, read.similarity) == ("ls", False, 0.75)
    assert (written.is_own_form, read.is_own_form) == (False, True)
    assert read.log_probability < written.log_probability <= 0
    assert (written.tokens, read.tokens) == (4, 2)


def test_what_is_known_and_written_alike_is_one_draft(engine: Engine) -> None:
    """A command that the model writes and that is known is the model's, with the similarity."""
    (draft,) = drafts(engine, Knowing(known(WRITTEN, 0.8, is_own_form=True)))

    assert (draft.text, draft.is_generated) == (WRITTEN, True)
    assert (draft.similarity, draft.is_own_form) == (0.8, True)


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [(LEAST_SIMILARITY, [WRITTEN, "ls"]), (LEAST_SIMILARITY - 0.01, [WRITTEN])],
    ids=["just close enough", "too far"],
)
def test_what_is_too_far_is_not_read(
    engine: Engine, similarity: float, expected: list[str]
) -> None:
    """A known command below LEAST_SIMILARITY costs no time and is no draft."""
    found = drafts(engine, Knowing(known("ls", similarity)))

    assert [draft.text for draft in found] == expected


@pytest.mark.parametrize(("count", "most"), [(1, 1), (2, MAX_KNOWN)])
def test_what_is_known_is_read_in_proportion(engine: Engine, count: int, most: int) -> None:
    """Who asks for one command waits for one known one; who asks for more, for a few."""
    retriever = Knowing(*(known(name) for name in ("ls", "ls ls", "go ls", "ls go", "go go")))

    found = drafts(engine, retriever, count=count)

    assert retriever.asked == [("do it", "fish", most)]
    assert sum(not draft.is_generated for draft in found) == most


def test_where_nothing_is_known_the_model_is_alone(engine: Engine) -> None:
    """An empty answer of the retriever is no fault."""
    assert [draft.text for draft in drafts(engine, Knowing())] == [WRITTEN]


def test_jobs_are_answered_with_their_ids(engine: Engine) -> None:
    """Each answer has the id of its job; one that fails does not end the engine."""

    class Failing(Knowing):
        def find(self, text: str, shell: str, count: int) -> list[Known]:
            if text == "fail":
                raise RuntimeError("out of luck")
            return super().find(text, shell, count)

    engine._retriever = Failing()  # pyright: ignore[reportAttributeAccessIssue]
    jobs = [Job(id=name, text=name, count=1) for name in ("a", "fail", "b")]
    answers = BytesIO()

    serve(engine, BytesIO(b"".join(map(messages.pack, jobs))), answers)

    answers.seek(0)
    kinds = [(type(answer), getattr(answer, "id", "")) for answer in unpacked(answers)]
    assert kinds == [(messages.Done, "a"), (messages.Failed, "fail"), (messages.Done, "b")]


def unpacked(answers: BytesIO) -> Iterator[messages.FromEngine]:
    """Return the messages in *answers*."""
    while header := answers.read(messages.LENGTH_BYTES):
        yield messages.unpack_answer(answers.read(messages.body_bytes(header)))


def test_the_process_ends_quietly_when_nobody_reads_its_answers(tmp_path: Path) -> None:
    """A daemon that is gone from its stdout alone is gone: no abort, nothing on stderr."""
    make_model(tmp_path)
    command = [sys.executable, "-m", "eidos.engine"]
    with subprocess.Popen(
        [*command, msgspec.json.encode(settings(tmp_path)).decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        header = process.stdout.read(messages.LENGTH_BYTES)
        loaded = messages.unpack_answer(process.stdout.read(messages.body_bytes(header)))
        process.stdout.close()
        process.stdin.write(messages.pack(Job(id="x", text="ls", count=1)))
        process.stdin.flush()

        assert isinstance(loaded, messages.Loaded)
        assert process.wait(timeout=60) == 0
        assert process.stderr
        assert process.stderr.read() == b""


def test_an_engine_says_how_many_jobs_it_takes_at_a_time(engine: Engine) -> None:
    """A plain graph reads one sequence at a time."""
    assert engine.loaded.slots == engine.reader.slots == 1


@pytest.mark.model
@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("how much disk space is free", "df -h"),
        ("count the lines in notes.txt", "wc -l notes.txt"),
    ],
)
def test_a_request_that_is_known_gets_the_known_command(
    embedded: Engine, text: str, command: str
) -> None:
    """Asked in known words, the known command is among the drafts, with its slots filled."""
    found = embedded.generate(Job(id="x", text=text, count=1)).drafts

    assert max(draft.similarity for draft in found if draft.text == command) > 0.9


@pytest.mark.model
def test_every_draft_of_the_embedded_model_is_whole(embedded: Engine) -> None:
    """Texts are distinct, probabilities are at most 1, and tokens are counted with their end."""
    found = embedded.generate(Job(id="x", text="list the 5 biggest files here", count=4)).drafts

    assert len({draft.text for draft in found}) == len(found) >= 4
    assert all(draft.log_probability <= 0 < draft.tokens for draft in found)
    written = [draft.log_probability for draft in found if draft.is_generated]
    assert written == sorted(written, reverse=True)


@pytest.mark.model
def test_the_embedded_model_takes_several_jobs_at_a_time(embedded: Engine) -> None:
    """It says so, and has read what all prompts begin with."""
    assert embedded.loaded.slots > 1
    trail = embedded.reader.trail_for(embedded_model.prompt_of("ls"))
    assert trail.ids == embedded_model.prefix() != []


@pytest.mark.model
def test_drafts_of_a_thorough_work_begin_with_those_of_a_quick_one(embedded: Engine) -> None:
    """Of a known command that cannot lead, a quick one says only how likely it is at most."""
    saved = 0
    for text in embedded_model.requests()[::12]:
        job = Job(id="x", text=text, count=1)

        quick = embedded.generate(job).drafts
        thorough = embedded.generate(job, is_thorough=True).drafts

        assert [draft.text for draft in quick] == [draft.text for draft in thorough]
        for one, other in zip(quick, thorough, strict=True):
            assert one.log_probability >= other.log_probability - 0.1
            saved += one.log_probability > other.log_probability + 0.1
    assert saved


@pytest.mark.model
def test_how_much_may_be_drafted_changes_no_draft(embedded: Engine) -> None:
    """It is asked for at each pass, and what comes out is the same."""
    for text in embedded_model.requests()[5::40]:
        job = Job(id="x", text=text, count=1)
        found = [
            finish(embedded.reader, embedded.work(job, drafted=lambda most=most: most)).drafts
            for most in (0, 3, 8)
        ]

        assert [draft.text for draft in found[0]] == [draft.text for draft in found[1]]
        assert [draft.text for draft in found[0]] == [draft.text for draft in found[2]]


@pytest.mark.model
def test_a_request_that_is_too_long_for_the_model_is_refused_in_words(embedded: Engine) -> None:
    """A thousand letters of four bytes would be 4,000 tokens, and hold everything for seconds."""
    with pytest.raises(RequestRefused, match=r"4\d\d\d tokens to the model.*shorter, in English"):
        embedded.generate(Job(id="x", text="\U0001f400" * 1000, count=1))
