"""What sed hands to a shell: `e command`, and the result of `s/x/command/e`."""

from collections.abc import Iterator
from typing import Final

from eidos.validator.patterns import Pattern

_BEFORE: Final = Pattern(r"[\s;{}]*")
_ADDRESS: Final = Pattern(
    r"(?:\d+|\$|/(?:[^/\\]|\\.)*/[IM]*)(?:[,~+](?:\d+|\$|/(?:[^/\\]|\\.)*/))?\s*!?\s*"
)
_FLAGS: Final = Pattern(r"[a-zA-Z\d]*")
_COMMAND: Final = Pattern(r"[^\n;]*")


def run_by_sed(script: str) -> Iterator[str]:
    """Yield the commands that the sed program *script* runs in a shell; "" for a line it reads."""
    position = 0
    while position < len(script):
        position = _end(_BEFORE, script, position)
        position = _end(_ADDRESS, script, position)
        letter = script[position : position + 1]
        if letter in {"s", "y"} and position + 1 < len(script):
            parts, position = _parts(script, position + 1)
            flags = _FLAGS.match(script, position)
            if letter == "s" and flags is not None and "e" in flags[0]:
                yield parts[1]
                yield ""
        elif letter == "e":
            yield script[position + 1 :].partition("\n")[0].strip(" ;}")
        position = _end(_COMMAND, script, position) + 1


def _end(pattern: Pattern, text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _parts(script: str, position: int) -> tuple[tuple[str, str], int]:
    """Read the two parts of `s/…/…/` whose separator stands at *position*."""
    separator = script[position]
    found: list[str] = []
    start = position = position + 1
    while position < len(script) and len(found) < len(("pattern", "replacement")):
        if script[position] == "\\":
            position += 1
        elif script[position] == separator:
            found.append(script[start:position])
            start = position + 1
        position += 1
    first, second = (*found, "", "")[:2]
    return (first, second.replace(f"\\{separator}", separator)), position
