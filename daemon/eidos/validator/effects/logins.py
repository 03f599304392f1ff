"""The files that say who may log in, and who may become root."""

import re
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.editing import files_changed, is_fed, text_put
from eidos.validator.effects.effect import WRITING, Effect
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_LOGIN_TREES: Final = Pattern(
    r"(?:/usr/local)?/etc/(?:sudoers\.d|pam\.d|pam\.conf|doas\.conf|sudoers|sudo\.conf"
    r"|polkit-1/(?:rules\.d|localauthority).*|security/(?:access|pam_\w+|sudoers)\.conf"
    r"|s?pwd\.db|passwd-|shadow-|nslcd\.conf|sssd/sssd\.conf)(?:/.*)?"
    r"|/usr/share/polkit-1/(?:actions|rules\.d)(?:/.*)?|/var/db/dslocal(?:/.*)?"
    r"|(?:/usr)?/lib(?:64)?/(?:[\w-]+/)?security/pam_.*"
)
_EDITOR_VARIABLES: Final = frozenset({"EDITOR", "VISUAL", "SUDO_EDITOR"})
_PROGRAM_EDITS: Final = Pattern(
    r"\b(?:tee|sed|perl|ed|ex|cp|mv|sh|bash|dash|cat|g?awk|python3?|ruby|echo|dd|sponge)\b"
)


def _is_login_file(word: Word) -> bool:
    if targets.is_login_file(word):
        return True
    path = targets.path_of(word)
    return bool(path) and _LOGIN_TREES.fullmatch(path) is not None


def _writes_accounts(command: Command) -> bool:
    return any(_is_login_file(word) for word in files_changed(command))


def _drives_account_editor(command: Command) -> bool:
    """Whether `visudo` and its kin are driven by a program in the place of a person."""
    if command.name == "sudoedit" and not any(_is_login_file(w) for w in command.operands):
        return False
    if is_fed(command) and not command.has_letter("c"):
        return True
    return any(
        given.name in _EDITOR_VARIABLES and _PROGRAM_EDITS.search(given.value.text)
        for given in command.assignments
    )


_SSH_SETTINGS: Final = Pattern(r"/etc/(?:ssh/)?sshd_config(?:\.d(?:/.*)?)?")
_LOOSE_SSH: Final = Pattern(
    r"(?:PermitRootLogin|PermitEmptyPasswords|PasswordAuthentication|HostbasedAuthentication"
    r"|ChallengeResponseAuthentication|KbdInteractiveAuthentication|PermitUserEnvironment"
    r"|GatewayPorts|RhostsRSAAuthentication)[\s=\\]+['\"]?yes"
    r"|PermitRootLogin[\s=\\]+(?:without-password|prohibit-password)"
    r"|(?:StrictModes|PubkeyAuthentication|UsePAM|IgnoreRhosts)[\s=\\]+['\"]?no\b|Protocol[\s=]+1",
    re.IGNORECASE,
)
_LOGIN_SETTINGS: Final = Pattern(
    r"/etc/(?:login\.defs|securetty|hosts\.equiv|default/useradd|adduser\.conf|libuser\.conf"
    r"|ftpusers|security/(?:limits|faillock|pwquality|time|group)\.conf"
    r"|security/limits\.d/.*)|(?:~|/root|/home/[^/]+)/\.[rs]hosts"
)


def _loosens_ssh(command: Command) -> bool:
    if command.name == "sshd":
        return _LOOSE_SSH.search(text_put(command)) is not None
    changed = (targets.path_of(word) for word in files_changed(command))
    return any(_SSH_SETTINGS.fullmatch(path) for path in changed) and (
        _LOOSE_SSH.search(text_put(command)) is not None
    )


def _relaxes_login(command: Command) -> bool:
    if command.name == "sysadminctl":
        return command.has("-guestaccount") and command.has("on")
    return command.has("--force", "--remove", "--disable", "disable-feature")


def _changes_login(command: Command) -> bool:
    return any(_LOGIN_SETTINGS.fullmatch(targets.path_of(w)) for w in files_changed(command))


EFFECTS: Final = (
    Effect("write-logins", _writes_accounts, when=WRITING),
    Effect(
        "write-logins",
        _drives_account_editor,
        frozenset({"visudo", "vipw", "vigr", "sudoedit"}),
    ),
    Effect("loosen-ssh", _loosens_ssh, when=WRITING),
    Effect("loosen-ssh", _loosens_ssh, frozenset({"sshd"})),
    Effect("change-login", _changes_login, when=WRITING),
    Effect(
        "change-login",
        _relaxes_login,
        frozenset({"authselect", "authconfig", "pam-auth-update", "sysadminctl"}),
    ),
)
