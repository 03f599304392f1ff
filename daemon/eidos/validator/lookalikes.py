"""Words and signs that look like other ones: what a reader would take for plain ASCII.

The sets are ranges and lists, not properties of Unicode, so that the gates of the shell widgets
can say the same with patterns (tests/shell/test_gate.py compares them).
"""

from typing import Final

from eidos.validator.patterns import Pattern

_QUOTED: Final = Pattern(
    r"\\.|\$'(?:\\.|[^'\\])*'|'[^']*'|\"(?:\\.|[^\"\\])*\"",
)
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_FAKE_OPTION: Final = Pattern(
    rf"(?:^|[ \t])[-{_DASHES}]*[{_DASHES}](?=[A-Za-z]|[^\x00-\x7f{_DASHES}])"
)
_FAKE_QUOTE: Final = Pattern(
    r"(?:^|[ \t=])[\u2018\u201a\u201b\u201c\u201e\u201f\u2032\u2033\u00b4]"
    r"|[\u2018\u2019\u201c\u201d\u2032\u2033\u00b4](?:[ \t;|&)]|$)"
)
# Signs that look like ; / | : . * ! and ~ of the shell's syntax, and small capitals and phonetic
# letters that look like plain ones; then full-width operators, where a blank makes them look so.
_FAKE_SIGN: Final = Pattern(
    "[\u037e\u2044\u2215\u29f8\u2223\u01c0\u01c3\u2024\ua789\u2236\u2217\u204e\u223c]"
    "|[\u0251\u0261\u0262\u0269\u026a\u0274\u0280\u0299\u029c\u029f\u1d00-\u1d22\ua730\ua731]"
    "|[ \t][\uff1b\uff5c\uff06\uff1c\uff1e]|[\uff1b\uff5c\uff06\uff1c\uff1e](?:[ \t]|$)"
)
# Raised, lowered and circled letters, Roman numerals, units and abbreviations in one sign.
_STYLED_LETTER: Final = Pattern(
    "[\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d9b-\u1dbf\u2071\u207f\u2090-\u209c\u2116\u2120-\u2122\u213b"
    "\u2160-\u2188\u249c-\u24e9\u2c7c\u2c7d\u3250\u32cc-\u32cf\u3371-\u33df\u33ff\ua7f2-\ua7f4"
    "\U00010780-\U000107bf\U0001f100-\U0001f16f\U0001f190]"
)

# Marks over, under and around a letter: a word goes on after them.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2de0-\u2dff\ufe20-\ufe2f"
)
# What is not ASCII, and no punctuation or sign: a host name may end there.
_STRANGE_LETTER: Final = "[^\x00-\x7f\u2000-\u2bff\u3000-\u303f\uff00-\uffef\U0001f000-\U0001faff]"
_HOST: Final = Pattern(
    r"://[^ \t/?#'\"]*[^\x00-\x7f]"
    rf"|[A-Za-z0-9_.+\x80-\U0010ffff-]@[A-Za-z0-9_.-]*{_STRANGE_LETTER}"
)
# The first word after a program that takes a host there.
_HOST_WORD: Final = Pattern(
    r"(?:^|[|;&(])[ \t]*(?:sudo[ \t]+)?"
    r"(?:(?:ping6?|ssh|mosh|s?ftp|telnet|nc|dig|host|nslookup|whois|traceroute|mtr)"
    r"(?:[ \t]+-[^ \t]*|[ \t]+[0-9]+)*|curl|wget)"
    rf"[ \t]+[A-Za-z0-9_.-]*{_STRANGE_LETTER}"
)

_LATIN: Final = (
    "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1d00-\u1dbf\u1e00-\u1eff"
    "\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f\ufb00-\ufb06"
)
# Scripts that no natural word mixes with Latin, and that have letters of the same look: Coptic,
# Cyrillic, Armenian, Georgian, Cherokee, Canadian syllabics, Ogham, Runic, accented Greek,
# Tifinagh, Lisu, Vai, Bamum, and the historic ones beyond U+FFFF.
_STRANGE: Final = (
    "\u03e2-\u03ef\u0400-\u0481\u048a-\u052f\u0531-\u0588\u10a0-\u10ff\u13a0-\u16ff\u1c80-\u1cbf"
    "\u1f00-\u1fff\u2c80-\u2cff\u2d00-\u2d7f\ua4d0-\ua66e\ua67f-\ua6ff\uab70-\uabbf\ufb13-\ufb17"
    "\U00010000-\U00016fff"
)
# Greek letters that most fonts draw like Latin ones; Greek in formulas (Δt, λx) is not among them.
_GREEK_TWINS: Final = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϲϳϹοιαρυνκχγ"
_MIXED: Final = Pattern(
    rf"[{_LATIN}][{_STRANGE}{_GREEK_TWINS}]|[{_STRANGE}{_GREEK_TWINS}][{_LATIN}]"
)
# What stands between the two without parting them: marks, and the Greek of formulas.
_BETWEEN: Final = Pattern(rf"(?![{_GREEK_TWINS}])[\u0370-\u03e1\u03f0-\u03ff{_MARKS}]")
# A program whose whole name is made of these is another one than it looks like (`ср`, `νι`).
_TWINS: Final = "аеорсухкѕіјһӏԁԛԝѵүԍοινρκυαγχϲϳօսոհցզյք"
_FAKE_PROGRAM: Final = Pattern(
    rf"(?:^|[|;&(]|(?<![^\s|;&(])sudo[ \t])[ \t]*[{_TWINS}]+(?=[ \t|;&)]|$)"
)


def find_lookalike(text: str) -> tuple[str, str] | None:
    """Return the rule of the text gate that *text* breaks by its look, and the reason."""
    if text.isascii():
        return None
    if _HOST.search(text):
        return "host", "a host name with other letters than a to z"
    if _MIXED.search(_BETWEEN.sub("", text)):
        return "lookalike", "a word that mixes Latin letters with look-alikes"
    bare = without_quoted(text)
    return next(((rule, why) for disguise, rule, why in _DISGUISES if disguise.search(bare)), None)


def without_quoted(text: str) -> str:
    """Return *text* of the same length with all that is quoted or escaped replaced by x."""
    return _QUOTED.sub(lambda match: "x" * len(match[0]), text)


# (what a text without its quoted parts must not have, the rule, the reason)
_DISGUISES: Final = (
    (_FAKE_OPTION, "lookalike", "a typographic dash where an option needs a plain one"),
    (_FAKE_QUOTE, "lookalike", "typographic quotes where the shell needs plain ones"),
    (_HOST_WORD, "host", "a host name with other letters than a to z"),
    (_FAKE_PROGRAM, "lookalike", "a program whose name only looks like a plain one"),
    (_STYLED_LETTER, "styled", "a sign that stands for a plain letter"),
    (_FAKE_SIGN, "lookalike", "a sign that only looks like a plain one"),
)
