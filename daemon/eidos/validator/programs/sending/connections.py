"""What goes through connections, and what is copied to other machines."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.options import Grammar
from eidos.validator.patterns import Pattern
from eidos.validator.programs.network import is_local, is_network_address
from eidos.validator.programs.sending.sent import Sent, names_of, part_of, split


def by_connection(command: Command) -> Sent | None:
    """Send the standard input to where the operands say: nc, telnet."""
    operands = command.operands
    if command.has_letter("zU") or any(map(is_local, operands)):
        return None
    return Sent(texts=operands, takes_input=True)


_SOCAT_FILE: Final = Pattern(r"(?:FILE|OPEN|GOPEN|CREATE|RDONLY):|(?=[~./])", re.IGNORECASE)
_SOCAT_LOCAL: Final = Pattern(r"[\w-]+:(?:localhost|127\.)", re.IGNORECASE)


def by_socat(command: Command) -> Sent | None:
    """Send from one address to the other, if one of them is on the network."""
    addresses = command.operands
    if not any(is_network_address(a) and not _SOCAT_LOCAL.match(a.text) for a in addresses):
        return None
    found = ((word, _SOCAT_FILE.match(word.text)) for word in addresses)
    files = tuple(
        part_of(word, match.end(), len(word.text.partition(",")[0]))
        for word, match in found
        if match
    )
    return Sent(files, addresses, takes_input=True)


def by_openssl(command: Command) -> Sent | None:
    """Send the standard input through an encrypted connection."""
    return Sent(takes_input=True) if command.has("s_client", "s_server") else None


_REMOTE: Final = Pattern(r"[^/]+:")
"""`host:path`, but not a file in a folder with a colon in its name."""
SCP: Final = Grammar("cDFiJloPSX")
RSYNC: Final = Grammar(
    "eBfMT",
    names_of(
        "rsh exclude include exclude-from include-from filter files-from password-file log-file "
        "bwlimit port rsync-path max-size min-size out-format partial-dir temp-dir backup-dir "
        "compare-dest link-dest copy-dest suffix chmod chown usermap groupmap timeout"
    ),
)


def _is_remote(word: Word) -> bool:
    return _REMOTE.match(word.text) is not None and not is_local(Word(word.text.partition("/")[0]))


def by_copying(grammar: Grammar) -> Callable[[Command], Sent | None]:
    """Send all operands but the last, if that is on another machine."""

    def sent(command: Command) -> Sent | None:
        _, operands = split(command, grammar)
        if len(operands) < _SOURCE_AND_TARGET or not _is_remote(operands[-1]):
            return None
        files = tuple(word for word in operands[:-1] if not _is_remote(word))
        return Sent(files, takes_input=True, is_own=True) if files else None

    return sent


_SOURCE_AND_TARGET: Final = 2
_ARCHIVE: Final = Pattern(r"[\w.-]+(?:@[\w.-]+)?:(?!/?/?$)")


def by_archiving(command: Command) -> Sent | None:
    """Send what is packed, if the archive is on another machine: `tar cf user@host:a.tar x`."""
    places = (*command.operands, *command.values("--file", "-O", "-F"))
    is_elsewhere = any(_ARCHIVE.match(word.text) and not is_local(word) for word in places)
    if not is_elsewhere or command.has("--force-local") or _UNPACKS.match(command.args[0].text):
        return None
    return Sent(command.operands, takes_input=command.name == "cpio", is_own=True)


_UNPACKS: Final = Pattern(r"-?[a-zA-Z]{0,8}[xt]|--(?:extract|get|list)")
_SSH: Final = Grammar("BbcDEeFIiJLlmOopQRSWwP")


def by_ssh(command: Command) -> Sent | None:
    """Send the standard input, and what the command there is made of."""
    options, operands = split(command, _SSH)
    is_idle = any(name in {"-n", "-N"} for name, _ in options)
    if not operands or is_local(operands[0]):
        return None
    return Sent(texts=operands[1:], takes_input=not is_idle, is_own=True)


_PUTS: Final = frozenset({"put", "mput", "send", "append", "reput"})
_REVERSES: Final = frozenset({"-R", "--reverse"})
_SIGNS: Final = Pattern(r"[\s;\"']+")


def by_ftp(command: Command) -> Sent | None:
    """Send the files that its commands put: in options, here-documents or printed into it."""
    printed = (word for earlier in command.upstream for word in earlier.args)
    redirected = (r.target for r in command.redirects if r.operator.startswith("<<"))
    texts = (*command.args, *redirected, *printed)
    found = tuple(_put(_SIGNS.split(" ".join(word.text for word in texts))))
    files = (*found, *(command.operands if command.name in _OPERAND_FTP else ()))
    return Sent(files, is_own=command.name == "sftp") if files else None


_OPERAND_FTP: Final = frozenset({"ncftpput", "ftpput", "wput", "tftp", "atftp", "tnftp"})


def _put(words: list[str]) -> Iterator[Word]:
    """Yield the files that commands of ftp put: `put FILE`, `mirror -R FOLDER`."""
    is_put = False
    mirrors = False
    for word in words:
        if word in _PUTS or (mirrors and word in _REVERSES):
            is_put = True
        elif word == "mirror":
            mirrors = True
        elif is_put and not word.startswith("-"):
            yield Word(word)
            is_put = mirrors = False
