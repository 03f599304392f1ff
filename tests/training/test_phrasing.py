"""The grammar of phrasings."""

from random import Random

import pytest

from training import phrasing
from training.phrasing import PhrasingError


def variants(text: str) -> set[str]:
    """Return every variant of *text*, slots as `<name>`."""
    way = phrasing.parse(text)
    names = {n: f"<{name}>" for n, name in enumerate(way.slots)}
    return {phrasing.fill(each, names) for each in way.variants()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(list|show) files", {"list files", "show files"}),
        ("list [all] files", {"list all files", "list files"}),
        ("list [all|the] files", {"list all files", "list the files", "list files"}),
        ("(a|b [c|(d|e)])", {"a", "b", "b c", "b d", "b e"}),
        ("file[s]", {"file", "files"}),
        ("(|x )y", {"y", "x y"}),
        (r"version\(\) \[0-9\] \{x\} a\|b", {"version() [0-9] {x} a|b"}),
        ("ls | wc -l", {"ls | wc -l"}),
        ("awk '{print $1}' {file}", {"awk '{print $1}' <file>"}),
        ("{a} {b} {a}", {"<a> <b> <a>"}),
        (r"a\nb \d", {r"a\nb \d"}),
    ],
)  # fmt: skip
def test_grammar(text: str, expected: set[str]) -> None:
    """Groups choose, options may go, slots stay, and a backslash makes a sign plain."""
    assert variants(text) == expected


@pytest.mark.parametrize("text", ["(a|b", "a]", "[a)", "a (b|c]", "x )", "(("])
def test_unbalanced_groups_are_named(text: str) -> None:
    """A group that is not closed, or closed twice, is an error that says what to write."""
    with pytest.raises(PhrasingError, match="backslash"):
        phrasing.parse(text)


def test_nothing_is_eaten() -> None:
    """What an option leaves behind is no blank before a sign, and dots and paths stay."""
    assert variants("how do i list files [{dir}]?") == {
        "how do i list files?",
        "how do i list files <dir>?",
    }
    assert variants("find . -name x , y") == {"find . -name x, y"}
    assert variants("cp a ./b ?") == {"cp a ./b?"}


def test_samples_are_variants_and_all_of_them_come() -> None:
    """Sampling gives every variant in the end, and nothing else."""
    way = phrasing.parse("(a|b) [c] [d|e]")
    rng = Random(1)

    sampled = {way.sample(rng) for _ in range(300)}

    assert sampled == set(way.variants())
    assert way.count() == len(sampled) == 12


def test_required_slots_are_those_of_every_variant() -> None:
    """A slot in an option, or in some alternatives only, is not required."""
    way = phrasing.parse("{a} [{b}] ({c}|{c} x) ({d}|y)")

    assert way.required() == {"a", "c"}
    assert way.slots == ("a", "b", "c", "d")
