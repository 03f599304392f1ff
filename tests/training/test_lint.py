"""The linter of intent files."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from training import intents, lint


def messages(folder: Path, text: str) -> list[str]:
    """Return what the linter says of a file with *text*."""
    path = folder / "some.yaml"
    path.write_text(text)
    return [str(fault) for fault in lint.faults(intents.load(path))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- cmd: rm {file}\n  nl: ['delete [{file}]']", "may leave out {file}"),
        ("- cmd: ls\n  nl: ['list {file}']", "which no command uses"),
        ("- cmd: ls\n  nl: ['list files (all)']", "group of one"),
        ("- cmd: ls\n  nl: ['list files []']", "empty brackets"),
        ("- cmd: ls\n  nl: ['files with [0-9] in the name']", "backslash before the brackets"),
        ("- cmd: ls 'x\n  nl: [list]", "does not take"),
        ("- cmd: ls\n  shells: {fish: 'for f in *; do ls; done'}\n  nl: [list]", "fish does not"),
        ("- cmd: ls {t}\n  slots: {t: [[a week, w]]}\n  nl: ['of the last {t}']", "an article in"),
        ("- cmd: ls {t}\n  slots: {t: [[the x, x]]}\n  nl: ['list the {t}']", "two articles"),
        ("- cmd: ls\n  nl: ['list of of files']", "a word twice"),
        ("- cmd: ls\n  nl: ['[list]']", "may come out empty"),
        ("- cmd: ls\n  nl: [list]\n- cmd: dir\n  nl: [List?]", "keep one"),
        ("- cmd: cat {file}\n  nl: ['show {file}']\n- cmd: bat {csv}\n  nl: ['print {csv}']",
         "keep one"),
    ],
)  # fmt: skip
def test_fault_is_found(tmp_path: Path, text: str, message: str) -> None:
    """Each kind of fault is found, and said with file, line and entry."""
    found = messages(tmp_path, text)

    assert any(message in each for each in found), found
    assert all(each.startswith("some.yaml:") and ": some:" in each for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "- cmd: find {dir} -type f\n  nl: ['find all files [{dir}]']",
        "- cmd: ls\n  nl: ['list \\(all\\) files']",
        "- cmd: cat {file}\n  nl: ['show {file}']\n- cmd: zcat {gz}\n  nl: ['show {gz}']",
        "- cmd: ls\n  nl: [list]\n- cmd: ls\n  nl: [list, dir]",
        "- {last: a, status: 1, cmd: b, nl: [fix]}\n- {last: c, status: 1, cmd: d, nl: [fix]}",
        "- last: 'apt {c}'\n  status: 1\n  cmd: 'sudo apt {c}'\n  slots: {c: [x]}\n  nl: [sudo it]",
    ],
)
def test_good_entries_pass(tmp_path: Path, text: str) -> None:
    """What is right is not complained of: other files, the same command, another last command."""
    assert messages(tmp_path, text) == []


def test_status_tells_faults(tmp_path: Path) -> None:
    """The program ends with 1 where there is a fault, 0 where there is none."""
    good, bad, broken = (tmp_path / f"{name}.yaml" for name in ("good", "bad", "broken"))
    good.write_text("- cmd: ls\n  nl: [list]")
    bad.write_text("- cmd: rm {file}\n  nl: [delete it]")
    broken.write_text("- cmd: [")
    runner = CliRunner()

    assert runner.invoke(lint.main, [str(good)]).exit_code == 0
    assert runner.invoke(lint.main, [str(bad)]).exit_code == 1
    result = runner.invoke(lint.main, [str(good), str(broken)])
    assert (result.exit_code, "broken.yaml" in result.output) == (1, True)


@pytest.mark.timeout(600)  # 8 s of work; a loaded machine may take long
def test_ours_are_clean() -> None:
    """No intent file of the project has a fault."""
    assert [str(fault) for fault in lint.faults(intents.load_all(), samples=1)] == []
