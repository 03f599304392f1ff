"""Coverage counts what a command really runs, and says what is thin or missing."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from training.coverage import CommonCommands, count, load_common, main, missing, table

COMMON = CommonCommands(
    {
        "ls": ("-l", "-a|--all", "--sort"),
        "git": ("commit -m", "push -u|push --set-upstream", "remote"),
        "find": ("-name", "-n"),
        "head": ("-n",),
        "date": ("+%F|+%Y-%m-%d",),
        "test": ("-f",),
        "rm": (),
    },
    {"rm": "for this test"},
)


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("ls -la", {("ls", "-l"), ("ls", "-a|--all")}),
        (
            "sudo ls --all --sort=size | head -n5",
            {("ls", "-a|--all"), ("ls", "--sort"), ("head", "-n")},
        ),
        ('git -C x commit -a -m "push it"', {("git", "commit -m")}),
        ("git push --set-upstream origin main", {("git", "push -u|push --set-upstream")}),
        ('git commit -am "x"', {("git", "commit -m")}),
        ("find . -name x -exec ls -l {} +", {("find", "-name"), ("ls", "-l")}),
        ("find . | xargs ls -l", {("ls", "-l")}),
        ('date "+%F %T"', {("date", "+%F|+%Y-%m-%d")}),
        ("[ -f x ] && echo yes", {("test", "-f")}),
        ("[[ -f x ]] && echo yes", {("test", "-f")}),
        ("echo ls -l", set[tuple[str, str]]()),
    ],
)
def test_options_are_found_in_every_spelling(command: str, found: set[tuple[str, str]]) -> None:
    """Clusters, values, subcommands, and programs behind others and in pipes are all seen."""
    assert set(count([{(command, "bash")}], COMMON).options) == found


def test_an_intent_counts_once() -> None:
    """Twice the same program in one command, or in several of an intent, is once."""
    of_intent = {("ls a; ls b", "bash"), ("ls -l", "zsh")}
    coverage = count([of_intent, {("ls", "fish")}, {("ls (", "bash")}], COMMON)
    assert coverage.programs["ls"] == 2


def test_missing_commands_are_those_without_a_reason() -> None:
    """A command that nothing has is missing, unless the list gives a reason."""
    coverage = count([{("ls; git x; find; head; date", "bash")}], COMMON)
    assert missing(coverage, COMMON) == ["test"]


def test_table_shows_what_is_thin() -> None:
    """A command whose options all occur often enough is not in the table."""
    coverage = count([{("head -n 1 | ls -l", "bash")}, *[{("head -n 2", "bash")}] * 2], COMMON)
    lines = {line.split()[0]: line for line in table(coverage, None, COMMON, thin=2)}
    assert "head" not in lines
    assert "-l (1)" in lines["ls"]


def test_list_holds_300_commands() -> None:
    """The list in the project is what it says it is, each command once."""
    common = load_common()
    assert len(common.options) == 300
    assert all(len(set(options)) == len(options) for options in common.options.values())


def test_faults_of_the_list_are_named(tmp_path: Path) -> None:
    """A command that stands there twice, or is left out without being there, is a fault."""
    path = tmp_path / "list.toml"
    path.write_text("[a]\nls = []\n[b]\nls = []\n", "utf-8")
    with pytest.raises(ValueError, match="ls stands there twice"):
        load_common(path)
    path.write_text('[a]\nls = []\n[left_out]\nvi = "x"\n', "utf-8")
    with pytest.raises(ValueError, match="vi, which is not in the list"):
        load_common(path)


def test_check_fails_where_commands_have_no_intent(tmp_path: Path) -> None:
    """A folder with one intent covers one command: --check says which others are missing."""
    (tmp_path / "small.yaml").write_text("- cmd: ls -la\n  nl:\n    - list it all\n", "utf-8")
    arguments = ["--intents", str(tmp_path)]

    assert CliRunner().invoke(main, arguments).exit_code == 0
    result = CliRunner().invoke(main, [*arguments, "--check"])
    assert result.exit_code == 1
    assert "1 of 300 commands" not in result.output
    assert "without one:" in result.output


def test_every_common_command_has_an_intent() -> None:
    """Our own intents leave none of the 300 out."""
    result = CliRunner().invoke(main, ["--check"])

    assert result.exit_code == 0, result.output[-2000:]
