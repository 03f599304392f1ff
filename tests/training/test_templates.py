"""Commands with holes, and the quotes that a value gets there."""

import subprocess

import pytest

from training import templates
from training.templates import Raw, TemplateError

AWKWARD = ["my report.pdf", "it's done.txt", 'say "hi".txt', "a$b`c.txt", "back\\slash", "Übung 3"]


def filled(command: str, value: str, shell: str = "bash") -> str:
    """Return *command* with *value* in its slot x."""
    return templates.parse(command).fill({"x": Raw(value)}, shell)


@pytest.mark.parametrize("value", AWKWARD)
@pytest.mark.parametrize(
    "command",
    ["printf %s {x}", 'printf %s "{x}"', "printf %s '{x}'", 'printf %s "$(printf %s {x})"',
     'printf %s "$(printf %s "{x}")"'],
)  # fmt: skip
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_value_arrives_whole(value: str, command: str, shell: str) -> None:
    """Whatever quotes the hole stands in, the program gets the very value."""
    line = filled(command, value, shell)

    result = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=True)

    assert result.stdout == value


@pytest.mark.parametrize(
    ("command", "value", "expected"),
    [
        ("cat {x}", "notes.txt", "cat notes.txt"),
        ("cat {x}", "my notes.txt", 'cat "my notes.txt"'),
        ("cat {x}", "~/my notes.txt", 'cat ~/"my notes.txt"'),
        ("cat {x}", "~/notes.txt", "cat ~/notes.txt"),
        ('cat "{x}"', "~/notes.txt", 'cat "$HOME/notes.txt"'),
        ("tool --out={x}", "~/a", "tool --out=$HOME/a"),
        ("scp a host:{x}", "~/a", "scp a host:~/a"),
        ("cat {x}", "größe.txt", "cat größe.txt"),
        ("awk '{{print $1}}' {x}", "a.txt", "awk '{print $1}' a.txt"),
        ("find . -exec rm {{}} \\;", "", "find . -exec rm {} \\;"),
        ("echo {x}", "it's", 'echo "it\'s"'),
    ],
)
def test_quotes_are_the_fewest(command: str, value: str, expected: str) -> None:
    """A value gets no more quotes than it needs, and `~` still means the home directory."""
    assert filled(command, value) == expected


@pytest.mark.parametrize("command", ["awk '{print $1}' x", "echo }", "echo ${HOME}"])
def test_single_braces_are_an_error(command: str) -> None:
    """A plain brace must be doubled, so that no slot is overlooked; names are no plain braces."""
    if command == "echo ${HOME}":
        assert [hole.name for hole in templates.parse(command).holes] == ["HOME"]
    else:
        with pytest.raises(TemplateError, match="plain one"):
            templates.parse(command)


def test_holes_know_their_program() -> None:
    """A hole says which program gets its value, sudo and pipes notwithstanding."""
    template = templates.parse("sudo cut -d'{a}' {b} | tr '{c}' x && grep {d} {b}")

    assert [(hole.name, hole.program) for hole in template.holes] == [
        ("a", "cut"), ("b", "cut"), ("c", "tr"), ("d", "grep"), ("b", "grep"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "tool"),
    [("sudo apt install x", "apt"), ("LANG=C sort x", "sort"), ("/usr/bin/env x", "env"),
     ("(crontab -l) | cat", "crontab"), ("ls", "ls")],
)  # fmt: skip
def test_tool(command: str, tool: str) -> None:
    """The tool of a command is its first program, not what runs it for somebody."""
    assert templates.tool(command) == tool
