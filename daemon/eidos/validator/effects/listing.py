"""Whether a command works on what its program lists: all of it, or what a filter leaves.

`docker volume rm $(docker volume ls -q)`, `docker volume ls -q | xargs docker volume rm` and the
loop over the same list are one act.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.printed import NEAR
from eidos.validator.programs.subcommands import kind_of


class Feed(Enum):
    """How much of what its program lists a command works on."""

    NOTHING = 0
    SOME = 1
    ALL = 2


def feed_of(command: Command, *, takes_input: bool = False) -> Feed:
    """Return how much of what its own program, or one of its kin, lists *command* works on.

    With *takes_input* it does so too when it only reads the list from its standard input.
    """
    chain = list(_feeding(command, takes_input=takes_input))
    kind = _kin(command)
    if not any(_kin(source) == kind for source in chain):
        return Feed.NOTHING
    return Feed.SOME if any(_is_narrow(source) for source in chain) else Feed.ALL


def _feeding(command: Command, *, takes_input: bool) -> Iterator[Command]:
    """Yield the commands whose output may be among the arguments of *command*."""
    for word in command.args:
        yield from word.sources
    if takes_input or _takes_pipe(command):
        yield from command.upstream[-NEAR:]
        yield from command.reads[-NEAR:]


def _takes_pipe(command: Command) -> bool:
    if not _FEEDERS.isdisjoint(command.wrappers):
        return True
    return any(not word.is_known or word.text in _INPUTS for word in command.args)


def _kin(command: Command) -> str:
    kind = kind_of(command)
    return _KIN.get(kind, kind)


_FEEDERS: Final = frozenset({"xargs", "parallel", "gxargs", "rargs"})
_INPUTS: Final = frozenset({"-", "/dev/stdin", "@-", "--batch"})
_KIN: Final = {
    **dict.fromkeys(("psql", "dropdb", "dropuser", "pgcli", "pg_lsclusters"), "postgres"),
    **dict.fromkeys(("mysqladmin", "mysqlshow", "mariadb", "mariadb-admin", "mycli"), "mysql"),
    **dict.fromkeys(("mongo", "mongosh"), "mongo"),
    **dict.fromkeys(("gsutil", "bq"), "gcloud"),
    **dict.fromkeys(("http", "xh", "wget"), "curl"),
    **dict.fromkeys(("zpool", "zfs"), "zfs"),
    **dict.fromkeys(("rabbitmqctl", "rabbitmqadmin"), "rabbitmq"),
    **dict.fromkeys(("fly", "flyctl"), "fly"),
    **dict.fromkeys(("qm", "pct", "pvesh"), "proxmox"),
    **dict.fromkeys(("helm", "kubectl", "kubectx", "kubens"), "kubectl"),
    "pg_dropcluster": "postgres",
}
"""Programs that list what another one works on."""


def _is_narrow(command: Command) -> bool:
    """Whether *command* lets only a part through."""
    asks = _NARROWING.get(command.name) or _NARROWING.get(command.family) or _asks_for_some
    return asks(command)


def _always(_command: Command) -> bool:
    return True


def _greps(command: Command) -> bool:
    return not command.has_letter("v") and not command.has_long("--invert-match")


def _awk_asks(command: Command) -> bool:
    program = next((word.text for word in command.operands), "")
    return _AWK_TEST.search(_QUOTED.sub("", program)) is not None


def _sed_asks(command: Command) -> bool:
    return command.has_letter("n")


def _jq_asks(command: Command) -> bool:
    return any(_JQ_TEST.search(word.text) for word in command.args)


def _tail_asks(command: Command) -> bool:
    return not any("+" in word.text for word in command.args)


def _asks_for_some(command: Command) -> bool:
    if command.name in _FILTER_LETTERS and command.has_letter(_FILTER_LETTERS[command.name]):
        return True
    return any(_FILTER.search(word.text) for word in command.args)


_QUOTED: Final = re.compile(r"\"[^\"]*\"")
_AWK_TEST: Final = re.compile(r"(?<!!)/[^/]+/|[^!]~|==")
_JQ_TEST: Final = re.compile(r"\bselect\s*\(|\btest\s*\(")
_FILTER_LETTERS: Final = {
    **dict.fromkeys(("docker", "podman", "nerdctl"), "f"),
    **dict.fromkeys(("kubectl", "oc", "k"), "l"),
}
_FILTER: Final = re.compile(
    r"^--(?:filters?|selector|field-selector|tags?|label|merged|no-merged|prefix|pattern)\b"
    r"|\[\?|(?:starts_with|contains)\(|(?<!not )\b(?:like|regexp|rlike)\s+['\"]"
    r"|^(?:status|label|name|dangling)=|^(?:s3|gs)://[^/*]+/[^/*]",
    re.IGNORECASE,
)
_NARROWING: Final[dict[str, Callable[[Command], bool]]] = {
    **dict.fromkeys(("grep", "egrep", "fgrep", "rg", "ag", "ack", "zgrep"), _greps),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk_asks),
    **dict.fromkeys(("sed", "gsed"), _sed_asks),
    **dict.fromkeys(("jq", "yq", "gojq"), _jq_asks),
    **dict.fromkeys(("fzf", "gum", "dmenu", "rofi", "head", "shuf", "comm", "sk"), _always),
    "tail": _tail_asks,
}
