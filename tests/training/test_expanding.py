"""From an intent to pairs."""

from pathlib import Path
from random import Random

import pytest

from training import expanding, intents
from training.expanding import Context, Pair, conditioned
from training.intents import Intent


def intent(folder: Path, text: str) -> Intent:
    """Return the only intent in *text*."""
    path = folder / "one.yaml"
    path.write_text(text)
    return intents.load(path)[0]


def pairs(one: Intent, count: int = 300) -> list[Pair]:
    """Return pairs of *one*, the same ones at each run."""
    rng = Random(3)
    return list(expanding.expand(one, rng, count))


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (Context(), "list files"),
        (Context("fish"), "[fish] list files"),
        (Context("zsh", "macos"), "[zsh] [macos] list files"),
        (Context(last="make\nx", status=2), "[last: make x => 2] list files"),
        (Context(files=("a.txt", "my b.txt")), '[files: a.txt "my b.txt"] list files'),
        (Context("zsh", files=("src",)), "[zsh] [files: src] list files"),
    ],
)
def test_context_is_one_line_before_the_request(context: Context, expected: str) -> None:
    """The shell bash on Linux stands for nothing; everything else stands in brackets."""
    assert conditioned("list files", context) == expected


def test_pairs_are_seeded_and_differ(tmp_path: Path) -> None:
    """The same seed gives the same pairs, and no pair of a phrasing comes twice."""
    one = intent(tmp_path, "- cmd: cat {file}\n  nl: ['show {file}']")

    assert pairs(one) == pairs(one)
    assert len(set(pairs(one))) == len(pairs(one)) > 200


def test_names_are_copied(tmp_path: Path) -> None:
    """The name in the command is the name in the request, or in the listing of the context."""
    one = intent(tmp_path, "- cmd: rm {file}\n  nl: ['(delete|remove) [the file] {file}']")

    for pair in pairs(one):
        name = pair.command.removeprefix("rm ").replace('~/"', '"~/').strip('"')
        assert name in pair.request or name in pair.context.files


def test_numbered_and_path_slots_are_distinct(tmp_path: Path) -> None:
    """Nobody copies a file onto itself, or maps a word to itself."""
    one = intent(tmp_path, "- cmd: cp {f} {f2}\n  slots: {f: [a, b]}\n  nl: ['copy {f} to {f2}']")

    assert {pair.command for pair in pairs(one)} == {"cp a b", "cp b a"}


@pytest.mark.parametrize(
    "text",
    [
        "- cmd: log {date} {date2}\n  nl: ['from {date} to {date2}']",
        "- cmd: log {lineno} {lineno2}\n  nl: ['{lineno} to {lineno2}']",
        "- cmd: log {x} {y}\n  ordered: [x, y]\n  slots: {x: [9, 80], y: [10]}\n  nl: ['{x} {y}']",
    ],
    ids=["dates", "line numbers", "own slots"],
)
def test_ordered_pairs_rise(tmp_path: Path, text: str) -> None:
    """Ranges run from the smaller to the larger end, in the command and in the request."""
    for pair in pairs(intent(tmp_path, text)):
        first, second = pair.command.split()[1:]
        assert int(first.replace("-", "")) < int(second.replace("-", ""))
        assert pair.request.index(first) < pair.request.rindex(second)


def test_left_out_place_is_here(tmp_path: Path) -> None:
    """A request that names no place means the current directory."""
    one = intent(tmp_path, "- cmd: find {dir} -type f\n  nl: [find all files]")

    assert {pair.command for pair in pairs(one)} == {"find . -type f"}


def test_forms_go_with_their_context(tmp_path: Path) -> None:
    """A form for another shell or system is only ever shown with that shell or system named."""
    one = intent(
        tmp_path,
        "- cmd: unset X\n  shells: {fish: set -e X}\n  macos: launchctl unsetenv X\n"
        "  nl: [unset X, forget X]",
    )

    seen = {(pair.context.shell, pair.context.os, pair.command) for pair in pairs(one)}

    assert ("bash", "linux", "unset X") in seen
    assert ("fish", "linux", "set -e X") in seen
    assert {(os, command) for _, os, command in seen} == {
        ("linux", "unset X"), ("linux", "set -e X"), ("macos", "launchctl unsetenv X"),
    }  # fmt: skip
    assert ("fish", "linux", "unset X") not in seen


@pytest.mark.parametrize(
    ("command", "shells"),
    [
        ("ls -la", {"bash", "zsh", "fish"}),
        ("for f in *; do echo $f; done", {"bash", "zsh"}),
        ("echo $?", {"bash", "zsh"}),
        ("shopt -s globstar", {"bash"}),
        ("source ~/.bashrc", {"bash"}),
    ],
)
def test_other_shells_get_only_what_they_take(
    tmp_path: Path, command: str, shells: set[str]
) -> None:
    """A command for bash goes to zsh or fish only if it means the same there."""
    one = intent(tmp_path, f"- cmd: {command}\n  nl: [please do it right now, go]")

    assert {pair.shell for pair in pairs(one, 600)} == shells


def test_last_command_is_in_the_context(tmp_path: Path) -> None:
    """A request that speaks of the last command is never shown without it."""
    one = intent(
        tmp_path,
        "- last: apt {c}\n  status: 100\n  cmd: sudo apt {c}\n  slots: {c: [update, upgrade]}\n"
        "  nl: [again with sudo]",
    )

    for pair in pairs(one):
        assert pair.context.last == pair.command.removeprefix("sudo ")
        assert pair.context.status == 100


def test_clean_samples_have_no_noise(tmp_path: Path) -> None:
    """A sample without noise is the phrasing as it was written."""
    one = intent(tmp_path, "- cmd: ls\n  nl: [List the files.]")

    rng = Random(1)
    clean = {expanding.sample(one, one.phrasings[0], rng, is_rough=False) for _ in range(50)}

    assert {pair.request for pair in clean} == {"List the files."}


def test_tool_and_source_are_said(tmp_path: Path) -> None:
    """A pair says where it comes from and which program it is about."""
    pair = pairs(intent(tmp_path, "- cmd: sudo du -sh {dirname}\n  nl: ['size of {dirname}']"))[0]

    assert (pair.source, pair.id, pair.tool) == ("intent", "one:1", "du")
