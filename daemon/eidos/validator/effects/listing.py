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
from eidos.validator.patterns import Pattern
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
    kind = _kin(command)
    return feed_from(command, lambda source: _kin(source) == kind, takes_input=takes_input)


def feed_from(
    command: Command, lists: Callable[[Command], bool], *, takes_input: bool = False
) -> Feed:
    """Return how much of what the commands that pass *lists* print *command* works on."""
    chain = list(feeding(command, takes_input=takes_input))
    if not any(map(lists, chain)):
        return Feed.NOTHING
    return Feed.SOME if any(_is_narrow(source) for source in chain) else Feed.ALL


def feeding(command: Command, *, takes_input: bool = False) -> Iterator[Command]:
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
    **dict.fromkeys(("argocd", "flux", "helm", "kubectl", "kubectx", "kubens"), "kubectl"),
    **dict.fromkeys(("aws", "eksctl", "kops"), "aws"),
    **dict.fromkeys(("lvs", "lvdisplay", "lvscan", "lvremove", "lvreduce"), "lvs"),
    **dict.fromkeys(("vgs", "vgdisplay", "vgscan", "vgremove", "vgreduce"), "vgs"),
    **dict.fromkeys(("pvs", "pvdisplay", "pvscan", "pvremove"), "pvs"),
    **dict.fromkeys(("lxc-ls", "lxc-destroy", "lxc-stop"), "lxc-ls"),
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


def _gh_asks(command: Command) -> bool:
    return _jq_asks(command) or any(_GH_TEST.match(word.text) for word in command.args)


def _tail_asks(command: Command) -> bool:
    return not any("+" in word.text for word in command.args)


def _asks_for_some(command: Command) -> bool:
    if command.name in _FILTER_LETTERS and command.has_letter(_FILTER_LETTERS[command.name]):
        return True
    return any(_FILTER.search(word.text) for word in command.args)


_QUOTED: Final = Pattern(r"\"[^\"]*\"")
_AWK_TEST: Final = Pattern(r"(?<!!)/[^/]+/|[^!]~|==")
_JQ_TEST: Final = Pattern(r"\bselect\s*\(|\btest\s*\(")
_GH_TEST: Final = Pattern(r"--(?:archived|fork|topic|language|branch|status|user)\b")
_FILTER_LETTERS: Final = {
    **dict.fromkeys(("docker", "podman", "nerdctl"), "f"),
    **dict.fromkeys(("kubectl", "oc", "k"), "l"),
    "helm": "f",
}
_FILTER: Final = Pattern(
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
    **dict.fromkeys(("gh", "glab"), _gh_asks),
    **dict.fromkeys(("fzf", "gum", "dmenu", "rofi", "head", "shuf", "comm", "sk"), _always),
    "tail": _tail_asks,
}
