"""The profile "strict": one program that only reads, and nothing that means something to a shell.

It is the rule of the project's ancestor, which judged a command by its characters. It refuses
nearly every command that people type (docs/validator.md has the figure), and is for machines on
which that is right.
"""

from collections.abc import Mapping
from typing import Final

from eidos.validator.patterns import Pattern

_META: Final = Pattern(r"[;|&$`<>(){}\[\]*?~!#\\'\"\t\n]")
_PLACES: Final = Pattern(r"(?:^|/)\.\.(?:/|$)|^/(?:dev|proc|sys|boot)(?:/|$)|^/etc/g?shadow")

_READERS: Final = frozenset(
    """
    arch basename cal cat cksum cmp column comm cut date df diff dirname du echo expand file
    find fold free getconf getent git grep egrep fgrep groups head help hexdump hostid id jq last
    locale ls lsattr lsblk lscpu lsmod lsof lspci lsusb man md5sum nl nproc od paste pgrep printenv
    printf ps pwd readlink realpath rev rg seq sha1sum sha256sum sha512sum sort stat strings sum tac
    tail tr tree tty type uname uniq uptime users vmstat wc whatis whereis which who whoami xxd
    """.split()
)
"""Programs that, without the options below, write no file and run no program."""

_WRITING_OPTIONS: Final[Mapping[str, Pattern]] = {
    "date": Pattern(r"-s.*|--set.*|\d{8,}"),
    "file": Pattern(r"-C|--compile"),
    "find": Pattern(r"-(?:delete|exec|execdir|ok|okdir|fprint.*|fls)"),
    "git": Pattern(r"-c.*|--output.*|-O.*|--exec-path.*|--ext-diff|--open-files-in-pager.*"),
    "man": Pattern(r"-[PH].*|--pager.*|--html.*"),
    "rg": Pattern(r"--pre.*|--hostname-bin.*"),
    "sort": Pattern(r"-[a-zA-Z]*o.*|--output.*|--compress-program.*"),
    "tree": Pattern(r"-[a-zA-Z]*[oR].*|--output.*"),
    "xxd": Pattern(r"-r.*|-revert"),
    "lsof": Pattern(r"-D.*"),
}
_MAX_OPERANDS: Final[Mapping[str, int]] = {"uniq": 1, "xxd": 1, "hexdump": 8}
"""A further operand is a file to write."""
_GIT_READS: Final = frozenset(
    "blame describe diff grep log ls-files ls-tree rev-list rev-parse shortlog show status".split()
)


def find_fault(command: str) -> str | None:
    """Return the rule of `table/strict.toml` that the clean line *command* breaks, if any."""
    if _META.search(command):
        return "strict-characters"
    words = command.split()
    if any(_PLACES.search(word) for word in words):
        return "strict-path"
    return None if words and _only_reads(words[0], words[1:]) else "strict-program"


def _only_reads(program: str, args: list[str]) -> bool:
    if program not in _READERS:
        return False
    writing = _WRITING_OPTIONS.get(program)
    if writing and any(writing.fullmatch(arg) for arg in args):
        return False
    operands = [arg for arg in args if not arg.startswith("-")]
    if len(operands) > _MAX_OPERANDS.get(program, len(operands)):
        return False
    return program != "git" or operands[:1] in [[name] for name in sorted(_GIT_READS)]
