"""What must not leave the machine, told by the names of files and variables."""

import re
from enum import IntEnum
from posixpath import normpath
from typing import Final

from eidos.validator.commands import Word
from eidos.validator.patterns import Pattern, fits
from eidos.validator.places import secret_places
from eidos.validator.places.targets import path_of


class Worth(IntEnum):
    """What it would cost the user if others had it; the greater the worse."""

    NONE = 0
    RECORDS = 1
    """One's own to copy, and not for strangers: a database, a picture of the screen."""
    PERSONAL = 2
    """Much that is private, and perhaps a secret in it: a whole home, all databases."""
    SESSION = 3
    """What the shell knows: variables, history, the clipboard."""
    TOKEN = 4
    """What one shows a service to be let in: it belongs into requests to that service."""
    SECRET = 5
    """Keys and passwords: there is no good reason to send them anywhere."""


def worth_of(word: Word) -> Worth:
    """Return the worth of the file or folder that *word* names."""
    path = path_of(word) or normpath(word.text[-_LONGEST:] or ".")
    if len(path) > _LONGEST:
        path = path[-_LONGEST:]
    tail = "/".join(path.split("/")[-_DEPTH:])
    if secret_places.PUBLIC.search(tail):
        return Worth.NONE
    if secret_places.SECRET_FOLDERS.search(path):
        return Worth.SECRET
    for worth, pattern in _PLACES:
        if pattern.search(tail):
            return worth
    if secret_places.PERSONAL.match(path):
        return Worth.PERSONAL
    if secret_places.RECORDS.match(path):
        return Worth.RECORDS
    return _worth_of_pattern(path) if word.is_glob else Worth.NONE


def _worth_of_pattern(path: str) -> Worth:
    """Return the worth of what a pattern such as `/e?c/s*w` is likely to be meant for."""
    name = path.rpartition("/")[2]
    if len(path) > _LONGEST_PATTERN or not any(sign.isalpha() for sign in name):
        return Worth.NONE
    depth = path.count("/")
    known = (place for place in secret_places.WELL_KNOWN if place.count("/") == depth)
    return Worth.SECRET if any(fits(place, path) for place in known) else Worth.NONE


def names_secret(word: Word) -> bool:
    """Whether a variable in *word* is called like a password or a key."""
    return not word.is_known and _SECRET_VARIABLE.search(word.text) is not None


_LONGEST: Final = 512
_LONGEST_PATTERN: Final = 64
_DEPTH: Final = 4
"""The names of secret files are told by so many of their last parts."""
_PLACES: Final = (
    (Worth.SECRET, secret_places.SECRETS),
    (Worth.TOKEN, secret_places.TOKENS),
    (Worth.SESSION, secret_places.HISTORIES),
)
_SECRET_VARIABLE: Final = Pattern(
    r"\$\{?[#!]?\w*(?:SECRET|PASSW|PASSPHRASE|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_KEY|CREDENTIAL)",
    re.IGNORECASE,
)
