"""Whether what stands where a secret would is one: not a variable, an example or a plain word."""

import re
from typing import Final

_STAND_IN: Final = re.compile(
    r"""
    [$`<%{*(@]                                      # a variable, a command, <yours>, {{yours}}, @f
    | \.{2,} | … | =+\Z
    | [x*.•#_-]{3,}\Z                               # xxxx, ****
    | (?:~|\.{1,2})?/[\w.~-]*(?:/|\Z)               # a path
    | (?:your|the|my|a|an|some)[-_ ](?:\w+[-_ ]?)*  # your-password
    | your(?:pass|secret|token|key|api)\w*
    | (?:pass(?:word|wd|phrase)?|passwort|pwd|pw|secret|token|key|api[-_]?key|user(?:name)?|value
      |string|text|str|bytes|int|bool|true|false|yes|no|null|none|nil|undefined|required|optional
      |prompt|ask|stdin|env|file|string,?|changed?|reset|set|unset|empty|invalid|incorrect|wrong
      |hidden|redacted|secret[s]?|example|and|or|is|the|for|in|of|to)[.,;:!?)\]}]*\Z
    | (?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*[(\[]          # getpass(), environ["X"]
    | (?:self|args?|this|config|cfg|settings|options|opts|env|os|process|secrets|var|local
      |data|module)\.[\w.]+\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PLACEHOLDER_NAME: Final = re.compile(r"[A-Z][A-Z_]*_[A-Z_]*(?:PASS|PASSWORD|SECRET|TOKEN|KEY)\Z")
_DIGIT: Final = re.compile(r"\d")
_LETTER: Final = re.compile(r"[^\W\d_]")
_SIGN: Final = re.compile(r"[^\w\s.,:;!?'\"()/-]|[!?][\w]|\w[A-Z]")
_MIN_MIXED_CHARS: Final = 6
_MIN_RANDOM_CHARS: Final = 12
_MIN_SCRAMBLED_CHARS: Final = 20
_MIN_DIGITS: Final = 2
_CHANGE: Final = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")
_CHANGES: Final = 3
"""Letters and digits drawn by chance change their class at more than every second sign."""


def is_real(value: str) -> bool:
    """Whether *value* may be a secret at all: it does not stand for one."""
    return _STAND_IN.match(value) is None and _PLACEHOLDER_NAME.match(value) is None


def is_likely(value: str) -> bool:
    """Whether *value* is no word of a sentence either: it has digits or signs, or is in quotes."""
    return is_real(value) and bool(_DIGIT.search(value) or _SIGN.search(value))


def is_mixed(value: str) -> bool:
    """Whether *value* is a password and no word or number: letters, and digits or signs."""
    is_long = len(value) >= _MIN_MIXED_CHARS
    return is_long and is_likely(value) and bool(_LETTER.search(value))


def is_random(value: str) -> bool:
    """Whether *value* looks made by a program: long, with letters and digits."""
    is_long = len(value) >= _MIN_RANDOM_CHARS
    return is_long and is_real(value) and bool(_DIGIT.search(value) and _LETTER.search(value))


def is_scrambled(value: str) -> bool:
    """Whether *value* can hardly be anything but drawn by chance, and is no hash in hexadecimal."""
    changes = len(_CHANGE.findall(value))
    return (
        len(value) >= _MIN_SCRAMBLED_CHARS
        and len(_DIGIT.findall(value)) >= _MIN_DIGITS
        and changes * _CHANGES >= len(value)
        and not (value.islower() or value.isupper())
        and is_real(value)
    )
