"""The characters that no command in a prompt needs, by what they do to the reader.

The sets are ranges and lists, not properties of Unicode: every version of Python says the same,
a text of 4 KiB takes one search, and the gates of the shell widgets say the same with patterns
(tests/shell/test_gate.py compares them).
"""

from typing import Final

from eidos.validator.patterns import Pattern

_SURROGATES: Final = "\ud800-\udfff"
# Default_Ignorable_Code_Point and the format characters (Cf) of Unicode 16, plus U+2800 (a Braille
# cell without dots), U+1D159 (a note head without ink) and U+FFF9 to U+FFFC.
_INVISIBLE: Final = (
    "\u00ad\u034f\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# Letters that stand for one another in mathematics, in Hebrew and Arabic too; full-width forms;
# the digits of a seven-segment display.
_STYLED: Final = (
    "\u2102\u210a-\u2113\u2115\u2119-\u211d\u2124\u2128\u212c\u212d\u212f-\u2131\u2133\u2134\u2139"
    "\u213c-\u2140\u2145-\u2149\ufb20-\ufb29\uff01-\uff60\uffe0-\uffe6"
    "\U0001d400-\U0001d7ff\U0001ee00-\U0001eeff\U0001fbf0-\U0001fbf9"
)
_ENDS_OF_PLANES: Final = "".join(
    f"{chr(n << 16 | 0xFFFE)}{chr(n << 16 | 0xFFFF)}" for n in range(4)
)
# (rule, what it is, the characters as the inside of a [ ] of a regular expression); the first that
# has a character names the reason. Nothing has been assigned in the planes 4 to 13.
_FORBIDDEN: Final = (
    ("newline", "a line break inside the command", "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"),
    ("control", "a control character", "\x00-\x08\x0e-\x1f\x7f-\x9f"),
    ("encoding", "bytes that are not text", f"{_SURROGATES}\ufffd"),
    (
        "private-use",
        "a character that every font draws differently",
        "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd",
    ),
    (
        "bidi",
        "a character that turns the direction of text",
        "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069",
    ),
    ("invisible", "an invisible character", _INVISIBLE),
    (
        "space",
        "a space that the shell does not take for one",
        "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000",
    ),
    ("styled", "a full-width or mathematical form of a plain character", _STYLED),
    (
        "noncharacter",
        "a code that is no character",
        f"\ufdd0-\ufdef{_ENDS_OF_PLANES}\U00040000-\U0010ffff",
    ),
)
_RULES: Final = tuple((rule, what, Pattern(f"[{chars}]")) for rule, what, chars in _FORBIDDEN)
_ANY: Final = Pattern(f"[{''.join(chars for _, _, chars in _FORBIDDEN)}]")

# What is forbidden elsewhere and ordinary in its place.

_EMOJI: Final = "©®™\u2190-\u27bf\u2900-\u2bff\u303d\u3297\u3299\U0001f000-\U0001faff"
# Arabic and its neighbours, the scripts of India, Tibetan, Myanmar, Khmer, Mongolian: their
# spelling needs the zero-width joiner and non-joiner.
_JOINING: Final = "\u0600-\u0dff\u0f00-\u109f\u1780-\u18af"
_CJK: Final = (
    "\u1100-\u11ff\u2e80-\u2fff\u3040-\u30ff\u3100-\u31ff\u3400-\u9fff\uac00-\ud7ff\uf900-\ufaff"
    "\uff66-\uffdc\U00020000-\U0003ffff"
)
# Full-width signs, and the other punctuation of Chinese, Japanese and Korean between them.
_CJK_SIGN: Final = (
    "\u2018-\u201d\u2026\u3001-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff60"
    "\uffe0-\uffe6"
)
_IN_PLACE: Final = Pattern(
    rf"(?<=[{_EMOJI}])(?:\ufe0f\u200d(?=[{_EMOJI}])|\ufe0f|\u200d(?=[{_EMOJI}]))"
    r"|[0-9#*]\ufe0f\u20e3|[\u203c\u2049\u3030]\ufe0f"
    # The letter i of the information sign, unless it could be read as a part of a word.
    r"|(?<![A-Za-z])\u2139\ufe0f(?![A-Za-z])"
    rf"|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"
    rf"|(?<=[{_CJK}])[{_CJK_SIGN}]+|(?<![{_CJK_SIGN}])[{_CJK_SIGN}]++(?=[{_CJK}])"
)


def find_forbidden(text: str) -> tuple[str, str] | None:
    """Return the rule of the text gate that a character of *text* breaks, and the reason."""
    if text.isascii() and text.isprintable():
        return None
    found = _ANY.search(_IN_PLACE.sub(lambda match: "x" * len(match[0]), text))
    if found is None:
        return None
    rule, what = next((rule, what) for rule, what, chars in _RULES if chars.match(found[0]))
    return rule, f"{what} (U+{ord(found[0]):04X}) at character {found.start() + 1}"
