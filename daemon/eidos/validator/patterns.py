"""Patterns of file names against what is listed, within bounds: a pattern is text of anybody's."""

from fnmatch import fnmatchcase
from typing import Final

LONGEST_PATTERN: Final = 64
"""fnmatch takes seconds to translate 8 KiB of `[a[a[a…`; what is listed has short names."""


def fits(text: str, pattern: str) -> bool:
    """Whether *pattern* is a pattern for *text*; one longer than LONGEST_PATTERN is for nothing."""
    return len(pattern) <= LONGEST_PATTERN and fnmatchcase(text, pattern)
