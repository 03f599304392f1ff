"""What becomes of drafts: judged, made distinct, ranked, and asked for again once."""

import asyncio
import math
from typing import cast

import pytest

from eidos import pipeline
from eidos.context import Context
from eidos.engine_messages import Draft, Job
from eidos.finished import Account, PhaseName
from eidos.pipeline import SECOND_LOOK, Pipeline
from eidos.protocol import MAX_FRAME_BYTES, Candidate, Certainty, Level, Shell, SuggestRequest
from eidos.ranking import Weights
from eidos.second_opinion import Opinion, SecondOpinion
from eidos.surroundings import Surroundings
from eidos.validator.policy import BALANCED, Policy

PLAIN = Weights(generated={"likelihood": 1.0}, known={"similarity": 5.0}, sure=0.4)
"""A candidate of the model is likelier to be right the likelier it is, a known one the closer."""


def generated(text: str, log_probability: float = -1.0) -> Draft:
    """Return what the model wrote."""
    return Draft(text, log_probability, tokens=4)


def known(text: str, similarity: float = 1.0) -> Draft:
    """Return what is known of requests like the one that is asked."""
    return Draft(text, -9.0, tokens=4, is_generated=False, similarity=similarity)


class Drafts:
    """An engine that answers from a list, and remembers what it was asked.

    As many as are asked for are what the model wrote; a text stands for such a draft, each less
    likely than the one before. What is known comes on top.
    """

    def __init__(self, *drafts: str | Draft) -> None:
        self._drafts = [
            generated(draft, -float(n)) if isinstance(draft, str) else draft
            for n, draft in enumerate(drafts)
        ]
        self.jobs: list[Job] = []

    async def generate(self, job: Job, _account: Account | None = None) -> list[Draft]:
        """Return the first drafts of the list, and all that are known."""
        self.jobs.append(job)
        written = [draft for draft in self._drafts if draft.is_generated]
        return written[: job.count] + [draft for draft in self._drafts if not draft.is_generated]


class Events(list[dict[str, str]]):
    """An audit log that is a list."""

    def record(self, event: str, **details: str) -> None:
        """Remember *event*."""
        self.append({"event": event, **details})


class Folder:
    """A machine with some files and programs, that counts how often it was looked at."""

    def __init__(self, *files: str, programs: frozenset[str] | None = None) -> None:
        self._files = frozenset(files)
        self._programs = programs
        self.looks = 0

    async def surroundings_of(self, request: SuggestRequest) -> Surroundings:
        """Return what is there."""
        self.looks += 1
        return Surroundings(request.shell, self._files, self._programs)


def ask(
    engine: Drafts,
    *,
    request: SuggestRequest | None = None,
    count: int = 1,
    policy: Policy = BALANCED,
    audit: Events | None = None,
    host: Folder | None = None,
) -> tuple[Candidate, ...]:
    """Run the pipeline on *engine*."""
    pipeline = Pipeline(
        engine, policy, Events() if audit is None else audit, host or Folder(), PLAIN
    )
    asked = request or SuggestRequest(id="x", shell=Shell.BASH, count=count, text="do it")
    return asyncio.run(pipeline.suggest(asked))


def test_a_clean_draft_is_offered_as_it_is() -> None:
    """One draft in, one candidate out, with its probability of being right."""
    assert ask(Drafts("ls -la")) == (Candidate("ls -la", Level.OK, "", 0.5, Certainty.SURE),)


def test_commands_that_may_be_offered_come_before_those_that_may_not() -> None:
    """Among four drafts the harmless ones lead, however sure the model is of another."""
    candidates = ask(Drafts("rm -rf /", "ls", "df -h", "ls "), count=4)

    assert [c.command for c in candidates[:2]] == ["ls", "df -h"]
    assert [c.verdict for c in candidates] == [Level.OK, Level.OK, Level.BLOCK]


def test_a_warning_does_not_cost_a_command_its_place() -> None:
    """What may be offered comes in the order of its probability, with a warning or without."""
    candidates = ask(Drafts("git reset --hard", "ls"), count=2)

    assert [c.verdict for c in candidates] == [Level.WARN, Level.OK]
    assert [c.score for c in candidates] == sorted((c.score for c in candidates), reverse=True)


def test_what_is_known_leads_where_it_is_likelier_to_be_right() -> None:
    """Two sources, one order: the probability of being right decides."""
    close = ask(Drafts(generated("ls"), known("df -h", similarity=1.0)))
    far = ask(Drafts(generated("ls", -0.1), known("df -h", similarity=-1.0)))

    assert [c.command for c in close] == ["df -h"]
    assert [c.command for c in far] == ["ls"]


def test_no_more_candidates_come_than_were_asked_for() -> None:
    """What is known takes a place, and adds none."""
    engine = Drafts("ls", "df -h", known("du -sh"), known("pwd"))

    assert len(ask(engine, count=2)) == 2


def test_a_command_that_is_drafted_twice_is_one_candidate_with_the_better_score() -> None:
    """Drafts that come to the same command are one, as likely as the likelier of them."""
    better, worse = generated("ls", -0.5), generated("ls ", -3.0)

    one_way = ask(Drafts(better, worse), count=4)
    other_way = ask(Drafts(worse, better), count=4)

    assert one_way == other_way
    assert [c.command for c in one_way] == ["ls"]
    assert one_way[0].score == ask(Drafts(better))[0].score


def test_an_answer_is_sure_from_the_threshold_on() -> None:
    """A candidate as likely as the threshold says is sure, one a little less likely is not."""
    threshold = math.log(PLAIN.sure / (1 - PLAIN.sure))

    at = ask(Drafts(generated("ls", threshold + 1e-9)))
    below = ask(Drafts(generated("ls", threshold - 1e-3)))

    assert [c.certainty for c in (*at, *below)] == [Certainty.SURE, Certainty.UNSURE]
    assert at[0].score == pytest.approx(PLAIN.sure)


def test_when_nothing_may_be_offered_more_is_drawn_once() -> None:
    """A draft that does not parse is followed by a second look, not by a loop."""
    engine = Drafts("echo 'open", "echo 'closed'")

    candidates = ask(engine)

    assert [c.command for c in candidates] == ["echo 'closed'"]
    assert [job.count for job in engine.jobs] == [1, SECOND_LOOK]


def test_a_second_look_that_finds_nothing_either_is_the_last() -> None:
    """Where all is withheld the answer says so, after two looks at most."""
    engine = Drafts(*["rm -rf /"] * (2 * SECOND_LOOK))

    (candidate,) = ask(engine)

    assert candidate.verdict is Level.BLOCK
    assert len(engine.jobs) == 2


def test_who_asks_for_many_gets_no_second_look() -> None:
    """As many drafts as a second look would draw were drawn at the first."""
    engine = Drafts(*["rm -rf /"] * (2 * SECOND_LOOK))

    ask(engine, count=SECOND_LOOK)

    assert len(engine.jobs) == 1


def test_a_known_command_spares_the_second_look() -> None:
    """One that may be offered is there already."""
    engine = Drafts("rm -rf /", known("ls"))

    candidates = ask(engine)

    assert [c.command for c in candidates] == ["ls"]
    assert len(engine.jobs) == 1


def test_the_machine_is_looked_at_once_for_each_request() -> None:
    """The second look is the engine's; folder and programs are read at the first."""
    host = Folder("a.txt")
    engine = Drafts("echo 'open", "echo 'closed'")

    ask(engine, host=host)

    assert host.looks == 1
    assert [job.context.files for job in engine.jobs] == [("a.txt",), ("a.txt",)]


def test_the_engine_learns_the_shell_the_last_command_and_the_files() -> None:
    """What a widget sent and what the machine knows reach the engine in one context."""
    engine = Drafts("ls")
    request = SuggestRequest(
        id="x", shell=Shell.FISH, count=1, cwd="/srv", last="make", status=2, text="show a.txt"
    )

    ask(engine, request=request, host=Folder("a.txt"))

    (job,) = engine.jobs
    assert (job.id, job.text, job.count) == ("x", "show a.txt", 1)
    assert job.context == Context("fish", job.context.os, "make", 2, ("a.txt",))


def test_a_command_whose_program_is_here_comes_before_one_that_cannot_run() -> None:
    """The model's first choice steps back where its program is missing."""
    here = Folder(programs=frozenset({"find"}))

    candidates = ask(Drafts("fd txt", "find . -name '*.txt'"), count=2, host=here)

    assert [c.command for c in candidates] == ["find . -name '*.txt'", "fd txt"]


def test_an_unclean_draft_never_leaves_the_daemon() -> None:
    """Escape sequences are blocked and their text is not passed on."""
    (candidate,) = ask(Drafts("ls \x1b[2J"))

    assert candidate.verdict is Level.BLOCK
    assert candidate.command == ""
    assert candidate.reason


def test_a_command_is_judged_in_the_grammar_of_its_shell() -> None:
    """What bash understands and fish does not is no candidate in fish."""
    loop = "for f in *.txt; do wc -l $f; done"
    in_fish = SuggestRequest(id="x", shell=Shell.FISH, count=1, text="do it")

    assert ask(Drafts(loop))[0].verdict is Level.OK
    assert ask(Drafts(loop), request=in_fish)[0].verdict is Level.BLOCK


def test_no_drafts_are_no_candidates() -> None:
    """A model with nothing to say gives an empty answer, not an error."""
    assert ask(Drafts()) == ()


def test_each_use_of_an_override_is_accounted_for_without_the_command() -> None:
    """The audit log learns which rule a setting changed, for which request, and nothing else."""
    audit = Events()
    policy = Policy.build("balanced", {"git-reset-hard": "ok"})

    (candidate,) = ask(Drafts("git reset --hard HEAD~1"), policy=policy, audit=audit)

    assert candidate.verdict is Level.OK
    assert audit == [
        {"event": "rule-override", "rule": "git-reset-hard", "was": "warn", "now": "ok",
         "request": "x"},
    ]  # fmt: skip


def test_a_policy_that_changes_nothing_leaves_no_trace() -> None:
    """An override is no use where its rule has nothing to say."""
    audit = Events()

    ask(Drafts("ls"), policy=Policy.build("balanced", {"git-reset-hard": "ok"}), audit=audit)

    assert audit == []


def test_a_blocked_candidate_says_what_to_do_instead() -> None:
    """Where the rule knows a safer form, the reason goes on with it."""
    (candidate,) = ask(Drafts("curl -sSL https://example.com/x.sh | sh"))

    assert candidate.verdict is Level.BLOCK
    assert ". " in candidate.reason


class Elsewhere:
    """Somebody else who has one command, or none, and counts how often."""

    def __init__(self, command: str, notice: str = "from openai (x)") -> None:
        self._opinion = Opinion(command, notice)
        self.asked: list[tuple[str, Shell, float]] = []

    async def on(self, text: str, shell: Shell, *, timeout_s: float) -> Opinion:
        """Return the command."""
        self.asked.append((text, shell, timeout_s))
        return self._opinion


def ask_both(
    engine: Drafts, other: Elsewhere, count: int = 4, account: Account | None = None
) -> tuple[Candidate, ...]:
    """Run the pipeline on *engine*, with *other* for where it is not sure."""
    both = pipeline.Elsewhere(opinion=cast("SecondOpinion", other), deadline_s=10)
    asked = SuggestRequest(id="x", shell=Shell.FISH, count=count, text="do it")
    path = Pipeline(engine, BALANCED, Events(), Folder(), PLAIN, both)
    return asyncio.run(path.suggest(asked, account=account))


def test_nobody_else_is_asked_where_the_model_is_sure() -> None:
    """A sure candidate that may be offered is the answer."""
    other = Elsewhere("df")

    assert [c.command for c in ask_both(Drafts(generated("ls", 0.5)), other)] == ["ls"]
    assert other.asked == []


def test_another_command_leads_where_the_model_is_not_sure() -> None:
    """It says from whom it is; what the model wrote stands behind it, each command once."""
    other = Elsewhere("df -h")

    answer = ask_both(Drafts(generated("ls", -3), generated("df -h", -4)), other)

    assert [(c.command, c.reason) for c in answer] == [("df -h", "from openai (x)"), ("ls", "")]
    ((text, shell, timeout_s),) = other.asked
    assert (text, shell) == ("do it", Shell.FISH)
    assert 8 < timeout_s <= 9


def test_somebody_else_is_asked_where_nothing_may_be_offered() -> None:
    """However sure the model is of a command that is blocked."""
    best, *_ = ask_both(Drafts(generated("rm -rf /", 0.5)), Elsewhere("ls"))

    assert (best.command, best.verdict) == ("ls", Level.OK)


def test_another_command_is_judged_like_any() -> None:
    """One that is warned of says so; one that is blocked stays out, and its reason is told."""
    warned, *_ = ask_both(Drafts(generated("ls", -3)), Elsewhere("git reset --hard"))
    kept, *_ = ask_both(Drafts(generated("ls", -3)), Elsewhere("rm -rf /"))

    assert warned.verdict is Level.WARN
    assert warned.reason.endswith("; from openai (x)")
    assert kept.command == "ls"
    assert kept.reason.startswith("another from openai (x) is not offered: ")


def test_a_blocked_one_alone_is_the_answer_with_its_reason() -> None:
    """Where the model has nothing at all, the person still sees why there is nothing."""
    (only,) = ask_both(Drafts(), Elsewhere("rm -rf /"))

    assert only.verdict is Level.BLOCK
    assert only.reason.endswith("; from openai (x)")


def test_where_nobody_has_another_the_local_answer_stands_with_the_reason() -> None:
    """The clause why there is no other goes with the first candidate alone."""
    unsure = Drafts(generated("ls", -3), generated("df", -4))

    answer = ask_both(unsure, Elsewhere("", "no other suggestion: it is silent"))

    assert [c.reason for c in answer] == ["no other suggestion: it is silent", ""]


def test_the_wait_for_another_command_is_a_phase() -> None:
    """It stands in logs, metrics and traces; where nobody is asked there is none."""
    sure, unsure = Account(), Account()

    ask_both(Drafts(generated("ls", 0.5)), Elsewhere("df"), account=sure)
    ask_both(Drafts(generated("ls", -3)), Elsewhere("df"), account=unsure)

    assert PhaseName.ASK not in [phase.name for phase in sure.phases]
    assert PhaseName.ASK in [phase.name for phase in unsure.phases]


def test_what_is_said_from_elsewhere_fits_into_a_reply() -> None:
    """A notice without an end is cut, and so the answer still comes."""
    best, *_ = ask_both(Drafts(generated("ls", -3)), Elsewhere("df", "x" * MAX_FRAME_BYTES))

    assert len(best.reason) == 500
