"""How each program that writes files says which, in its words."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Word
from eidos.validator.effects.arguments import option_values
from eidos.validator.effects.devices_written import ON_DEVICES
from eidos.validator.effects.editors import written_by_orders
from eidos.validator.effects.fetched import FETCHING, Writer
from eidos.validator.effects.moving import on_its_machine, sources_and_goal
from eidos.validator.effects.written import How, Write
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

_NOWHERE: Final = frozenset({"/dev/null", "/dev/zero"})


def _by_tee(command: Command) -> Iterator[Write]:
    appends = command.has_letter("a") or command.has_long("--append")
    is_empty = any(r.reads and r.target.text == "/dev/null" for r in command.redirects)
    how = How.APPEND if appends else How.EMPTY if is_empty else How.REPLACE
    yield from (Write(word, how) for word in command.operands)


def _emptying_operands(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.EMPTY) for word in command.operands)


def _replacing_operands(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.operands)


def _replacing_last(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.operands[-1:])


def _replacing_second(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.operands[1:2])


def _editing_operands(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.EDIT) for word in command.operands)


def _by_copying(command: Command) -> Iterator[Write]:
    """Yield where the files are put; in a folder of the system, under the names they have."""
    sources, goal = sources_and_goal(command)
    if goal is None or _keeps_what_is_there(command):
        return
    if any(targets.path_of(word) in _NOWHERE for word in sources) and command.name != "ln":
        yield Write(goal, How.EMPTY)
        return
    yield from _placed(sources, goal)


def _by_copying_far(command: Command) -> Iterator[Write]:
    """Yield where files are copied to, on this machine or on another."""
    operands = command.operands
    if len(operands) > 1:
        yield from _placed(operands[:-1], on_its_machine(operands[-1]))


def _by_copying_out(command: Command) -> Iterator[Write]:
    """Yield where a container, a cluster or a store puts the files that are copied out of it."""
    operands = command.operands
    copies = _COPYING.get(command.name, _COPYING_TOO)
    if len(operands) > 2 and any(word.text in copies for word in operands[:3]):  # noqa: PLR2004
        goal = operands[-1]
        if goal.text.startswith(("/", "~")) or goal.folder:
            yield from _placed(operands[1:-1], goal)


_COPYING_OUT: Final = frozenset(
    "adb aws docker gcloud gsutil incus kubectl lxc mc nerdctl oc podman rclone s3cmd".split()
)
_COPYING_TOO: Final = frozenset({"cp", "copy", "mv", "rsync", "get", "pull"})
_COPYING: Final = {"rclone": frozenset({"copyto", "moveto", "copy", "copyurl", "move"})}


def _placed(sources: Sequence[Word], goal: Word) -> Iterator[Write]:
    """Yield what stands at *goal* afterwards, or in it, if it is a folder."""
    if not goal.text.endswith("/") and not targets.is_system_folder(goal):
        yield Write(goal, How.PLACE)
        return
    for source in sources:
        name = source.text.rstrip("/").rpartition("/")[2].rpartition(":")[2]
        if name and not source.is_glob:
            yield Write(
                replace(goal, text=f"{goal.text}/{name}", is_known=source.is_known), How.PLACE
            )


def _keeps_what_is_there(command: Command) -> bool:
    if command.has_long("--no-clobber"):
        return True
    letters = command.letters
    return "d" in letters if command.name.endswith("install") else command.has_letter("n") and (
        command.name != "ln"
    )  # fmt: skip


def _by_option(letter: str, *longs: str) -> Writer:
    def found(command: Command) -> Iterator[Write]:
        yield from (Write(word, How.REPLACE) for word in option_values(command, letter, *longs))

    return found


def _by_dump(command: Command) -> Iterator[Write]:
    letter, long = ("r", "--result-file") if command.name == "mysqldump" else ("f", "--file")
    yield from (Write(word, How.REPLACE) for word in option_values(command, letter, long))


def _by_nmap(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.values("-oN", "-oX", "-oG", "-oS"))


def _by_statement(command: Command) -> Iterator[Write]:
    """Yield the files that a database is told to write, and that its client writes."""
    if command.name == "psql":
        yield from (Write(word, How.REPLACE) for word in option_values(command, "o", "--output"))
    for word in command.args:
        for match in _STATES_FILE.finditer(word.text, 0, _LONGEST_SCRIPT):
            yield Write(Word(match[1]), How.REPLACE)


_STATES_FILE: Final = Pattern(
    r"(?:^\s*\.(?:output|once|backup|save|log)|\binto\s+(?:outfile|dumpfile)|\bvacuum\s+into"
    r"|\bto)\s+['\"]?(/[\w./-]+)",
    re.IGNORECASE,
)


def _by_packing(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.operands[:1])


def _in_place_by_letter(command: Command) -> Iterator[Write]:
    if command.has_letter("i") or command.has_long("--inplace", "--in-place"):
        yield from _editing_operands(command)


def _by_openssl(command: Command) -> Iterator[Write]:
    yield from (Write(word, How.REPLACE) for word in command.values("-out"))


def _by_sed(command: Command) -> Iterator[Write]:
    """Yield what sed changes in place, and what its script writes with `w FILE`."""
    has_script = command.has_long("--expression", "--file") or command.has_letter("ef")
    operands = command.operands
    if any(_IN_PLACE.match(word.text) for word in command.args):
        how = How.EMPTY if any(_NOTHING_LEFT.fullmatch(w.text) for w in command.args) else How.EDIT
        yield from (Write(word, how) for word in (operands if has_script else operands[1:]))
    for word in command.args:
        if match := _WRITES_FILE.search(word.text, 0, _LONGEST_SCRIPT):
            yield Write(replace(word, text=match[1], folder=""), How.REPLACE)


_NOTHING_LEFT: Final = Pattern(r"(?:-\w*e)?\s*(?:1,\s*\$)?\s*d\s*;?\s*")
"""`d` and `1,$d`, scripts of sed that delete every line."""
_IN_PLACE: Final = Pattern(r"-[A-Za-z0-9]*i|--in-place")
_WRITES_FILE: Final = Pattern(r"(?<![A-Za-z])[gpimIM]*w\s*(/[\w./-]+)$", re.MULTILINE)
_LONGEST_SCRIPT: Final = 2048


def _by_perl(command: Command) -> Iterator[Write]:
    if any(re.match(r"-[a-hj-zA-Z0-9]*i", word.text) for word in command.args):
        yield from (Write(word, How.EDIT) for word in command.operands)


def _by_awk(command: Command) -> Iterator[Write]:
    if command.has("inplace") or command.has_long("--in-place"):
        yield from (Write(word, How.EDIT) for word in command.operands[1:])


def _by_find(command: Command) -> Iterator[Write]:
    """Yield the files to which find prints what it finds."""
    for action, word in pairwise(command.args):
        if action.text in {"-fprint", "-fprint0", "-fprintf", "-fls"}:
            yield Write(word, How.REPLACE)


def _by_tar(command: Command) -> Iterator[Write]:
    first = command.args[0].text if command.args else ""
    if "c" in command.letters or command.has_long("--create") or re.match(r"[a-zA-Z]*c", first):
        yield from (Write(word, How.REPLACE) for word in option_values(command, "f", "--file"))
        if re.fullmatch(r"[a-zA-Z]*f", first):
            yield from (Write(word, How.REPLACE) for word in command.args[1:2])


def _by_ssh_keygen(command: Command) -> Iterator[Write]:
    """Yield the key that is written over where the question whether to do so is answered."""
    is_answered = command.upstream or any(r.operator[:1] == "<" for r in command.redirects)
    if is_answered and not command.has_letter("ylFRHeip"):
        yield from (Write(word, How.REPLACE) for word in option_values(command, "f"))


def _by_xxd(command: Command) -> Iterator[Write]:
    if command.has_letter("r") or command.has_long("--revert"):
        yield from _replacing_second(command)


def _by_fallocate(command: Command) -> Iterator[Write]:
    takes_away = ("--punch-hole", "--collapse-range", "--zero-range", "--insert-range")
    if command.has_letter("pczi") or command.has_long(*takes_away):
        yield from (Write(word, How.EMPTY) for word in command.operands[-1:])


def _by_sysopen(command: Command) -> Iterator[Write]:
    """Yield what the builtin of zsh opens to write; what it writes later is not followed."""
    if command.has_letter("w"):
        yield from _replacing_last(command)
    elif command.has_letter("a"):
        yield from (Write(word, How.APPEND) for word in command.operands[-1:])


WRITERS: Final[dict[str, Writer]] = {
    **ON_DEVICES,
    **FETCHING,
    "tee": _by_tee,
    **dict.fromkeys(("truncate", "shred", "scrub"), _emptying_operands),
    **dict.fromkeys(("sponge", "mknod"), _replacing_operands),
    **dict.fromkeys(("cp", "mv", "install", "ln"), _by_copying),
    **dict.fromkeys(("objcopy", "lwp-download", "lwp-mirror"), _replacing_last),
    **dict.fromkeys(("scp", "rsync"), _by_copying_far),
    **dict.fromkeys(_COPYING_OUT, _by_copying_out),
    **dict.fromkeys(("find", "gfind", "bfs"), _by_find),
    **dict.fromkeys(("sed", "gsed"), _by_sed),
    **dict.fromkeys(("awk", "gawk"), _by_awk),
    **dict.fromkeys(("ed", "ex", "vi", "vim", "nvim", "emacs"), written_by_orders),
    **dict.fromkeys(("patch", "crudini", "dos2unix", "unix2dos"), _editing_operands),
    **dict.fromkeys(("zstd", "mkisofs", "genisoimage", "http", "https", "xh"), _by_option("o")),
    **dict.fromkeys(("pandoc", "perf"), _by_option("o", "--output")),
    **dict.fromkeys(("mysqldump", "pg_dump", "pg_dumpall"), _by_dump),
    **dict.fromkeys(("mysql", "mariadb", "psql", "sqlite3", "duckdb"), _by_statement),
    **dict.fromkeys(("convert", "magick", "ffmpeg", "pdftotext", "sox"), _replacing_last),
    **dict.fromkeys(("axel", "fetch", "ftp"), _by_option("o", "--output")),
    **dict.fromkeys(("sort", "shuf", "gcc", "cc", "clang", "ld", "go", "rustc"), _by_option("o")),
    **dict.fromkeys(("gpg", "gpg2", "age", "iconv", "xsltproc"), _by_option("o", "--output")),
    **dict.fromkeys(("tcpdump", "tshark", "dumpcap"), _by_option("w")),
    "fallocate": _by_fallocate,
    "nmap": _by_nmap,
    "openssl": _by_openssl,
    "perl": _by_perl,
    "pv": _by_option("o", "--output"),
    "ssh-keygen": _by_ssh_keygen,
    "sysopen": _by_sysopen,
    "tar": _by_tar,
    "uniq": _replacing_second,
    "xxd": _by_xxd,
    "yq": _in_place_by_letter,
    "zip": _by_packing,
}  # fmt: skip
