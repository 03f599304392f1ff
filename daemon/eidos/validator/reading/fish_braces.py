"""What the braces in a word of fish do: make words of a list, hold a variable, or nothing."""

from typing import Final

from eidos.validator.faults import SyntaxFault
from eidos.validator.patterns import Pattern

_RANGE: Final = Pattern(r"\{(?:-?\d+|[A-Za-z])\.\.(?:-?\d+|[A-Za-z])(?:\.\.-?\d+)?\}")
_RANGE_WITH_VARIABLE: Final = Pattern(r"\{[\w$-]+\.\.[\w$-]+\}")
_NO_RANGE: Final = "fish has no {1..9}; it has: (seq 1 9)"


class _Brace:
    __slots__ = ("has_comma", "has_variable", "part", "start")

    def __init__(self, part: int, start: int) -> None:
        self.part = part
        self.start = start
        self.has_comma = False
        self.has_variable = False


class Braces:
    """The braces of one word, as they open and close from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Brace] = []

    @property
    def is_open(self) -> bool:
        """Whether a brace is not closed yet."""
        return bool(self._open)

    def open(self, part: int, start: int) -> None:
        """Note the brace that will be the part number *part*, and stands at *start*."""
        self._open.append(_Brace(part, start))

    def separate(self) -> None:
        """Note a comma."""
        if self._open:
            self._open[-1].has_comma = True

    def note_variable(self) -> None:
        """Note a variable: around one without a comma braces are dropped, as in `{$x}`."""
        if self._open:
            self._open[-1].has_variable = True

    def close(self, end: int) -> tuple[bool, int]:
        """Return whether the braces that *end* closes are dropped, and the part of the first.

        Raises:
            SyntaxFault: They hold a range of bash.
        """
        if not self._open:
            return False, -1
        brace = self._open.pop()
        if not brace.has_comma:
            pattern = _RANGE_WITH_VARIABLE if brace.has_variable else _RANGE
            if pattern.fullmatch(self._text, brace.start, end + 1):
                raise SyntaxFault(_NO_RANGE)
        return brace.has_variable and not brace.has_comma, brace.part
