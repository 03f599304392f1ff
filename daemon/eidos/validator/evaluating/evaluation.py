"""Which commands a line runs: its structure walked in order, with what each leaves behind.

script.Statement -> walk (here) -> calls: words expanded -> running: wrappers, scripts -> Command
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from eidos.protocol import Shell
from eidos.validator.budget import Budget, OverBudget
from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.calls import evaluate_call, expand_redirects, keep_inputs
from eidos.validator.evaluating.environment import MAX_CHOICES, Environment, Value, path_in
from eidos.validator.evaluating.expansion import expand
from eidos.validator.evaluating.finding import names_printed
from eidos.validator.evaluating.line import Defined, Invocation, Line
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.printing import joined_text
from eidos.validator.evaluating.recording import keep_text, record, with_input
from eidos.validator.evaluating.scope import LineScope
from eidos.validator.reading.pausing import goes_on, pauses
from eidos.validator.script import (
    Background,
    Branches,
    Call,
    Definition,
    Group,
    Loop,
    Pipeline,
    Sequence,
    Statement,
    Test,
)


class Evaluation(msgspec.Struct, frozen=True):
    """What a line amounts to."""

    commands: tuple[Command, ...]
    """The commands that it runs, in the order in which they would run."""
    unreadable: bool
    """A script inside it cannot be read or followed."""


def evaluate(statement: Statement, shell: Shell, budget: Budget) -> Evaluation:
    """Return the commands that *statement* runs in *shell*, those in scripts inside it too.

    What is too much to follow makes the rest of it unreadable.
    """
    line = Line(budget, _walk)
    environment = Environment(shell)
    try:
        _walk(line, statement, environment, Place())
        _walk_uncalled(line, environment)
    except (OverBudget, RecursionError):
        line.is_unreadable = True
    return Evaluation(tuple(line.commands), line.is_unreadable)


def _walk(line: Line, statement: Statement, environment: Environment, place: Place) -> Word | None:
    return _WALKS[type(statement)](line, statement, environment, place)


def _walk_uncalled(line: Line, environment: Environment) -> None:
    """Walk the bodies that nothing calls: whoever defines a function means to call it."""
    while waiting := [one for one in line.defined if one.name not in environment.called]:
        for one in waiting:
            environment.called.add(one.name)
            inner = environment.copy()
            inner.positional = None
            line.walk(one.body, inner, replace(one.place, inside=one.place.inside | {one.name}))


def _walk_sequence(
    line: Line, sequence: Sequence, environment: Environment, place: Place
) -> Word | None:
    return joined_text([line.walk(each, environment, place) for each in sequence.statements])


def _walk_pipeline(
    line: Line, pipeline: Pipeline, environment: Environment, place: Place
) -> Word | None:
    start, last = len(line.commands), len(pipeline.stages) - 1
    inner = replace(place, is_parallel=place.is_parallel or last > 0)
    printed: Word | None = None
    _open_circles(pipeline, environment)
    for position, stage in enumerate(pipeline.stages):
        # In zsh and fish the last stage runs in the shell itself.
        stays = environment if position == last else environment.copy()
        printed = line.walk(stage, stays, inner)
        inner = replace(
            inner,
            upstream=place.upstream + tuple(line.commands[start:]),
            stdin=printed,
        )
    return printed


def _open_circles(pipeline: Pipeline, environment: Environment) -> None:
    """Let files that are known be written by a later stage: `cat p | sh | nc h 1 > p`."""
    if not environment.written:
        return
    for stage in pipeline.stages:
        if not isinstance(stage, Call):
            continue
        for redirect in stage.redirects:
            path = path_in(environment.folder, redirect.target.source)
            if redirect.operator == ">" and path in environment.written:
                writer = Command(tuple(Word(raw.source) for raw in stage.words))
                environment.written[path] = (*environment.written[path], writer)


def _walk_background(
    line: Line, background: Background, environment: Environment, place: Place
) -> Word | None:
    inner = replace(place, is_parallel=True, is_background=True)
    return line.walk(background.body, environment.copy(), inner)


def _walk_group(line: Line, group: Group, environment: Environment, place: Place) -> Word | None:
    inner = environment.copy() if group.is_subshell else environment
    if not group.redirects:
        return line.walk(group.body, inner, place)
    scope = LineScope(line, environment, place)
    redirects = expand_redirects(group.redirects, scope)
    keep_inputs((each.target for each in group.redirects), scope, environment)
    place = with_input(place, redirects, environment)
    around = replace(place, redirects=(*redirects, *place.redirects))
    printed = line.walk(group.body, inner, around)
    return Word("") if keep_text(redirects, printed, environment) else printed


def _walk_loop(line: Line, loop: Loop, environment: Environment, place: Place) -> Word | None:
    is_endless = loop.is_endless and not (pauses(loop.condition) or pauses(loop.body))
    begins = is_endless and not place.in_endless_loop
    inner = replace(
        place,
        in_loop=True,
        in_endless_loop=place.in_endless_loop or is_endless,
        is_background=place.is_background and not begins,  # then: started anew in each turn
    )
    if loop.name:
        for value in _values_of(loop, LineScope(line, environment, place), environment):
            environment.assign(loop.name, value)
            line.walk(loop.body, environment, inner)
        return None
    for stdin in _lines_read(loop, place):
        turn = inner if stdin is None else replace(inner, stdin=stdin)
        if loop.condition is not None:
            repeats = place.in_endless_loop or (is_endless and goes_on(loop.condition))
            asked = replace(turn, in_endless_loop=repeats)
            line.walk(loop.condition, environment, asked)
        line.walk(loop.body, environment, turn)
    return None


def _values_of(loop: Loop, scope: LineScope, environment: Environment) -> Iterator[Value | None]:
    """Yield what the variable of a for loop holds, turn by turn; None for one that is unknown."""
    words = [word for raw in loop.values for word in expand(raw, scope)]
    if not loop.values:
        words = list(environment.positional or ())
    for word in words[:MAX_CHOICES]:
        if word.sources and not word.is_known and word.text[:1] in "$`(":
            found = names_printed(word.sources)[0]
            yield (found if found.is_known else replace(found, text=f"${loop.name}"),)
        else:
            yield (word,)
    if not words or len(words) > MAX_CHOICES:
        yield None


def _lines_read(loop: Loop, place: Place) -> list[Word | None]:
    """Return the lines that a loop reads one by one, if it reads and they are known."""
    stdin = place.stdin
    if stdin is None or not stdin.is_known or not _reads(loop.condition):
        return [None]
    lines = stdin.text.splitlines()[:MAX_CHOICES]
    return [Word(f"{text}\n") for text in lines] or [None]


def _reads(condition: Statement | None) -> bool:
    match condition:
        case Call(words=(first, *_)):
            return first.source == "read"
        case Sequence(statements):
            return any(map(_reads, statements))
        case _:
            return False


def _walk_branches(
    line: Line, branches: Branches, environment: Environment, place: Place
) -> Word | None:
    for statement in branches.statements:
        before = environment.copy()
        line.walk(statement, environment, place)
        environment.merge(before)
    return None


def _walk_definition(
    line: Line, definition: Definition, environment: Environment, place: Place
) -> Word | None:
    environment.functions[definition.name] = definition.body
    environment.called.discard(definition.name)
    words = (Word("function"), Word(definition.name))
    record(line, Invocation(words), environment, replace(place, upstream=(), stdin=None))
    line.defined.append(Defined(definition.name, definition.body, place))
    return Word("")


def _walk_test(line: Line, test: Test, environment: Environment, place: Place) -> Word | None:
    scope = LineScope(line, environment, place)
    for raw in test.words:
        expand(raw, scope)
    return Word("")


_Walk = Callable[[Line, Any, Environment, Place], Word | None]
_WALKS: Final[dict[type[Statement], _Walk]] = {
    Call: evaluate_call,
    Pipeline: _walk_pipeline,
    Sequence: _walk_sequence,
    Background: _walk_background,
    Group: _walk_group,
    Loop: _walk_loop,
    Branches: _walk_branches,
    Definition: _walk_definition,
    Test: _walk_test,
}
