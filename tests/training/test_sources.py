"""Public collections become pairs: read, asked for in plain words, their stand-ins named."""

import json
import random
from pathlib import Path

import pytest

from training.expanding import Pair
from training.naming import name_stand_ins
from training.sources import (
    MalformedSource,
    first_program,
    imperative,
    read_fig,
    read_nl2bash,
    read_tldr,
)


def write_rows(path: Path, *rows: dict[str, str]) -> None:
    """Write *rows* as a collection has them."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def fig_row(kind: str, command: str, description: str) -> dict[str, str]:
    """Return a row as Fig's."""
    return {"tool": command.split(maxsplit=1)[0], "kind": kind, "cmd": command, "desc": description}


def asked(folder: Path, *rows: dict[str, str]) -> dict[str, str]:
    """Return the requests that *rows* of Fig become, by command."""
    write_rows(folder / "fig.jsonl", *rows)
    return {pair.command: pair.request for pair in read_fig(folder)}


def test_rows_of_tldr_and_nl2bash_keep_their_place(tmp_path: Path) -> None:
    """Each pair says which row of which collection it is, and which program it runs."""
    write_rows(tmp_path / "tldr.jsonl", {"nl": "list files with ls", "cmd": "ls"})
    row = {"nl": "find as root", "cmd": "sudo find / -name x"}
    write_rows(tmp_path / "nl2bash.jsonl", {"nl": "go home", "cmd": "cd"}, row)

    assert [pair.id for pair in read_tldr(tmp_path)] == ["tldr:1"]
    last = list(read_nl2bash(tmp_path))[-1]
    assert (last.id, last.tool, last.source, last.shell) == ("nl2bash:2", "find", "nl2bash", "bash")


def test_pages_that_point_elsewhere_are_left_out(tmp_path: Path) -> None:
    """A page of tldr for an alias only says to read another page."""
    alias = {"nl": "view documentation for the original command with egrep", "cmd": "tldr grep"}
    write_rows(tmp_path / "tldr.jsonl", alias, {"nl": "update tldr", "cmd": "tldr --update"})

    assert [pair.command for pair in read_tldr(tmp_path)] == ["tldr --update"]


@pytest.mark.parametrize("line", ["{", '{"nl": "x"}', '{"nl": "x", "cmd": 3}'])
def test_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    """A line that is no pair stops the reading, with the file and the line."""
    (tmp_path / "tldr.jsonl").write_text('{"nl": "a", "cmd": "b"}\n' + line + "\n", "utf-8")

    with pytest.raises(MalformedSource, match=r"tldr\.jsonl:2"):
        list(read_tldr(tmp_path))


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("ls -l", "ls"),
        ("sudo -E apt update", "apt"),
        ("FOO=1 BAR=2 make", "make"),
        ("/usr/bin/time ls", "ls"),
        ("(cd x && make)", "cd"),
        ("", ""),
    ],
)
def test_first_program_looks_through_what_starts_it(command: str, program: str) -> None:
    """sudo, time, assignments and folders are not the program."""
    assert first_program(command) == program


@pytest.mark.parametrize(
    ("description", "deed"),
    [
        ("Lists all running containers", "list all running containers"),
        ("Copies files between hosts.", "copy files between hosts"),
        ("Pushes commits upstream", "push commits upstream"),
        ("The ID of the job", ""),
        ("Run job", ""),
        ("Show help (default: true)", ""),
        ("Deprecated. Use --other instead please", ""),
        ("Set the value, see https://example.com/x", ""),
    ],
)
def test_only_deeds_become_requests(description: str, deed: str) -> None:
    """A description is asked for in the imperative, or not used at all."""
    assert imperative(description) == deed


def test_fig_requests_name_the_tool(tmp_path: Path) -> None:
    """A subcommand is asked for with its tool, an option with its subcommand too."""
    found = asked(
        tmp_path,
        fig_row("sub", "tick list", "Lists all open tickets"),
        fig_row("opt", "tick list --json", "Print the tickets as JSON"),
    )

    assert "list all open tickets" in found["tick list"]
    assert "tick" in found["tick list"]
    assert "tick list" in found["tick list --json"]


def test_fig_arguments_that_nobody_said_are_left_out(tmp_path: Path) -> None:
    """What Fig puts in place of an argument is in no request, so no pair has it."""
    found = asked(
        tmp_path,
        fig_row("opt", "tick show --help number", "Print the help of this"),
        fig_row("sub", "tick show number", "Show one of the tickets"),
        fig_row("opt", "tick list --sort sort", "Change how they are sorted"),
    )

    assert not found


def pair_of(request: str, command: str) -> Pair:
    """Return a pair as a page of tldr gives it."""
    tool = first_program(command)
    return Pair(request, command, "bash", "linux", "tldr", "tldr:1", tool)


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        ("install a package with apt", "apt install package_name"),
        ("show the contents of a file using cat", "cat file"),
        ("use tar to extract an archive", "tar xf archive.tar"),
        ("copy a file to a directory with cp", "cp file directory"),
        ("ping a host using ping", "ping example.com"),
        ("connect to the specified port with nc", "nc localhost port_number"),
        ("erase the disk with wipefs", "wipefs /dev/sdX"),
    ],
)
def test_stand_ins_get_a_name_that_the_request_says(request_: str, command: str) -> None:
    """Whatever takes the place of a stand-in in the command is in the request, word for word."""
    for seed in range(20):
        named = name_stand_ins(pair_of(request_, command), random.Random(seed))
        new = set(named.command.split()) - set(command.split())
        assert all(word in named.request for word in new or command.split()[-1:])


def test_naming_leaves_alone_what_is_real() -> None:
    """Programs, subcommands, options, and a noun that only describes another one stay."""
    pair = pair_of("list the file systems with df", "df --output=source,target")
    assert name_stand_ins(pair, random.Random(1)) == pair

    image = pair_of("list images with docker", "docker image ls")
    assert name_stand_ins(image, random.Random(1)) == image


def test_naming_is_the_same_for_the_same_seed() -> None:
    """A corpus that is made again is the same corpus."""
    pair = pair_of("install a package with apt", "apt install package_name")
    one, other = (name_stand_ins(pair, random.Random(7)) for _ in range(2))
    assert one == other
