"""A simple command as written becomes an invocation: words expanded, variables set."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Assignment, Command, Redirect, Word
from eidos.validator.evaluating.declarations import DECLARING
from eidos.validator.evaluating.environment import Environment
from eidos.validator.evaluating.expansion import expand
from eidos.validator.evaluating.flows import key_of
from eidos.validator.evaluating.line import Invocation, Line
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.recording import record, resolved
from eidos.validator.evaluating.running import run
from eidos.validator.evaluating.scope import LineScope
from eidos.validator.evaluating.scripts import evaluate_script
from eidos.validator.evaluating.wrappers import joined
from eidos.validator.patterns import Pattern
from eidos.validator.script import (
    Call,
    RawAssignment,
    RawRedirect,
    RawWord,
    Substitution,
    Text,
    Variable,
)

_REFERENCE: Final = Pattern(r"-[a-zA-Z]*n")
"""`declare -n name=other`."""


def evaluate_call(line: Line, call: Call, environment: Environment, place: Place) -> Word | None:
    """Evaluate one simple command, once for each combination of values its variables may have."""
    if not place.source:
        place = replace(place, source=call.source)
    if not environment.choices:
        return _evaluate(line, call, environment, place)
    printed: list[Word | None] = []
    kept = dict(environment.variables)
    for chosen in environment.chosen(_variables_in(call)):
        environment.variables.update(chosen)
        printed.append(_evaluate(line, call, environment, place))
        for name in chosen.keys() & environment.choices.keys():
            environment.variables[name] = kept[name]
    return printed[0] if len(printed) == 1 else None


def _words_in(call: Call) -> Iterator[RawWord]:
    yield from call.words
    for redirect in call.redirects:
        yield redirect.target
    for assignment in call.assignments:
        yield from assignment.values


def _variables_in(call: Call) -> Iterator[str]:
    for raw in _words_in(call):
        for part in raw.parts:
            if isinstance(part, Variable):
                yield part.name


def _evaluate(line: Line, call: Call, environment: Environment, place: Place) -> Word | None:
    if environment.aliases or environment.global_aliases:
        replaced = _without_alias(call, environment, place)
        if replaced is not None:
            return evaluate_script(line, replaced[0], "", environment, replaced[1])
    scope = LineScope(line, environment, place)
    if ">(" in call.source:
        _feed_outputs(call, scope, place)
    if "=" in call.source and "${" in call.source:
        _assign_defaults(call, scope, environment)
    expanded: list[Word] = []
    for raw in call.words:
        found = expand(raw, scope)
        line.budget.spend(len(found))
        expanded += found
    words = tuple(expanded)
    redirects = resolved(expand_redirects(call.redirects, scope), environment)
    if "(" in call.source:
        keep_inputs(_words_in(call), scope, environment)
    stays = not words or words[0].text in DECLARING
    assignments = tuple(
        _assigned(each, scope, environment, stays=stays) for each in call.assignments
    )
    for assignment in assignments if stays else ():
        if assignment.name.endswith("]"):
            _define_by_name(line, assignment, environment, place)
    if stays and any(_REFERENCE.match(word.text) for word in words[1:]):
        environment.references.update((each.name, each.value.text) for each in assignments)
    return run(line, Invocation(words, redirects, assignments), environment, place)


def _define_by_name(
    line: Line, assignment: Assignment, environment: Environment, place: Place
) -> None:
    """Do what zsh does for `functions[name]=body` and `aliases[name]=text`."""
    table, _, name = assignment.name.rstrip("]").partition("[")
    if table == "functions":
        record(line, Invocation((Word("function"), Word(name))), environment, place)
        inner = replace(place, inside=place.inside | {name})
        evaluate_script(line, assignment.value, "", environment.copy(), inner)
    elif table in {"aliases", "galiases"}:
        words = (Word("alias"), Word(f"{name}={assignment.value.text}"))
        run(line, Invocation(words), environment, place)


def _assign_defaults(call: Call, scope: LineScope, environment: Environment) -> None:
    """Do what `${x:=value}` does besides being replaced."""
    for raw in _words_in(call):
        for part in raw.parts:
            if (
                isinstance(part, Variable)
                and part.operator.startswith(("=", ":="))
                and part.operand is not None
                and not environment.lookup(part.name)
            ):
                environment.assign(part.name, tuple(expand(part.operand, scope)))


def _without_alias(call: Call, environment: Environment, place: Place) -> tuple[Word, Place] | None:
    """Return the text of *call* with one alias replaced, and the place of what it runs."""
    for position, raw in enumerate(call.words):
        name = raw.source
        value = environment.global_aliases.get(name)
        if value is None and position == 0 and call.source.startswith(name):
            value = environment.aliases.get(name)
        if value is not None and f"alias {name}" not in place.inside:
            text = call.source.replace(name, value.text, 1)
            inner = replace(place, inside=place.inside | {f"alias {name}"})
            return replace(value, text=text), inner
    return None


def expand_redirects(raw: tuple[RawRedirect, ...], scope: LineScope) -> tuple[Redirect, ...]:
    """Return redirections with the words that their targets become."""
    return tuple(
        Redirect(each.operator, joined(expand(each.target, scope) or [Word("")]), each.fd)
        for each in raw
    )


def _assigned(
    raw: RawAssignment, scope: LineScope, environment: Environment, *, stays: bool
) -> Assignment:
    """Return the assignment *raw* with its value; one that stays is made in *environment* too."""
    scope.spend(1)
    is_scalar = len(raw.values) == 1 and not raw.is_array
    written = map(_unsplit, raw.values) if is_scalar else raw.values
    values = tuple(word for value in written for word in expand(value, scope))
    if is_scalar:
        values = (replace(joined(values or (Word(""),)), is_glob=False),)
    if stays:
        if raw.is_append:
            environment.append(raw.name, values or (Word(""),), is_array=raw.is_array)
        else:
            environment.assign(raw.name, values or (Word(""),))
    return Assignment(raw.name, joined(values or (Word(""),)))


def _unsplit(word: RawWord) -> RawWord:
    """Return the value of a variable as the shell takes it: nothing in it is split into words."""
    parts = (p if isinstance(p, Text) else replace(p, is_quoted=True) for p in word.parts)
    return RawWord(tuple(parts), word.source)


def _feed_outputs(call: Call, scope: LineScope, place: Place) -> None:
    """Evaluate the scripts of `>( )`: they read what this very command writes."""
    words = tuple(Word(raw.source) for raw in call.words)
    itself = Command(words, upstream=place.upstream, reads=place.upstream, source=call.source)
    for substitution in _substitutions_in(_words_in(call), "output"):
        scope.feed(substitution.script, (*place.upstream, itself))


def keep_inputs(words: Iterable[RawWord], scope: LineScope, environment: Environment) -> None:
    """Remember the texts of `<( )` as those of the files that stand in their place."""
    for substitution in _substitutions_in(words, "input"):
        text = scope.printed(substitution.script)
        if text is not None:
            environment.texts[key_of(Word(substitution.source))] = text


def _substitutions_in(words: Iterable[RawWord], kind: str) -> Iterator[Substitution]:
    for raw in words:
        for part in raw.parts:
            if isinstance(part, Substitution) and part.kind == kind:
                yield part
