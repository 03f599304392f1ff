"""What a function of fish amounts to: its body, its named arguments, and who calls it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from eidos.validator.patterns import Pattern
from eidos.validator.reading.fish_commands import text_of
from eidos.validator.script import (
    Call,
    Definition,
    RawAssignment,
    RawWord,
    Statement,
    Substitution,
    Test,
    Variable,
)
from eidos.validator.script import Sequence as Statements

_ARGUMENT_NAMES: Final = frozenset({"-a", "--argument-names", "--argument"})
_EVENT: Final = Pattern(r"--on-|-[evsjp]")
"""Options that let fish call a function by itself."""
_CALLED_BY_FISH: Final = frozenset(
    """
    fish_prompt fish_right_prompt fish_mode_prompt fish_greeting fish_title fish_command_not_found
    fish_breakpoint_prompt fish_user_key_bindings fish_should_add_to_history fish_job_summary
    """.split()
)


def definition_of(header: Sequence[RawWord], body: Statement, source: str) -> list[Statement]:
    """Return the statements that a function is; *header* is its name and its options."""
    name = text_of(header[0]) or header[0].source
    arguments = tuple(_arguments(header[1:]))
    if arguments:
        body = Statements((Call((), arguments, source=source), body))
    found: list[Statement] = [Definition(name, body)]
    found += [Definition(event, body) for event in _events(header[1:])]
    if any(isinstance(part, Substitution) for word in header for part in word.parts):
        found.insert(0, Test(tuple(header)))
    if name in _CALLED_BY_FISH or any(_EVENT.match(word.source) for word in header[1:]):
        found.append(Call((header[0],), source=source))
    return found


def _events(options: Sequence[RawWord]) -> Iterator[str]:
    """Yield the events for which fish calls the function: `--on-event fish_preexec`."""
    for option, following in pairwise((*options, RawWord((), ""))):
        text = text_of(option) or ""
        if text in {"-e", "--on-event"}:
            yield text_of(following) or ""
        elif text.startswith("--on-event="):
            yield text.partition("=")[2]


def _arguments(options: Sequence[RawWord]) -> Iterator[RawAssignment]:
    """Yield what `-a x y` sets when the function is called: x to `$argv[1]`, y to `$argv[2]`."""
    is_name = False
    place = 0
    for option in options:
        text = text_of(option)
        if text.startswith("-"):
            is_name = text in _ARGUMENT_NAMES
        elif is_name:
            argument = f"$argv[{place + 1}]"
            value = RawWord((Variable("argv", argument, f"[{place}]"),), argument)
            yield RawAssignment(text, (value,))
            place += 1
