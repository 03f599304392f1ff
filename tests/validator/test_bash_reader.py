"""What the reader of bash and zsh makes of a text, held against a second parser, shfmt."""

import contextlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from eidos.protocol import Shell
from eidos.validator import script
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.bash_reader import read_bash

DATA = Path(__file__).parent / "data"
TEXTS = tomllib.loads((DATA / "bash_reader.toml").read_text())
COMMANDS = [json.loads(line)["cmd"] for line in (DATA / "commands.jsonl").read_text().splitlines()]
SHFMT = Path(sys.executable).with_name("shfmt")
SIGNS = "(){}[]|&;<>$`'\"\\!#~*?=^@+-:/% \nabdefionrst1"
POSIX = pytest.mark.parametrize("shell", [Shell.BASH, Shell.ZSH])


def read(text: str, shell: Shell = Shell.BASH) -> script.Statement:
    """Read *text* with a budget of its own."""
    return read_bash(text, shell, Budget.start())


def sketch(node: Any) -> str:  # noqa: PLR0911 - one for each kind
    """Write down the structure of a statement, without the words' inner parts."""
    match node:
        case script.Call():
            assignments = [
                f"{a.name}{'+' * a.is_append}=({' '.join(v.source for v in a.values)})"
                for a in node.assignments
            ]
            words = [word.source for word in node.words]
            return " ".join([*assignments, *words, *map(redirect, node.redirects)])
        case script.Pipeline():
            return " | ".join(map(sketch, node.stages))
        case script.Sequence():
            return "[" + " ; ".join(map(sketch, node.statements)) + "]"
        case script.Background():
            return f"{sketch(node.body)} &"
        case script.Group():
            inside = f"({sketch(node.body)})" if node.is_subshell else f"{{{sketch(node.body)}}}"
            return " ".join([inside, *map(redirect, node.redirects)])
        case script.Loop():
            values = " ".join(word.source for word in node.values)
            what = f"{node.name} in {values}" if node.name else sketch(node.condition)
            return f"{'endless ' * node.is_endless}loop <{what}> {sketch(node.body)}"
        case script.Branches():
            return "<" + " ; ".join(map(sketch, node.statements)) + ">"
        case script.Definition():
            return f"{node.name}: {sketch(node.body)}"
        case _:
            return "test " + " ".join(word.source for word in node.words)


def redirect(raw: script.RawRedirect) -> str:
    """Write down a redirection, or the text of a here-document."""
    parts = raw.target.parts
    text = "".join(part.text if isinstance(part, script.Text) else part.source for part in parts)
    return f"{raw.fd}{raw.operator}{text!r}"


def nodes(node: Any) -> Iterator[Any]:
    """Yield everything below *node*."""
    yield node
    if isinstance(node, tuple):
        below = iter(cast("tuple[Any, ...]", node))
    elif isinstance(node, msgspec.Struct):
        below = iter(astuple(node))
    else:
        return
    for child in below:
        yield from nodes(child)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["text"]) for case in TEXTS["cases"]])
def test_the_structure_of_a_text_is_seen(case: dict[str, str]) -> None:
    """Commands, their company and their order come out as each shell takes them."""
    for shell in (Shell.BASH, Shell.ZSH):
        expected = case.get("both") or case.get(shell)
        if expected is not None:
            assert sketch(read(case["text"], shell)) == expected
            continue
        with pytest.raises(SyntaxFault):
            read(case["text"], shell)


@POSIX
@pytest.mark.parametrize("text", TEXTS["runs_rm"])
def test_a_command_inside_is_found(text: str, shell: Shell) -> None:
    """Wherever a shell would run rm, there is a call of rm in the structure."""
    assert "rm" in programs(read(text, shell))


@pytest.mark.parametrize("text", TEXTS["zsh_runs_rm"])
def test_a_command_inside_what_only_zsh_takes_is_found(text: str) -> None:
    """Code behind a pattern's files and in short blocks is code too."""
    assert "rm" in programs(read(text, Shell.ZSH))


def test_a_value_expanded_once_more_is_evaluated() -> None:
    """`${x@P}` and `${(e)x}` run the scripts in their value, as eval would."""
    for text, shell in (("echo ${x@P}", Shell.BASH), ("echo ${(e)x}", Shell.ZSH)):
        assert "eval" in programs(read(text, shell))


def programs(statement: script.Statement) -> list[str]:
    """Return the first word of every call in *statement*."""
    calls = (node for node in nodes(statement) if isinstance(node, script.Call) and node.words)
    return [call.words[0].source for call in calls]


def slice_of(source: bytes, node: Any) -> str:
    """Return what a node of shfmt covers."""
    return source[node["Pos"]["Offset"] : node["End"]["Offset"]].decode()


def calls_of_shfmt(text: str) -> list[tuple[str, ...]] | None:
    """Return the words of each command as shfmt reads them, None where it refuses *text*."""
    done = subprocess.run(
        [SHFMT, "--to-json", "-ln", "bash"], input=text.encode(), capture_output=True, check=False
    )
    if done.returncode != 0:
        return None
    calls: list[tuple[str, ...]] = []
    pending: list[Any] = [json.loads(done.stdout)]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += cast(list[Any], node)
        elif isinstance(node, dict):
            node = cast(dict[str, Any], node)
            pending += node.values()
            if node.get("Type") == "CallExpr" and node.get("Args"):
                calls.append(tuple(slice_of(text.encode(), word) for word in node["Args"]))
    return sorted(calls)


def test_commands_and_words_are_those_of_another_parser() -> None:
    """On ordinary commands the calls and the words of each are the ones that shfmt finds."""
    texts = [
        text
        for text in COMMANDS
        if any(sign in text for sign in "$`(|;&<>{")
        and not text.startswith(("export", "local", "declare", "let", "typeset", "readonly"))
    ][::2]
    with ThreadPoolExecutor(2) as pool:
        expected = dict(zip(texts, pool.map(calls_of_shfmt, texts), strict=True))

    for text, calls in expected.items():
        if calls is None:
            continue
        found = (node for node in nodes(read(text)) if isinstance(node, script.Call) and node.words)
        assert sorted(tuple(word.source for word in call.words) for call in found) == calls, text


@POSIX
@pytest.mark.timeout(10)
@pytest.mark.parametrize("unit", TEXTS["repeated"])
def test_reading_ends(unit: str, shell: Shell) -> None:
    """8 KiB of anything are read, refused or given up; benchmarks/validator.py says how soon."""
    text = (unit * 8192)[:8192]

    with contextlib.suppress(OverBudget, SyntaxFault):
        read(text, shell)


@POSIX
@given(
    text=st.text(max_size=60)
    | st.text("(){}[]|&;<>$`'\"\\!#~*?=^@+-:/% \nabdefionrst1", max_size=60)
)
def test_nothing_but_the_two_promised_errors_is_raised(text: str, shell: Shell) -> None:
    """Any text is read, is a fault, or is over budget."""
    with contextlib.suppress(OverBudget, SyntaxFault):
        read(text, shell)
