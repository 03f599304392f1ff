"""Whether a loop waits in its turns, or may end: then it does not keep a machine busy for ever."""

from collections.abc import Iterator
from typing import Final

from eidos.validator.patterns import Pattern
from eidos.validator.script import (
    Branches,
    Call,
    Group,
    Loop,
    Pipeline,
    Sequence,
    Statement,
)

_WAITING: Final = frozenset(
    {"read", "wait", "inotifywait", "fswatch", "select", "dialog", "whiptail", "nc", "ncat", "ping"}
    | {"break", "exit", "return"}
)
_AT_ONCE: Final = Pattern(r"0*\.?0*|0*\.[01]\d*s?")
"""Less than a fifth of a second."""


_MAKING: Final = frozenset(
    "mkdir cp gcp dd gdd touch tee fallocate mkfifo ln echo printf cat truncate mktemp".split()
)
"""Programs that do the same again as long as there is room for it."""
_FOLLOWING: Final = _MAKING | {"cd", "pushd", "true", ":", "builtin", "export"}


def goes_on(condition: Statement | None) -> bool:
    """Whether *condition* holds until the disk is full: `while mkdir x && cd x`."""
    names = list(_names_in(condition))
    return bool(names) and all(name in _FOLLOWING for name in names) and any(
        name in _MAKING for name in names
    )  # fmt: skip


def _names_in(statement: Statement | None) -> Iterator[str]:
    match statement:
        case Call(words=(first, *_)):
            yield first.source.rpartition("/")[2]
        case Pipeline(parts) | Sequence(parts):
            for part in parts:
                yield from _names_in(part)
        case Group(body=body):
            yield from _names_in(body)
        case None:
            return
        case _:
            yield ""  # something else, which may not hold


def pauses(statement: Statement | None) -> bool:
    """Whether some command of *statement* waits, or ends the loop around it."""
    match statement:
        case Call(words=(first, *rest)):
            name = first.source.rpartition("/")[2]
            if name in {"sleep", "usleep", "gsleep"}:
                return not (rest and _AT_ONCE.fullmatch(rest[0].source))
            return name in _WAITING
        case Pipeline(parts) | Sequence(parts) | Branches(parts):
            return any(map(pauses, parts))
        case Group(body=body):
            return pauses(body)
        case Loop():
            return pauses(statement.condition) or pauses(statement.body)
        case _:
            return False
