"""Which programs send something to another machine: those of a table, and some with code."""

import re
from collections.abc import Callable
from importlib.resources import files as resources
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from eidos.validator.commands import Command
from eidos.validator.evaluating.options import Grammar
from eidos.validator.programs.sending import connections, requests
from eidos.validator.programs.sending.sent import Sent, given, names_of, split, without_input


def sent_by(command: Command) -> Sent | None:
    """Return what *command* sends to another machine; None: it sends nothing."""
    find = SENDERS.get(command.name)
    sent = find(command) if find else None
    if sent is None or sent.takes_input or not _is_fed(command, sent):
        return sent
    return replace(sent, takes_input=True)


def _is_fed(command: Command, sent: Sent) -> bool:
    """Whether its words are made of what comes through a pipe, by xargs or `while read`."""
    words = (*sent.texts, *sent.files)
    is_made = any("$" in w.text or "`" in w.text for w in words if not w.sources)
    return is_made or not _FEEDERS.isdisjoint(command.wrappers)


_FEEDERS: Final = frozenset({"xargs", "parallel", "rush", "find", "fd"})


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of senders.toml, which explains the fields."""

    files: str = ""
    texts: str = ""
    others: str = ""
    operands: Literal["files", "texts", ""] = ""
    verbs: str = ""
    skips: int = 0
    needs: str = ""
    target: str = ""
    input: bool = False
    own: bool = False


class _Sender(msgspec.Struct, frozen=True):
    """A program of which the table says what it sends."""

    row: _Row
    files: frozenset[str]
    texts: frozenset[str]
    grammar: Grammar
    verbs: frozenset[str]
    needs: frozenset[str]

    def __call__(self, command: Command) -> Sent | None:
        """Return what *command* sends; None: nothing."""
        if self.verbs and self.verbs.isdisjoint(word.text for word in command.args):
            return None
        options, operands = split(command, self.grammar)
        if self.verbs and self.verbs.isdisjoint(word.text for word in operands):
            return None
        if self.needs and self.needs.isdisjoint(name for name, _ in options):
            return None
        target = operands[-1].text if operands else ""
        if self.row.target and not re.match(self.row.target, target):
            return None
        rest = operands[self.row.skips :]
        files = (*given(options, self.files), *(rest if self.row.operands == "files" else ()))
        texts = (*given(options, self.texts), *(rest if self.row.operands == "texts" else ()))
        named, asks_for_input = without_input(files)
        return Sent(named, texts, (), self.row.input or asks_for_input, self.row.own)


def _sender(row: _Row) -> _Sender:
    files, texts = names_of(row.files), names_of(row.texts)
    names = files | texts | names_of(row.others)
    short = "".join(name[1] for name in names if len(name) == len("-x"))
    grammar = Grammar(short, names)
    return _Sender(
        row, files, texts, grammar, frozenset(row.verbs.split()), frozenset(row.needs.split())
    )


def _load() -> dict[str, Callable[[Command], Sent | None]]:
    text = (resources("eidos.validator") / "programs" / "senders.toml").read_bytes()
    table = msgspec.toml.decode(text, type=dict[str, _Row])
    return {name: _sender(row) for names, row in table.items() for name in names.split(", ")}


SENDERS: Final[dict[str, Callable[[Command], Sent | None]]] = {
    **_load(),
    "curl": requests.by_curl,
    "curlie": requests.by_curl,
    **dict.fromkeys(("wget", "wget2"), requests.by_wget),
    **dict.fromkeys(("http", "https", "httpie", "xh", "xhs"), requests.by_httpie),
    **dict.fromkeys(
        ("nc", "ncat", "netcat", "nc.traditional", "nc.openbsd", "telnet"),
        connections.by_connection,
    ),
    "socat": connections.by_socat,
    "openssl": connections.by_openssl,
    **dict.fromkeys(("tar", "gtar", "star", "cpio", "dump", "xfsdump"), connections.by_archiving),
    "scp": connections.by_copying(connections.SCP),
    "rsync": connections.by_copying(connections.RSYNC),
    **dict.fromkeys(("ssh", "slogin", "rsh", "mosh", "autossh"), connections.by_ssh),
    **dict.fromkeys(
        ("sftp", "ftp", "lftp", "tnftp", "ncftp", "smbclient", "cadaver"), connections.by_ftp
    ),
    **dict.fromkeys(("tftp", "atftp", "ncftpput", "ftpput", "wput"), connections.by_ftp),
}
