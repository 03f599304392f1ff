"""Rows that say which calls of programs with subcommands do something: a table as text.

    git      push   -f|--force|--mirror   !--force-with-lease
    gsutil   rm     -r|-R   @gs://*
    gcloud   **     delete

The first word is the program, the plain words after it the subcommand, in order; `**` stands for
up to four words. Then come conditions, all of which must hold:

    -x|--long    one of these options is given; `--keep=0` with that value
    <yes>        among options: its question is answered by what it reads
    @pattern     one of the operands after the subcommand is such
    .            there are no operands after the subcommand; `+`: there are some, `++` several
    <all>        it works on all that the program lists; `<some>`: on some of it
    <piped>      what the program prints itself is its input
    but:x|y      neither is a word of the subcommand

A `!` before a condition turns it round. `|` stands between alternatives, `*` and `?` match as in
file names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from typing import Final

import msgspec

from eidos.validator.answers import Once
from eidos.validator.commands import Command
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.listing import Feed, feed_of
from eidos.validator.effects.printed import answers_yes
from eidos.validator.patterns import Pattern
from eidos.validator.programs.subcommands import SYNTAXES, Usage, callers_of, usage_of

_Condition = Callable[[Command, Usage, Sequence[str]], bool]
"""Asked with the operands that follow the subcommand."""
_Test = Callable[[str], object]
"""Whether a word is one of those that a row allows."""
_ANY_PATH: Final = "**"
_LONGEST_GAP: Final = 4
_MOST_OPERANDS: Final = 256
"""Operands that are looked at."""
_BUT: Final = "but:"
_YES: Final = "<yes>"


class _Call(msgspec.Struct, frozen=True):
    """One row."""

    path: tuple[_Test | None, ...]
    """The words of the subcommand; None for a gap."""
    word: frozenset[str]
    """Words of which one must be among the arguments; none: it is not known which."""
    conditions: tuple[_Condition, ...]

    def fits(self, command: Command, usage: Usage, texts: Sequence[str]) -> bool:
        """Whether *command*, read as *usage* with the operands *texts*, is such a call."""
        end = _end_of(self.path, texts)
        return end is not None and all(
            holds(command, usage, texts[end:]) for holds in self.conditions
        )


class Calls(msgspec.Struct, frozen=True):
    """Whether a command is one of the calls of a table."""

    calls: dict[str, tuple[_Call, ...]]
    words: frozenset[str] | None
    """Words of which one must be among the arguments; None: a row has none."""

    def __call__(self, command: Command) -> bool:
        """Return whether *command* is one of them."""
        given = _words_given(command)
        if self.words is not None and self.words.isdisjoint(given):
            return False
        usage = usage_of(command)
        found = self.calls.get(usage.program, ())
        if not found or usage.does_nothing:
            return False
        # What a substitution will print is not what stands in it: `git checkout $(… grep '*')`.
        texts = [
            "$" if word.sources and word.text.startswith("$(") else word.text
            for word in usage.operands[:_MOST_OPERANDS]
        ]
        return any(
            call.fits(command, usage, texts)
            for call in found
            if not call.word or not call.word.isdisjoint(given)
        )


@Once
def _words_given(command: Command) -> frozenset[str]:
    return frozenset(_words_of(command))


def _words_of(command: Command) -> Iterator[str]:
    """Yield the arguments, and words that name a subcommand as part of a name or an alias."""
    for word in command.words[:3]:  # git-filter-repo, python3 git-filter-repo, docker-compose
        yield word.text.rpartition("/")[2].partition("-")[2]
    for word in command.args:
        yield word.text
        if word.text.startswith("alias."):
            yield from word.text.partition("=")[2].split()


def calls(rule: str, table: str) -> Effect:
    """Return the effect of the rule *rule*: that a command is one of the calls in *table*."""
    found: dict[str, tuple[_Call, ...]] = {}
    for line in table.strip().splitlines():
        programs, *tokens = line.split()
        for name in programs.split("|"):
            found[name] = (*found.get(name, ()), _call(tokens, _is_one_dash(name)))
    programs = frozenset(caller for name in found for caller in callers_of(name))
    words = [call.word for each in found.values() for call in each]
    asked = frozenset(word for each in words for word in each)
    return Effect(rule, Calls(found, asked if all(words) else None), programs)


def _is_one_dash(name: str) -> bool:
    return name in SYNTAXES and SYNTAXES[name].one_dash


def _call(tokens: Iterable[str], one_dash: bool) -> _Call:
    path: list[_Test | None] = []
    word: frozenset[str] = frozenset()
    conditions: list[_Condition] = []
    for token in tokens:
        if token.lstrip("!")[0] in "-@.+<" or token.startswith(_BUT):
            conditions.append(_condition(token, one_dash))
            continue
        if not set("*?[") & set(token):
            word = frozenset(token.split("|"))
            path.append(word.__contains__)
        else:
            path.append(None if token == _ANY_PATH else _matching(token))
    return _Call(tuple(path), word, tuple(conditions))


def _pattern(alternatives: str) -> Pattern:
    return Pattern("|".join(translate(each) for each in alternatives.split("|")))


def _matching(alternatives: str) -> _Test:
    pattern = _pattern(alternatives)
    return lambda text: pattern.match(text)  # noqa: PLW0108 - to ask for its method compiles it


def _end_of(path: Sequence[_Test | None], texts: Sequence[str]) -> int | None:
    """Return where *path* ends in *texts*, if they begin with it."""
    position = 0
    for index, test in enumerate(path):
        if test is None:
            rest = path[index + 1 :]
            for start in range(position, min(position + _LONGEST_GAP + 1, len(texts))):
                end = _end_of(rest, texts[start:])
                if end is not None:
                    return start + end
            return None
        if position >= len(texts) or not test(texts[position]):
            return None
        position += 1
    return position


def _condition(token: str, one_dash: bool) -> _Condition:
    text = token.removeprefix("!")
    holds = _SIGNS[text](text) if text in _SIGNS else _written(text, one_dash)
    if text == token:
        return holds
    return lambda command, usage, rest: not holds(command, usage, rest)


def _written(text: str, one_dash: bool) -> _Condition:
    if text.startswith(_BUT):
        return _without(_pattern(text.removeprefix(_BUT)))
    if text.startswith("@"):
        pattern = _pattern(text[1:])
        return lambda _command, _usage, rest: any(pattern.match(each) for each in rest)
    return _option_given(text, one_dash)


def _without(words: Pattern) -> _Condition:
    def holds(_command: Command, usage: Usage, rest: Sequence[str]) -> bool:
        path = usage.operands[: len(usage.operands) - len(rest)]
        return not any(words.match(word.text) for word in path)

    return holds


def _option_given(text: str, one_dash: bool) -> _Condition:
    is_answered = False
    plain: list[str] = []
    valued: list[tuple[str, Pattern]] = []
    for each in text.split("|"):
        if each == _YES:
            is_answered = True
            continue
        name, equals, value = each.partition("=")
        name = f"--{name.lstrip('-')}" if one_dash else name
        if equals:
            valued.append((name, _pattern(value)))
        else:
            plain.append(name)

    def holds(command: Command, usage: Usage, _rest: Sequence[str]) -> bool:
        if usage.has(*plain) or (is_answered and answers_yes(command)):
            return True
        return any(
            pattern.match(value) for name, pattern in valued for value in usage.values_of(name)
        )

    return holds


def _nothing_follows(_text: str) -> _Condition:
    return lambda _command, _usage, rest: not rest


def _something_follows(_text: str) -> _Condition:
    return lambda _command, _usage, rest: bool(rest)


def _works_on_all(_text: str) -> _Condition:
    return lambda command, _usage, _rest: feed_of(command) is Feed.ALL


def _works_on_some(_text: str) -> _Condition:
    return lambda command, _usage, _rest: feed_of(command) is not Feed.NOTHING


def _several_follow(_text: str) -> _Condition:
    return lambda _command, _usage, rest: len(rest) > 1


def _is_piped_to(_text: str) -> _Condition:
    return lambda command, _usage, _rest: feed_of(command, takes_input=True) is not Feed.NOTHING


_SIGNS: Final[dict[str, Callable[[str], _Condition]]] = {
    ".": _nothing_follows,
    "+": _something_follows,
    "++": _several_follow,
    "<all>": _works_on_all,
    "<some>": _works_on_some,
    "<piped>": _is_piped_to,
}
