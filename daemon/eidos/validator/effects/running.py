"""Programs that come from another machine and that nobody has read."""

from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.effect import FED, UNPLAIN, Effect
from eidos.validator.effects.unread import (
    SCRIPTED,
    UNPACKERS,
    given_as_script,
    is_runner,
    program_of,
)
from eidos.validator.evaluating.interpreters import SHELLS
from eidos.validator.patterns import Pattern
from eidos.validator.programs.code_words import LANGUAGES, runs_fetched
from eidos.validator.programs.network import brings, crosses, is_free_descriptor, origins


def _runs_network(command: Command) -> bool:
    """Whether *command* runs what comes from another machine."""
    if any(test(command) for test in _WITHOUT_PIPE):
        return True
    if not command.program_from or _only_asks(command):
        return False
    return any(_is_foreign(one, command) for one in program_of(command))


def _is_foreign(source: Command, runner: Command) -> bool:
    if crosses(source, runner):
        return source.name not in _SETTINGS
    return brings(source) or _hears_connection(source)


_SETTINGS: Final = frozenset({"abbr", "alias", "env", "printenv", "export", "declare", "dircolors"})


def _hears_connection(command: Command) -> bool:
    """Whether it reads from a descriptor that the line opened: `exec 3<>/dev/tcp/…; cat <&3`."""
    return any(r.operator == "<&" and is_free_descriptor(r.target) for r in command.redirects)


_RUN_ADDRESSES: Final[dict[str, str]] = {
    **dict.fromkeys(("pipx", "uv", "marimo"), "run"),
    **dict.fromkeys(("groovy", "zx", "jbang"), ""),
}


def _runs_address(command: Command) -> bool:
    """Whether an address is called like a program, or given to a runner of scripts."""
    if command.words and _is_address(command.words[0]):
        return True
    verb = _RUN_ADDRESSES.get(command.name)
    if verb is None or (verb and not command.has(verb)):
        return False
    operands = [word for word in command.operands if word.text != verb]
    return any(_is_address(word) for word in operands[:1])


def _takes_script(command: Command) -> bool:
    """Whether a program that follows a script is given what was fetched for one."""
    if command.name in _SCHEDULERS:
        return any(brings(read) for read in command.reads)
    if command.name == "parallel" and not command.operands:
        return any(_is_foreign(one, command) for one in command.upstream)
    return command.name in SCRIPTED and any(map(brings, given_as_script(command)))


def _runs_descriptor(command: Command) -> bool:
    """Whether a script comes from a descriptor that only the line can have opened."""
    if command.name not in SHELLS and command.name not in {"source", "."}:
        return False
    found = (_DESCRIPTOR.match(word.text) for word in command.operands[:1] if not word.sources)
    return any(match and is_free_descriptor(_fd(match[1])) for match in found)


def _fd(text: str) -> Word:
    return Word(text, is_known=text.isdecimal())


_DESCRIPTOR: Final = Pattern(r"/(?:dev|proc/(?:self|\$\$))/fd/([\w${}]{1,40})$")
_WITHOUT_PIPE: Final = (_runs_address, _takes_script, _runs_descriptor, runs_fetched)


def _only_asks(command: Command) -> bool:
    """Whether a program that was just fetched is only asked for its version."""
    words = command.args
    return bool(words) and not is_runner(command) and all(word.text in _QUESTIONS for word in words)


def _is_address(word: Word) -> bool:
    return word.text.startswith(("http://", "https://", "ftp://"))


_SCHEDULERS: Final = frozenset({"crontab", "at", "batch"})
_RUNNERS: Final = (
    SHELLS
    | SCRIPTED
    | LANGUAGES
    | _SCHEDULERS
    | {"source", ".", "parallel"}
    | _RUN_ADDRESSES.keys()
)
_QUESTIONS: Final = frozenset({"--version", "-V", "-v", "version", "--help", "-h", "help"})


def _runs_unpacked(command: Command) -> bool:
    """Whether *command* runs what was built or unpacked from what the line fetched."""
    if command.name in _LOADERS:
        return not _only_asks(command) and any(brings(read) for read in command.reads)
    if not command.program_from or _only_asks(command):
        return False
    built = [one for one in command.program_from if one.name in UNPACKERS]
    if any(brings(one) for one in origins(built)):
        return True
    return any(map(_clones, built)) and _is_script(command)


def _clones(command: Command) -> bool:
    verbs = {"git": ("clone",), "svn": ("checkout", "co"), "hg": ("clone",)}
    return command.has(*verbs.get(command.name, ()))


def _is_script(command: Command) -> bool:
    """Whether it is a script for the shell, but for those with which projects are built."""
    if command.name in SHELLS:
        return not any(_BUILDS.search(word.text) for word in command.operands[:1])
    return "/" in command.words[0].text and not _BUILDS.search(command.words[0].text)


_BUILDS: Final = Pattern(
    r"(?:^|/)(?:configure|autogen(?:\.sh)?|bootstrap[\w.-]*|gradlew|mvnw|build[\w.-]*|waf|bazel\w*)$"
)


_LOADERS: Final = frozenset({"java", "wine", "mono", "dotnet", "javaws"})
"""Programs that run a file of their own kind, and need data as often."""


EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("network-run", _runs_network, _RUNNERS, FED | UNPLAIN),
    Effect("unpacked-run", _runs_unpacked, _LOADERS, FED),
)
