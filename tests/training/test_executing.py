"""The commands of the intents are run, and what a program does not understand is found."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from skips import need

from training import executing, fitting
from training.executing import Job, Verdict

pytest_plugins = ["sandboxed"]
INTENTS = """
- cmd: sort {file} | uniq -c
  nl: ["count equal lines of {file}"]
- cmd: sort --frobnicate {file}
  nl: ["sort {file}"]
"""


def verdict(command: str, shell: str = "bash", *used: tuple[str, str]) -> Verdict:
    """Return what a run says of *command*."""
    return executing.judge(Job("x:1", 1, shell, command, used))[0]


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    "command",
    ["ls --frobnicate", "sort -k notes.txt", "find . -nam x", "find . -size 5Q", "cut notes.txt",
     "awk '{print $1' notes.txt", "sed s/a/b notes.txt", "head -n x notes.txt", "tar -Q",
     "chmod u+q notes.txt", "date -d 'foo bar'", "tr a", "if true; then", "cp notes.txt", "mv",
     "seq", "kill -FOO 1", "python3 -c 'print('", "sudo -u bob ls --frobnicate", "ls | grep -Q"],
)  # fmt: skip
def test_misuse_is_found(command: str) -> None:
    """A usage error, an unknown option and a syntax error are told from other failures."""
    assert verdict(command) == Verdict.MISUNDERSTOOD


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("command", "used", "expected"),
    [
        ("cat report.txt", [("file", "report.txt")], Verdict.UNDERSTOOD),
        ("wc -l 'my data.csv'", [("csv", "my data.csv")], Verdict.UNDERSTOOD),
        ("tar -xzf old.tar.gz", [("archive_gz", "old.tar.gz")], Verdict.UNDERSTOOD),
        ("du -sh photos/2024", [("dirname", "photos/2024")], Verdict.UNDERSTOOD),
        ("mkdir fresh", [("newdir", "fresh")], Verdict.UNDERSTOOD),
        ("cp a.txt b.txt", [("file", "a.txt"), ("newname", "b.txt")], Verdict.UNDERSTOOD),
        ("ls *.rs", [("ext", "rs")], Verdict.UNDERSTOOD),
        ("sudo chmod 600 report.txt", [("file", "report.txt")], Verdict.UNDERSTOOD),
        ("git log --oneline", [], Verdict.UNDERSTOOD),
        ("eidos-no-such-program", [], Verdict.MISSING),
        ("cat /root/x", [], Verdict.FAILED),
        ("sleep 60", [], Verdict.ENDLESS),
    ],
)
def test_what_fits_is_there(command: str, used: list[tuple[str, str]], expected: Verdict) -> None:
    """A command finds the files that it names, and is not blamed for what a sandbox lacks."""
    assert verdict(command, "bash", *used) == expected


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize(
    ("shell", "command", "expected"),
    [
        ("fish", "for i in 1 2; echo $i", Verdict.MISUNDERSTOOD),
        ("fish", "set -x A 1; sudo env", Verdict.UNDERSTOOD),
        ("zsh", "ls *.nothing", Verdict.MISUNDERSTOOD),
        ("zsh", "ls *(.)", Verdict.UNDERSTOOD),
    ],
)
def test_each_shell_has_its_own_grammar(shell: str, command: str, expected: Verdict) -> None:
    """A form for zsh or fish is run by that shell."""
    need(shell)
    assert verdict(command, shell) == expected


def test_a_name_that_leads_out_is_not_made() -> None:
    """Absolute names and those above the home folder are left to the machine."""
    used = [("file", "/etc/hosts"), ("dirname", "../up"), ("dirname", "~"), ("file", "src")]
    grove = fitting.tree("ls", used)

    assert not [item.path for item in grove.items if item.path[0] in "/."]
    assert {"src", "src/app.py"} <= {item.path for item in grove.items}


@pytest.mark.usefixtures("sandboxed")
def test_the_command_line_names_intent_and_fault(tmp_path: Path) -> None:
    """An author reads which entry of which file to change, and why."""
    path = tmp_path / "mine.yaml"
    path.write_text(INTENTS)

    shown = CliRunner().invoke(executing.main, [str(path), "--samples", "1", "--jobs", "1"])

    lines = shown.output.splitlines()
    assert shown.exit_code == 1
    assert lines[0].startswith("mine:2 (line 4, bash): misunderstood: sort --frobnicate ")
    assert lines[1].strip() == "sort: unrecognized option '--frobnicate'"
    assert lines[2].startswith("1 understood, 1 misunderstood")
