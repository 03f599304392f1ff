"""How the programs that change accounts, passwords and groups are told what to do."""

from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.evaluating.options import Grammar, Options, read_options

_SHORT: Final = {
    "usermod": "cdefgGlpRsuZ",
    "useradd": "bcdefgGkKpRsuZ",
    "luseradd": "cdgGkPpsu",
    "adduser": "hgsGuk",
    "addgroup": "gG",
    "pw": "VRnuceipdbgGMshwLkHC",
    "gpasswd": "adMQA",
    "groupmems": "adgR",
    "groupadd": "gKpR",
    "groupmod": "gnpR",
    "chsh": "sR",
    "chage": "dEIMmWR",
    "passwd": "inwxrRS",
}
_LONG: Final = frozenset(
    f"--{name}"
    for name in (
        *("groups", "password", "shell", "uid", "gid", "ingroup", "home", "gecos", "comment"),
        *("login", "add", "members", "group", "expiredate", "home-dir", "base-dir", "skel"),
        *("key", "root", "prefix", "inactive", "selinux-user", "lastday", "warndays", "maxdays"),
        *("mindays", "administrators", "new-name"),
    )
)
_GRAMMARS: Final = {name: Grammar(short, _LONG) for name, short in _SHORT.items()} | {
    "adduser": Grammar(_SHORT["adduser"], _LONG - {"--group"}),
    "gpasswd": Grammar(_SHORT["gpasswd"], _LONG | {"--delete"}),
    "groupmems": Grammar(_SHORT["groupmems"], _LONG | {"--delete"}),
}
_ALL_OPERANDS: Final = 1 << 16
ROOT_NAMES: Final = frozenset({"root", "toor", "/Users/root"})


def options_of(command: Command) -> Options:
    """Return the options of a program that changes accounts, and its operands."""
    grammar = _GRAMMARS.get(command.name, Grammar())
    return read_options(command.args, grammar, _ALL_OPERANDS)


def given_to(options: Options, *names: str) -> str:
    """Return what is given to one of the options *names*; "" for nothing."""
    word = options.value_of(frozenset(names))
    return word.text if word else ""


def texts_of(command: Command) -> Iterator[str]:
    """Return the texts of the arguments."""
    return (word.text for word in command.args)


def has_verb(command: Command, *verbs: str) -> bool:
    """Whether one of *verbs* is an argument, with or without dashes: `dscl . -delete`."""
    return any(text.lstrip("-").lower() in verbs for text in texts_of(command))
