"""Patterns: regular expressions compiled at first use, and patterns of file names within bounds."""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final, Protocol

from eidos.validator.budget import CLOCK

LONGEST_PATTERN: Final = 64
"""fnmatch takes seconds to translate 8 KiB of `[a[a[a…`; what is listed has short names."""


def fits(text: str, pattern: str) -> bool:
    """Whether *pattern* is a pattern for *text*; one longer than LONGEST_PATTERN is for nothing."""
    return len(pattern) <= LONGEST_PATTERN and fnmatchcase(text, pattern)


class _Find(Protocol):
    def __call__(self, text: str, start: int = ..., end: int = ..., /) -> re.Match[str] | None: ...


class _FindEach(Protocol):
    def __call__(
        self, text: str, start: int = ..., end: int = ..., /
    ) -> Iterator[re.Match[str]]: ...


class _FindTexts(Protocol):
    def __call__(self, text: str, start: int = ..., end: int = ..., /) -> list[str]: ...


class _Split(Protocol):
    def __call__(self, string: str, maxsplit: int = ...) -> list[str]: ...


class _Replace(Protocol):
    def __call__(
        self, repl: str | Callable[[re.Match[str]], str], string: str, count: int = ...
    ) -> str: ...


class _ReplaceAndCount(Protocol):
    def __call__(
        self, repl: str | Callable[[re.Match[str]], str], string: str, count: int = ...
    ) -> tuple[str, int]: ...


_METHODS: Final = ("match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn")


class Pattern:
    """A regular expression that is compiled when it is first asked, and answers as `re` does.

    To compile all 970 of the validator takes 250 ms, and an ordinary command asks about 20. After
    the first question the methods are those of the compiled one: a question costs 50 ns more.
    """

    __slots__ = ("_flags", "pattern", *_METHODS)

    match: _Find
    fullmatch: _Find
    search: _Find
    finditer: _FindEach
    findall: _FindTexts
    split: _Split
    sub: _Replace
    subn: _ReplaceAndCount

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        """Return a method that is asked for the first time; all of them are there then."""
        if name not in _METHODS:
            raise AttributeError(f"a Pattern has no {name}", name=name, obj=self)
        with CLOCK.stopped():
            compiled = re.compile(self.pattern, self._flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)
