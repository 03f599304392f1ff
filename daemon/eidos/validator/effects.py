"""What one command does, asked of its words.

Each function answers one question about a command with its wrappers taken off; `rules` puts the
questions together. Only options and operands in the places where the program reads them count.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final

from eidos.validator.commands import HERE_STRING, Command, printed_by
from eidos.validator.targets import is_account_file, is_critical, is_disk, is_everything_in_critical
from eidos.validator.words import Word
from eidos.validator.wrappers import SHELLS

_ERASERS: Final = frozenset({"rm", "unlink", "shred", "srm", "trash", "trash-put"})
_OPENERS: Final = frozenset({"chmod", "chown", "chgrp", "setfacl"})
FETCHERS: Final = frozenset(
    {"curl", "wget", "fetch", "aria2c", "http", "https", "lynx", "nc", "ncat", "netcat", "socat"}
)
DECODERS: Final = frozenset({"base64", "base32", "basenc", "xxd", "uudecode", "openssl"})
_CODE_OPTIONS: Final = {"python": "cm", "perl": "eEnp", "ruby": "enp", "node": "ep", "php": "r"}
"""The interpreters that are no shells, and the options with which they read no program."""


def aims_at(words: Iterable[Word], *tests: Callable[[Word], bool]) -> bool:
    """Whether one of *words* passes one of *tests*."""
    return any(test(word) for word in words for test in tests)


# Deleting, moving, opening to everybody.


def deletes(command: Command) -> bool:
    """Whether the command deletes files."""
    return command.name in _ERASERS


def deletes_trees(command: Command) -> bool:
    """Whether the command deletes folders with all that is in them."""
    return command.name == "rm" and _is_recursive(command)


def deletes_critical(command: Command) -> bool:
    """Whether the command deletes what the machine or its user cannot do without."""
    if deletes_trees(command):
        return aims_at(command.operands, is_critical, is_account_file)
    if deletes(command):
        return aims_at(command.operands, is_everything_in_critical, is_account_file)
    return find_deletes_all(command) and aims_at(_searched(command), is_critical)


def find_deletes_all(command: Command) -> bool:
    """Whether find deletes what it finds without asking for more than the type of file."""
    if command.name != "find":
        return False
    texts = [word.text for word in command.args]
    runs = {"-exec", "-execdir", "-ok", "-okdir"}
    runs_eraser = any(a in runs and b in _ERASERS for a, b in pairwise(texts))
    deletes_found = "-delete" in texts or runs_eraser
    asks = {text for text in texts if re.match(r"-[a-z]{3,}", text)}
    return deletes_found and asks <= runs | _NO_TESTS


_NO_TESTS: Final = frozenset(
    {"-delete", "-type", "-print", "-depth", "-mindepth", "-maxdepth", "-xdev", "-follow"}
)


def _searched(command: Command) -> Iterator[Word]:
    """Yield the places that find starts from."""
    for word in command.args:
        if word.text.startswith(("-", "(", "!")):
            return
        yield word


def opens_trees(command: Command) -> bool:
    """Whether the command changes owner or permissions of folders with all that is in them."""
    return command.name in _OPENERS and _is_recursive(command)


def _is_recursive(command: Command) -> bool:
    letters = command.letters
    return "r" in letters or "R" in letters or command.has_long("--recursive")


# Writing over disks and files.


def overwrites(command: Command) -> Iterator[Word]:
    """Yield the files that the command replaces, as far as its words tell."""
    yield from (r.target for r in command.redirects if ">" in r.operator and r.operator != ">>")
    match command.name:
        case "tee" if not _tee_appends(command):
            yield from command.operands
        case "truncate" | "sponge":
            yield from command.operands
        case "cp" | "mv" | "install" | "rsync" | "ln":
            yield from command.operands[-1:]
        case "dd":
            outputs = (word for word in command.args if word.text.startswith("of="))
            yield from (Word(word.text[3:], word.is_known, word.is_glob) for word in outputs)
        case _:
            pass


def appends(command: Command) -> Iterator[Word]:
    """Yield the files to whose end the command writes."""
    yield from (r.target for r in command.redirects if r.operator in {">>", "&>>"})
    if _tee_appends(command):
        yield from command.operands


def _tee_appends(command: Command) -> bool:
    return command.name == "tee" and ("a" in command.letters or command.has_long("--append"))


def formats(command: Command) -> bool:
    """Whether the command erases a disk or a partition, or what is written at its beginning."""
    if command.name.startswith("mkfs"):
        return aims_at(command.operands, is_disk)
    erases = _DISK_ERASERS.get(command.name)
    return erases is not None and erases(command) and aims_at(command.operands, is_disk)


_DISK_ERASERS: Final[dict[str, Callable[[Command], bool]]] = {
    **dict.fromkeys(("mke2fs", "mkntfs", "mkdosfs", "mkswap", "blkdiscard"), lambda _: True),
    "shred": lambda _: True,
    "wipefs": lambda c: "a" in c.letters or "o" in c.letters or c.has_long("--all"),
    "sgdisk": lambda c: "Z" in c.letters or "o" in c.letters or c.has_long("--zap-all"),
    "parted": lambda c: c.has("mklabel", "mktable", "rm"),
    "cryptsetup": lambda c: c.has("luksformat", "erase"),
}


# Running what nobody has read.


def runs_output_of(command: Command, programs: frozenset[str]) -> bool:
    """Whether the command runs as a program what one of *programs* prints."""
    if reads_program_from_pipe(command):
        return any(earlier.name in programs for earlier in command.upstream)
    takes_code = command.name in {"eval", "source", "."} or not command.name
    words = command.words if takes_code else _code_of(command)
    return any(word.sources & programs for word in words)


def scripts_of(command: Command) -> Iterator[str]:
    """Yield the texts that a shell will run, as far as they stand in the line itself."""
    yield from command.scripts
    if _interpreter(command) not in SHELLS:
        return
    yield from (r.target.text for r in command.redirects if r.operator == HERE_STRING)
    if reads_program_from_pipe(command):
        yield " ".join(word.text for word in printed_by(command.upstream[-1]))


def runs_made_text(command: Command) -> bool:
    """Whether the command runs text that another one makes, and that does not stand here."""
    return reads_program_from_pipe(command) and not printed_by(command.upstream[-1])


def reads_program_from_pipe(command: Command) -> bool:
    """Whether the command is an interpreter that runs what comes through the pipe."""
    name = _interpreter(command)
    if not name or not command.upstream:
        return False
    letters = command.letters
    if any(letter in letters for letter in _CODE_OPTIONS.get(name, "c")):
        return False
    first = [word.text for word in command.operands[:1]]
    return first in ([], ["-"], ["/dev/stdin"]) or ("s" in letters and name in SHELLS)


def _interpreter(command: Command) -> str:
    name = re.sub(r"[\d.]+$", "", command.name)
    return name if name in SHELLS or name in _CODE_OPTIONS else ""


def _code_of(command: Command) -> Iterator[Word]:
    """Yield the words that an interpreter takes for its program: the first, or that after -c."""
    previous = ""
    for word in command.args if _interpreter(command) else ():
        is_code = re.fullmatch(r"-\w*[ceE]", previous) is not None
        if is_code or not word.text.startswith("-"):
            yield word
            return
        previous = word.text


_CHOSEN_BY_USER: Final = re.compile(r"\$\{?(?:EDITOR|VISUAL|PAGER|SHELL|BROWSER)\}?")

_PRINTS_SETTINGS: Final = frozenset(
    {"atuin", "brew", "dircolors", "direnv", "fnm", "gpg-agent", "keychain", "lesspipe", "mise"}
    | {"nodenv", "opam", "poetry", "pyenv", "rbenv", "ssh-agent", "starship", "thefuck", "zoxide"}
)
"""Programs whose output is meant for eval."""
_FOUND_BY_XARGS: Final = "{}"


def is_unknown_program(command: Command) -> bool:
    """Whether a variable or a substitution stands where the name of the program belongs."""
    word = command.words[0] if command.words else Word("")
    if word.text == _FOUND_BY_XARGS:
        return True
    if word.is_known:
        return False
    is_usual = _CHOSEN_BY_USER.fullmatch(word.text) or word.sources & _PRINTS_SETTINGS
    return not is_usual


def calls_itself(command: Command) -> bool:
    """Whether a function starts itself beside itself."""
    return command.is_parallel and not command.wrappers and command.name in command.inside


# Stopping, dropping, forcing.


def signals_all(command: Command) -> bool:
    """Whether the command signals every process it may."""
    targets = [word.text for word in command.args[1:]]
    return command.name == "killall5" or (command.name == "kill" and "-1" in targets[-1:])


def switches_off(command: Command) -> bool:
    """Whether the command stops or restarts the machine."""
    match command.name:
        case "shutdown":
            return "c" not in command.letters
        case "reboot" | "poweroff" | "halt":
            return True
        case "systemctl":
            return command.has("reboot", "poweroff", "halt", "kexec", "rescue", "emergency")
        case "init" | "telinit":
            return command.has("0", "6")
        case _:
            return False


def forces_push(command: Command) -> bool:
    """Whether the command replaces branches of a git server."""
    if command.name != "git" or not command.has("push"):
        return False
    is_forced = command.has("--force", "--mirror") or "f" in command.letters
    return is_forced or any(re.match(r"\+\w", word.text) for word in command.operands)


_DROPS: Final = re.compile(
    r"\b(?:drop\s+(?:database|schema|table)|truncate\s+(?:table\s+)?\w)", re.IGNORECASE
)
_DATABASES: Final = frozenset({"mysql", "mariadb", "psql", "sqlite3", "sqlcmd", "cqlsh"})


def drops_data(command: Command) -> bool:
    """Whether the command deletes tables or databases."""
    if command.name == "dropdb" or (command.name == "mysqladmin" and command.has("drop")):
        return True
    if command.name not in _DATABASES:
        return False
    texts = [*command.args, *(word for earlier in command.upstream for word in earlier.args)]
    texts += [redirect.target for redirect in command.redirects]
    return any(_DROPS.search(word.text) for word in texts)


def drops_firewall(command: Command) -> bool:
    """Whether the command removes the rules of the firewall."""
    match command.name:
        case "iptables" | "ip6tables":
            return "F" in command.letters or command.has("--flush")
        case "nft":
            return command.has("flush")
        case "ufw":
            return command.has("disable", "reset")
        case _:
            return False
