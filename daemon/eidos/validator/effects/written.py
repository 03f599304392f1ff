"""What may happen to a file that a command writes."""

from enum import StrEnum
from typing import NamedTuple

from eidos.validator.commands import Word


class How(StrEnum):
    """What happens to the file that is written."""

    EMPTY = "empty"
    """Nothing is left in it."""
    REPLACE = "replace"
    """Something else is in it afterwards."""
    APPEND = "append"
    PLACE = "place"
    """Another file or a link takes its place."""
    EDIT = "edit"
    """Parts of it are changed."""


class Write(NamedTuple):
    """One file that is written."""

    target: Word
    how: How
