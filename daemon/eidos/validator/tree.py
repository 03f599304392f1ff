"""The syntax tree of a command, read as bash by tree-sitter within a budget.

tree-sitter repairs what it cannot read, so whoever asks for a tree must look at `has_error`.
"""

import re
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import tree_sitter_bash
from tree_sitter import Language, Node, Parser, Point

MAX_BYTES: Final = 8192
MAX_NODES: Final = 600
"""The largest of 56,799 commands of the training corpus has 63."""
MAX_DEPTH: Final = 64
PARSE_BUDGET_S: Final = 0.015
"""CPU time; ordinary commands parse in 0.02 to 0.3 ms, 8 KiB of `a=(a=(a=(` in 610 ms."""

_ESCAPED: Final = re.compile(r"\\.")
_BASH: Final = Language(tree_sitter_bash.language())


class OverBudget(Exception):  # noqa: N818 - a verdict on the command, not a fault of the program
    """The command is too large, too deep or too slow to be read."""


def parse(command: str) -> Node:
    """Return the root of the syntax tree of *command*; it may hold ERROR and MISSING nodes.

    Raises:
        OverBudget: it is larger than MAX_BYTES or MAX_NODES, deeper than MAX_DEPTH, or takes
            longer than PARSE_BUDGET_S.
    """
    source = command.encode(errors="replace")
    if len(source) > MAX_BYTES:
        raise OverBudget(f"longer than {MAX_BYTES} bytes")
    deadline = time.thread_time() + PARSE_BUDGET_S

    def read(offset: int, _point: Point) -> bytes:
        return source[offset:]

    def is_late(_offset: int, _has_error: bool) -> bool:
        return time.thread_time() > deadline

    try:
        root = Parser(_BASH).parse(read, progress_callback=is_late).root_node
    except ValueError as exc:  # the parser's word for "cancelled"
        raise OverBudget("too slow to parse") from exc
    if root.descendant_count > MAX_NODES:
        raise OverBudget(f"more than {MAX_NODES} parts")
    if not root.has_error and any(visit.depth > MAX_DEPTH for visit in walk(root)):
        raise OverBudget(f"nested deeper than {MAX_DEPTH}")
    return root


class Visit(NamedTuple):
    """A node and its company; asking the node itself for them walks the tree from its root."""

    node: Node
    parent: str
    """The type of the node above, "" for the root."""
    follower: str
    """The type of the node after it under the same parent, "" for the last."""
    depth: int


def walk(root: Node) -> Iterator[Visit]:
    """Visit *root* and every node below it, parents first, in the order of the text."""
    stack = [Visit(root, "", "", 0)]
    while stack:
        visit = stack.pop()
        yield visit
        children = visit.node.children
        followers = [child.type for child in children[1:]] + [""]
        stack.extend(
            Visit(child, visit.node.type, follower, visit.depth + 1)
            for child, follower in zip(reversed(children), reversed(followers), strict=False)
        )


def text_of(node: Node) -> str:
    """Return the source text of *node*."""
    return (node.text or b"").decode(errors="replace")


def unquoted(word: Node) -> str:
    """Return what stands outside quotes and substitutions in *word*, without escaped characters."""
    parts = word.children if word.type == "concatenation" else [word]
    return _ESCAPED.sub("", "".join(text_of(part) for part in parts if part.type == "word"))
