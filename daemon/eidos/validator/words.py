"""Words as the shell will see them: quotes and escapes removed, as far as that can be known."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tree_sitter import Node

from eidos.validator.tree import text_of, walk

_MAX_ALTERNATIVES: Final = 64
"""More words than this from one pair of braces are left unexpanded."""


@dataclass(frozen=True, slots=True)
class Word:
    """One argument; where a variable or substitution makes it unknown, its source text stands."""

    text: str
    is_known: bool = True
    """No part of the text is decided only when the command runs."""
    is_glob: bool = False
    """An unquoted *, ? or [ makes the shell put file names in its place."""
    sources: frozenset[str] = frozenset()
    """The words inside command and process substitutions, the programs they run among them."""


def words_of(node: Node) -> list[Word]:
    """Return the words that the argument *node* becomes: one, or more where braces expand."""
    word = _read(node)
    if node.type != "concatenation" or not any(
        part.type == "word" and "{" in text_of(part) for part in node.children
    ):
        return [word]
    return [replace(word, text=text) for text in _expand_braces(word.text)]


def _read(node: Node) -> Word:
    reader = _READERS.get(node.type)
    return reader(node) if reader else Word(text_of(node))


_HOME: Final = re.compile(r"\$HOME|\$\{HOME(?:%/|:\?[^{}]*)?\}")
_ESCAPED_IN_STRING: Final = re.compile(r"\\([$`\"\\])")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_GLOB: Final = re.compile(r"(?<!\\)(?:\\\\)*[*?\[]")


def _read_bare(node: Node) -> Word:
    text = text_of(node)
    return Word(_ESCAPED.sub(r"\1", text), is_glob=_GLOB.search(text) is not None)


def _read_variable(node: Node) -> Word:
    is_home = _HOME.fullmatch(text_of(node)) is not None
    return Word("~") if is_home else Word(text_of(node), is_known=False)


def _read_substitution(node: Node) -> Word:
    inside = (text_of(part) for part, *_ in walk(node) if part.type == "word")
    sources = frozenset(word.rsplit("/", 1)[-1] for word in inside)
    return Word(text_of(node), is_known=False, sources=sources)


def _read_string(node: Node) -> Word:
    word = _join(node, node.start_byte + text_of(node).index('"') + 1, node.end_byte - 1)
    begins_with_text = bool(node.named_children) and node.named_children[0].type == "string_content"
    return replace(word, text=_not_home(word.text)) if begins_with_text else word


def _read_joined(node: Node) -> Word:
    return _join(node, node.start_byte, node.end_byte)


def _not_home(text: str) -> str:
    """A quoted tilde is a file name; we write ~ for the home directory alone."""
    return f"./{text}" if text.startswith("~") else text


def _join(node: Node, start: int, end: int) -> Word:
    """Join the parts of *node* and the gaps between them, which the grammar gives no node."""
    source, offset = node.text or b"", node.start_byte
    joined = Word("")
    position = start
    for part in node.children:
        if part.start_byte < position or part.end_byte > end:
            continue
        gap = source[position - offset : part.start_byte - offset].decode(errors="replace")
        joined = _add(joined, Word(gap), _read(part))
        position = part.end_byte
    return _add(joined, Word(source[position - offset : end - offset].decode(errors="replace")))


def _add(first: Word, *others: Word) -> Word:
    words = (first, *others)
    return Word(
        "".join(word.text for word in words),
        all(word.is_known for word in words),
        any(word.is_glob for word in words),
        frozenset[str]().union(*(word.sources for word in words)),
    )


_ANSI_C: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,6})|([0-7]{1,3})|(.))", re.DOTALL
)
_ANSI_C_SIGNS: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b"}


def _decode_ansi_c(text: str) -> str:
    def decode(match: re.Match[str]) -> str:
        hexadecimal = match[1] or match[2] or match[3]
        if hexadecimal or match[4]:
            code = int(hexadecimal, 16) if hexadecimal else int(match[4], 8)
            return chr(code) if code <= 0x10FFFF else ""  # noqa: PLR2004 - the last code point
        return _ANSI_C_SIGNS.get(match[5], match[5])

    return _not_home(_ANSI_C.sub(decode, text))


_READERS: Final[dict[str, Callable[[Node], Word]]] = {
    "word": _read_bare,
    "raw_string": lambda node: Word(_not_home(text_of(node)[1:-1])),
    "ansi_c_string": lambda node: Word(_decode_ansi_c(text_of(node)[2:-1])),
    "string_content": lambda node: Word(_ESCAPED_IN_STRING.sub(r"\1", text_of(node))),
    "simple_expansion": _read_variable,
    "expansion": _read_variable,
    "command_substitution": _read_substitution,
    "process_substitution": _read_substitution,
    "arithmetic_expansion": _read_substitution,
    "string": _read_string,
    "translated_string": _read_string,
    "concatenation": _read_joined,
    "command_name": _read_joined,
    "brace_expression": _read_joined,
}
_BRACES: Final = re.compile(r"(.*?)\{([^{}]*,[^{}]*)\}(.*)", re.DOTALL)


def _expand_braces(text: str) -> list[str]:
    """Expand `a{b,c}d` to `abd acd`, from the inside out; quotes inside braces are not seen."""
    texts = [text]
    while len(texts) <= _MAX_ALTERNATIVES:
        match = next((found for found in map(_BRACES.fullmatch, texts) if found), None)
        if match is None:
            return texts
        position = texts.index(match[0])
        inner = [f"{match[1]}{choice}{match[3]}" for choice in match[2].split(",")]
        texts[position : position + 1] = inner
    return [text]
