"""Our reader of bash beside tree-sitter's, an independent one: neither may see a program alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tree_sitter_bash
from msgspec.structs import astuple
from tree_sitter import Language, Node, Parser

from eidos.protocol import Shell
from eidos.validator.budget import Budget
from eidos.validator.faults import SyntaxFault
from eidos.validator.reading.bash_reader import read_bash
from eidos.validator.script import Call, Text

DATA = Path(__file__).parent / "data"
PARSER = Parser(Language(tree_sitter_bash.language()))
COMMANDS = [
    case["cmd"]
    for name in ("dangerous", "everyday", "commands")
    for case in map(json.loads, (DATA / f"{name}.jsonl").read_text().splitlines())
    if case.get("shell", "bash") == "bash"
]


def programs_of_tree(node: Node) -> Iterator[str]:
    """Yield the plain words that stand where tree-sitter sees the name of a program."""
    if node.type == "command_name" and node.child_count == 1 and node.children[0].type == "word":
        text = (node.text or b"").decode()
        if text.replace("-", "").replace(".", "").replace("/", "").isalnum():
            yield text
    for child in node.children:
        yield from programs_of_tree(child)


def programs_of(part: Any) -> Iterator[str]:
    """Yield the plain first words of all calls in a structure of ours."""
    if isinstance(part, Call) and part.words:
        # What `time` or `!` stands before is a call of its own to one reader and not to the other.
        yield from (
            "".join(piece.text for piece in word.parts if isinstance(piece, Text))
            for word in part.words
        )
    if isinstance(part, tuple):
        for each in part:
            yield from programs_of(each)
    elif isinstance(part, msgspec.Struct):
        yield from programs_of(astuple(part))


def test_no_program_is_seen_by_tree_sitter_alone() -> None:
    """A program that one parser sees and ours does not would reach a prompt unjudged."""
    missed: list[tuple[str, set[str]]] = []
    for command in COMMANDS:
        tree = PARSER.parse(command.encode()).root_node
        if tree.has_error:
            continue
        try:
            ours = set(programs_of(read_bash(command, Shell.BASH, Budget.start())))
        except SyntaxFault:
            continue  # refused or warned about: it is not called fine
        # These are words of the grammar to us, and programs to tree-sitter.
        if alone := set(programs_of_tree(tree)) - ours - {"time", "coproc"}:
            missed.append((command, alone))

    assert missed == []


@pytest.mark.parametrize("command", ["{rm,-rf,/}", "echo $(( 1 + 2 ))", "cat <<< x | sh"])
def test_what_tree_sitter_cannot_read_ours_can(command: str) -> None:
    """The braces of the first made one parser blind, and a whole tool with it."""
    read_bash(command, Shell.BASH, Budget.start())
