"""A request as words: what is compared with a known phrasing, and what may be copied from it."""

import re
from typing import Final

import msgspec
import Stemmer

_TOKEN: Final = re.compile(
    r"(?<!\S)(?P<quote>[\"'`])(?P<quoted>(?:(?!(?P=quote)).)+)(?P=quote)(?=[\s,.;:?!)]|$)|(?P<plain>\S+)"
)
_CURLY: Final = str.maketrans("“”„‘’`", '"""\'\'`')
_TAIL: Final = ',;:?!)"'
_STEMMER: Final = Stemmer.Stemmer("english")
_CONTRACTIONS: Final = {
    "what's": "what is", "whats": "what is", "where's": "where is", "wheres": "where is",
    "how's": "how is", "who's": "who is", "whos": "who is", "there's": "there is",
    "i'm": "i", "im": "i", "i'd": "i", "i've": "i", "it's": "it is", "its": "it",
    "isn't": "not", "isnt": "not", "aren't": "not", "arent": "not", "don't": "not",
    "dont": "not", "doesn't": "not", "doesnt": "not", "didn't": "not", "didnt": "not",
    "can't": "not", "cant": "not", "cannot": "not", "won't": "not", "wont": "not",
    "hasn't": "not", "haven't": "not", "weren't": "not", "wasn't": "not", "w/o": "without",
    "&": "and", "'em": "them", "wanna": "want", "gimme": "give", "dir": "directory",
    "dirs": "directories", "pls": "please", "plz": "please",
}  # fmt: skip
_LITERAL: Final = re.compile(r"[\d/~*_=@\\$%<>|{}\[\]+#^]|.\..|^\.|^-|.[A-Z]|[a-z]-[a-z]*\d")


class Word(msgspec.Struct, frozen=True, gc=False):
    """One word of a request."""

    text: str
    """As it was typed, without quotes around it and signs behind it."""
    stem: str
    """What is compared: in lower case and without its ending; empty where it was quoted."""
    is_quoted: bool = False
    is_literal: bool = False
    """Whether it looks like something to be copied: a name, a number, a path."""
    is_common: bool = False
    """Whether known phrasings have it: it may well be no name."""


def words(text: str) -> tuple[Word, ...]:
    """Return the words of *text*, contractions taken apart."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text.translate(_CURLY)):
        if quoted := match["quoted"]:
            found.append(Word(quoted, "", is_quoted=True, is_literal=True))
            continue
        plain = _bare(match["plain"])
        if not plain:
            continue
        if whole := _CONTRACTIONS.get(plain.lower()):
            found += [Word(each, stem(each)) for each in whole.split()]
        else:
            found.append(Word(plain, stem(plain), is_literal=_LITERAL.search(plain) is not None))
    return tuple(found)


def _bare(text: str) -> str:
    """Return *text* without the signs of a sentence around it; `.` and `..` are names."""
    text = text.lstrip('("').rstrip(_TAIL)
    ends_sentence = text.endswith(".") and not text.endswith(("/.", "..")) and text != "."
    return text.rstrip(".") if ends_sentence else text


def stem(word: str) -> str:
    """Return *word* in lower case, as English stems it; what has signs in it stays whole."""
    low = word.lower().removesuffix("'s")
    plain = low if word.isupper() else low.replace("-", "")  # YYYY-MM-DD is not YYYYMMDD
    return _STEMMER.stemWord(plain) if plain.isascii() and plain.isalpha() else low
