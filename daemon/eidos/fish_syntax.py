"""What bash accepts and fish does not, for commands that were read as bash.

There is no parser of fish for Python, so a tree of bash is searched for what fish refuses (tried
with `fish --no-execute` of 3.6) or takes for something else. Blocks of fish itself are more than
a tree of bash can vouch for, and are refused too.
"""

import re
from collections.abc import Callable
from typing import Final

from tree_sitter import Node

from eidos.tree import text_of, unquoted, walk


def find_fish_fault(node: Node) -> str | None:
    """Say why fish does not accept this node of a tree of bash; None when it does."""
    if missing := _NOT_IN_FISH.get(node.type):
        return f"fish has no {missing}"
    for is_refused, reason in _REFUSED.get(node.type, ()):
        if is_refused(node):
            return reason
    return None


_NOT_IN_FISH: Final = {
    "for_statement": "for … do … done",
    "c_style_for_statement": "for ((…))",
    "while_statement": "while … do … done",
    "if_statement": "if … then … fi",
    "case_statement": "case … esac",
    "function_definition": "name() { … }",
    "subshell": "( … ) around commands",
    "compound_statement": "{ …; }",
    "arithmetic_expansion": "$(( … ))",
    "expansion": "${ … }",
    "special_variable_name": "variables like $?, $! and $@",
    "herestring_redirect": "<<<",
    "process_substitution": "<( … )",
    "array": "name=( … )",
    "ansi_c_string": "$'…'",
    "translated_string": '$"…"',
    "unset_command": "unset; it has: set -e name",
    "extglob_pattern": "patterns like @( … )",
    "brace_expression": "{1..9}",
    "|&": "|&; it has: &|",
    "<>": "<>",
}
_BLOCK_WORDS: Final = frozenset({"begin", "end", "else", "case", "switch", "function", "select"})
_BAD_ESCAPE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\(?:[xXuU](?![0-9a-fA-F])|c(?![A-Za-z]))")
_LONE_DOLLAR: Final = re.compile(r"(?<!\\)(?:\\\\)*\$(?![A-Za-z_(])")
_ENDS_IN_ESCAPED_QUOTE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\'$")
_WANTS_NAME: Final = "fish wants a variable name after every $"


def _is_before_command(redirect: Node) -> bool:
    return redirect.parent is not None and redirect.start_byte == redirect.parent.start_byte


def _is_bare_assignment(node: Node) -> bool:
    may_assign = {"command", "declaration_command"}
    return node.parent is not None and node.parent.type not in may_assign


def _is_unpaired(word: Node) -> bool:
    """Whether braces or brackets outside quotes open and close in the wrong order or number."""
    if word.parent is not None and word.parent.type == "concatenation":
        return False
    bare = unquoted(word)
    braces = brackets = 0
    for char in bare if bare not in {"[", "]"} else "":
        braces += (char == "{") - (char == "}")
        brackets += (char == "[") - (char == "]")
        if braces < 0 or brackets < 0:
            return True
    return bool(braces or brackets)


def _has_lone_dollar(node: Node) -> bool:
    return _LONE_DOLLAR.search(text_of(node)) is not None


_PAIRS: Final = (_is_unpaired, "fish wants braces and brackets in pairs")
_DOLLAR: Final = (_has_lone_dollar, _WANTS_NAME)
_REFUSED: Final[dict[str, tuple[tuple[Callable[[Node], bool], str], ...]]] = {
    "test_command": ((lambda node: not text_of(node).startswith("[ "), "fish has no [[ … ]]"),),
    "command_substitution": (
        (lambda node: text_of(node).startswith("`"), "fish has no backticks; it has: $( … )"),
    ),
    "variable_assignment": (
        (_is_bare_assignment, "fish has no name=value; it has: set name value"),
    ),
    "declaration_command": (
        (lambda node: not text_of(node).startswith("export"), "fish has no such declaration"),
    ),
    "command_name": (
        (lambda node: text_of(node) in _BLOCK_WORDS, "blocks of fish are more than we can read"),
        (
            lambda node: any(part.type == "command_substitution" for part in walk(node)),
            "fish runs no command whose name is a substitution",
        ),
    ),
    "file_redirect": ((_is_before_command, "fish wants the command before its redirections"),),
    "raw_string": (
        (
            lambda node: _ENDS_IN_ESCAPED_QUOTE.search(text_of(node)) is not None,
            r"in fish \' does not end a quoted text",
        ),
    ),
    # The grammar reads `$ cat` as one expansion with a blank in it.
    "simple_expansion": ((lambda node: not text_of(node)[1:2].strip(), _WANTS_NAME),),
    "variable_name": (
        (lambda node: text_of(node).isdigit(), "fish has no positional variables like $1"),
    ),
    "$": (
        (
            lambda node: node.next_sibling is None or node.next_sibling.type != "variable_name",
            _WANTS_NAME,
        ),
    ),
    "string_content": (_DOLLAR,),
    "word": (
        _PAIRS,
        _DOLLAR,
        (
            lambda node: _BAD_ESCAPE.search(text_of(node)) is not None,
            "fish does not know this backslash escape",
        ),
    ),
    "concatenation": (_PAIRS,),
}
