"""Reading intent files."""

from pathlib import Path

import pytest

from training import intents
from training.intents import Choices, IntentError

GOOD = """
- cmd: cat {file}
  nl: ['show {file}']

- cmd: export A={v}
  shells: {fish: "set -gx A {v}"}
  macos: setenv A {v}
  slots: {v: [[one, 1], two, {type: file}], w: dirname}
  nl:
    - set A to {v}
- last: apt {c}
  status: 100
  cmd: sudo apt {c}
  slots: {c: [update]}
  nl: [again with sudo]
"""


def written(folder: Path, text: str) -> Path:
    """Return a file with *text* in it."""
    path = folder / "some.yaml"
    path.write_text(text)
    return path


def test_entries_become_intents(tmp_path: Path) -> None:
    """Forms, slots and the last command are read, and each entry has its number and line."""
    first, second, third = intents.load(written(tmp_path, GOOD))

    assert (first.id, first.line, second.id, second.line) == ("some:1", 2, "some:2", 5)
    assert [(form.shell, form.os) for form in second.forms] == [
        ("bash", "linux"), ("fish", "linux"), ("zsh", "macos"),
    ]  # fmt: skip
    slot = second.slots["v"]
    assert isinstance(slot, Choices)
    assert [(value.phrase, value.source) for value in slot.listed] == [("one", "1"), ("two", "two")]
    assert len(slot.types) == 1
    assert third.last is not None
    assert (third.last.text, third.status) == ("apt {c}", 100)
    assert first.kinds == {"file": "file"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("- cmd: ls\n  nl: [(a|b]", "backslash"),
        ("- cmd: ls\n  nl: []", "'nl' must be a list"),
        ("- cmd: ls", "'nl' must be a list"),
        ("- nl: [x]", "no command"),
        ("- cmd: ls\n  nl: [a]\n  nls: [b]", "unknown key 'nls'"),
        ("- cmd: ls {fiel}\n  nl: ['list {fiel}']", r"\{fiel\} is no slot"),
        ("- cmd: ls {x}\n  nl: ['{x}']\n  slots: {x: fiel}", "which is none"),
        ("- cmd: ls {x}\n  nl: ['{x}']\n  slots: {x: [yes]}", "YAML reads as True"),
        ("- cmd: ls {x}\n  nl: ['{x}']\n  slots: {x: [[a, b, c]]}", r"not \[phrase, value\]"),
        ("- cmd: ls {x}\n  nl: ['{x}']\n  slots: {x: [{type: fiel}]}", "names no type"),
        ("- cmd: awk '{print $1}'\n  nl: [x]", "plain one"),
        ("- cmd: ls\n  nl: [x]\n  shells: {tcsh: ls}", "'tcsh'"),
        ("- cmd: ls\n  nl: [x]\n  last: ls", "needs a 'status'"),
        ("- cmd: ls\n  nl: [x]\n  status: 1", "'status'"),
        ("- cmd: ls\n  nl: [x]\n  ordered: [a]", "which nothing uses"),
        ("- ls", "mapping"),
    ],
)
def test_faults_name_line_and_remedy(tmp_path: Path, entry: str, message: str) -> None:
    """What is wrong with an entry is said with file, line and number."""
    path = written(tmp_path, f"- cmd: pwd\n  nl: [where am i]\n{entry}\n")

    with pytest.raises(IntentError, match=message) as caught:
        intents.load(path)

    assert f"{path}:3: entry 2: " in str(caught.value)


@pytest.mark.parametrize("text", ["a: b", "- [", "- cmd: 'x"])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is no YAML list is an error that names it."""
    with pytest.raises(IntentError, match=r"some\.yaml"):
        intents.load(written(tmp_path, text))


def test_empty_file_has_no_intents(tmp_path: Path) -> None:
    """A file of comments alone is empty, not wrong."""
    assert intents.load(written(tmp_path, "# nothing yet\n")) == ()


def test_ours_load() -> None:
    """All intent files of the project are read, and ids are unique."""
    found = intents.load_all()

    assert len({intent.id for intent in found}) == len(found) > 5000
