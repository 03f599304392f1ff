"""What is run again unasked, at login, at boot or by the clock; and who may log in."""

import re
from collections.abc import Iterator
from posixpath import dirname
from typing import Final

from eidos.validator.commands import Command, Machine, Word
from eidos.validator.effects.editing import is_fed, text_put, values_put
from eidos.validator.effects.effect import WRITING, Effect
from eidos.validator.effects.payloads import is_hidden_place, is_payload, puts_payload
from eidos.validator.effects.writing import How, writes
from eidos.validator.patterns import Pattern
from eidos.validator.places.targets import in_home, path_of

_OWN_STARTUP: Final = Pattern(
    r"\.(?:bash(?:rc|_profile|_login|_logout|_aliases)|profile|z(?:shrc|shenv|profile|login|logout)"
    r"|kshrc|mkshrc|cshrc|tcshrc|login|xinitrc|xprofile|xsession(?:rc)?|inputrc|vimrc|pythonrc)"
    r"|\.config/fish/(?:config\.fish|(?:conf\.d|functions)/[^/]+)|\.ssh/(?:rc|config)|\.pam_environment|\.zshrc\.local"
    r"|\.config/(?:nvim/init\.\w+|zsh/\.z\w+)|\.local/lib/python[^/]*/site-packages/[^/]+"
    r"|\.local/share/applications/[^/]+\.desktop"
)
_OWN_ENTRIES: Final = Pattern(
    r"\.config/(?:autostart|systemd/user|environment\.d|plasma-workspace/env)(?:/.+)?"
    r"|Library/Launch(?:Agents|Daemons)(?:/.+)?|\.config/autostart-scripts/.+"
)
_SYSTEM_ENTRIES: Final = Pattern(
    r"/etc/(?:crontab|cron\.[a-z]+(?:/.*)?|anacrontab|rc\.local|rc\.d/.+|rc[0-6S]\.d/.+|init\.d/.+"
    r"|init/.+|inittab|profile|profile\.d/.+|bash\.bashrc|bashrc|zsh/.+|zsh(?:rc|env)|environment"
    r"|fish/.+|update-motd\.d/.+|xdg/autostart/.+|X11/.+|udev/rules\.d/.+|modules-load\.d/.+"
    r"|systemd/(?:system|user)(?:/.+)?|systemd/system-(?:generators|sleep|shutdown)/.+|skel/.+"
    r"|NetworkManager/dispatcher\.d/.+|apt/apt\.conf\.d/.+|network/if-(?:up|pre-up)\.d/.+"
    r"|dhcp/dhclient-\w+-hooks\.d/.+|logrotate\.d/.+|pm/.+|acpi/.+|xinetd\.d/.+|inetd\.conf|at\.allow"
    r"|ld\.so\.preload|binfmt\.d/.+|tmpfiles\.d/.+|sudoers\.d/.+|periodic/.+|ssh/sshrc)"
    r"|/var/spool/(?:cron|at)(?:/.*)?|/(?:usr/)?lib/systemd/(?:system|user)(?:/.+)?"
    r"|/(?:usr/)?lib/udev/rules\.d/.+|/Library/(?:Launch(?:Agents|Daemons)|StartupItems)(?:/.+)?"
    r"|/usr/lib/python[^/]*/(?:.*/)?(?:sitecustomize\.py|[^/]+\.pth)|/usr/share/xsessions/.+"
)
_QUIET_ENTRIES: Final = Pattern(
    r"/etc/(?:logrotate\.d|tmpfiles\.d|skel|apt/apt\.conf\.d|modules-load\.d|X11"
    r"|sudoers\.d)(?:/.*)?"
)
"""Run or read later as well, and written every day by whoever administers a machine."""
_KEYS: Final = Pattern(r"\.ssh/authorized_keys2?")
_HOOK: Final = Pattern(
    r"(?:^|/)(?:(?:\.git/hooks|\.githooks|\.husky)/[\w-]+|[\w-]+\.pth|(?:site|user)customize\.py)$"
)


def _startup_files(command: Command) -> Iterator[tuple[Word, How]]:
    """Yield the files that *command* writes and that something runs later."""
    for write in writes(command):
        is_startup = _OWN_STARTUP.fullmatch(in_home(write.target)) or _is_entry(write.target)
        if is_startup or _HOOK.search(write.target.text):
            yield write.target, write.how


def _is_entry(word: Word) -> bool:
    return (
        _SYSTEM_ENTRIES.fullmatch(path_of(word)) is not None
        or _OWN_ENTRIES.fullmatch(in_home(word)) is not None
    )


def _writes_payload(command: Command) -> bool:
    """Whether what is run later was not written by whoever owns it, or does what nobody wants."""
    if command.machine is Machine.CONTAINER:
        return False
    changes = (how for _, how in _startup_files(command) if how is not How.EMPTY)
    return any(True for _ in changes) and puts_payload(command)


def _makes_entry(command: Command) -> bool:
    return any(
        _is_entry(word) and not _QUIET_ENTRIES.fullmatch(path_of(word)) and how is not How.EMPTY
        for word, how in _startup_files(command)
    )


# Jobs by the clock.


def _schedules_payload(command: Command) -> bool:
    """Whether crontab or at is given a job that fetches, connects back or hides."""
    is_made = any(word.sources for word in command.operands)
    if not is_made and not is_fed(command):
        return any(is_hidden_place(word.text) for word in command.operands)
    return puts_payload(command)


def _replaces_jobs(command: Command) -> bool:
    """Whether all jobs of somebody else, or of all users, are replaced."""
    is_other = any(True for _ in command.values("-u", "--user"))
    edits = command.has_letter("elr")
    return command.name == "crontab" and is_other and not edits and bool(command.operands)


# Who may log in.


def _keys_changed(command: Command) -> Iterator[Word]:
    for write in writes(command):
        if _KEYS.fullmatch(in_home(write.target)) and write.how is not How.EMPTY:
            yield write.target


def _lets_others_in(command: Command) -> bool:
    """Whether a key is added for root or another user, or one that was just fetched."""
    for word in _keys_changed(command):
        path = path_of(word)
        is_other = not path.startswith("~/") and not dirname(path).endswith("/$USER/.ssh")
        if is_other or _FORCED.search(text_put(command)):
            return True
        if any(each.name in _UNSEEN for each in (command, *command.reads)):
            return True
    return any(
        _KEY_SETTING.search(word.text) for word in command.words if command.name in {"sed", "tee"}
    )


_FORCED: Final = Pattern(r"\bcommand=")
_UNSEEN: Final = frozenset({"curl", "wget", "fetch", "base64", "nc", "ncat", "aria2c", "xxd"})
_KEY_SETTING: Final = Pattern(r"AuthorizedKeysFile\s+(?:/tmp|/dev/shm|/var/tmp)")


def _adds_own_key(command: Command) -> bool:
    if not any(True for _ in _keys_changed(command)) or command.machine is not Machine.HOST:
        return False
    readers = (command, *command.reads)
    names = [word for each in readers for word in each.operands]
    names += [r.target for each in readers for r in each.redirects if r.reads]
    is_own = any(re.fullmatch(r"\.ssh/[^/]+\.pub", in_home(word)) for word in names)
    return not is_own or bool(values_put(command))


_ENABLERS: Final = frozenset({"systemctl", "launchctl", "update-rc.d", "chkconfig", "rc-update"})


def _enables_hidden(command: Command) -> bool:
    """Whether a service is taken from where anybody may have put it."""
    return any(is_hidden_place(word.text) for word in command.operands) and command.has(
        "enable", "link", "load", "bootstrap", "start", "reenable", "submit"
    )


def _runs_later(command: Command) -> bool:
    """Whether a text for later, in an option or a variable, is a payload."""
    return any(is_payload(word.text) for word in command.args)


def _loads_early(command: Command) -> bool:
    return any(path_of(write.target) == "/etc/ld.so.preload" for write in writes(command))


EFFECTS: Final = (
    Effect("persist-payload", _writes_payload, when=WRITING),
    Effect("persist-job", _schedules_payload, frozenset({"crontab", "at", "batch", "fcrontab"})),
    Effect("persist-job", _runs_later, frozenset({"schtasks", "launchctl", "anacron"})),
    Effect("persist-service", _enables_hidden, _ENABLERS),
    Effect("persist-preload", _loads_early, when=WRITING),
    Effect("persist-login", _lets_others_in, when=WRITING),
    Effect("persist-own-login", _adds_own_key, when=WRITING),
    Effect("persist-entry", _makes_entry, when=WRITING),
    Effect("persist-jobs-of-others", _replaces_jobs, frozenset({"crontab"})),
)
