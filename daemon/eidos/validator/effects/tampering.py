"""Programs, libraries, names of hosts and settings of tools, put in the place of the right ones."""

import re
from collections.abc import Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.effect import WRITING, Effect
from eidos.validator.effects.hijacking import COMMON_PROGRAMS, PROGRAMS_OF_TRUST
from eidos.validator.effects.payloads import (
    FETCHERS,
    is_hidden_place,
    is_payload,
    text_read_later,
)
from eidos.validator.effects.writing import How, writes
from eidos.validator.patterns import Pattern
from eidos.validator.places.targets import path_of

_PROGRAM: Final = Pattern(
    r"(?:/usr)?(?:/local)?/s?bin/([\w.+-]+)|/opt/homebrew/bin/([\w.+-]+)|~/\.?(?:local/)?bin/([\w.+-]+)"
)


def _replaces_program(command: Command) -> bool:
    """Whether a program that people call by name is replaced by something from nowhere."""
    for write in writes(command):
        match = _PROGRAM.fullmatch(path_of(write.target))
        name = next(filter(None, match.groups()), "") if match else ""
        if not name or write.how is How.EMPTY:
            continue
        sources = command.operands[:-1] if write.how is How.PLACE else ()
        if name in COMMON_PROGRAMS and (_is_unowned(name, sources) or write.how is not How.PLACE):
            return True
        if any(is_hidden_place(word.text) and "/." in word.text for word in sources):
            return True
    return False


def _is_unowned(name: str, sources: tuple[Word, ...]) -> bool:
    """Whether none of *sources* is a system's or a build's own *name*."""
    own = re.compile(r"(?:/usr|/bin|/opt|/nix|/snap|/lib|\.\.?/|[\w-]+/|" + re.escape(name) + ")")
    return name in PROGRAMS_OF_TRUST or not any(own.match(word.text) for word in sources)


_HIJACKED_FILES: Final = {
    "/etc/nsswitch.conf": Pattern(""),
    "/etc/ld.so.conf": Pattern("/tmp|/dev/shm"),
    "/etc/pam.d": Pattern("pam_(?:permit|exec|succeed_if)|/tmp|auth sufficient"),
    "/etc/ld.so.conf.d": Pattern("/tmp|/dev/shm|/home"),
}


def _changes_lookup(command: Command) -> bool:
    """Whether what decides on logins, names and libraries is changed."""
    for write in writes(command):
        path = path_of(write.target)
        pattern = _HIJACKED_FILES.get(path) or _HIJACKED_FILES.get(path.rpartition("/")[0])
        if pattern and write.how is not How.EMPTY and pattern.search(text_read_later(command)):
            return True
    return False


_KNOWN_HOSTS: Final = Pattern(
    r"(?!127\.|0\.0\.0\.0|::1|192\.168\.|10\.)\b\d+\.\d+\.\d+\.\d+[\s\\t]+\S*\b"
    r"(?:\w*bank\w*|paypal|google\w*|gmail|github\w*|gitlab|microsoft\w*|apple|icloud|amazon\w*|aws"
    r"|facebook|debian|ubuntu|redhat|fedoraproject|archlinux|pypi|pythonhosted|npmjs|docker|crates"
    r"|rubygems|kernel|login|accounts?|update\w*|security|auth|sso)\b"
)


def _changes_hosts(command: Command) -> bool:
    return any(path_of(write.target) == "/etc/hosts" for write in writes(command))


def _redirects_known_host(command: Command) -> bool:
    is_hosts = _changes_hosts(command)
    if is_hosts and _KNOWN_HOSTS.search(text_read_later(command)):
        return True
    is_fetched = any(each.name in FETCHERS for each in (*command.reads, command))
    return is_fetched and (is_hosts or _changes_resolver(command))


def _changes_resolver(command: Command) -> bool:
    if command.name in {"resolvectl", "systemd-resolve"}:
        return command.has("dns", "--set-dns") and len(command.operands) > 2  # noqa: PLR2004
    if command.name == "networksetup":
        return command.has("-setdnsservers", "-setwebproxy", "-setsecurewebproxy")
    if command.name == "nmcli":
        return any(re.match(r"ipv[46]\.dns$", word.text) for word in command.args)
    return any(
        path_of(write.target) in {"/etc/resolv.conf", "/etc/systemd/resolved.conf"}
        and write.how is not How.EMPTY
        for write in writes(command)
    )


# Settings of tools.


def _settings(command: Command) -> Iterator[tuple[str, str]]:
    """Yield keys and values that `git config`, `npm config set` and their kin are given."""
    words = [word.text for word in command.operands if word.text not in {"config", "set", "add"}]
    for text in words:
        key, equals, value = text.partition("=")
        if equals and re.fullmatch(r"[\w.-]+", key):
            yield key, value
    if len(words) > 1:
        yield words[0], " ".join(words[1:])


_RUNS: Final = Pattern(
    r"core\.(?:sshcommand|pager|editor|fsmonitor|hookspath|askpass|gitproxy)|pager\.\w+"
    r"|sequence\.editor|credential\.(?:.*\.)?helper|diff\.(?:external|.*\.(?:command|textconv))"
    r"|(?:merge|mergetool|difftool|filter)\..*|alias\..*|gpg\.(?:.*\.)?program|init\.templatedir"
    r"|script-shell|prefix|node-options|uploadpack\.packobjectshook|receive\..*|shell|editor",
    re.IGNORECASE,
)
_INSECURE: Final = {
    "http.sslverify": Pattern("false|0", re.IGNORECASE),
    "http.sslcainfo": Pattern("/tmp|/dev/null"),
    "strict-ssl": Pattern("false"),
    "cafile": Pattern("/tmp"),
    "registry": Pattern("http:"),
    "index-url": Pattern("http:"),
    "global.index-url": Pattern("http:"),
    "global.trusted-host": Pattern("."),
    "ssl_verify": Pattern("false", re.IGNORECASE),
    "http.proxy": Pattern("http:"),
    "protocol.ext.allow": Pattern("always"),
    "safe.directory": Pattern(r"\*"),
}


def _is_configuring(command: Command) -> bool:
    return command.has("config", "set") and not command.has("--get", "--list", "-l", "--unset")


_INSTEAD: Final = Pattern(r"url\.(.+)\.(?:push)?insteadof", re.IGNORECASE)
_HOST: Final = Pattern(r"(?:\w+://)?(?:[\w.-]+@)?([\w.-]+)")


def _sends_elsewhere(command: Command) -> bool:
    """Whether git is told to ask one host when another one is meant."""
    for key, value in _settings(command):
        match = _INSTEAD.fullmatch(key)
        if match and (host := _HOST.match(match[1])) and host[1] not in value:
            return True
    return False


def _hooks_everywhere(command: Command) -> bool:
    """Whether each repository of this user gets hooks out of one folder."""
    keys = {key.lower() for key, _ in _settings(command)}
    return command.has("--global", "--system") and bool(
        keys & {"init.templatedir", "core.hookspath"}
    )


def _sets_program(command: Command) -> bool:
    """Whether a tool is told to run what hides, fetches or connects back."""
    settings = list(_settings(command)) if _is_configuring(command) else []
    if command.name == "git":
        parts = (value.text.partition("=") for value in command.values("-c"))
        settings += [(key, value) for key, _, value in parts]
    return any(
        _RUNS.fullmatch(key) and (is_payload(value) or is_hidden_place(value))
        for key, value in settings
    )


def _sets_insecure(command: Command) -> bool:
    return _is_configuring(command) and any(
        (pattern := _INSECURE.get(key.lower())) is not None and pattern.search(value)
        for key, value in _settings(command)
    )


def _trusts_authority(command: Command) -> bool:
    """Whether whoever made a certificate may from now on pose as any host."""
    match command.name:
        case "security":
            return command.has("add-trusted-cert")
        case "trust":
            return command.has("anchor")
        case "certutil":
            return command.has("-a", "-addstore")
        case "keytool":
            return command.has("-importcert", "-import") and command.has("-noprompt", "-cacerts")
        case _:
            return command.name in {"update-ca-certificates", "update-ca-trust"} and any(
                each.name in FETCHERS for each in command.reads
            )


def _adds_authority(command: Command) -> bool:
    return any(_AUTHORITIES.match(path_of(write.target)) for write in writes(command))


def _adds_unseen_authority(command: Command) -> bool:
    is_fetched = any(each.name in FETCHERS for each in (command, *command.reads))
    return is_fetched and _adds_authority(command)


def _stops_checking(command: Command) -> bool:
    """Whether a startup file or the settings of a client say that any server is the right one."""
    return any(
        _CLIENT_SETTINGS.search(write.target.text) and _NO_CHECK.search(text_read_later(command))
        for write in writes(command)
    )


_CLIENT_SETTINGS: Final = Pattern(
    r"(?:rc|profile|\.zshenv|/environment|ssh_config|\.ssh/config|\.npmrc|pip\.conf|\.condarc"
    r"|config\.fish)$"
)
_NO_CHECK: Final = Pattern(
    r"StrictHostKeyChecking[ =]+(?:no|off)|(?m:^|\s)insecure(?m:$)|check_certificate\s*=\s*off"
    r"|NODE_TLS_REJECT_UNAUTHORIZED[= ]0|PYTHONHTTPSVERIFY[= ]0|GIT_SSL_NO_VERIFY|sslVerify\s*=\s*f"
    r"|strict-ssl\s*=\s*false|trusted-host|ssl_verify:\s*false"
)


_AUTHORITIES: Final = Pattern(
    r"/usr/local/share/ca-certificates|/etc/(?:ssl/certs|pki/ca-trust/source)|/usr/share/ca-cert"
)


def _poses_as_others(command: Command) -> bool:
    return not command.has("-h", "--help", "--version")


def _turns_traffic(command: Command) -> bool:
    """Whether packets that leave this machine are sent to somebody else."""
    texts = [word.text for word in command.args]
    return "OUTPUT" in texts and bool({"DNAT", "REDIRECT"} & {*texts}) and "nat" in texts


def _names_hidden(command: Command) -> bool:
    return any(is_hidden_place(word.text) for word in command.args)


def _sets_alternative(command: Command) -> bool:
    return command.has("--install", "--set", "--remove", "--remove-all")


_ALTERNATIVES: Final = frozenset({"update-alternatives", "alternatives"})
_SETTERS: Final = frozenset({"git", "npm", "yarn", "pnpm", "pip", "pip3", "conda", "bun", "gh"})
_AGENTS: Final = frozenset(
    {"arpspoof", "ettercap", "bettercap", "dnsspoof", "responder", "arpison"}
)


EFFECTS: Final = (
    Effect("replace-program", _replaces_program, when=WRITING),
    Effect("change-lookup", _changes_lookup, when=WRITING),
    Effect("redirect-host", _redirects_known_host, when=WRITING),
    Effect("change-hosts", _changes_hosts, when=WRITING),
    Effect("change-resolver", _changes_resolver, when=WRITING),
    Effect("change-resolver", _changes_resolver,
           frozenset({"resolvectl", "systemd-resolve", "networksetup", "nmcli"})),
    Effect("add-authority", _adds_authority, when=WRITING),
    Effect("add-authority", _trusts_authority,
           frozenset({"security", "trust", "certutil", "keytool", "update-ca-certificates",
                      "update-ca-trust"})),
    Effect("add-unseen-authority", _adds_unseen_authority, when=WRITING),
    Effect("stop-checking", _stops_checking, when=WRITING),
    Effect("send-elsewhere", _sends_elsewhere, frozenset({"git"})),
    Effect("hooks-everywhere", _hooks_everywhere, frozenset({"git"})),
    Effect("set-program", _sets_program, _SETTERS),
    Effect("set-insecure", _sets_insecure, _SETTERS),
    Effect("set-alternative", _sets_alternative, _ALTERNATIVES),
    Effect("hash-hidden", _names_hidden,
           frozenset({"hash", "enable", "update-alternatives", "alternatives", "dpkg-divert"})),
    Effect("pose-as-host", _poses_as_others, _AGENTS),
    Effect("turn-traffic", _turns_traffic, frozenset({"iptables", "ip6tables"})),
)  # fmt: skip
