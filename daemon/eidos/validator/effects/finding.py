"""What find and its kin look for, and what is done with all that they find.

`find / -delete`, `find / | xargs rm`, `rm $(find /)` and `fd . / -x rm` are the same act.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from eidos.validator.answers import Once
from eidos.validator.commands import Command, Word, plain_name, program
from eidos.validator.effects.effect import aims_at
from eidos.validator.patterns import Pattern
from eidos.validator.places.targets import is_broad, is_critical

FINDERS: Final = frozenset({"find", "gfind", "bfs", "fd", "fdfind", "ls", "dir", "du", "tree"})
RUNNERS: Final = frozenset({"find", "gfind", "bfs", "fd", "fdfind"})


class Search(msgspec.Struct, frozen=True):
    """Where something looks for files, and what it does with those that it finds."""

    roots: tuple[Word, ...]
    is_narrow: bool
    """It asks for more than the kind of file, so that not all is found."""
    programs: frozenset[str] = frozenset()
    """The programs that it runs on what it finds; `-delete` counts as one."""


_ACTIONS: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_KINDS: Final = frozenset(
    {"-type", "-mindepth", "-maxdepth"} | {"-printf", "-fstype", "-used", "-fprint"}
)
"""Tests with a value that leave nearly all."""
_OWNERS: Final = frozenset({"-user", "-uid", "-group", "-gid"})
_OWNS_MOST: Final = Pattern(r"root|0|[+-]\d+|1000|.*[$`(].*", re.DOTALL)
"""The system's owner, and whoever types the command."""
_FLAGS: Final = frozenset(
    {"-print", "-print0", "-ls", "-depth", "-d", "-xdev", "-mount", "-follow", "-daystart", "-true"}
    | {"-noleaf", "-ignore_readdir_race", "-readable", "-writable", "-executable", "-warn"}
    | {"-nowarn", "-x", "-o", "-or", "-a", "-and", "-quit", "-nouser", "-nogroup", "-E", "-X", "-s"}
)
_NAMES: Final = frozenset(
    {"-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex"}
)
_ALL_NAMES: Final = Pattern(r"(?!\*\.$)[*.?/+^$]*|/.*\*|.?\+")
_NO_VALUE: Final = frozenset({"-empty", "-nouser", "-nogroup"})
_BEFORE_ROOTS: Final = Pattern(r"-[HLPEXdfsx]+|-O\d|-D")
_WRAPPING: Final = frozenset({"sudo", "doas", "env", "nice", "ionice", "xargs", "busybox", "time"})
_SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish"})
_VERBS: Final = Pattern(r"\b(?:rm|shred|unlink|truncate|srm|chmod|chown|chgrp|mv|dd)\b")
_EMPTYING: Final = Pattern(r">\s*[\"']?(?:\{\}|\$)")
_FILTERS: Final = frozenset(
    {"grep", "egrep", "fgrep", "rg", "ag", "awk", "gawk", "mawk", "sed", "head", "tail", "fzf"}
    | {"comm", "uniq", "perl", "python3", "jq", "shuf"}
)
_FEEDING: Final = frozenset({"xargs", "parallel", "rargs", "gxargs"})


@Once
def search_of(command: Command) -> Search | None:
    """Return what *command* searches for, if it is one of FINDERS."""
    name = command.name
    if name not in FINDERS:
        return None
    if name in {"fd", "fdfind"}:
        return _search_of_fd(command.args)
    if name in RUNNERS:
        return _search_of_find(command.args)
    roots = command.operands or _here(command.args)
    return Search(roots, is_narrow=not aims_at(roots, is_critical, is_broad))


def searches_feeding(command: Command) -> Iterator[Search]:
    """Yield the searches whose finds *command* works on, through a pipe or a substitution."""
    takes_pipe = not _FEEDING.isdisjoint(command.wrappers) or any(
        not word.is_known for word in command.args
    )
    feeding = command.upstream if takes_pipe else ()
    inner = [source for word in command.args for source in word.sources]
    is_filtered = any(earlier.name in _FILTERS for earlier in (*feeding, *inner))
    for source in (*feeding, *inner):
        search = search_of(source)
        if search:
            yield Search(search.roots, search.is_narrow or is_filtered)


def _here(args: Sequence[Word]) -> tuple[Word, ...]:
    """Return the current folder, where a search without a root begins."""
    return (Word(".", folder=args[0].folder if args else ""),)


def _search_of_find(args: Sequence[Word]) -> Search:
    roots, position = _roots(args)
    programs: set[str] = set()
    is_narrow, at_action, is_negated = False, True, False
    while position < len(args):
        text = args[position].text
        value = args[position + 1].text if position + 1 < len(args) else ""
        position += 1
        if text in {"!", "-not"}:
            is_negated = True
            continue
        if text == "-delete":
            programs.add("-delete")
            at_action = at_action and is_narrow
        elif text in _ACTIONS:
            ran, position = _run(args, position)
            programs |= ran
            at_action = at_action and is_narrow
        elif text == "-prune":
            is_narrow = is_narrow and not _is_alternative(args[position : position + 2])
        elif text.startswith("-") and text not in _FLAGS:
            is_narrow = is_narrow or (not is_negated and _narrows(text, value))
            position += text not in _NO_VALUE
        is_negated = False
    return Search(roots or _here(args), at_action if programs else is_narrow, frozenset(programs))


def _is_alternative(following: Sequence[Word]) -> bool:
    """Whether `-o` comes next: what was tested so far is then left out, not looked for."""
    texts = [word.text for word in following]
    return texts[:1] in (["-o"], ["-or"]) or texts in ([")", "-o"], [")", "-or"])


def _roots(args: Sequence[Word]) -> tuple[tuple[Word, ...], int]:
    position = 0
    while position < len(args) and _BEFORE_ROOTS.fullmatch(args[position].text):
        position += 1
    start = position
    while position < len(args) and not args[position].text.startswith(("-", "(", "!", ")")):
        position += 1
    return tuple(args[start:position]), position


def _narrows(test: str, value: str) -> bool:
    if test == "-type":
        return value == "l"
    if test in _KINDS:
        return False
    if test in _OWNERS:
        return _OWNS_MOST.fullmatch(value) is None
    if test in _NAMES:
        return _ALL_NAMES.fullmatch(value) is None
    return not value.startswith("+0")


def _run(args: Sequence[Word], start: int) -> tuple[set[str], int]:
    """Return the programs in the action at *start*, and where it ends."""
    end = start
    while end < len(args) and args[end].text not in {";", "+"}:
        end += 1
    return _programs_in(args[start:end]), end + 1


def _programs_in(words: Sequence[Word]) -> set[str]:
    names = (plain_name(program(word)) for word in words if not word.text.startswith("-"))
    first = next((name for name in names if name not in _WRAPPING and "=" not in name), "")
    found = {first}
    if first in _SHELLS:
        found |= {verb for word in words[1:] for verb in _VERBS.findall(word.text)}
        found |= {"truncate" for word in words[1:] if _EMPTYING.search(word.text)}
    elif first == "cp" and any(word.text == "/dev/null" for word in words):
        found.add("truncate")
    elif first == "dd" or (first == "mv" and any(word.text == "/dev/null" for word in words)):
        found.add("shred")
    return found


_FD_VALUES: Final = frozenset("dtEjcg") | {
    "--type", "--max-depth", "--min-depth", "--exact-depth", "--exclude", "--threads", "--color",
    "--owner", "--format",
}  # fmt: skip
_FD_NARROWS: Final = frozenset({"-e", "-S", "-o"}) | {
    "--extension", "--size", "--changed-within", "--changed-before", "--newer", "--older",
    "--and", "--change-newer-than", "--change-older-than",
}  # fmt: skip
_FD_RUNS: Final = frozenset({"-x", "-X", "--exec", "--exec-batch"})
_FD_FOLDERS: Final = frozenset({"--search-path", "--base-directory", "-C"})


def _search_of_fd(args: Sequence[Word]) -> Search:
    operands: list[Word] = []
    folders: list[Word] = []
    is_narrow = False
    position = 0
    while position < len(args):
        word = args[position]
        name, equals, value = word.text.partition("=")
        if word.text in _FD_RUNS:
            return _found_by_fd(operands, folders, _programs_in(args[position + 1 :]), is_narrow)
        if name in _FD_NARROWS or re.fullmatch(r"-[eS].+", word.text):
            is_narrow = True
            position += not equals and name in _FD_NARROWS
        elif name in _FD_FOLDERS:
            folders += [Word(value)] if equals else args[position + 1 : position + 2]
            position += not equals
        elif not word.text.startswith("-") or word.text == "-":
            operands.append(word)
        elif name in _FD_VALUES or word.text[1:] in _FD_VALUES:
            position += not equals
        position += 1
    return _found_by_fd(operands, folders, set(), is_narrow)


def _found_by_fd(
    operands: list[Word], folders: list[Word], programs: set[str], is_narrow: bool
) -> Search:
    pattern = operands[0].text if operands else ""
    roots = (*operands[1:], *folders) or _here(operands)
    narrow = is_narrow or _ALL_NAMES.fullmatch(pattern) is None
    return Search(roots, narrow, frozenset(programs))
