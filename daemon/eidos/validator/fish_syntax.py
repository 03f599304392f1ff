"""What bash accepts and fish does not, for commands that were read as bash.

There is no parser of fish for Python, so a tree of bash is searched for what fish refuses (tried
with `fish --no-execute` of 3.6) or takes for something else. Blocks of fish itself are more than
a tree of bash can vouch for, and are refused too.
"""

import re
from collections.abc import Callable
from typing import Final

from eidos.validator.tree import Visit, text_of, unquoted, walk


def find_fish_fault(visit: Visit) -> str | None:
    """Say why fish does not accept this node of a tree of bash; None when it does."""
    if missing := _NOT_IN_FISH.get(visit.node.type):
        return f"fish has no {missing}"
    for is_refused, reason in _REFUSED.get(visit.node.type, ()):
        if is_refused(visit):
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
    "brace_expression": "{1..9}",
    "|&": "|&; it has: &|",
    "<>": "<>",
}
_BLOCK_WORDS: Final = frozenset({"begin", "end", "else", "case", "switch", "function", "select"})
_BAD_ESCAPE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\(?:[xXuU](?![0-9a-fA-F])|c(?![A-Za-z]))")
_LONE_DOLLAR: Final = re.compile(r"(?<!\\)(?:\\\\)*\$(?![A-Za-z_(])")
_ENDS_IN_ESCAPED_QUOTE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\'$")
_RUNS_SUBSTITUTION: Final = re.compile(r"(?:command|builtin|exec|not|and|or)\s+\$\(")
_RUN: Final = "fish runs no command whose name is a substitution"
_WANTS_NAME: Final = "fish wants a variable name after every $"


def _text(visit: Visit) -> str:
    return text_of(visit.node)


def _begins_with_redirect(visit: Visit) -> bool:
    return visit.node.children[0].type == "file_redirect"


def _is_bare_assignment(visit: Visit) -> bool:
    return visit.parent not in {"command", "declaration_command"}


def _is_unpaired(visit: Visit) -> bool:
    """Whether braces or brackets outside quotes open and close in the wrong order or number."""
    if visit.parent == "concatenation":
        return False
    bare = unquoted(visit.node)
    braces = brackets = 0
    for char in bare if bare not in {"[", "]"} else "":
        braces += (char == "{") - (char == "}")
        brackets += (char == "[") - (char == "]")
        if braces < 0 or brackets < 0:
            return True
    return bool(braces or brackets)


def _has_lone_dollar(visit: Visit) -> bool:
    return _LONE_DOLLAR.search(_text(visit)) is not None


_PAIRS: Final = (_is_unpaired, "fish wants braces and brackets in pairs")
_REDIRECT_FIRST: Final = (
    _begins_with_redirect,
    "fish wants the command before its redirections",
)
_DOLLAR: Final = (_has_lone_dollar, _WANTS_NAME)
_REFUSED: Final[dict[str, tuple[tuple[Callable[[Visit], bool], str], ...]]] = {
    "test_command": ((lambda visit: not _text(visit).startswith("[ "), "fish has no [[ … ]]"),),
    "command_substitution": (
        (lambda visit: _text(visit).startswith("`"), "fish has no backticks; it has: $( … )"),
    ),
    "variable_assignment": (
        (_is_bare_assignment, "fish has no name=value; it has: set name value"),
    ),
    "declaration_command": (
        (lambda visit: not _text(visit).startswith("export"), "fish has no such declaration"),
    ),
    "command_name": (
        (lambda visit: _text(visit) in _BLOCK_WORDS, "blocks of fish are more than we can read"),
        (
            lambda visit: any(
                part.node.type == "command_substitution" for part in walk(visit.node)
            ),
            _RUN,
        ),
    ),
    "command": (
        _REDIRECT_FIRST,
        (lambda visit: _RUNS_SUBSTITUTION.match(_text(visit)) is not None, _RUN),
    ),
    "redirected_statement": (_REDIRECT_FIRST,),
    "raw_string": (
        (
            lambda visit: _ENDS_IN_ESCAPED_QUOTE.search(_text(visit)) is not None,
            r"in fish \' does not end a quoted text",
        ),
    ),
    # The grammar reads `$ cat` as one expansion with a blank in it.
    "simple_expansion": ((lambda visit: not _text(visit)[1:2].strip(), _WANTS_NAME),),
    "variable_name": (
        (lambda visit: _text(visit).isdigit(), "fish has no positional variables like $1"),
    ),
    "$": (
        (
            lambda visit: visit.follower != "variable_name",
            _WANTS_NAME,
        ),
    ),
    "string_content": (_DOLLAR,),
    "word": (
        _PAIRS,
        _DOLLAR,
        (
            lambda visit: _BAD_ESCAPE.search(_text(visit)) is not None,
            "fish does not know this backslash escape",
        ),
    ),
    "concatenation": (_PAIRS,),
    # The right side of == is one too, however plain.
    "extglob_pattern": ((lambda visit: "(" in _text(visit), "fish has no patterns like @( … )"),),
}
