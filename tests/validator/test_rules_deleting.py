"""Deleting, overwriting, opening, erasing: each effect on each kind of place gets its level."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.protocol import Level, Shell
from eidos.validator.budget import Budget
from eidos.validator.commands import Command, Machine, Redirect, Word
from eidos.validator.effects import deleting, disks, overwriting, permissions
from eidos.validator.effects.effect import Effect
from eidos.validator.evaluating.evaluation import evaluate
from eidos.validator.places.targets import MAX_PLACES
from eidos.validator.reading.syntax import read_line
from eidos.validator.rules import RULES, broken_by, rows_of

DATA = Path(__file__).parent / "data"
GROUPS = ("deleting", "overwriting", "permissions", "disks")
OURS = {rule.id for group in GROUPS for rule in rows_of(group)}
EFFECTS: tuple[Effect, ...] = (
    *deleting.EFFECTS,
    *overwriting.EFFECTS,
    *permissions.EFFECTS,
    *disks.EFFECTS,
)
SEVERITY = [Level.OK, Level.WARN, Level.BLOCK]
SHELLS = {"zsh": Shell.ZSH, "fish": Shell.FISH}
CASES = [
    pytest.param(
        Level(level),
        command,
        SHELLS.get(group, Shell.BASH),
        id=f"{group} {level}: {command}",
    )
    for file in ("rules_deleting.toml", "kinds_deleting.toml")
    for group, levels in tomllib.loads((DATA / file).read_text()).items()
    for level, commands in levels.items()
    for command in commands
]
PROGRAMS = sorted({program for effect in EFFECTS for program in effect.programs})
PIECES = [
    "/",
    "~",
    "*",
    "?",
    "[",
    "]",
    "..",
    ".",
    "etc",
    "dev",
    "sda",
    "$x",
    "{}",
    "-rf",
    "if=",
    "of=",
]
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=20)
words = st.builds(
    Word,
    texts,
    is_known=st.booleans(),
    is_glob=st.booleans(),
    folder=st.sampled_from(["", "/", "a"]),
)


def level_of(command: Command) -> Level:
    """Return the worst that the rules about deleting and its kin say of *command*."""
    levels = [rule.level for rule in broken_by(command) if rule.id in OURS]
    return max(levels, key=SEVERITY.index, default=Level.OK)


def level_of_line(line: str, shell: Shell) -> Level:
    """Return the worst that these rules say of all that *line* runs in *shell*."""
    budget = Budget.start()
    commands = evaluate(read_line(line, shell, budget), shell, budget).commands
    return max(map(level_of, commands), key=SEVERITY.index, default=Level.OK)


def command(line: str, **fields: object) -> Command:
    """Return the command of the words in *line*, none of which is expanded."""
    parts = tuple(Word(text, is_glob="*" in text) for text in line.split())
    return Command(parts, **fields)  # type: ignore[arg-type] # each test names the fields


@pytest.mark.parametrize(("level", "line", "shell"), CASES)
def test_an_effect_on_a_place_gets_its_level(level: Level, line: str, shell: Shell) -> None:
    """What is lost for good is blocked, what may be meant is warned about, the rest is not."""
    assert level_of_line(line, shell) is level


@pytest.mark.parametrize(
    "line",
    ["rm -rf /var/log/nginx", "tee /etc/environment", "chmod -R 777 .", "chown -R bob /usr/lib/x"],
)
def test_parts_of_a_container_are_its_own_business(line: str) -> None:
    """A container is made to be changed: parts of its system may be deleted and overwritten."""
    assert level_of(command(line)) is Level.WARN
    assert level_of(command(line, machine=Machine.CONTAINER)) is Level.OK


@pytest.mark.parametrize("machine", list(Machine))
def test_no_machine_is_emptied(machine: Machine) -> None:
    """All of a system is as bad to lose elsewhere as here."""
    assert level_of(command("rm -rf /", machine=machine)) is Level.BLOCK


def test_root_is_warned_where_others_are_not() -> None:
    """A folder of the whole machine may be deleted by root, who is asked to look twice."""
    assert level_of(command("rm -rf /data/old")) is Level.OK
    assert level_of(command("rm -rf /data/old", wrappers=("sudo",))) is Level.WARN


def test_a_temporary_folder_made_in_the_line_may_go() -> None:
    """What mktemp made is nobody's loss, although its name is not known."""
    made = Word("$d", is_known=False, sources=(command("mktemp -d"),))

    assert level_of(Command((Word("rm"), Word("-rf"), made))) is Level.OK


def test_a_shell_made_elsewhere_in_the_line_is_still_a_shell() -> None:
    """The name of a copied shell does not hide it from the rule about setuid."""
    copied = command("chmod u+s helper", reads=(command("cp /bin/bash helper"),))

    assert level_of(command("chmod u+s helper")) is Level.WARN
    assert level_of(copied) is Level.BLOCK


def test_what_xargs_reads_is_what_its_source_finds() -> None:
    """A search without a test feeds all that it finds; a filter in between makes it a choice."""
    found, chosen = command("find / -type f"), command("grep core")
    xargs = ("xargs",)

    assert level_of(command("rm -f", wrappers=xargs, upstream=(found,))) is Level.BLOCK
    assert level_of(command("rm -f", wrappers=xargs, upstream=(found, chosen))) is Level.WARN
    assert level_of(command("rm -rf", wrappers=xargs, upstream=(command("cat x"),))) is Level.WARN


@pytest.mark.parametrize("program", ["rm -rf", "chmod 644", "cp"])
def test_more_places_than_are_looked_at_are_never_fine(program: str) -> None:
    """A critical place behind a thousand others is at least warned about."""
    line = f"{program} {'/srv/x ' * 1000} /etc"

    assert level_of(command(line)) is not Level.OK
    assert level_of(command(f"{program} {'a ' * (MAX_PLACES // 2)}")) is Level.OK


def test_every_rule_can_be_asked() -> None:
    """Each row of these tables has an effect, and each effect a row."""
    assert {effect.rule for effect in EFFECTS} == OURS
    assert set(RULES) >= OURS


@given(
    program=st.sampled_from([*PROGRAMS, "ls", ""]),
    version=st.sampled_from(["", "", "3", "-2.1", ".ext4"]),
    args=st.lists(words, max_size=5),
    redirects=st.lists(
        st.builds(Redirect, st.sampled_from([">", ">>", "<", "<<<"]), words), max_size=2
    ),
    in_loop=st.booleans(),
)
def test_any_command_is_judged_without_an_error(
    *, program: str, version: str, args: list[Word], redirects: list[Redirect], in_loop: bool
) -> None:
    """No words make a rule raise, whatever program they are given to."""
    judged = Command((Word(program + version), *args), tuple(redirects), in_loop=in_loop)

    assert level_of(judged) in SEVERITY
