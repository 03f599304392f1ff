"""Which commands there are in an answer, and what becomes of them."""

import pytest
from home import Home
from real_daemon import RealDaemon

from eidos.errors import EidosError, RequestRefused
from eidos.protocol import Level, Shell
from eidosctl import answer_commands
from eidosctl.place import Place


def found(answer: str, shell: Shell = Shell.BASH) -> list[tuple[str, Level]]:
    """Return text and level of each command in *answer*."""
    return [(each.command, each.level) for each in answer_commands.judged(answer, shell)]


@pytest.mark.parametrize(
    ("answer", "commands"),
    [
        ("```bash\n# why\nls -l\n\ndf -h\n```", ["ls -l", "df -h"]),
        ("```sh\nfind . \\\n  -name x\n```", ["find . -name x"]),
        ("```fish\n$ ls\n```", ["ls"]),
        ("```console\n$ ls\na  b\n# id\n```", ["ls", "id"]),
        ("- first\n\n  ```zsh\n  ls -a\n  ```", ["ls -a"]),
        ("```bash\nls\nls\n```", ["ls"]),
        ("```bash\nls", ["ls"]),
        ("Use `ls -l` for it.", ["ls -l"]),
        ("`ls`", ["ls"]),
        ("The `ls` command", []),
        ("`ls -l` or `ls -a`", []),
        ("Edit `no-such-program now`", []),
        ("```python\nimport os\n```", []),
        ("```\nls\n```", []),
        ("Use `ls -a`:\n```bash\nls -l\n```", ["ls -l"]),
        ("", []),
    ],
)
def test_commands_are_those_that_can_be_run(answer: str, commands: list[str]) -> None:
    """Lines of a shell's code blocks; else the one piece of code that is a whole command line."""
    assert [command for command, _ in found(answer)] == commands


def test_each_has_the_verdict_of_the_validator() -> None:
    """What the daemon would block is blocked here, in the grammar of the user's shell."""
    answer = "```bash\nls\nrm -rf /\ngit push --force\n```"

    assert [level for _, level in found(answer)] == [Level.OK, Level.BLOCK, Level.WARN]


def test_several_lines_are_one_command_that_fits_no_prompt() -> None:
    """A loop and a here-document are blocked as a whole, and their lines are not offered apart."""
    answer = "```bash\nfor i in a b; do\n  rm $i\ndone\ncat <<X\nrm y\nX\n```"

    assert [level for _, level in found(answer)] == [Level.BLOCK, Level.BLOCK]


def test_what_must_not_be_shown_is_not() -> None:
    """A command with an escape in it has no text, and a number all the same."""
    verdicts = answer_commands.judged("```sh\necho \x1b[2J\n```", Shell.BASH)

    assert [row[:2] for row in answer_commands.listed(verdicts)] == [(1, "(not shown)")]


def test_no_answer_is_too_long() -> None:
    """Of a thousand commands the first twenty are listed."""
    lines = "\n".join(f"echo {n}" for n in range(1000))

    assert len(found(f"```bash\n{lines}\n```")) == answer_commands.MAX_COMMANDS


@pytest.mark.parametrize("number", ["0", "3", "x", "", "-1", "²"])
def test_a_number_that_is_not_listed_is_said(number: str) -> None:
    """Who asks for a command that is not there is told which are."""
    verdicts = answer_commands.judged("```bash\nls\ndf\n```", Shell.BASH)

    with pytest.raises(EidosError, match="there are 1 to 2"):
        answer_commands.chosen(verdicts, number)


def test_a_blocked_command_goes_nowhere(home: Home) -> None:
    """It is refused before a daemon is asked."""
    (verdict,) = answer_commands.judged("```bash\nrm -rf /\n```", Shell.BASH)

    with pytest.raises(RequestRefused, match="system folder"):
        answer_commands.put(home.place, verdict, Shell.BASH)


@pytest.mark.model
def test_a_command_is_handed_to_the_daemon(running: RealDaemon) -> None:
    """The daemon takes it, for the next Ctrl-G at an empty prompt."""
    (verdict,) = answer_commands.judged("```bash\nls -l\n```", Shell.BASH)

    assert answer_commands.put(Place.find(running.environ), verdict, Shell.BASH)
