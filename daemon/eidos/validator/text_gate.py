"""The text gate: what a model may put into a prompt at all, whatever it would do there.

`clean` first strips what models wrap a command in (a code fence, a prompt sign, end tokens), then
refuses what is left if a terminal would show something else than what would run. Refused text is
never mended: deleting an escape character can *create* a command. The shell widgets repeat the
core of this check on what they receive.

fish 3.6 writes the control characters of its command line raw to the terminal, bash writes
bidirectional, invisible and C1 characters raw: here, not in the shell, is where they must stop.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

MAX_COMMAND_BYTES: Final = 4096
MAX_BLANK_RUN: Final = 40
"""More blanks in a row push the rest of a command out of sight."""
MAX_RAW_CHARS: Final = 4 * MAX_COMMAND_BYTES
"""Longer output is refused before anything is looked at, so that the work stays bounded."""


class UncleanText(Exception):  # noqa: N818 - a verdict on the text, not a fault of the program
    """The text must not be placed in a prompt; `rule` is stable, `reason` is for a person."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason


def clean(raw: str) -> str:
    """Return the one line in *raw* without its wrapping, if it may be placed in a prompt.

    Raises:
        UncleanText: it is empty, too long, several lines, or would not look like what it is.
    """
    if len(raw) > MAX_RAW_CHARS:
        raise UncleanText("too-long", f"the text is longer than {MAX_COMMAND_BYTES} bytes")
    text = _unwrap(raw)
    if not text:
        raise UncleanText("empty", "there is no command in the text")
    if len(text.encode(errors="surrogatepass")) > MAX_COMMAND_BYTES:
        raise UncleanText("too-long", f"the text is longer than {MAX_COMMAND_BYTES} bytes")
    _refuse_characters(text)
    _refuse_lookalikes(text)
    if _LONG_BLANK.search(text):
        raise UncleanText("blanks", f"more than {MAX_BLANK_RUN} blanks in a row hide what follows")
    return text


# What models wrap a command in.

_EDGES: Final = " \t\r\n"
_MAX_WRAPPINGS: Final = 8
_END_TOKEN: Final = re.compile(
    r"<\|(?:im_end|im_start|endoftext|end_of_text|eot_id|eom_id|end)\|>|</?s>|<(?:eos|bos|pad)>"
    r"|<end_of_turn>|\[(?:EOS|PAD)\]"
)
_FENCE: Final = re.compile(
    r"(`{3,}|~{3,})[ \t]*(?:(?:bash|sh|shell|zsh|fish|console|shell-session|text)[ \t]*)?\r?\n"
    r"(.*?)\r?\n?\1",
    re.DOTALL,
)
_INLINE_FENCE: Final = re.compile(r"(`{3,})([^`\n]+)\1")
_PROMPT_SIGNS: Final = re.compile(r"(?:\$[ \t]+)+(?=\S)")
_CONTINUED_LINE: Final = re.compile(
    rf"(?<!\\)((?:\\\\)*)[ \t]{{0,{MAX_BLANK_RUN}}}\\\n[ \t]{{0,{MAX_BLANK_RUN}}}"
)
_LONG_BLANK: Final = re.compile(rf"[ \t]{{{MAX_BLANK_RUN + 1},}}")


def _unwrap(text: str) -> str:
    """Strip wrapping until none is left, so that cleaning what is clean changes nothing."""
    for _ in range(_MAX_WRAPPINGS):
        before = text
        text = text.strip(_EDGES).removeprefix("\ufeff").strip(_EDGES)
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


# Characters that no command of ours needs, by what they do to the reader.

_NEWLINES: Final = frozenset("\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ZWNJ: Final = "\u200c"
_ZWJ: Final = "\u200d"
_VS16: Final = "\ufe0f"
# Default_Ignorable_Code_Point of Unicode 16, plus U+2800 (a Braille cell without dots), U+1D159
# (a note head without ink) and U+FFFC: drawn as nothing, or as a blank that is none.
_INVISIBLE: Final = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200D),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xFFFC, 0xFFFC),
    (0x1BCA0, 0x1BCA3),
    (0x1D159, 0x1D159),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
# Scripts whose spelling needs the zero-width joiner and non-joiner, by the first word of a
# character's Unicode name (the standard library has no script property).
_JOINING_SCRIPTS: Final = frozenset(
    [
        "ARABIC",
        "SYRIAC",
        "MONGOLIAN",
        "NKO",
        "DEVANAGARI",
        "BENGALI",
        "GURMUKHI",
        "GUJARATI",
        "ORIYA",
        "TAMIL",
        "TELUGU",
        "KANNADA",
        "MALAYALAM",
        "SINHALA",
        "KHMER",
        "MYANMAR",
        "TIBETAN",
    ]
)
_CJK: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})


def _refuse_characters(text: str) -> None:
    for position, char in enumerate(text):
        if " " <= char <= "~" or char == "\t":
            continue
        # Two characters back: an emoji may stand before its variation selector.
        before, after = text[max(0, position - 2) : position], text[position + 1 : position + 2]
        for rule, what, forbids in _FORBIDDEN:
            if forbids(char, before, after):
                message = f"{what} (U+{ord(char):04X}) at character {position + 1}"
                raise UncleanText(rule, message)


def _is_invisible(char: str) -> bool:
    code = ord(char)
    drawn_as_nothing = any(first <= code <= last for first, last in _INVISIBLE)
    return drawn_as_nothing or unicodedata.category(char) == "Cf"


def _is_spelling(char: str, before: str, after: str) -> bool:
    """Whether an invisible character is part of an emoji or of a joining script's spelling."""
    left = before.rstrip(_VS16)[-1:]
    if char == _VS16:
        return _is_symbol(before[-1:])
    if char == _ZWJ and _is_symbol(left) and _is_symbol(after[:1]):
        return True
    if char in {_ZWJ, _ZWNJ} and before and after:
        script = _script(before[-1])
        return script in _JOINING_SCRIPTS and script == _script(after[0])
    return False


def _is_symbol(char: str) -> bool:
    """Whether *char* can begin an emoji, or is one's skin colour."""
    return char != "" and ord(char) > 0x7F and unicodedata.category(char) in {"So", "Sm", "Sk"}  # noqa: PLR2004


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ", 1)[0]


def _is_styled(char: str, before: str, after: str) -> bool:
    form = unicodedata.decomposition(char).partition(" ")[0]
    if form not in {"<font>", "<wide>"}:
        return False
    # Full-width commas and colons are the ordinary punctuation of Chinese and Japanese text.
    neighbours = (before[-1:] + after[:1]).strip() if form == "<wide>" else ""
    is_sign = unicodedata.category(char)[0] in "PS"
    return not (is_sign and any(_script(other) in _CJK for other in neighbours))


# (rule, what it is, whether it forbids a character between the ones before and after it); the
# first that does names the reason.
_FORBIDDEN: Final[tuple[tuple[str, str, Callable[[str, str, str], bool]], ...]] = (
    ("newline", "a line break inside the command", lambda c, _b, _a: c in _NEWLINES),
    ("control", "a control character", lambda c, _b, _a: unicodedata.category(c) == "Cc"),
    (
        "encoding",
        "bytes that are not text",
        lambda c, _b, _a: unicodedata.category(c) == "Cs" or c == "\ufffd",
    ),
    (
        "private-use",
        "a character that every font draws differently",
        lambda c, _b, _a: unicodedata.category(c) == "Co",
    ),
    (
        "noncharacter",
        "a code that is no character",
        lambda c, _b, _a: ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF,  # noqa: PLR2004
    ),
    ("bidi", "a character that turns the direction of text", lambda c, _b, _a: c in _BIDI),
    (
        "invisible",
        "an invisible character",
        lambda c, b, a: _is_invisible(c) and not _is_spelling(c, b, a),
    ),
    (
        "space",
        "a space that the shell does not take for one",
        lambda c, _b, _a: unicodedata.category(c) == "Zs",
    ),
    ("styled", "a full-width or mathematical form of a plain character", _is_styled),
)


# Words and signs that look like other ones.

_QUOTED: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_FAKE_OPTION: Final = re.compile(rf"(?:^|[ \t])[-{_DASHES}]*[{_DASHES}](?=[^\W\d_])")
_FAKE_QUOTE: Final = re.compile(
    r"(?:^|[ \t=])[\u2018\u201a\u201b\u201c\u201e\u201f\u2032\u2033\u00b4]"
    r"|[\u2018\u2019\u201c\u201d\u2032\u2033\u00b4](?:[ \t;|&)]|$)"
)
# Signs that look like ; / | : . * ! and ~ of the shell's syntax.
_FAKE_SIGN: Final = re.compile(
    "[\u037e\u2044\u2215\u29f8\u2223\u01c0\u01c3\u2024\ua789\u2236\u2217\u204e\u223c]"
)
_HOST: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://([^\s/?#'\"]*)|[\w.+-]@([\w.-]+)")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
# Greek letters that most fonts draw like Latin ones; Greek in formulas (Δt, λx) is not among them.
_GREEK_LOOKALIKES: Final = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϲϳοιαρυνκχγ")
_LATIN: Final = "LATIN"


def _refuse_lookalikes(text: str) -> None:
    if text.isascii():
        return
    for host in _HOST.finditer(text):
        if not host[0].isascii():
            raise UncleanText("host", "a host name with other letters than a to z")
    for match in _LETTERS.finditer(text):
        if not match[0].isascii() and _mixes_scripts(match[0]):
            raise UncleanText("lookalike", "a word that mixes Latin letters with look-alikes")
    bare = _QUOTED.sub(lambda match: "x" * len(match[0]), text)
    if _FAKE_OPTION.search(bare):
        raise UncleanText("lookalike", "a typographic dash where an option needs a plain one")
    if _FAKE_QUOTE.search(bare):
        raise UncleanText("lookalike", "typographic quotes where the shell needs plain ones")
    if _FAKE_SIGN.search(bare):
        raise UncleanText("lookalike", "a sign that only looks like one of the shell's")


def _mixes_scripts(word: str) -> bool:
    scripts = {_script(char) for char in word}
    if _LATIN not in scripts:
        return False
    if scripts & {"CYRILLIC", "ARMENIAN", "CHEROKEE", "LISU", "COPTIC"}:
        return True
    return any(char in _GREEK_LOOKALIKES for char in word)
