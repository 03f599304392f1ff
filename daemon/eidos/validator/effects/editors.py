"""Which files an editor writes on orders from the line, not from a person: vim -es, ex, ed."""

from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.printed import texts_read
from eidos.validator.effects.written import How, Write
from eidos.validator.patterns import Pattern

_LONGEST: Final = 2048
_WRITES: Final = Pattern(
    r"(?:^\+?|[|\n:]|\\n)[ \t]{0,8}[\d.$%,'<>]{0,8}"
    r"(?:w|wq|wn|x|xit|write|sav(?:e(?:as?)?)?|up(?:date)?)!?[ \t]{0,8}(?P<adds>>>)?[ \t]{0,8}"
    r"(?P<path>[/~][^\s|'\"\\]*)"
)
"""`w FILE` and its kin, after a range of lines or none, alone or behind `|` or a line break."""


_SAVES: Final = Pattern(
    r"(?:^\+?|[|\n:]|\\n)[ \t]{0,8}[\d.$%,'<>]{0,8}"
    r"(?:w[aqn]?(?:a|all)?|x(?:a|all|it)?|write|exit|up(?:date)?)!?(?=$|[\s|\\'\"])"
    r"|ZZ|save-(?:some-)?buffers?|write-(?:file|region)"
)
"""What writes the file itself."""


def written_by_orders(command: Command) -> Iterator[Write]:
    """Yield what an editor changes or writes without anybody at the keyboard."""
    takes_orders = command.upstream or command.redirects or command.has_letter("csS")
    takes_orders = takes_orders or command.has_long("--batch", "--headless")
    if not takes_orders and not any(word.text.startswith("+") for word in command.args):
        return
    orders = (*(word.text for word in command.args), *texts_read(command))
    if _reads_orders_unseen(command) or any(_SAVES.search(text, 0, _LONGEST) for text in orders):
        yield from (Write(word, How.EDIT) for word in command.operands)
    for text in orders:
        for match in _WRITES.finditer(text[:_LONGEST]):
            yield Write(Word(match["path"]), How.APPEND if match["adds"] else How.REPLACE)


def _reads_orders_unseen(command: Command) -> bool:
    """Whether the orders are in a file, or come from a program of which nothing is known."""
    if command.has("-S", "-l", "--load", "--script"):
        return True
    is_fed = bool(command.upstream) or any(r.reads for r in command.redirects)
    return is_fed and not texts_read(command)
