"""A chat model is asked for one command line, and its answer is one or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidos.command_by_chat import command_in, instruction


def test_shell_and_system_are_named() -> None:
    """A command for fish on macOS is another one than for bash on Linux."""
    assert "one fish command line for macOS" in instruction("fish", "macos")
    assert "one bash command line for Linux" in instruction("bash", "linux")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ls -l", "ls -l"),
        ("  ls -l \n", "ls -l"),
        ("```\nls -l\n```", "ls -l"),
        ("```bash\nls -l\n```", "ls -l"),
        ("```bash\n$ ls -l\n```", "ls -l"),
        ("Here is the command:\n\n```sh\nls -l\n```\n\nIt lists files.", "ls -l"),
        ("Here is the command:\nls -l", "ls -l"),
        ("ls -l\n\nThis lists all files.", "ls -l"),
        ("`ls -l`", "ls -l"),
        ("$ ls -l", "ls -l"),
        ("You can use `ls -l`.", "ls -l"),
        ("echo `date`", "echo `date`"),
        ("echo `date` `id`", "echo `date` `id`"),
        ("<think>The user wants\nto list files.</think>\n\nls -l", "ls -l"),
        ("Rscript run.R", "Rscript run.R"),
        ("awk '{print $1}' f", "awk '{print $1}' f"),
        ("", ""),
        ("I cannot do that.", ""),
        ("Sorry, that takes more than one line.", ""),
        ("Use `ls` or `find`.", ""),
        ("ls\ncd", ""),
        ("```\nls\ncd /\n```", ""),
        ("```\nls\n```\nor\n```\nfind\n```", ""),
        ("```\nls", ""),
        ("```\n```", ""),
        ("<think>The user wants to", ""),
    ],
)
def test_of_a_chat_the_one_command_is_taken(text: str, command: str) -> None:
    """Fences, prompts, thoughts and sentences go; two commands are none: which one was meant?"""
    assert command_in(text) == command


@given(st.text())
def test_a_chat_never_gives_more_than_a_line(text: str) -> None:
    """Whatever was written, what is taken is one line without blanks around it."""
    found = command_in(text)

    assert len(found.splitlines()) <= 1
    assert found == found.strip()
