"""The text gate: what a model may put into a prompt at all, whatever it would do there.

`clean` first strips what models wrap a command in (a code fence, a prompt sign, end tokens), then
refuses what is left if a terminal would show something else than what would run. Refused text is
never mended: deleting an escape character can *create* a command. The shell widgets repeat the
core of this check on what they receive.

fish 3.6 writes the control characters of its command line raw to the terminal, bash writes
bidirectional, invisible and C1 characters raw: here, not in the shell, is where they must stop.
"""

import re
from typing import Final

from eidos.protocol import Shell
from eidos.validator.characters import find_forbidden
from eidos.validator.lookalikes import find_lookalike, without_quoted
from eidos.validator.patterns import Pattern

MAX_COMMAND_BYTES: Final = 4096
MAX_BLANK_RUN: Final = 40
"""More blanks in a row push the rest of a command out of sight."""
MAX_NESTING: Final = 64
MAX_RAW_CHARS: Final = 4 * MAX_COMMAND_BYTES
"""Longer output is refused before anything is looked at, so that the work stays bounded."""


class UncleanText(Exception):  # noqa: N818 - a verdict on the text, not a fault of the program
    """The text must not be placed in a prompt; `rule` is stable, `reason` is for a person."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason


def clean(raw: str, shell: Shell | None = None, *, allow_lines: bool = False) -> str:
    """Return the one line in *raw* without its wrapping, if it may be placed in a prompt.

    The prompt of *shell*: fish 3.6 writes a tab raw and takes it for no column wide, so that all
    that is typed behind it appears in another place than it is. bash and zsh draw tabs as they are.

    With *allow_lines* it may be longer, and have line breaks: a command that a person pastes, not
    one for a prompt.

    Raises:
        UncleanText: it is empty, too long, several lines, or would not look like what it is.
    """
    if len(raw) > MAX_RAW_CHARS:
        raise UncleanText("too-long", f"the text is longer than {MAX_COMMAND_BYTES} bytes")
    text = _unwrap(raw)
    if not text:
        raise UncleanText("empty", "there is no command in the text")
    if not allow_lines and len(text.encode(errors="surrogatepass")) > MAX_COMMAND_BYTES:
        raise UncleanText("too-long", f"the text is longer than {MAX_COMMAND_BYTES} bytes")
    if shell is Shell.FISH and not allow_lines and "\t" in text:
        raise UncleanText("control", "a tab, which the prompt of fish draws in the wrong place")
    for line in text.split("\n") if allow_lines else [text]:
        if found := find_forbidden(line) or find_lookalike(line):
            raise UncleanText(*found)
    if not allow_lines and _LONG_BLANK in text.replace("\t", _TAB_BLANKS):
        raise UncleanText("blanks", f"more than {MAX_BLANK_RUN} blanks in a row hide what follows")
    if _depth(text) > MAX_NESTING:
        raise UncleanText("nesting", f"brackets are nested deeper than {MAX_NESTING}")
    return text


def _depth(text: str) -> int:
    """Return how deep the brackets outside quotes are nested, closed or not; 0 if they are few."""
    if sum(map(text.count, "({[")) <= MAX_NESTING:
        return 0
    depth = deepest = 0
    for char in without_quoted(text):
        depth += (char in "({[") - (char in ")}]" and depth > 0)
        deepest = max(deepest, depth)
    return deepest


# What models wrap a command in.

_EDGES: Final = " \t\r\n"
_MAX_WRAPPINGS: Final = 8
_END_TOKEN: Final = Pattern(
    r"<\|(?:im_end|im_start|endoftext|end_of_text|eot_id|eom_id|end)\|>|</?s>|<(?:eos|bos|pad)>"
    r"|<end_of_turn>|\[(?:EOS|PAD)\]"
)
_FENCE: Final = Pattern(
    r"(`{3,}|~{3,})[ \t]*(?:(?:bash|sh|shell|zsh|fish|console|shell-session|text)[ \t]*)?\r?\n"
    r"(.*?)\r?\n?\1",
    re.DOTALL,
)
_INLINE_FENCE: Final = Pattern(r"(`+)([^`\n]*)\1")
_PROMPT_SIGNS: Final = Pattern(r"(?:[$%❯][ \t]+)+(?=\S)")
_CONTINUED_LINE: Final = Pattern(
    rf"(?<!\\)((?:\\\\)*)[ \t]{{0,{MAX_BLANK_RUN}}}\\\r?\n[ \t]{{0,{MAX_BLANK_RUN}}}"
)
_LONG_BLANK: Final = " " * (MAX_BLANK_RUN + 1)
_TAB_BLANKS: Final = " " * 8


def _unwrap(text: str) -> str:
    """Strip wrapping until none is left, so that cleaning what is clean changes nothing."""
    for _ in range(_MAX_WRAPPINGS):
        before = text
        text = text.strip(_EDGES).removeprefix("\ufeff").strip(_EDGES)
        if "\n" in text:
            text = _CONTINUED_LINE.sub(r"\1 ", text)
        while (token := max(text.rfind("<"), text.rfind("["))) >= 0:
            if not _END_TOKEN.fullmatch(text, token):
                break
            text = text[:token].rstrip(_EDGES)
        if match := _FENCE.fullmatch(text) or _INLINE_FENCE.fullmatch(text):
            text = match[2]
        if match := _PROMPT_SIGNS.match(text):
            text = text[match.end() :]
        if text == before:
            return text
    raise UncleanText("wrapping", "the text is wrapped in fences and signs without end")
