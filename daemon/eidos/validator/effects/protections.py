"""What guards the machine, and what switches it off: logs, firewalls, scanners, confinement."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.editing import (
    files_changed,
    files_erased,
    text_put,
    values_put,
)
from eidos.validator.effects.effect import UNPLAIN, WRITING, Effect
from eidos.validator.effects.stopping import STOPPERS, runs_init_script, services_stopped
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_GUARDS: Final = Pattern(
    r"auditd?|auditbeat|rsyslogd?|r?syslog(?:-ng|d)?|sysklogd|klogd|metalog|systemd-journald.*|journald"
    r"|apparmor|selinux.*|firewalld?|ufw|nftables|iptables|ip6tables|netfilter-persistent|shorewall"
    r"|fail2ban(?:-server)?|crowdsec.*|sshguard|denyhosts|psad|portsentry|suricata|snort|zeek"
    r"|falco.*|osqueryd?|clamd|clamav-(?:daemon|clamonacc)|clamav|clamonacc|freshclamd"
    r"|falcon-?sensor|falcond|falconctl|wazuh.*|ossec.*|sysmon|mdatp|mde_.*|sentinel(?:one|agent|d)?"
    r"|cbagentd|cbdaemon|cb(?:defense|sensor)|carbonblack|xagt|ds_agent|ds_filter|esets?|sav-protect"
    r"|sophos.*|mcafee.*|mfe.*|nails|cylancesvc|elastic-(?:agent|endpoint)|velociraptor"
    r"|aide.*|tripwire|samhain|rkhunter|chkrootkit|tetragon|sysdig|cortex.*|traps_pmd|qualys.*|acct|psacct"
    r"|windefend|mpssvc|wscsvc|com\.(?:apple\.(?:alf.*|syslogd|auditd|xprotect.*|mrt)|crowdstrike.*"
    r"|objective-see.*|jamf.*|sentinelone.*|microsoft\.(?:wdav|fresno).*)|usbguard|aa-.*|pf"
    r"|at\.obdev\.littlesnitch.*|com\.carbonblack\..*|com\.opendns\..*|littlesnitch.*|santad?|blockblock|lulu|xprotect.*"
)


def _guards_stopped(command: Command) -> set[str]:
    return {name for name in services_stopped(command) if _GUARDS.fullmatch(name)}


def _stops_guard(command: Command) -> bool:
    return bool(_guards_stopped(command)) and not _is_own_unit(command)


def _stops_guards(command: Command) -> bool:
    guards = {name.removesuffix("d") for name in _guards_stopped(command)}
    return len(guards - {"ip6tables", "aa-"}) > 1 and command.name != "kill"


def _is_own_unit(command: Command) -> bool:
    return any(word.text == "--user" for word in command.args)


# Tools with which the guards themselves are switched off.

_Test = Callable[[Command], bool]


def _has(*words: str) -> _Test:
    return lambda command: command.has(*words)


def _relaxes_audit(command: Command) -> bool:
    texts = [word.text for word in command.args]
    after = dict(pairwise(texts))
    return (
        not {"-D", "-e0"}.isdisjoint(texts)
        or after.get("-e") == "0"
        or any("never" in text for text in texts)
    )


def _relaxes_defender(command: Command) -> bool:
    texts = " ".join(word.text for word in command.args).lower()
    return "-disable" in texts and "$false" not in texts


_SWITCHED: Final[dict[str, _Test]] = {
    "setenforce": _has("0", "permissive"),
    "aa-teardown": lambda c: not c.has("--help", "-h", "-d", "--dry-run"),
    "aa-disable": lambda c: bool(c.operands),
    "aa-complain": lambda c: bool(c.operands),
    "apparmor_parser": lambda c: c.has_letter("R") or c.has_long("--remove"),
    "semanage": lambda c: c.has("permissive") and c.has_letter("a"),
    "semodule": lambda c: c.has_letter("d") or c.has_long("--disable"),
    "auditctl": _relaxes_audit,
    "fail2ban-client": lambda c: c.has("stop") or (c.has("unban") and c.has("--all")),
    "falconctl": _has("uninstall", "unload", "-d", "stop"),
    "mdatp": lambda c: c.has("disabled", "disable", "off"),
    "crowdsec-firewall-bouncer": _has("-disable"),
    "csrutil": _has("disable", "authenticated-root"),
    "spctl": lambda c: c.has("--master-disable", "--global-disable", "kext-consent"),
    "fdesetup": _has("disable"),
    "systemextensionsctl": _has("uninstall", "reset"),
    "set-mppreference": _relaxes_defender,
    "esxcli": lambda c: c.has("firewall") and c.has("false", "0"),
    "netsh": lambda c: c.has("off") and c.has("advfirewall", "firewall"),
    "defaults": lambda c: c.has("lsquarantine") and c.has("no", "false", "0"),
}


def _switches_guard_off(command: Command) -> bool:
    return _SWITCHED[command.name](command)


_GUARD_FILES: Final = Pattern(
    r"/etc/(?:selinux/(?:config|semanage\.conf)|sysconfig/selinux|audit/.*|ufw/ufw\.conf"
    r"|default/(?:ufw|apparmor)|fail2ban/.*|rsyslog\.(?:conf|d/.*)|systemd/journald\.conf(?:\.d/.*)?)"
)
_GUARD_OFF: Final = Pattern(
    r"SELINUX\s*=\s*(?:disabled|permissive)|ENABLED\s*=\s*[\"']?no|-e\s+0\b|enabled\s*=\s*false"
    r"|s(?P<d>[/|,])\^(?P=d)#|Storage\s*=\s*none|(?:local_events|log_file)\s*=\s*(?:no|/dev/null)|write_logs\s*=\s*no"
    r"|\*\.\*\s+(?:~|stop|/dev/null)|APPARMOR\s*=\s*(?:no|0)|MaxLevelStore\s*=\s*(?:emerg|none)",
    re.IGNORECASE,
)
_SWITCH_FILES: Final = Pattern(
    r"/(?:sys/fs/selinux|selinux)/(?:enforce|disable)|/sys/kernel/security/apparmor/.*"
    r"|/sys/module/apparmor/parameters/\w+|/proc/self/loginuid"
)


def _writes_guard_off(command: Command) -> bool:
    for word in files_changed(command):
        path = targets.path_of(word)
        if _SWITCH_FILES.fullmatch(path):
            return "1" not in values_put(command) or path.endswith(("disable", ".remove"))
        if _GUARD_FILES.fullmatch(path) and _GUARD_OFF.search(text_put(command)):
            return True
    return any(_GUARD_FILES.fullmatch(targets.path_of(word)) for word in files_erased(command))


# Firewalls.

_TABLES: Final = frozenset({"iptables", "ip6tables", "ebtables", "arptables", "iptables-legacy",
                            "iptables-nft", "ip6tables-legacy"})  # fmt: skip
_MATCHES: Final = ("-s", "-d", "-p", "-i", "-o", "-m", "--dport", "--sport", "--source", "!")


def _texts(command: Command) -> Iterator[str]:
    return (word.text for word in command.args)


def _opens_tables(command: Command) -> bool:
    texts = list(_texts(command))
    given = set(texts)
    if not given.isdisjoint({"-F", "--flush", "-X", "--delete-chain"}):
        return True
    if "ACCEPT" not in given:
        return False
    if not given.isdisjoint({"-P", "--policy"}):
        return not given.isdisjoint({"INPUT", "OUTPUT"})
    adds = not given.isdisjoint({"-A", "-I", "--append", "--insert"})
    is_general = not any(text.startswith(_MATCHES) for text in texts)
    return adds and is_general and "INPUT" in given and "nat" not in given


_RESTORERS: Final = frozenset(
    f"{table}{kind}-restore"
    for table in ("iptables", "ip6tables")
    for kind in ("", "-legacy", "-nft")
) | {"ebtables-restore", "arptables-restore"}
_FLUSHED: Final = Pattern(r"\bflush\s+(?:ruleset|table|chain)|\bdelete\s+table")
_LONGEST: Final = 4096


def _script_of(command: Command) -> str:
    """Return what nft is told, by its words or by a text that it reads."""
    return f"{' '.join(_texts(command))}\n{text_put(command)}"[:_LONGEST]


def _restores_nothing(command: Command) -> bool:
    """Whether rules are put in place that let everything in."""
    if any(redirect.target.text == "/dev/null" for redirect in command.redirects):
        return True
    text = text_put(command)[:_LONGEST]
    return ":INPUT ACCEPT" in text and re.search(r"-A |DROP|REJECT", text) is None


_FIREWALLS: Final[dict[str, _Test]] = {
    **dict.fromkeys(_TABLES, _opens_tables),
    "nft": lambda c: _FLUSHED.search(_script_of(c)) is not None,
    "ipset": _has("destroy", "flush", "-x", "-f"),
    "ufw": lambda c: (
        not c.has("--dry-run")
        and (
            c.has("disable", "reset")
            or (c.has("logging") and c.has("off"))
            or (c.has("default") and c.has("allow") and not c.has("outgoing", "routed"))
        )
    ),
    "pfctl": lambda c: c.has_letter("d") or (c.has_letter("F") and c.has("all", "rules")),
    "ipfw": lambda c: c.has("flush") or (c.has("disable") and c.has("firewall")),
    "npfctl": _has("stop", "flush"),
    "firewall-cmd": lambda c: any(
        t in {"--set-default-zone=trusted", "--zone=trusted"} and "--list-all" not in _texts(c)
        for t in _texts(c)
    ),
    **dict.fromkeys(_RESTORERS, _restores_nothing),
    "socketfilterfw": lambda c: c.has("--setglobalstate") and c.has("off"),
}


def _opens_firewall(command: Command) -> bool:
    return _FIREWALLS[command.name](command)


EFFECTS: Final = (
    Effect("guards-off", _stops_guards, STOPPERS),
    Effect("guard-off", _stops_guard, STOPPERS),
    Effect("guard-off", lambda c: runs_init_script(c) and _stops_guard(c), when=UNPLAIN),
    Effect("guard-off", _switches_guard_off, frozenset(_SWITCHED)),
    Effect("guard-off", _writes_guard_off, when=WRITING),
    Effect("firewall-off", _opens_firewall, frozenset(_FIREWALLS)),
)
