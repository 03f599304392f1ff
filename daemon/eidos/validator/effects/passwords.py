"""Passwords: set without being asked for, taken away, or made useless."""

from collections.abc import Callable
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.account_options import (
    ROOT_NAMES,
    given_to,
    has_verb,
    options_of,
    texts_of,
)
from eidos.validator.effects.editing import is_fed, text_put
from eidos.validator.effects.effect import Effect
from eidos.validator.patterns import Pattern

_ROOT_LINE: Final = Pattern(r"(?<![\w.-])root:")


def _names_root(command: Command) -> bool:
    """Whether root is the one who is changed, by name or because nobody else is named."""
    operands = options_of(command).operands
    return any(w.text in ROOT_NAMES for w in operands) or (not operands and command.is_root)


_SETS: Final[dict[str, Callable[[Command], bool]]] = {
    **dict.fromkeys(("chpasswd", "newusers"), lambda c: not c.has("--help", "-h")),
    "passwd": lambda c: c.has_long("--stdin") or is_fed(c),
    "usermod": lambda c: bool(given_to(options_of(c), "-p", "--password")),
    "pw": lambda c: has_verb(c, "usermod", "mod") and c.has("-h", "-w"),
    "ldappasswd": lambda c: c.has_letter("s"),
    **dict.fromkeys(("kadmin", "kadmin.local"), lambda c: any("-pw " in t for t in texts_of(c))),
    "sysadminctl": lambda c: has_verb(c, "resetpasswordfor", "newpassword"),
    "dscl": lambda c: has_verb(c, "passwd"),
}


def _sets_password(command: Command) -> bool:
    """Whether a password is set without anybody typing it."""
    return _SETS[command.name](command)


def _sets_root_password(command: Command) -> bool:
    if not _sets_password(command):
        return False
    if command.name in {"chpasswd", "newusers"}:
        return _ROOT_LINE.search(text_put(command)) is not None
    return _names_root(command)


def _removes_password(command: Command) -> bool:
    options = options_of(command)
    if command.name == "passwd":
        return options.has("-d") or command.has_long("--delete")
    password = options.value_of(frozenset({"-p", "--password"}))  # of useradd and usermod
    return password is not None and not password.text


def _removes_root_password(command: Command) -> bool:
    return _removes_password(command) and _names_root(command)


def _opens_root(command: Command) -> bool:
    if command.name == "dsenableroot":
        return not command.has("-d")
    options = options_of(command)
    opens = {"passwd": "-u", "usermod": "-U"}[command.name]
    return options.has(opens, "--unlock") and _names_root(command)


def _locks_account(command: Command) -> bool:
    options = options_of(command)
    match command.name:
        case "passwd":
            return options.has("-l") or command.has_long("--lock")
        case "usermod":
            return options.has("-L", "--lock") or _is_over(given_to(options, "-e", "--expiredate"))
        case _:
            return _is_over(given_to(options, "-E", "--expiredate"))


def _is_over(date: str) -> bool:
    return date in {"0", "1"} or date.startswith("19")


_OF_LINUX: Final = frozenset({"passwd", "usermod"})
EFFECTS: Final = (
    Effect("root-password", _sets_root_password, frozenset(_SETS)),
    Effect("root-without-password", _removes_root_password, _OF_LINUX),
    Effect("open-root-login", _opens_root, _OF_LINUX | {"dsenableroot"}),
    Effect("set-password", _sets_password, frozenset(_SETS)),
    Effect("remove-password", _removes_password, _OF_LINUX | {"useradd"}),
    Effect("lock-account", _locks_account, _OF_LINUX | {"chage"}),
)
