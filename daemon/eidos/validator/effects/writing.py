"""Which files a command writes, and how: emptied, replaced, added to, put there, edited."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from eidos.validator.answers import Once
from eidos.validator.commands import Command, Redirect, Word
from eidos.validator.effects.effect import FILE_VARIABLE
from eidos.validator.effects.links import through_links
from eidos.validator.effects.writers import WRITERS
from eidos.validator.effects.written import How, Write
from eidos.validator.places import targets

_PRINTS_NOTHING: Final = frozenset({"", ":", "true", "false"})


@Once
def writes(command: Command) -> Sequence[Write]:
    """Return the files that *command* writes, of those that may be a place that matters."""
    found = _all_writes(command)
    if command.reads:
        found = _through_links(command, found)
    notable = (write for write in found if _may_matter(write.target))
    return tuple(islice(notable, targets.MAX_PLACES))


def _through_links(command: Command, found: Iterator[Write]) -> Iterator[Write]:
    for target, how in found:
        yield from (Write(place, how) for place in through_links(command, (target,)))


def _may_matter(word: Word) -> bool:
    return word.text != "/dev/null" and targets.is_notable(word)


def _all_writes(command: Command) -> Iterator[Write]:
    for redirect in command.redirects:
        yield from _by_redirect(redirect, command)
    for assignment in command.assignments:
        if assignment.name.startswith(FILE_VARIABLE):
            path = Word(assignment.name[len(FILE_VARIABLE) : -1])
            yield Write(path, How.REPLACE if assignment.value.text else How.EMPTY)
    if writer := WRITERS.get(command.name):
        yield from writer(command)


def _by_redirect(redirect: Redirect, command: Command) -> Iterator[Write]:
    if redirect.appends:
        how = How.APPEND
    elif redirect.writes:
        is_empty = command.name in _PRINTS_NOTHING or _copies_nothing(command)
        how = How.EMPTY if is_empty else How.REPLACE
    else:
        return
    target = redirect.target
    yield Write(target, how)
    if " /" in target.text or " ~" in target.text:  # zsh writes to each of `> /etc/{a,b}`
        yield from (Write(Word(path, target.is_known), how) for path in target.text.split())


def _copies_nothing(command: Command) -> bool:
    return command.name in {"cat", "echo", "printf", "print"} and all(
        word.text in {"/dev/null", "-n", ""} for word in command.args
    ) and bool(command.args)  # fmt: skip
