"""Packages of the system that a command removes, and how sure or forceful it is about it."""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from eidos.validator.commands import Command, Machine, Word
from eidos.validator.effects.choosing import chooses_packages
from eidos.validator.effects.effect import Effect
from eidos.validator.effects.package_names import (
    is_essential,
    is_important,
    is_pattern,
    is_perhaps_essential,
)
from eidos.validator.patterns import Pattern


class Removal(NamedTuple):
    """What a package manager is told to remove."""

    packages: tuple[Word, ...] = ()
    is_forced: bool = False
    """Dependencies, or the manager's own protection, are not to stop it."""
    is_unasked: bool = False
    """Nobody is asked before it happens."""


_NOTHING: Final = Removal()
_Reader = Callable[[Command], Removal]
_APT_VERBS: Final = frozenset({"remove", "purge", "autoremove", "auto-remove", "autopurge", "rm"})
_FORCED_BY_APT: Final = ("--allow-remove-essential", "--force-yes", "--allow-change-held-packages")
_OPTION_VALUES: Final = frozenset({"-o", "-t", "--target-release", "-c", "--option", "-a", "-R"})


def _operands(command: Command) -> tuple[Word, ...]:
    """Return the operands without the values of options that stand alone."""
    texts = [""] + [word.text for word in command.args]
    kept = [
        w for w, before in zip(command.args, texts, strict=False) if before not in _OPTION_VALUES
    ]
    return tuple(word for word in kept if not word.text.startswith("-"))


def _is_unasked(command: Command) -> bool:
    return (
        command.has_letter("yq")
        or command.has_long(
            "--yes", "--assume-yes", "--assumeyes", "--noconfirm", "--non-interactive"
        )
        or any(earlier.name == "yes" for earlier in command.upstream[-2:])
    )


def _by_apt(command: Command) -> Removal:
    operands = _operands(command)
    if not operands or _simulates(command):
        return _NOTHING
    forced = command.has(*_FORCED_BY_APT) or _FORCED_OPTION.search(" ".join(command.texts))
    if operands[0].text in _APT_VERBS:
        packages = operands[1:]
    else:  # `apt install bash-` removes it
        packages = tuple(word for word in operands[1:] if word.text.endswith("-"))
    return Removal(packages, bool(forced), _is_unasked(command))


_FORCED_OPTION: Final = Pattern(r"Allow-Remove-Essential\"?[= ]\"?(?:true|yes|1)", re.IGNORECASE)


def _simulates(command: Command) -> bool:
    return command.has("-s", "--dry-run", "--simulate", "--just-print", "--no-act", "--test")


def _by_dpkg(command: Command) -> Removal:
    if not (command.has_letter("rP") or command.has("--remove", "--purge")) or _simulates(command):
        return _NOTHING
    return Removal(command.operands, _forces_dpkg(command), is_unasked=True)


def _forces_dpkg(command: Command) -> bool:
    forced = " ".join(text for text in command.texts if text.startswith(("--force", "--ignore")))
    return re.search(r"all|depends|essential|protected|remove-e", forced) is not None


def _by_verb(*verbs: str, forced: Sequence[str] = (), unasked: bool = False) -> _Reader:
    def read(command: Command) -> Removal:
        operands = _operands(command)
        if not operands or operands[0].text not in verbs or _simulates(command):
            return _NOTHING
        is_forced = (
            any(text.startswith(tuple(forced)) for text in command.texts) if forced else False
        )
        return Removal(operands[1:], is_forced, unasked or _is_unasked(command))

    return read


def _by_option(pattern: str, forced: str) -> _Reader:
    verb, force = Pattern(pattern), Pattern(forced)

    def read(command: Command) -> Removal:
        if not any(verb.fullmatch(text) for text in command.texts) or command.has("--test"):
            return _NOTHING
        is_forced = any(force.fullmatch(text) for text in command.texts)
        return Removal(command.operands, is_forced, is_unasked=True)

    return read


_DNF: Final = _by_verb(
    *("remove", "erase", "rm", "autoremove", "remove-n", "module-remove"),
    forced=("--setopt=protected_packages", "--setopt=protect", "--disableplugin=protected"),
)
_PACMAN: Final = _by_option(
    r"-R\w*|--remove|-\w*R", r"-R\w*(?:dd|c)\w*|--nodeps|--cascade|-\w*dd\w*"
)
_READERS: Final[dict[str, _Reader]] = {
    **dict.fromkeys(("apt", "apt-get", "aptitude", "nala", "apt-fast", "mintinstall"), _by_apt),
    "dpkg": _by_dpkg,
    **dict.fromkeys(("dnf", "dnf5", "yum", "microdnf", "tdnf", "rpm-ostree"), _DNF),
    "zypper": _by_verb("remove", "rm", "purge", forced=("--force", "--no-confirm-essential")),
    "rpm": _by_option(r"-e\w*|--erase|-\w*e", r"--nodeps|--force|--noscripts|--allmatches"),
    **dict.fromkeys(("pacman", "yay", "paru", "pamac-cli"), _PACMAN),
    "pamac": _by_verb("remove", forced=("--no-confirm-deps", "-c", "--cascade")),
    "apk": _by_verb("del", forced=("--force", "-f"), unasked=True),
    **dict.fromkeys(("pkg", "pkg-static"), _by_verb("delete", "remove", forced=("-f", "--force"))),
    **dict.fromkeys(
        ("pkg_delete", "xbps-remove", "removepkg", "urpme", "tazpkg"),
        lambda c: Removal(c.operands, c.has_letter("fF"), is_unasked=True),
    ),
    "emerge": _by_option(r"-\w*C\w*|--unmerge|--rage-clean", r"-\w*C\w*|--unmerge|--rage-clean"),
    "opkg": _by_verb("remove", forced=("--force-removal", "--force-depends"), unasked=True),
    "eopkg": _by_verb("remove", "rm", forced=("--ignore-dependency", "--ignore-safety")),
    "swupd": _by_verb("bundle-remove", forced=("--force",)),
    "slackpkg": _by_verb("remove"),
    "snap": _by_verb("remove", unasked=True),
}


def removal_of(command: Command) -> Removal:
    """Return which packages of the system *command* removes."""
    reader = _READERS.get(command.name)
    return reader(command) if reader and command.machine is not Machine.CONTAINER else _NOTHING


def _removes_essential(command: Command) -> bool:
    if any(text.startswith(_NEVER) for text in command.texts):
        return True
    removal = removal_of(command)
    sure = removal.is_forced or removal.is_unasked
    return any(
        is_essential(word.text) or (sure and is_perhaps_essential(word.text))
        for word in removal.packages
    )


_NEVER: Final = (
    "--allow-remove-essential", "--force-remove-essential", "--force-remove-protected",
    "--force-removal-of-essential", "--setopt=protected_packages=",
)  # fmt: skip


def _removes_important(command: Command) -> bool:
    return any(is_important(word.text) for word in removal_of(command).packages)


def _forces_removal(command: Command) -> bool:
    removal = removal_of(command)
    return removal.is_forced and bool(removal.packages)


def _removes_pattern(command: Command) -> bool:
    removal = removal_of(command)
    if not any(is_pattern(word.text) or word.is_glob for word in removal.packages):
        return False
    is_thorough = command.has("purge", "autoremove", "autopurge", "--purge", "auto-remove")
    return removal.is_unasked or removal.is_forced or is_thorough


# All packages at once.

_LIST_VERBS: Final = frozenset(
    "list ls ll la freeze leaves --installed --list --get-selections showmanual showauto info -l "
    "--list-extensions installed".split()
)
_LIST_OPTION: Final = Pattern(r"-q\w*a\w*|-Q\w*|-W|-f|--queryformat|-W.*|-l|-aq")


def _lists(command: Command) -> bool:
    return any(text in _LIST_VERBS or _LIST_OPTION.fullmatch(text) for text in command.texts)


def _all_of(command: Command, listers: frozenset[str]) -> bool:
    """Whether the packages are all that a program lists."""
    feeding = [
        *command.upstream,
        *(s for word in command.args for s in word.sources),
        *command.reads,
    ]
    if not any(one.name in listers or one.family in listers for one in feeding):
        return False
    if not any(_lists(one) for one in feeding):
        return False
    return not any(chooses_packages(one) for one in feeding)


_SYSTEM_LISTERS: Final = frozenset(
    {"dpkg", "dpkg-query", "apt-mark", "rpm", "apk", "pacman", "apt", "dnf", "yum", "xbps-query"}
)
_LANGUAGE_LISTERS: Final = frozenset(
    {"pip", "brew", "gem", "npm", "cargo", "conda", "snap", "flatpak", "pipx", "code", "port"}
)


def _removes_all(command: Command) -> bool:
    if command.name in {"pkg", "pkg_delete"}:
        removes = command.has("delete", "remove") or command.name == "pkg_delete"
        return command.has_letter("a") and removes
    reader = _READERS.get(command.name)
    if reader is None or command.name == "snap":
        return False
    words = (*command.words, Word("?"))  # xargs gives it the names
    takes = reader(Command(words, upstream=command.upstream)).packages
    return bool(takes) and _all_of(command, _SYSTEM_LISTERS)


_LANGUAGE_VERBS: Final = frozenset({"uninstall", "remove", "rm", "un", "-e", "--uninstall"})
_LANGUAGES: Final = frozenset(
    {
        "nix-env",
        "pip",
        "brew",
        "gem",
        "npm",
        "cargo",
        "conda",
        "mamba",
        "snap",
        "flatpak",
        "port",
        "choco",
        "pipx",
        "code",
    }
)


def _empties(command: Command, texts: set[str]) -> bool:
    """Whether the words themselves say that everything is meant."""
    match command.name:
        case "flatpak":
            return "--all" in texts
        case "choco":
            return "all" in texts
        case "conda" | "mamba":
            return "--all" in texts and "base" in texts
        case "nix-env":
            return not texts.isdisjoint({"*", ".*"})
        case "gem":
            return command.has_letter("a") and len(command.operands) == 1
        case _:
            return not texts.isdisjoint({"uninstall-all", "installed"})


def _removes_all_of_language(command: Command) -> bool:
    texts = set(command.texts)
    if texts.isdisjoint(_LANGUAGE_VERBS | {"--uninstall-extension", "uninstall-all"}):
        return False
    return _empties(command, texts) or _all_of(command, _LANGUAGE_LISTERS)


EFFECTS: Final = (
    Effect("remove-essential", _removes_essential, frozenset(_READERS)),
    Effect("remove-all-packages", _removes_all, frozenset(_READERS)),
    Effect("remove-important", _removes_important, frozenset(_READERS)),
    Effect("remove-by-force", _forces_removal, frozenset(_READERS)),
    Effect("remove-pattern", _removes_pattern, frozenset(_READERS)),
    Effect("uninstall-all", _removes_all_of_language, _LANGUAGES),
)
