"""What a command does to the files that a rule is about, and what it puts there."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.writing import How, writes
from eidos.validator.patterns import Pattern

_MAX_READ: Final = 64
"""Commands in front of one that are looked at: more would make long pipelines slow."""


def files_changed(command: Command) -> Iterator[Word]:
    """Yield the files that *command* replaces, edits, or adds to."""
    return (write.target for write in writes(command))


def files_lost(command: Command) -> Iterator[Word]:
    """Yield the files that *command* empties, replaces, edits, deletes or takes away."""
    kept = {How.APPEND, How.EMPTY}
    yield from (write.target for write in writes(command) if write.how not in kept)
    yield from files_erased(command)


def files_erased(command: Command) -> Iterator[Word]:
    """Yield the files that *command* empties, deletes or takes away."""
    yield from (write.target for write in writes(command) if write.how is How.EMPTY)
    if command.name in ERASERS:
        yield from command.operands
    elif command.name == "echo" and not command.args:
        yield from (redirect.target for redirect in command.redirects if redirect.writes)
    elif command.name == "mv":
        yield from command.operands[:-1]


def text_put(command: Command) -> str:
    """Return the words that may say what *command* puts into a file: its own, and those before."""
    commands = (command, *islice((*command.upstream, *command.reads), _MAX_READ))
    return "\n".join(text for each in commands for text in _texts(each))


def values_put(command: Command) -> tuple[str, ...]:
    """Return the words that *command* writes, where echo, printf or a here-text say so."""
    texts = _here_texts(command)
    for each in (command, *command.upstream[-1:]):
        if each.name in {"echo", "printf"}:
            texts += [word.text for word in each.args if not _ECHO_OPTION.fullmatch(word.text)]
    texts += [text for each in command.upstream[-1:] for text in _here_texts(each)]
    return tuple(" ".join(texts).replace("\\n", " ").split())


def is_fed(command: Command) -> bool:
    """Whether *command* reads something else than the keyboard."""
    return bool(command.upstream) or any(r.operator.startswith("<") for r in command.redirects)


def _texts(command: Command) -> Iterator[str]:
    yield from (word.text for word in command.args)
    yield from _here_texts(command)


def _here_texts(command: Command) -> list[str]:
    return [r.target.text for r in command.redirects if r.operator.startswith("<<")]


_ECHO_OPTION: Final = Pattern(r"-[neE]+|--")
ERASERS: Final = frozenset(
    {"rm", "unlink", "shred", "srm", "wipe", "trash", "trash-put", "gio", "rip"}
)
