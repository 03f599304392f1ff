"""The verdict on a command: which finding counts, and what it says."""

import pytest

from eidos.protocol import Level, Shell
from eidos.validator.validation import Verdict, check, examine, judge, judge_pasted

shells = pytest.mark.parametrize("shell", list(Shell))


@shells
@pytest.mark.parametrize("command", ["rm -rf /", "sudo rm -rf ~", "mkfs.ext4 /dev/sda1"])
def test_danger_is_blocked_for_every_shell(command: str, shell: Shell) -> None:
    """What bash must not run, zsh and fish must not run either."""
    assert check(command, shell).level is Level.BLOCK


def test_a_verdict_names_rule_class_part_and_reason() -> None:
    """A person learns which part of a long line is meant, and why."""
    verdict = check("cd build && ls; rm -rf /usr | cat", Shell.BASH)

    assert (verdict.rule, verdict.kind, verdict.part) == ("delete-system", "delete", "rm -rf /usr")
    assert verdict.reason


def test_the_worst_finding_counts() -> None:
    """A block after a warning is a block."""
    verdict = check("git reset --hard; rm -rf /", Shell.BASH)

    assert (verdict.level, verdict.rule) == (Level.BLOCK, "delete-system")


@pytest.mark.parametrize(
    ("raw", "rule"),
    [("ls\x1b[2K", "text-control"), ("ls\nrm x", "text-newline"), ("", "text-empty")],
    ids=["escape", "two lines", "empty"],
)
def test_unclean_text_is_blocked_and_not_repeated(raw: str, rule: str) -> None:
    """What the text gate refuses comes back without its text, since showing it is unsafe."""
    verdict = judge(raw, Shell.ZSH)

    assert (verdict.level, verdict.rule, verdict.command) == (Level.BLOCK, rule, "")


def test_unclean_text_that_is_pasted_is_not_repeated_either() -> None:
    """A person may paste several lines, but no control characters."""
    verdict = judge_pasted("ls\x1b[2K", Shell.BASH)

    assert (verdict.level, verdict.rule, verdict.command) == (Level.BLOCK, "text-control", "")


def test_the_cleaned_command_comes_back() -> None:
    """The gate strips the wrapping first and says which text it judged."""
    assert judge("```sh\n$ ls -la\n```", Shell.FISH) == Verdict(Level.OK, "", "", "ls -la")


@pytest.mark.parametrize(
    ("command", "shell"),
    [("echo 'a", Shell.BASH), ("for f in *; do ls; done", Shell.FISH), ("ls |", Shell.ZSH)],
)
def test_what_its_shell_cannot_read_is_blocked(command: str, shell: Shell) -> None:
    """A line that would leave the shell waiting, or fail there, is not offered."""
    verdict = check(command, shell)

    assert (verdict.level, verdict.rule) == (Level.BLOCK, "syntax")
    assert verdict.reason


@pytest.mark.parametrize(
    ("command", "level"),
    [
        ("cat > notes.txt <<'EOF'\nrm -rf /\nEOF", Level.OK),
        ("bash <<'EOF'\nrm -rf /\nEOF", Level.BLOCK),
        ("echo 'one\ntwo'", Level.OK),
        ("ls\nrm -rf /", Level.BLOCK),
    ],
    ids=["text of two lines", "a script", "quotes over two lines", "two commands"],
)
def test_a_pasted_command_may_have_lines(command: str, level: Level) -> None:
    """`eidosctl validate` judges what a person pastes, here-documents included."""
    assert judge_pasted(command, Shell.BASH).level is level


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("ls " * 2900, "unreadable"),
        ("ls " * 400, "unreadable"),
        ("eval ls;" * 1000, "unreadable"),
        ("a=(" * 1300, "unread-syntax"),
        ("bash -c 'if'", "unreadable-script"),
    ],
    ids=["too large", "too many words", "too many commands", "arrays in arrays", "broken script"],
)
def test_what_cannot_be_checked_is_warned_about(command: str, rule: str) -> None:
    """Over budget is never fine; it costs a warning, not an error."""
    verdict = check(command, Shell.BASH)

    assert verdict.level is Level.WARN
    assert verdict.rule.startswith(rule)  # which part of the budget ends first is the clock's say


def test_a_fault_of_a_rule_costs_a_warning_and_not_the_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong inside, nobody is told that the command is fine, and the log says so."""

    def fail(_command: object) -> None:
        raise KeyError("--secret-word")

    monkeypatch.setattr("eidos.validator.validation.broken_by", fail)

    verdict = check("ls --secret-word", Shell.BASH)

    assert (verdict.level, verdict.rule) == (Level.WARN, "unreadable")
    assert "KeyError in test_validation.py" in caplog.text
    assert "secret-word" not in caplog.text


@pytest.mark.parametrize("shell", list(Shell))
@pytest.mark.parametrize(
    "command",
    [
        "set8 disk sda; and sudo mkfs.ext4 -F /dev/$di",
        "rm3 -rf /",
        "echo $USER@(hostname)",
        "[a" * 4096,
    ],
)
def test_what_the_fuzzer_found_raises_nothing(command: str, shell: Shell) -> None:
    """Lines on which a rule once failed: a name that only begins like that of a program."""
    assert examine(command, shell).level in set(Level)
