"""The order of candidates and how sure each is: promises of the weights and of the features."""

import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.engine_messages import Draft
from eidos.errors import ModelError
from eidos.protocol import Shell
from eidos.ranking import (
    FILE,
    LEAST_KNOWN,
    Weights,
    confidences,
    features,
    load_weights,
    may_lead,
)
from eidos.surroundings import Surroundings

NOWHERE = Surroundings(Shell.BASH)
"""A machine of which nothing is known."""
WEIGHTS = load_weights()
REQUEST = "show the files in this folder"


def generated(text: str, log_probability: float, tokens: int = 6) -> Draft:
    """Return what the model wrote."""
    return Draft(text, log_probability, tokens)


def known(text: str, similarity: float, log_probability: float = -6.0) -> Draft:
    """Return what is known of a request that is so close."""
    return Draft(text, log_probability, 6, is_generated=False, similarity=similarity)


def scores(*drafts: Draft, text: str = REQUEST, host: Surroundings = NOWHERE) -> list[float]:
    """Return how likely each of *drafts* is to be right, by the weights that ship."""
    return confidences(text, drafts, WEIGHTS, host)


def test_every_weight_that_ships_belongs_to_a_feature() -> None:
    """A weight whose feature is gone, or has another name, would count for nothing."""
    drafts = [generated("ls", -1.0), known("ls -a", 1.0)]
    written, read = (features(REQUEST, draft, drafts) for draft in drafts)

    assert set(WEIGHTS.generated) <= set(written)
    assert set(WEIGHTS.known) <= set(read)
    assert 0 < WEIGHTS.sure < 1


@pytest.mark.parametrize(
    "draft",
    [
        Draft("", 0.0, 0),
        Draft("", -math.inf, 1),
        Draft("", -1e9, 1, is_generated=False),
        Draft("ls\x00\n", -0.0, 1, is_generated=False, similarity=1.0, is_own_form=True),
        Draft("x" * 100_000, -1e9, 10**6),
    ],
    ids=["empty", "impossible", "empty and known", "unclean", "long"],
)
@pytest.mark.parametrize("text", ["", "x", "1 2.5 *.txt 'a b' \"", "7" * 1000])
def test_any_draft_has_a_probability(draft: Draft, text: str) -> None:
    """However odd a draft or a request is, its features are numbers and its score is one."""
    found = features(text, draft, [draft])

    assert all(math.isfinite(value) for value in found.values())
    (score,) = scores(draft, text=text)
    assert 0 <= score <= 1


def test_no_drafts_have_no_scores() -> None:
    """Nothing to rank is no fault."""
    assert scores() == []


def test_a_known_draft_needs_no_other_beside_it() -> None:
    """Where the model wrote nothing, what is known is scored alone."""
    (score,) = scores(known("ls", 1.0))

    assert 0 < score < 1


def test_a_likelier_command_is_likelier_to_be_right() -> None:
    """The surer the model is of a command, the higher it scores."""
    found = [scores(generated("ls", value))[0] for value in (-6, -4, -2, -1, -0.5, -0.1, 0)]

    assert found == sorted(found)
    assert found[0] < found[-1]


def test_a_closer_request_is_likelier_to_be_answered_by_what_is_known() -> None:
    """The closer the known request is, the higher its command scores."""
    beside = generated("ls", -1.0)
    found = [scores(beside, known("ls -a", value))[1] for value in (0, 0.2, 0.5, 0.8, 1)]

    assert found == sorted(found)
    assert found[0] < found[-1]


def test_of_what_the_model_wrote_the_likelier_leads() -> None:
    """Among its own drafts, alike in all else, the model's order stands."""
    found = scores(generated("ls", -0.4), generated("pwd", -1.6), generated("df", -3.0))

    assert found == sorted(found, reverse=True)


def test_the_model_leads_where_it_is_sure_and_what_is_known_where_it_doubts() -> None:
    """A sure model beats a distant known request; a request known word for word beats a doubt."""
    sure, distant = scores(generated("ls", -0.05), known("df -h", 0.5, -14.0))
    doubting, close = scores(generated("ls", -5.0), known("df -h", 1.0, -6.0))

    assert sure > distant
    assert close > doubting


@pytest.mark.parametrize("make", [generated, known], ids=["generated", "known"])
@pytest.mark.parametrize(
    ("text", "complete", "incomplete"),
    [
        ("count the lines in notes.txt", "wc -l notes.txt", "wc -l file"),
        ("show the last 40 lines of log.txt", "tail -n 40 log.txt", "tail log.txt"),
        ("Print README.md", "cat README.md", "cat"),
    ],
)
def test_a_command_that_leaves_out_a_name_is_marked(
    make: type, text: str, complete: str, incomplete: str
) -> None:
    """Names and numbers of the request, in any case, are missed in a command without them."""
    whole, part = (
        features(text, draft, [draft]) for draft in (make(complete, -1.0), make(incomplete, -1.0))
    )

    assert (whole["incomplete"], whole["missing"]) == (0, 0)
    assert part["incomplete"] == 1
    assert part["missing"] >= 1


def test_a_number_that_nobody_named_is_marked() -> None:
    """What a command counts to without being asked is counted, but for the usual 0, 1 and 2."""

    def unasked(command: str) -> float:
        draft = generated(command, -1.0)
        return features("show the 7 biggest files", draft, [draft])["unasked"]

    assert unasked("du -a | sort -rn | head -n 7") == 0
    assert unasked("du -a | sort -rn | head -n 1") == 0
    assert unasked("du -a | sort -rn | head -n 20") == 1
    assert unasked("seq 3 4 5 6 8 9") == 3


HERE = Surroundings(Shell.BASH, programs=frozenset("find xargs sort sudo awk grep jq".split()))


@pytest.mark.parametrize(
    "command",
    [
        "fd txt",
        "find . | fzf",
        "find . && fd txt",
        "sudo fd txt",
        "find . -print0 | xargs -0 rg x",
        "find . -print0 | xargs -0 -n 1 rg x",
        "(cd src; rg x)",
        "echo $(rg x)",
        "sort <(rg x)",
    ],
)
def test_a_program_that_is_not_here_counts_against_a_command(command: str) -> None:
    """Wherever in a line a missing program runs, the line is less likely to be wanted here."""
    draft = generated(command, -1.0)

    assert scores(draft, host=HERE) < scores(draft)


@pytest.mark.parametrize(
    "command",
    [
        "find . | sort",
        "for f in *; do echo $f; done",
        "grep -E 'foo|bar' x",
        'grep -E "foo|bar" x',
        "awk '$3 > 5 && flag {print $1; next}' x",
        "jq '.items | length' x",
        "grep foo\\|bar x",
        "LANG=C sort x",
        "a=(one two); echo $a",
        "./fd txt",
        "",
    ],
)
def test_only_programs_are_looked_for(command: str) -> None:
    """Patterns, code of other languages, assignments and keywords are no missing programs."""
    draft = generated(command, -1.0)

    assert scores(draft, host=HERE) == scores(draft)


def test_a_missing_program_that_was_asked_for_costs_nothing() -> None:
    """Who names a program wants that one, here or elsewhere."""
    draft = generated("fd txt", -1.0)

    assert scores(draft, text="use FD to find txt", host=HERE) == scores(
        draft, text="use FD to find txt"
    )


def test_the_weights_say_nothing_of_features_that_they_lack() -> None:
    """A feature without a weight counts for nothing: an even chance remains."""
    bare = Weights(generated={}, known={}, sure=0.5)

    assert confidences(REQUEST, [generated("ls", -1.0), known("ls", 1.0)], bare, NOWHERE) == [
        0.5,
        0.5,
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b'{"generated": {}, "known": {}}',
        b'{"generated": {"bias": "much"}, "known": {}, "sure": 0.5}',
        b'{"generated": {}, "known": {}, "sure": 0.5, "extra": 1}',
        b"\xff\xfe",
    ],
    ids=["empty", "text", "list", "no threshold", "no number", "unknown field", "no UTF-8"],
)
def test_damaged_weights_are_named(tmp_path: Path, content: bytes) -> None:
    """A file that is not as it should be gives a ModelError with its path and the cure."""
    path = tmp_path / "ranking.json"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"cannot read .*ranking\.json.*install eidos again"):
        load_weights(path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """A file that is not there gives the same error."""
    with pytest.raises(ModelError, match=r"cannot read .*ranking\.json.*install eidos again"):
        load_weights(tmp_path / "ranking.json")


def test_the_weights_that_ship_are_those_of_the_daemon() -> None:
    """They lie beside the code and are read from there."""
    assert load_weights(FILE) == WEIGHTS


CHANCE = st.floats(-40, 0)
KNOWN = st.just(False)  # noqa: FBT003 - a value, not a switch
WRITTEN = st.builds(
    Draft, st.sampled_from(["ls -l", "rm 7", "find . -name '*.c'"]), CHANCE, st.integers(1, 30)
)
READ = st.builds(
    Draft,
    st.sampled_from(["ls", "du -d 1", "cp a.txt b"]),
    CHANCE,
    st.integers(1, 30),
    is_generated=KNOWN,
    similarity=st.floats(0, 1),
    is_own_form=st.booleans(),
)


@st.composite
def weights(draw: st.DrawFn) -> Weights:
    """Return the weights that ship, or others of any sign."""
    if draw(st.booleans()):
        return WEIGHTS
    known = {name: draw(st.floats(-3, 3)) for name in WEIGHTS.known}
    written = {name: draw(st.floats(-3, 3)) for name in WEIGHTS.generated}
    return Weights(generated=written, known=known, sure=0.5)


@given(
    text=st.sampled_from(["", "copy a.txt", "the 7 newest *.c files"]),
    read=READ,
    written=st.lists(WRITTEN, max_size=3),
    unknown=st.floats(0, 40),
    fitted=weights(),
)
def test_what_would_lead_is_never_left_unread(
    text: str, read: Draft, written: list[Draft], unknown: float, fitted: Weights
) -> None:
    """Told only how likely a known command is at most, no one that leads when read is refused."""
    at_most = msgspec.structs.replace(
        read, log_probability=min(0.0, read.log_probability + unknown)
    )

    *scores, score = confidences(text, [*written, read], fitted, NOWHERE)

    if score >= max([LEAST_KNOWN, *scores]):
        assert may_lead(text, at_most, written, fitted)


@pytest.mark.parametrize("name", ["mean", "likelihood", "unlikelihood"])
def test_what_is_right_because_it_is_unlikely_is_read(name: str) -> None:
    """A weight may be negative: then the least likely case is the one that could lead."""
    fitted = Weights(generated={"bias": 1.0}, known={name: -1.0}, sure=0.5)
    read, at_most = known("ls", 1.0, -60.0), known("ls", 1.0, 0.0)
    written = generated("ls -l", -1.0)
    score, best = confidences(REQUEST, [read, written], fitted, NOWHERE)
    assert score > best

    assert may_lead(REQUEST, at_most, [written], fitted)


def test_what_cannot_lead_need_not_be_read() -> None:
    """A known command for another request stands behind what the model is sure of."""
    sure = [generated("ls", -0.01)]

    assert not may_lead(REQUEST, known("rm -r old", 0.46, -3.0), sure, WEIGHTS)
    assert may_lead(REQUEST, known("ls", 1.0, -0.1), [generated("rm", -9.0)], WEIGHTS)
    assert not may_lead(REQUEST, known("rm -r old", 0.0, -30.0), [], WEIGHTS)
