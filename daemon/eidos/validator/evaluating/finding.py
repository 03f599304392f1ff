"""What find, xargs and parallel run: the command among their words, with what it is run on.

find / -exec rm -rf {} +        rm -rf /
find . -name '*.o' -delete      (find itself)
ls / | xargs rm -rf             rm -rf *, in /
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.options import Grammar, Options, read_options
from eidos.validator.evaluating.place import Place
from eidos.validator.evaluating.printing import words_printed
from eidos.validator.patterns import Pattern
from eidos.validator.reading.escapes import decode_ansi_c

Words = tuple[Word, ...]

_RUNS: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_ENDS: Final = frozenset({";", "+"})
_NAMES: Final = frozenset({"-name", "-iname"})
_NARROWING: Final = Pattern(
    r"-(?:i?(?:path|wholename|regex|lname)|[acm](?:time|min)|newer\w*|size|empty|user|group|uid|gid"
    r"|perm|links|inum|samefile|nouser|nogroup|used|xtype)"
)
_ALL: Final = frozenset({"*", ".*", "/*", "+0", "root", "0", "-000", "/777", "/a+rwx"})
"""Values of tests that nearly all files pass, of system folders at least."""
_BEGINS_EXPRESSION: Final = Pattern(r"[-(!)]")
_XARGS: Final = Grammar(
    "adEILnPs",
    frozenset(
        {"--arg-file", "--delimiter", "--eof", "--max-args", "--max-chars", "--max-lines"}
        | {"--max-procs", "--process-slot-var"}
    ),
)
_PARALLEL: Final = Grammar(
    "jISnNPLEaCxdsT",
    frozenset(
        {"--jobs", "--max-procs", "--sshlogin", "--delay", "--timeout", "--retries", "--joblog"}
        | {"--colsep", "--results", "--tmpdir", "--load", "--memfree", "--arg-file", "--delimiter"}
        | {"--max-args", "--max-replace-args", "--sshloginfile", "--workdir", "--wd", "--tagstring"}
        | {"--halt", "--nice", "--basefile", "--return", "--env", "--block", "--recstart"}
    ),
)
_MARKS: Final = frozenset({":::", "::::", ":::+", "::::+"})
_REPLACED: Final = Pattern(r"\{(?:[./#%]|//|/\.|\d+[./]*)?\}")
_MAX_FOUND: Final = 16
"""Places of find, and commands that it runs."""
MAX_RUNS: Final = 8
"""Lines of input, or values, for which a command is followed one by one."""


def runs_of_find(command: Command) -> list[Words]:
    """Return the commands that find runs on what it finds, each on what it may find."""
    runs = _raw_runs(command.args)
    if not runs:
        return []
    found = found_by(command)
    return [_filled(run, found, "{}") for run in runs]


def _raw_runs(args: Sequence[Word]) -> list[Words]:
    runs: list[Words] = []
    current: list[Word] | None = None
    for arg in args:
        if current is None:
            current = [] if arg.text in _RUNS else None
        elif arg.text in _ENDS:
            runs.append(tuple(current))
            current = None
        else:
            current.append(arg)
    if current:
        runs.append(tuple(current))
    return [run for run in runs if run][:_MAX_FOUND]


def found_by(command: Command) -> Words:
    """Return the places, or patterns for the files, that find finds."""
    places = list(islice(_places(command.args), _MAX_FOUND)) or [
        Word(".", folder=command.words[0].folder)
    ]
    texts = [word.text for word in command.args]
    tests = list(_tests(texts))
    names = [value for test, value in tests if test in _NAMES and value.strip("*")]
    if names:
        return tuple(_child(place, name) for place in places for name in names[:_MAX_FOUND])
    is_narrowed = any(_NARROWING.fullmatch(t) and value not in _ALL for t, value in tests)
    types = [value for test, value in tests if test == "-type"]
    found: list[Word] = []
    for place in places:
        if is_narrowed:
            text = f"{place.text.rstrip('/')}/{{}}"
            found.append(replace(place, text=text, is_known=False))
            continue
        if "-mindepth" not in texts and (not types or "d" in types[0]):
            found.append(place)
        if types[:1] != ["d"]:
            found.append(_child(place, "*"))
    return tuple(found)


def _tests(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the tests of find with their values, but for those that hold for nearly all files."""
    before = ""
    for test, value in pairwise(texts):
        if test.startswith("-") and before not in {"!", "-not"}:
            yield test, value
        before = test


def _child(place: Word, name: str) -> Word:
    text = f"{place.text.rstrip('/')}/{name}"
    return replace(place, text=text, is_glob=place.is_glob or any(c in name for c in "*?["))


def _places(args: Sequence[Word]) -> Iterator[Word]:
    for word in args[_before_places(args) :]:
        if _BEGINS_EXPRESSION.match(word.text):
            return
        yield word


def _before_places(args: Sequence[Word]) -> int:
    position = 0
    while position < len(args) and re.match(r"-[HLPOD]", args[position].text):
        position += 2 if args[position].text == "-D" else 1
    return position


def _filled(run: Words, values: Words, mark: str) -> Words:
    """Put *values* in the place of *mark*, which may also be part of a word."""
    filled: list[Word] = []
    for word in run:
        if word.text == mark:
            filled += values
        elif mark in word.text and values:
            filled.append(_replaced(word, values[0], mark))
        else:
            filled.append(word)
    return tuple(filled)


def _replaced(word: Word, value: Word, mark: str) -> Word:
    return replace(
        word,
        text=word.text.replace(mark, value.text),
        is_known=word.is_known and value.is_known,
        sources=(*word.sources, *value.sources),
    )


def runs_of_xargs(args: Sequence[Word], place: Place) -> list[Words]:
    """Return the commands that xargs runs on what it reads."""
    options = read_options(args, _XARGS)
    run = tuple(args[options.end :])
    if not run:
        return []
    mark = _mark_of_xargs(options)
    if mark:
        return [_filled(run, value, mark) for value in _lines_of(place)]
    return [run + _split_input(place, options)]


def _mark_of_xargs(options: Options) -> str:
    for name, value in options.given:
        if name == "-I" and value is not None:
            return value.text
        if name == "--replace":
            return value.text if value is not None and value.text else "{}"
    return "{}" if options.has("-i") else ""


def _lines_of(place: Place) -> list[Words]:
    if place.stdin is not None and place.stdin.is_known:
        lines = [line for line in re.split(r"[\n\0]", place.stdin.text) if line.strip()]
        return [(Word(line.strip()),) for line in lines[:MAX_RUNS]]
    return [(word,) for word in listed(place)[:MAX_RUNS]]


def _split_input(place: Place, options: Options) -> Words:
    if place.stdin is not None and place.stdin.is_known:
        separator = options.value_of(frozenset({"-d", "--delimiter"}))
        if options.has("-0", "--null"):
            texts = place.stdin.text.split("\0")
        elif separator is not None and separator.text:
            texts = place.stdin.text.rstrip("\n").split(decode_ansi_c(separator.text))
        else:
            texts = [text.strip("'\"") for text in place.stdin.text.split()]
        return tuple(Word(text) for text in texts if text)
    return listed(place)


def listed(place: Place) -> Words:
    """Return what names the commands upstream print, one unknown word where nothing is known."""
    return names_printed(place.upstream)


def names_printed(commands: Sequence[Command]) -> Words:
    """Return what names the last of *commands* prints, given those before it."""
    for command in reversed(commands):
        name = command.name
        if name in _PASSES_ON or (name == "grep" and command.has_letter("v")):
            continue
        if name in {"find", "fd", "fdfind"} and not _raw_runs(command.args):
            found = found_by(command) if name == "find" else ()
            if found:
                return tuple(replace(word, sources=tuple(commands)) for word in found)
        if name in {"echo", "printf"}:
            return words_printed(command)
        if name in {"ls", "dir", "vdir", "exa", "eza"}:
            return _listed_by_ls(command)
        break
    return (Word("{}", is_known=False, sources=tuple(commands)),)


_PASSES_ON: Final = frozenset(
    {"sort", "uniq", "tac", "shuf", "cat", "tee", "xargs", "pv", "sed", "tr"}
)


def _listed_by_ls(command: Command) -> Words:
    operands = command.operands or (Word(".", folder=command.words[0].folder),)
    if "d" in command.letters:
        return operands
    return tuple(map(_listed, operands))


def _listed(word: Word) -> Word:
    if word.is_glob:
        return word
    return Word("*", is_glob=True, folder=word.folder) if word.text == "." else _child(word, "*")


def runs_of_parallel(args: Sequence[Word], place: Place) -> list[Word]:
    """Return the scripts that parallel runs, one for each of its first values."""
    options = read_options(args, _PARALLEL)
    rest = tuple(args[options.end :])
    position = next((i for i, word in enumerate(rest) if word.text in _MARKS), len(rest))
    run, given = rest[:position], [word for word in rest[position:] if word.text not in _MARKS]
    values: list[Words] = [(word,) for word in given[:MAX_RUNS]] or _lines_of(place)
    if not run:
        return [word if word.is_known else replace(word, text="$line") for (word,) in values]
    return [_script(run, value[0]) for value in values]


def _script(run: Words, value: Word) -> Word:
    text = " ".join(word.text for word in run)
    is_marked = _REPLACED.search(text) is not None
    whole = _REPLACED.sub(lambda _: value.text, text) if is_marked else f"{text} {value.text}"
    return Word(
        whole,
        value.is_known and all(word.is_known for word in run),
        sources=tuple(s for word in (*run, value) for s in word.sources),
    )
