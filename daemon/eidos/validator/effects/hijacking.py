"""Names and variables of the shell that decide what runs: put in the place of what was meant."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from eidos.validator.commands import Assignment, Command, Word
from eidos.validator.effects.effect import ASSIGNING, Effect
from eidos.validator.effects.payloads import is_hidden_place, is_payload
from eidos.validator.patterns import Pattern

PROGRAMS_OF_TRUST: Final = frozenset(
    "sudo su doas pkexec ssh scp sftp ssh-add passwd login gpg gpg2 kinit mount cryptsetup "
    "visudo apt apt-get dnf pacman systemctl".split()
)
"""Programs that are told passwords, or that act for root."""
COMMON_PROGRAMS: Final = PROGRAMS_OF_TRUST | frozenset(
    "ls cd cat cp mv rm ps top grep find git python python3 pip npm curl wget sh bash zsh vim nano "
    "who w last netstat ss kill docker kubectl make".split()
)

# Names of the shell.


def _aliases(command: Command) -> Iterator[tuple[str, str]]:
    """Yield names and what they are to run: `alias n=v`, in fish also `alias n v`."""
    for word in command.args:
        name, equals, value = word.text.partition("=")
        if equals:
            yield name, value
    if command.args and "=" not in command.args[0].text and len(command.operands) > 1:
        yield command.operands[0].text, " ".join(word.text for word in command.operands[1:])


def _replaces_trusted(command: Command) -> bool:
    """Whether a program that is told passwords is replaced, or anything by what hides."""
    return any(
        is_payload(value)
        or is_hidden_place(value)
        or (name in PROGRAMS_OF_TRUST and not _is_same(name, value))
        or (name in COMMON_PROGRAMS and _ERASES.search(value) is not None)
        for name, value in _aliases(command)
    )


def _is_same(name: str, value: str) -> bool:
    """Whether *value* is still *name*, with options or under sudo."""
    words = [word for word in value.split() if word not in {"sudo", "command", "\\", "noglob"}]
    words = [word for word in words if not re.match(r"-|\w+=", word)]
    plain = not re.search(r"[;|&`]|\$\(|>", value)
    named = not words or words[0].rsplit("/", 1)[-1].lstrip("\\") in {name, *_STAND_INS}
    return plain and named and not _FOREIGN.match(words[0] if words else "")


_STAND_INS: Final = frozenset("doas sudo kitty kitten mosh nala yay paru dnf5 et autossh".split())
_FOREIGN: Final = Pattern(r"(?!/(?:usr/)?(?:local/)?s?bin/|/opt/homebrew/)[/.~$]")
_ERASES: Final = Pattern(r"\brm\s+-[a-zA-Z]*[rf]|\bshred\b|\bdd\s+if=|>\s*/dev/sd")


def _defines_trusted(command: Command) -> bool:
    return bool(command.args) and command.args[0].text in PROGRAMS_OF_TRUST


# Variables that decide what runs.

_PRELOADS: Final = frozenset({"LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES"})
_CODE: Final = frozenset(
    "PROMPT_COMMAND BASH_ENV ENV ZDOTDIR PYTHONSTARTUP PYTHONPATH PYTHONHOME PERL5LIB PERL5OPT "
    "PERL5DB RUBYOPT RUBYLIB NODE_OPTIONS NODE_PATH JAVA_TOOL_OPTIONS GIT_SSH GIT_SSH_COMMAND "
    "GIT_PAGER GIT_EDITOR GIT_EXTERNAL_DIFF GIT_ASKPASS GIT_EXEC_PATH GIT_TEMPLATE_DIR PAGER "
    "MANPAGER EDITOR VISUAL BROWSER SHELL SUDO_ASKPASS SSH_ASKPASS LESSOPEN LESSCLOSE "
    "LD_LIBRARY_PATH DYLD_LIBRARY_PATH CC CXX LUA_INIT LUA_PATH PS1 PS4 fpath FPATH".split()
)
_TRUST_OFF: Final = {
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "PYTHONHTTPSVERIFY": "0",
    "GIT_SSL_NO_VERIFY": "1",
    "GOINSECURE": "*",
    "GONOSUMDB": "*",
}


def _set(command: Command) -> Iterator[Assignment]:
    yield from command.assignments
    if command.name in _SETTERS and not command.assignments:
        names = [word for word in command.operands if word.text]
        if command.name == "fish_add_path":
            yield from (Assignment("PATH", word) for word in names)
        elif names:
            text = " ".join(word.text for word in names[1:])
            yield Assignment(names[0].text, Word(text, all(w.is_known for w in names[1:])))


def _preloads_hidden(command: Command) -> bool:
    return any(
        (each.name in _PRELOADS and _is_foreign_place(each.value.text))
        or each.name.startswith("BASH_FUNC_")
        or (each.name in _CODE and (is_payload(each.value.text) or _is_code(each)))
        for each in _set(command)
    )


def _is_code(assignment: Assignment) -> bool:
    return assignment.name != "PS1" and _is_foreign_place(assignment.value.text)


def _is_foreign_place(text: str) -> bool:
    return any(is_hidden_place(part) for part in re.split(r"[:\s=|]", text))


def _preloads(command: Command) -> bool:
    return any(each.name in _PRELOADS and each.value.text for each in _set(command))


def _path_of_strangers(command: Command) -> bool:
    """Whether programs are looked for first where anybody may put one."""
    return any(
        each.name in {"PATH", "path", "fish_user_paths"}
        and re.match(r"(?:/tmp|/var/tmp|/dev/shm)(?:[/:\s]|$)|\S*/\.[a-z]+/?\.", each.value.text)
        for each in _set(command)
    )


def _path_of_here(command: Command) -> bool:
    """Whether programs of the folder one happens to be in come before those of the system."""
    return any(
        each.name in {"PATH", "path", "fish_user_paths"}
        and re.search(r"^\.{0,2}(?::|\s)|:\.{0,2}(?::|$)", each.value.text)
        for each in _set(command)
    )


def _trusts_anybody(command: Command) -> bool:
    return any(
        _TRUST_OFF.get(each.name) == ("1" if each.value.text == "true" else each.value.text)
        for each in _set(command)
    )


_SETTERS: Final = frozenset({"fish_add_path", "set", "setenv"})


def _when_set(rule: str, applies: Callable[[Command], bool]) -> Effect:
    return Effect(rule, applies, _SETTERS, ASSIGNING)


EFFECTS: Final = (
    Effect("hijack-name", _replaces_trusted, frozenset({"alias", "abbr"})),
    Effect("hijack-name", _defines_trusted, frozenset({"function"})),
    _when_set("hijack-variable", _preloads_hidden),
    _when_set("hijack-path", _path_of_strangers),
    _when_set("preload", _preloads),
    _when_set("path-of-here", _path_of_here),
    _when_set("trust-off", _trusts_anybody),
)
