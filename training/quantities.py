"""Whether a number of a command follows from the words of its request."""

import re
from collections.abc import Iterator
from typing import Final

_CARDINALS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
_ORDINALS: Final = "- first second third fourth fifth sixth seventh eighth ninth tenth".split()
_SPELT: Final = {
    **{word: number for number, word in enumerate(_CARDINALS)},
    **{word: number for number, word in enumerate(_ORDINALS)},
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100, "thousand": 1000,
    "a": 1, "an": 1, "last": 1, "once": 1, "twice": 2, "dozen": 12, "half": 50, "double": 2,
    "yesterday": 1, "today": 1, "pair": 2, "couple": 2, "million": 1_000_000,
}  # fmt: skip
_FACTORS: Final = {
    "second": (1000,), "minute": (60,), "min": (60,), "hour": (60, 3600), "hr": (60, 3600),
    "day": (24, 1440, 86400), "week": (7, 168, 10080, 604800), "month": (30, 31),
    "year": (365, 366),
    "fortnight": (14,), "quarter": (90, 91), "kb": (1000, 1024), "kilobyte": (1000, 1024),
    "mb": (1024, 1000, 1048576), "megabyte": (1024, 1000, 1048576), "mib": (1024, 1048576),
    "gb": (1024, 1000, 1073741824), "gigabyte": (1024, 1000, 1073741824), "percent": (100,),
    "%": (100,), "average": (100,), "ratio": (100,), "k": (1000, 1024), "m": (1024, 1000),
}  # fmt: skip
"""What a unit may be multiplied by on the way to the unit of an option."""
_BY_WORDS: Final = {
    re.compile(words): frozenset(numbers.split())
    for words, numbers in {
        r"\bhttps|\btls|\bssl|certificate": "443",
        r"\bhttp\b|web ?server|\bweb\b": "80",
        r"\bssh|\bsftp|\bscp": "22",
        r"\bsmtp|\bmail": "25 587 465",
        r"\bdns\b": "53",
        r"\bkill|\bforc|\bterminat|\bsignal": "9 15",
        r"\bcolou?r": "256",
        r"permission|readable|writ|execut|private|only me|everyone|everybody|owner|mode|\bread\b": (
            "000 400 440 444 500 555 600 640 644 660 664 666 700 711 750 755 775 777 022 027 077"
        ),
        r"suid|sgid|setuid|setgid|sticky": "4000 2000 6000 1000 4755 2755 1777",
        r"empty|nothing|blank": "0",
        r"duplicate|unique|repeated": "32",
    }.items()
}
_ALWAYS: Final = frozenset((0, 1, 2))
_DEFAULTS: Final = {"head": (10, 11), "tail": (10, 2)}
_TOKEN: Final = re.compile(r"\d+(?:\.\d+)?|[a-z]+|%")


def is_said(number: str, request: str, program: str) -> bool:
    """Whether *number*, of a call of *program*, needs no other source than *request*."""
    digits = re.sub(r"^[+-]|[a-z%]+$", "", number)
    value = float(digits)
    if value in _ALWAYS or value in _DEFAULTS.get(program, ()):
        return True
    if any(digits in numbers and words.search(request) for words, numbers in _BY_WORDS.items()):
        return True
    if number.startswith("+") and value - 1 in set(_numbers(request)):
        return True
    return value in set(_possible(request))


def _numbers(request: str) -> Iterator[float]:
    for token in _TOKEN.findall(request):
        if token[0].isdigit():
            yield float(token)
        elif token in _SPELT:
            yield float(_SPELT[token])


def _possible(request: str) -> Iterator[float]:
    """Yield each number that is said, as it is and in every unit that is spoken of."""
    units = {unit for unit in _FACTORS if re.search(rf"(?:\b|\d){re.escape(unit)}", request)}
    numbers = {1.0, *_numbers(request)}
    yield from numbers
    for unit in units:
        for number in numbers:
            yield from (number * factor for factor in _FACTORS[unit])
