"""Programs that bring text from other machines, and words that are connections."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from eidos.validator.commands import Command, Machine, Word
from eidos.validator.patterns import Pattern

FETCHERS: Final = frozenset(
    "curl curlie wget wget2 fetch aria2c axel http https xh httpie lynx w3m links links2 elinks "
    "lwp-request lwp-download lwp-mirror lwp-rget GET POST HEAD nc ncat netcat cryptcat sbd telnet "
    "ftp tnftp lftp tftp atftp sftp scp rsync ncftpget dig host nslookup drill "
    "kdig delv resolvectl finger whois gsutil azcopy smbclient smbget svn hg bzr fossil ipfs "
    "wormhole magic-wormhole croc bitsadmin certutil mosquitto_sub kcat kafkacat puppeteer "
    "Invoke-WebRequest Invoke-RestMethod iwr irm powercat pwncat curl.exe wget.exe hget "
    "snarf websocat wscat gs-netcat ncftp doggo "
    "nc.traditional nc.openbsd proxytunnel".split()
)
_BY_SUBCOMMAND: Final[dict[str, frozenset[str]]] = {
    "openssl": frozenset({"s_client", "s_server"}),
    "git": frozenset({"archive", "ls-remote"}),
    "aws": frozenset({"s3", "s3api", "ssm", "lambda", "sqs"}),
    "gcloud": frozenset({"storage"}),
    "az": frozenset({"storage"}),
    "rclone": frozenset({"cat", "copy", "copyto", "copyurl", "sync"}),
    "mc": frozenset({"cat", "cp", "head"}),
    "s3cmd": frozenset({"get"}),
    "b2": frozenset({"download-file-by-name", "download-file-by-id", "file"}),
    "gh": frozenset({"api", "gist", "release"}),
    "glab": frozenset({"api", "snippet", "release"}),
    "nats": frozenset({"sub", "get"}),
    "redis-cli": frozenset({"subscribe"}),
    "ipfs": frozenset({"cat", "get"}),
}
_NETWORK_ADDRESS: Final = Pattern(
    r"(?:tcp|udp|ssl|openssl|sctp|dccp|ip|socks\w*|proxy|ws|wss|quic)[\w-]*:", re.IGNORECASE
)
_SOCKET: Final = Pattern(r"/dev/(?:tcp|udp)/|/inet\d?/(?:tcp|udp)/")
_LOCAL: Final = Pattern(
    r"(?:[\w+]+:(?://)?)?(?:[^/@\s]*@)?"
    r"(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1\]|::1|host\.docker\.internal)(?=[:/?,]|$)",
    re.IGNORECASE,
)


def origins(commands: Iterable[Command]) -> Iterator[Command]:
    """Yield *commands* and all whose output may be in what they print, each once."""
    seen: set[int] = set()
    for command in commands:
        for one in (command, *command.reads, *_into_redirects(command)):
            if id(one) not in seen:
                seen.add(id(one))
                yield one


def _into_redirects(command: Command) -> Iterator[Command]:
    return (source for r in command.redirects for source in r.target.sources)


def brings(command: Command) -> bool:
    """Whether the text that *command* gives comes from another machine."""
    name = command.name
    if name in FETCHERS or name in _BY_SUBCOMMAND:
        wanted = _BY_SUBCOMMAND.get(name)
        return wanted is None or any(word.text in wanted for word in command.args)
    if name == "socat":
        return any(is_network_address(word) for word in command.args)
    if name.endswith("awk"):
        return any(_SOCKET.search(word.text) for word in command.args)
    return any(is_socket(r.target) for r in command.redirects if "<" in r.operator)


def crosses(source: Command, runner: Command) -> bool:
    """Whether *runner* is here and *source* on another machine."""
    return source.machine is Machine.REMOTE and runner.machine is not Machine.REMOTE


def is_socket(word: Word) -> bool:
    """Whether the shell opens a connection where *word* names a file."""
    return word.text.startswith(("/dev/tcp/", "/dev/udp/"))


def is_network_address(word: Word) -> bool:
    """Whether *word* is an address of socat that leads to the network."""
    return _NETWORK_ADDRESS.match(word.text) is not None


def is_local(word: Word) -> bool:
    """Whether *word* is a host or an address of this very machine."""
    return _LOCAL.match(word.text) is not None


def is_free_descriptor(word: Word) -> bool:
    """Whether *word* is a descriptor that the line must have opened itself, or an unknown one."""
    digits = word.text.rstrip("-")
    return int(digits[:9]) >= _FIRST_FREE if digits.isdecimal() else not word.is_known


_FIRST_FREE: Final = 3
"""0, 1 and 2 are the standard input and outputs."""
