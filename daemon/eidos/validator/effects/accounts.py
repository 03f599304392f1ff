"""Accounts and groups: who exists, and who is as good as root."""

from itertools import pairwise
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.account_options import (
    ROOT_NAMES,
    given_to,
    has_verb,
    options_of,
    texts_of,
)
from eidos.validator.effects.effect import Effect
from eidos.validator.patterns import Pattern

_SELF: Final = Pattern(
    r"\$\{?(?:USER|LOGNAME|SUDO_USER|USERNAME|user|username)\}?"
    r"|\$?\((?:whoami|id -un|logname)\)|`(?:whoami|id -un|logname)`"
)
_ZERO: Final = Pattern(r"\+?(?:0x)?0+")


def _is_self(word: Word) -> bool:
    return _SELF.fullmatch(word.text) is not None


def _makes_root_twin(command: Command) -> bool:
    if command.name in {"dscl", "sysadminctl"}:
        texts = [text.lower() for text in texts_of(command)]
        return any(a in {"uniqueid", "-uid"} and _ZERO.fullmatch(b) for a, b in pairwise(texts))
    return _ZERO.fullmatch(given_to(options_of(command), "-u", "--uid")) is not None


_ADMIN_GROUPS: Final = frozenset(
    {"sudo", "wheel", "root", "admin", "admins", "shadow", "disk", "kmem", "sys", "0"}
)
"""Whoever is in one of them is root, or as good as root, on some system."""
_NEARLY_ADMIN_GROUPS: Final = frozenset(
    {"docker", "lxd", "lxc", "libvirt", "adm", "incus-admin", "podman", "systemd-journal"}
)
"""Ways to become root too, but everybody who develops is in one of them on his own machine."""


def _joined(command: Command) -> tuple[str, tuple[Word, ...]]:
    """Return the groups, with commas between, into which *command* puts users, and these users."""
    options = options_of(command)
    operands = options.operands
    match command.name:
        case "usermod" | "useradd" | "luseradd":
            groups = given_to(options, "-G", "--groups"), given_to(options, "-g", "--gid")
            return ",".join(groups), operands[-1:]
        case "adduser" | "addgroup" if len(operands) > 1:
            return operands[1].text, operands[:1]
        case "adduser" | "addgroup":
            return given_to(options, "--ingroup", "-G"), operands[:1]
        case "gpasswd":
            user = options.value_of(frozenset({"-a", "--add", "-M", "--members"}))
            return (operands[-1].text if operands and user else ""), (user,) if user else ()
        case _:
            user = options.value_of(frozenset({"-a", "--add"}))
            return (given_to(options, "-g", "--group") if user else ""), (user,) if user else ()


def _moves_home(command: Command) -> bool:
    """Whether a user gets another name and another home, while paths still name the old one."""
    options = options_of(command)
    return options.has("-m", "--move-home") and options.has("-l", "--login", "-u", "--uid")


def _names_admin(words: tuple[Word, ...]) -> bool:
    """Whether a command among *words* looks up a group of those who may become root."""
    sources = (source for word in words for source in word.sources)
    return any(w.text in _ADMIN_GROUPS - {"0"} for source in sources for w in source.args)


def _makes_admin(command: Command) -> bool:
    if command.name in {"dscl", "dseditgroup", "pw"}:
        adds = has_verb(command, "append", "a", "m", "merge")
        names = {part for text in texts_of(command) for part in text.split("/")[-1].split(",")}
        return adds and not names.isdisjoint(_ADMIN_GROUPS)
    groups, users = _joined(command)
    if groups and _names_admin(command.args):
        return True
    names = set(groups.split(","))
    if not names.isdisjoint(_ADMIN_GROUPS):
        return True
    return not names.isdisjoint(_NEARLY_ADMIN_GROUPS) and not all(_is_self(user) for user in users)


def _takes_admin(command: Command) -> bool:
    options = options_of(command)
    group = options.operands[-1].text if options.operands else ""
    match command.name:
        case "gpasswd":
            return options.has("-d", "--delete") and group in _ADMIN_GROUPS
        case "groupmems":
            return options.has("-d", "-p") and given_to(options, "-g", "--group") in _ADMIN_GROUPS
        case "dseditgroup":
            return has_verb(command, "d") and group in _ADMIN_GROUPS
        case _:
            return len(options.operands) > 1 and group in _ADMIN_GROUPS


def _replaces_groups(command: Command) -> bool:
    options = options_of(command)
    return options.has("-G", "--groups") and not options.has("-a", "--append", "-r", "--remove")


_NO_SHELL: Final = Pattern(r".*/(?:nologin|false|true|null)")


def _changes_shell(command: Command) -> bool:
    options = options_of(command)
    shell = given_to(options, "-s", "--shell")
    if not shell:
        return False
    users = options.operands
    return _NO_SHELL.fullmatch(shell) is not None or not all(_is_self(user) for user in users)


_DELETERS: Final = frozenset({"userdel", "groupdel", "rmuser", "luserdel", "lgroupdel", "rmgroup"})
_DELETING_VERBS: Final = {
    "pw": ("userdel", "groupdel", "del"),
    "dscl": ("delete",),
    "sysadminctl": ("deleteuser",),
    "homectl": ("remove",),
    "samba-tool": ("delete",),
    "ipa": ("user-del", "group-del"),
    "smbpasswd": ("x",),
    "pdbedit": ("x", "delete"),
    "realm": ("leave",),
}
_LISTS_USERS: Final = Pattern(r"/etc/passwd|/etc/shadow|^/home(?:/\*)?/?$")


def _deletes_account(command: Command) -> bool:
    name = command.name
    if name in {"deluser", "delgroup"}:
        return len(command.operands) == 1
    if name in {"ldapdelete", *_DELETERS}:
        return bool(command.operands) or command.has_letter("rf")
    if name in {"kadmin", "kadmin.local"}:
        return any("delprinc" in t or "delete_principal" in t for t in texts_of(command))
    return has_verb(command, *_DELETING_VERBS.get(name, ()))


def _deletes_root(command: Command) -> bool:
    if command.name == "kdb5_util":
        return has_verb(command, "destroy")
    if not _deletes_account(command):
        return False
    if any(word.text in ROOT_NAMES for word in command.operands):
        return True
    sources = (*command.reads, *command.upstream, *(s for w in command.args for s in w.sources))
    return any(
        source.name in {"getent", "compgen", "dscl"}
        or any(_LISTS_USERS.search(word.text) for word in source.args)
        for source in sources
    )


def _of(names: str) -> frozenset[str]:
    return frozenset(names.split())


_DELETES: Final = _DELETERS | frozenset(_DELETING_VERBS) | _of(
    "deluser delgroup ldapdelete kadmin kadmin.local"
)  # fmt: skip
EFFECTS: Final = (
    Effect(
        "root-twin", _makes_root_twin, _of("useradd luseradd adduser usermod pw dscl sysadminctl")
    ),
    Effect("delete-root-user", _deletes_root, _DELETES | {"kdb5_util"}),
    Effect(
        "make-admin",
        _makes_admin,
        _of("usermod useradd luseradd adduser addgroup gpasswd groupmems dscl dseditgroup pw"),
    ),
    Effect("take-admin", _takes_admin, _of("gpasswd groupmems dseditgroup deluser delgroup")),
    Effect("move-home", _moves_home, _of("usermod")),
    Effect("replace-groups", _replaces_groups, _of("usermod")),
    Effect("change-shell", _changes_shell, _of("chsh usermod")),
    Effect("delete-user", _deletes_account, _DELETES),
    Effect("open-hashes", lambda c: not c.has("--help", "-h"), _of("pwunconv grpunconv")),
)
