"""From a request to known commands: the right ones, quoted, and within bounds."""

from collections.abc import Iterator
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eidos.engine import LEAST_SIMILARITY
from eidos.protocol import Shell
from eidos.retrieval import retriever
from eidos.retrieval.alignment import align
from eidos.retrieval.filling import Hole, Raw, fill, fits
from eidos.retrieval.index import Form, Index
from eidos.retrieval.retriever import MAX_ALIGNED, Retriever
from eidos.validator.budget import Budget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.syntax import read_line, refers_to_history
from eidos.validator.script import Text, Unknown, Variable

HOSTILE = [
    "x" * 1000,
    "delete " * 300,
    "find files in " * 80,
    "!@#$%^&*(){}[]|\\:;\"'<>,.?/~`" * 20,
    "(a+)+$ (.*)*b [[:alpha:]]+ \\1\\2 (?=x)" * 20,
    '"' * 1000,
    "a@b:c@d:" * 120,
    "{} {} {}" * 100,
    "\ue000\ue001" * 100,
    "12 " * 300,
    "list the last 5 lines of a.txt in /x named b of type c.py " * 17,
]
VALUES = [
    "a b", "a;b", "$(id)", "`id`", 'a"b', "it's", "a|b", "a&b", "a>b", "a\\", "#a", "*", "{a,b}",
    "(id)", "$HOME", "a=b", "-rf", "!!", "a/b", "}", ")", "<(id)", "' ; id ; '", '" ; id ; "',
]  # fmt: skip


def best(found: Retriever, text: str, shell: str = "bash") -> str:
    """Return the best command for *text*, or nothing."""
    return next((known.command for known in found.find(text, shell, 1)), "")


@pytest.mark.parametrize(
    ("shell", "command", "is_own"),
    [
        ("bash", "export EDITOR=vim", False),
        ("zsh", "export EDITOR=vim", False),
        ("fish", "set -gx EDITOR vim", True),
    ],
)
def test_the_command_is_that_of_the_shell(
    small: Retriever, shell: str, command: str, is_own: bool
) -> None:
    """A shell with a form of its own gets it, and it is said to be one."""
    (known,) = small.find("set the variable EDITOR to vim", shell, 1)

    assert (known.command, known.is_own_form) == (command, is_own)


@pytest.mark.parametrize(
    "text",
    [
        "find files modified in the last week in /srv/x",
        "in /srv/x find files modified in the last week",
        "find files modified in the last week under the /srv/x folder",
    ],
)
def test_a_place_may_stand_in_front_or_behind(small: Retriever, text: str) -> None:
    """Where to look may be said first or last."""
    assert best(small, text) == "find /srv/x -type f -mtime -7"


@pytest.mark.parametrize("slip", ["machne", "mahcine", "machinee", "machibe"])
def test_a_slip_of_the_finger_is_forgiven(small: Retriever, slip: str) -> None:
    """One letter left out, added, changed, or two swapped in a long word do not hide it."""
    assert best(small, f"how long has this {slip} been running") == "uptime"


@pytest.mark.parametrize("text", ["", "   ", "?!", "zzz qqq xxyyzz"])
def test_nothing_known_is_nothing(small: Retriever, text: str) -> None:
    """A request like no known one finds nothing."""
    assert small.find(text, "bash", 3) == []


@pytest.mark.parametrize("text", ["water the plants", "tell me a story about a dragon"])
def test_what_is_hardly_like_a_known_one_is_not_used(small: Retriever, text: str) -> None:
    """A command that shares a word or two with a request is not close to it."""
    assert all(known.similarity < LEAST_SIMILARITY for known in small.find(text, "bash", 3))


def test_commands_are_distinct_and_the_best_first(shipped: Retriever) -> None:
    """As many as asked for at most, none twice, each no better than the one before."""
    found = shipped.find("show the last 5 lines of app.log", "bash", 3)

    assert len({known.command for known in found}) == len(found) == 3
    assert [k.similarity for k in found] == sorted((k.similarity for k in found), reverse=True)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("find files larger than 100 MB in my home directory", "find ~ -type f -size +100M"),
        ("find all python files under src", 'find src -type f -name "*.py"'),
        ("files changed in the last hour", "find . -type f -mmin -60"),
        ("count the lines in my-notes.txt", "wc -l my-notes.txt"),
        ('show the first 3 lines of "my notes.txt"', 'head -n 3 "my notes.txt"'),
        ("what is using port 8080", "sudo lsof -i :8080"),
    ],
)
def test_what_people_often_ask_for_is_known(shipped: Retriever, text: str, command: str) -> None:
    """Everyday requests are answered from the index that ships."""
    assert best(shipped, text) == command


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_work_is_bounded(
    shipped: Retriever, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """However long or odd a request is, few variants are compared with it."""
    calls: list[object] = []

    def counted(*args: object, limit: float) -> object:
        calls.append(args)
        return align(*args, limit=limit)  # type: ignore[arg-type] - the same arguments

    monkeypatch.setattr(retriever, "align", counted)
    shipped.find(text[:1000], "bash", 3)

    assert len(calls) <= 2 * MAX_ALIGNED


VOCABULARY = (
    "find list show delete files folders lines words named containing in the last first of with "
    "replace by port kill process notes.txt /var/log 'a b' \"$(id)\" ; | `id` 5 MB days user git "
    "branch commit docker containers print column sort count \\ ' \" $( ~/x -rf {} !! *.py"
).split(" ")


@settings(max_examples=60)
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join),
    ),
    st.sampled_from(["bash", "zsh", "fish"]),
)
def test_every_command_is_one_line_of_its_shell(shipped: Retriever, text: str, shell: str) -> None:
    """No request raises anything, and what is found can be read by its shell."""
    for known in shipped.find(text, shell, 3):
        read_line(known.command, Shell(shell), Budget.start(time_s=5))


def shape(node: object) -> object:
    """Return the structure of what was read without the texts in it."""
    if isinstance(node, Text):
        return None
    if isinstance(node, Variable | Unknown):
        return type(node).__name__
    if isinstance(node, tuple):
        return [inner for inner in map(shape, node) if inner is not None]
    if isinstance(node, msgspec.Struct):
        fields = (f for f in node.__struct_fields__ if f != "source")
        return (type(node).__name__, [shape(getattr(node, field)) for field in fields])
    return node if node in ("|", ">", ">>", "<") else None


def forms(index: Index) -> Iterator[tuple[Form, Hole]]:
    """Yield a form for each kind of place that a value may be put in."""
    seen: set[tuple[object, ...]] = set()
    for variant in range(0, index.variants, 7):
        for form in index.intent(index.variant(variant).intent).forms:
            for part in form.parts:
                if isinstance(part, Hole):
                    place = (part.quote, part.is_glued, part.before, part.program, form.shells)
                    if place not in seen:
                        seen.add(place)
                        yield form, part


def read_shape(form: Form, value: str, place: Hole, shell: str) -> object:
    """Return the structure of *form* with *value* in all holes of the same name as *place*."""
    holes = (part.name for part in form.parts if isinstance(part, Hole))
    sources = {name: Raw(value if name == place.name else "xx") for name in holes}
    command = fill(form.parts, sources, shell)
    return shape(read_line(command, Shell(shell), Budget.start(time_s=5)))


def fits_all(value: str, form: Form, name: str, shell: str) -> bool:
    """Whether *value* may go into every hole called *name*."""
    return all(
        fits(value, part, shell, after=after if isinstance(after, str) else "")
        for part, after in zip(form.parts, (*form.parts[1:], ""), strict=True)
        if isinstance(part, Hole) and part.name == name
    )


def test_no_value_becomes_syntax() -> None:
    """Wherever a value goes in the index that ships, the command keeps its structure."""
    rng = Random(5)
    tried = 0
    for form, place in forms(Index()):
        shell = form.shells[-1]
        try:
            plain = read_shape(form, "xx", place, shell)
        except SyntaxFault:
            continue  # a number is wanted there
        for value in rng.sample(VALUES, 5):
            if fits_all(value, form, place.name, shell):
                tried += 1
                assert read_shape(form, value, place, shell) == plain, (form, value)
    assert tried > 500


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("text", ['show lines with "hi!there" in a.txt', 'count lines in "a!b"'])
def test_no_command_refers_to_history(shipped: Retriever, shell: str, text: str) -> None:
    """A `!` in a value never brings an earlier command back."""
    for known in shipped.find(text, shell, 5):
        assert not refers_to_history(known.command, Shell(shell))
