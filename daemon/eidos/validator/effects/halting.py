"""Switching off: the machine, the network, and the services that one reaches it by."""

from collections.abc import Callable
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import UNPLAIN, Effect
from eidos.validator.effects.stopping import STOPPERS, runs_init_script, services_stopped
from eidos.validator.patterns import Pattern

_POWER_VERBS: Final = (
    *("reboot", "poweroff", "halt", "kexec", "rescue", "emergency", "soft-reboot", "isolate"),
    *("rescue.target", "emergency.target", "reboot.target", "poweroff.target", "halt.target"),
)
_RUN_LEVELS: Final = frozenset({"0", "1", "6", "s", "S"})
_MESSAGES: Final = Pattern(
    r"\.(?:PowerOff|Reboot|Halt|RequestShutdown|RequestReboot)\b|^(?:PowerOff|Reboot|Halt)$"
)


_Test = Callable[[Command], bool]


def _words(*verbs: str) -> _Test:
    return lambda command: any(word.text in verbs for word in command.operands[:2])


def _sends_message(command: Command) -> bool:
    return any(_MESSAGES.search(text) for text in command.texts)


def _presses_switch(command: Command) -> bool:
    return command.has("power", "chassis") and command.has("off", "cycle", "reset", "soft")


def _halts(command: Command) -> bool:
    return not command.has_letter("w") and not command.has_long("--wtmp-only")


_SWITCHES: Final[dict[str, _Test]] = {
    "shutdown": lambda c: not c.has_letter("ck") and not c.has_long("--show"),
    **dict.fromkeys(("reboot", "poweroff", "halt"), _halts),
    "openrc-shutdown": _halts,
    **dict.fromkeys(("systemctl", "loginctl"), _words(*_POWER_VERBS)),
    **dict.fromkeys(("init", "telinit"), lambda c: not _RUN_LEVELS.isdisjoint(c.texts)),
    "ipmitool": _presses_switch,
    "gnome-session-quit": lambda c: c.has("--power-off", "--reboot"),
    **dict.fromkeys(("dbus-send", "gdbus", "busctl", "qdbus"), _sends_message),
}


def _switches_off(command: Command) -> bool:
    return not command.has("--help", "--version", "cancel", "--when=cancel") and _SWITCHES[
        command.name
    ](command)


# Services.

_LIFELINES: Final = Pattern(
    r"sshd?|openssh(?:-server|-daemon)?|network(?:ing)?|network-?manager|systemd-networkd"
    r"|systemd-resolved|wpa_supplicant|wicked|connman|iwd|dhcpcd|dhclient|netctl|netif|routing"
    r"|dbus(?:-broker|-daemon)?|display-manager|[glsx]dm3?|lightdm|lxdm|slim|xorg|x|gnome-shell|wayland"
    r"|systemd-(?:logind|udevd|journald|modules-load)|getty(?:@.*)?|logind|udev|polkit|elogind"
    r"|com\.openssh\.sshd|com\.apple\.(?:windowserver|loginwindow|mdnsresponder|configd)"
    r"|windowserver|loginwindow|multi-user|graphical|basic|network-online|default|sysinit"
)
_KILLED: Final = Pattern(
    r"sshd|networkmanager|systemd-(?:networkd|resolved|logind|udevd)|wpa_supplicant|dbus-daemon"
    r"|xorg|gdm3?|sddm|lightdm|login|getty|agetty|dhclient|loginwindow|windowserver|udevd|x"
)


def _stops_lifeline(command: Command) -> bool:
    names = _KILLED if command.name in _KILLERS else _LIFELINES
    is_own = any(text == "--user" for text in command.texts)
    return not is_own and any(names.fullmatch(name) for name in services_stopped(command))


_KILLERS: Final = frozenset({"kill", "pkill", "killall", "skill"})


_ALL_UNITS: Final = frozenset(
    {"init.scope", "-.slice", "system.slice", "user.slice", "*.service", "*.slice", "*.scope"}
)


def _stops_everything(command: Command) -> bool:
    if any(name in {"*", "*.*", "--all"} for name in services_stopped(command)):
        return True
    stops = command.name == "systemctl" and command.has("stop", "kill", "freeze", "isolate")
    if stops and any(word.text in _ALL_UNITS for word in command.args):
        return True
    if command.name not in {"systemctl", "service"} or not command.has("stop", "disable", "mask"):
        return False
    feeding = [*command.upstream, *(s for word in command.args for s in word.sources)]
    lists = any(f.has("list-units", "list-unit-files", "--status-all") for f in feeding)
    return lists and not any(f.name in {"grep", "egrep", "rg", "head"} for f in feeding)


# The network.

_DROPPED: Final = frozenset({"drop", "reject"})
_MATCHES: Final = ("-s", "-d", "-p", "-i", "-o", "-m", "--dport", "--sport", "--source", "--match")
"""What makes a rule of the firewall one about certain packets only."""
_LOGIN_PORTS: Final = frozenset({"22", "22/tcp", "ssh", "openssh"})
_DEFAULT_ROUTES: Final = frozenset({"default", "0.0.0.0/0", "0/0", "::/0", "0.0.0.0"})  # noqa: S104


_Network = Callable[[list[str]], bool]


def _ends_network(command: Command) -> bool:
    return _NETWORK_ENDS[command.name]([text.lower() for text in command.texts])


def _any_of(*words: str) -> _Network:
    return lambda texts: not set(words).isdisjoint(texts)


def _route_ends(texts: list[str]) -> bool:
    given = set(texts)
    removes = not given.isdisjoint({"del", "delete"})
    return "flush" in given or (removes and not given.isdisjoint(_DEFAULT_ROUTES))


def _blocks_radio(texts: list[str]) -> bool:
    return "block" in texts and not {"all", "wifi", "wlan"}.isdisjoint(texts)


_CARD: Final = Pattern(r"(?:eth|wlan|ww(?:an)?|bond)\d+|(?:en|wl)[opsx]\w+|\$\w+")


def _ip_ends(texts: list[str]) -> bool:
    words = [text for text in texts if not text.startswith("-")]
    kind, rest = (words[0], set(words[1:])) if words else ("", set[str]())
    if "link".startswith(kind) and kind:
        if not rest.isdisjoint({"del", "delete"}):
            return any(_CARD.fullmatch(text) for text in rest)
        return "down" in rest and "set" in rest
    if "address".startswith(kind) and kind:
        return "flush" in rest
    if "route".startswith(kind) and kind:
        removes = not rest.isdisjoint({"del", "delete", "d"})
        return ("flush" in rest and "cache" not in rest) or (
            removes and not rest.isdisjoint(_DEFAULT_ROUTES)
        )  # fmt: skip
    return kind == "rule" and "flush" in rest


def _nmcli_ends(texts: list[str]) -> bool:
    words = [text for text in texts if not text.startswith("-")]
    if len(words) < 2:  # noqa: PLR2004 - an object and what to do with it
        return False
    kind, rest = words[0], words[1:]
    if "networking".startswith(kind) or "radio".startswith(kind):
        return "off" in rest
    return "device".startswith(kind) and rest[0] in {"disconnect", "down", "delete"}


def _closes_firewall(texts: list[str]) -> bool:
    """Whether all that comes in, or goes out, is thrown away."""
    given = set(texts)
    if given.isdisjoint(_DROPPED):
        return False
    if not given.isdisjoint({"-a", "-i"}) and not given.isdisjoint({"22", "ssh"}):
        return "-s" not in given
    if not given.isdisjoint({"-p", "--policy"}) and not given.isdisjoint({"input", "output"}):
        return texts[-1] in _DROPPED and "-j" not in given
    adds = not given.isdisjoint({"-a", "-i", "--append", "--insert"})
    return adds and not any(text.startswith(_MATCHES) for text in texts[2:])


_NETWORK_ENDS: Final[dict[str, _Network]] = {
    "ip": _ip_ends,
    "ifconfig": _any_of("down", "0.0.0.0"),  # noqa: S104
    "dhclient": _any_of("-r", "-x"),
    "dhcpcd": _any_of("-k", "-x", "--release", "--exit"),
    "wpa_cli": _any_of("terminate", "disconnect", "disable_network"),
    "ufw": lambda texts: "deny" in texts and not _LOGIN_PORTS.isdisjoint(texts),
    "ifdown": lambda texts: bool(texts) and texts[0] not in {"--help", "--version"},
    "route": _route_ends,
    "nmcli": _nmcli_ends,
    "networksetup": _any_of("off", "-setv4off", "-removenetworkservice"),
    "rfkill": _blocks_radio,
    "tc": lambda texts: "loss" in texts and "100%" in texts,
    "firewall-cmd": _any_of("--panic-on"),
    **dict.fromkeys(("iptables", "ip6tables", "iptables-legacy"), _closes_firewall),
    "iptables-nft": _closes_firewall,
}


EFFECTS: Final = (
    Effect("stop-everything", _stops_everything, STOPPERS),
    Effect("power", _switches_off, frozenset(_SWITCHES)),
    Effect("stop-lifeline", _stops_lifeline, STOPPERS),
    Effect(
        "stop-lifeline",
        lambda c: runs_init_script(c) and _stops_lifeline(c),
        when=UNPLAIN,
    ),
    Effect("network-down", _ends_network, frozenset(_NETWORK_ENDS)),
)
