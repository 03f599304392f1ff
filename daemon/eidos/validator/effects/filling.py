"""What fills a disk or the memory, or keeps a processor busy, until somebody stops it."""

from collections.abc import Iterable, Iterator
from typing import Final

from eidos.validator.commands import Command, Word
from eidos.validator.effects.effect import FED, REDIRECTED, REPEATED, Effect
from eidos.validator.effects.streams import (
    ENDLESS_FILES,
    GROWING,
    INTERPRETERS,
    LONGEST_CODE,
    endless_code,
    is_endless,
    limits,
    pours,
    stages_before,
)
from eidos.validator.effects.writing import WRITERS, How
from eidos.validator.patterns import Pattern
from eidos.validator.places import targets

# Sizes.

_NUMBER: Final = Pattern(r"(\d{1,18}(?:\.\d+)?)\s*([kKmMgGtTpPeE]?)(?:i?[bB])?")
_UNITS: Final = {unit: 1 << (10 * power) for power, unit in enumerate(("", *"kmgtpe"))}
_HUGE: Final = 500 << 30
_LARGE: Final = 100 << 30
_LARGE_HOLE: Final = 2 << 40
_MEMORY: Final = 16 << 30


def size_in_bytes(text: str) -> int:
    """Return the size that *text* says, as dd, head and fallocate read it; 0 for none."""
    match = _NUMBER.fullmatch(text.strip("+-<>%="))
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else 0


def _is_at_least(words: Iterable[Word], least: int) -> bool:
    return any(
        size_in_bytes(word.text) >= least or any(s.name in {"df", "stat"} for s in word.sources)
        for word in words
    )


# Disks.

_NO_FILE: Final = Pattern(
    r"/dev/(?:null|std\w+|tty\w*|full|zero|fd/.*|pts/.*|tcp/.*|udp/.*)|&?\d?-?"
)
_FILE_WRITERS: Final = frozenset(
    {"tee", "dd", "cp", "sponge", "touch", "mkdir", "mktemp", "fallocate", "mkfile"}
    | {"split", "ln", "mkfifo", "mknod"}
)


_OUTPUT: Final = frozenset({"", "1", "&"})


def _is_file(word: Word) -> bool:
    return not _NO_FILE.fullmatch(word.text) and not targets.is_disk(word)


def _written(command: Command) -> Iterator[Word]:
    """Yield all that is written to; `writes` leaves out files of the current folder."""
    for redirect in command.redirects:
        if (redirect.writes or redirect.appends) and redirect.fd in _OUTPUT:
            yield redirect.target
    writer = WRITERS.get(command.name)
    if writer is not None:
        yield from (write.target for write in writer(command) if write.how is not How.EDIT)


def _writes_file(command: Command) -> bool:
    return any(_is_file(word) for word in _written(command))


def _fills_disk(command: Command) -> bool:
    if _size_made(command) >= _HUGE or _asks_for_all(command):
        return True
    if pours(command) and (_writes_file(command) or command.name == "split"):
        return True
    return command.in_endless_loop and _grows_in_loop(command)


_LANGUAGES: Final = frozenset({"python", "python3", "perl", "ruby", "node", "php"})


_NAMING: Final = frozenset({"touch", "ln", "mkfifo", "mknod"})
_NEW_NAME: Final = Pattern(r"\$\(\(|\$\[|\$\{?(?:S?RANDOM|EPOCH\w*|SECONDS|[a-z]\b)|\+\+")


def _is_new_each_turn(word: Word) -> bool:
    """Whether *word* names another file in each turn of a loop: `n$((i++))`."""
    return not word.is_known and _NEW_NAME.search(word.text) is not None and _is_file(word)


def _copies_into_itself(command: Command) -> bool:
    """Whether a folder is copied into itself: `cp -r d d/x`."""
    if command.name != "cp" or len(command.operands) < len("12"):
        return False
    target = command.operands[-1].text
    return any(target.startswith(f"{w.text.rstrip('/')}/") for w in command.operands[:-1])


def _grows_in_loop(command: Command) -> bool:
    if command.name in {"mktemp", "mkdir"}:
        return True
    if command.name in _NAMING:
        return any("$" in word.text for word in command.operands)
    if any(map(_is_new_each_turn, _written(command))) or _copies_into_itself(command):
        return True
    if command.name not in GROWING:
        return False
    # Opened once around the loop, or kept open by a program in another language.
    is_open = ">" not in command.source or not _LANGUAGES.isdisjoint(command.wrappers)
    appends = is_open or any(r.appends for r in command.redirects)
    return any(_is_file(word) and (appends or "$" in word.text) for word in _written(command))


def _sizes(command: Command) -> list[Word]:
    match command.name:
        case "fallocate" | "mkfile" | "xfs_mkfile":
            return [*command.values("-l", "--length"), *command.operands[:1]]
        case "head" | "ghead" if _writes_file(command):
            return list(command.values("-c", "--bytes", "-n", "--lines"))
        case "openssl" if _writes_file(command) and command.has("rand"):
            return list(command.operands[-1:])
        case _:
            return []


def _asks_for_all(command: Command) -> bool:
    """Whether the size is what is left: `fallocate -l $(df …)`."""
    return any(source.name == "df" for word in _sizes(command) for source in word.sources)


def _size_made(command: Command) -> int:
    """Return how many bytes *command* puts into a file, as far as its words say."""
    if command.name == "dd":
        return _size_by_dd(command)
    return max((size_in_bytes(word.text) for word in _sizes(command)), default=0)


def _size_by_dd(command: Command) -> int:
    given = {name: value for name, _, value in (w.text.partition("=") for w in command.args)}
    makes = ENDLESS_FILES.fullmatch(given.get("if", "")) is not None
    if not makes or _NO_FILE.fullmatch(given.get("of", "-")):
        return 0
    block = size_in_bytes(given.get("bs", given.get("obs", "512")))
    return block * size_in_bytes(given.get("count", "0"))


def _makes_large_file(command: Command) -> bool:
    if command.name == "truncate":
        return _is_at_least(command.values("-s", "--size"), _LARGE_HOLE)
    return _size_made(command) >= _LARGE


# Memory and processors.

_GROWTH: Final = Pattern(
    r"\.(?:append|push|extend|insert|add|concat)\b|\bpush\s*[@(]|<<|\.=|\*=|\+=\s*(?![\d.]+\b)"
    r"|Buffer\.alloc|new Array|\[\w+\]\s*=|malloc|bytearray"
    r"|\[[^\]\[]{1,24}(?:\+\+|\+\s*1)\s*\]\s*=(?!=)|\[(?:\+\+|rand|NR\b)[^\]\[]{0,24}\]\s*=(?!=)"
    r"|(?P<x>\b\w+)\s*=\s*(?P=x)\s*[+*.x]\s*[^\d\s]"
)
"""In a program that goes round for ever: something becomes longer in each turn."""
_HUGE_NUMBER: Final = (
    r"\(?\s*(?:10\s*\*\*\s*1\d|\d{11,}|\d*e1\d|2\s*\*\*\s*[4-9]\d|1\s*<<\s*[4-9]\d)"
)
_HUGE_TEXT: Final = Pattern(rf"[\"'\])]\s*[*x]\s*{_HUGE_NUMBER}|bytearray\(\s*{_HUGE_NUMBER}")
_OWN_GROWTH: Final = Pattern(r"(\w+)(?:\+=(?!\(\()|=(?!\$\(\().*\$\{?\1\b)")
"""`x+=y` and `x=$x$x`, and not `i=$((i + 1))`."""
_SET_GROWTH: Final = Pattern(
    r"(?:set|export|declare|typeset|local|readonly)\s(?:-+\w+\s)*"
    r"(?:(?P<n>\w+)[\s=](?!.*\bmath\b).*\$\{?(?P=n)\b|\w+\+=)|set\s+-\w*[ap]\w*\s"
)
_KEEPING_ALL: Final = frozenset({"tail", "sort", "tac", "sponge", "shuf", "column", "jq", "grep"})
"""What reads a whole line, or a whole file, before it prints any of it."""


_CODE: Final = _LANGUAGES | {"lua", "luajit", "awk", "gawk", "tclsh", "julia", "R", "Rscript"}


def _grows_in_memory(command: Command) -> bool:
    """Whether a variable of a program, or of the shell, grows without end."""
    if command.family in INTERPRETERS:
        texts = (word.text[:LONGEST_CODE] for word in command.args)
        return _GROWTH.search(endless_code(command)) is not None or any(
            map(_HUGE_TEXT.search, texts)
        )
    if not command.in_endless_loop:
        return False
    if command.name == "stress":  # what the reader of code makes of such a program
        return command.has("--vm") and not _CODE.isdisjoint(command.wrappers)
    growth = _SET_GROWTH if command.words else _OWN_GROWTH
    return bool(command.assignments) and growth.match(command.source) is not None


def _fills_memory(command: Command) -> bool:
    if _grows_in_memory(command):
        return True
    if command.name in _KEEPING_ALL and "timeout" not in command.wrappers:
        if _reads_zeros(command) and not command.has_letter("fmF"):
            return True
        stages = stages_before(command)
        if any(map(_reads_zeros, stages)) and not any(map(_lets_little_through, stages)):
            return True
    values = (assignment.value for assignment in command.assignments)
    return any(map(_prints_endlessly, command.words)) or any(map(_prints_endlessly, values))


def _reads_zeros(command: Command) -> bool:
    files = (*command.args, *(r.target for r in command.redirects if r.reads))
    return any(word.text in {"/dev/zero", "if=/dev/zero"} for word in files)


def _lets_little_through(command: Command) -> bool:
    if command.name in {"head", "ghead"}:
        return not _is_at_least(command.values("-c", "--bytes"), _MEMORY)
    return limits(command)


def _prints_endlessly(word: Word) -> bool:
    """Whether what stands in *word* is the output of something that does not end."""
    if not word.sources or word.text.startswith(("<(", ">(", "=(")):
        return False
    return any(map(is_endless, word.sources)) and not any(map(limits, word.sources))


_NO_TIME: Final = Pattern(r"0+[smhdy]?")
_COPYING: Final = frozenset({"dd", "tee", "cp"})
_STRESSING: Final = frozenset({"stress", "stress-ng", "cpuburn", "mprime", "burnP6", "cpuburn-in"})


_BUSY: Final = GROWING | frozenset(
    ": true false md5sum sha1sum sha256sum sha512sum bc factor gzip find grep ls ps curl wget "
    "test [ let expr wall notify-send sort awk sed python3 perl mail sendmail ab dig".split()
)
"""In a loop that never ends or waits they leave nothing for others, or for whom they ask."""


def _keeps_busy(command: Command) -> bool:
    """Whether *command* keeps a processor busy for nothing until somebody stops it."""
    if command.in_endless_loop and command.name in _BUSY:
        return True
    if command.name in _STRESSING:
        given = [word.text for word in command.values("-t", "--timeout")]
        asks = command.has("--help", "--version", "--stressors", "--class")
        timed = asks or (bool(given) and not any(_NO_TIME.fullmatch(text) for text in given))
        return not timed and not limits(command)
    to_nowhere = any(word.text == "/dev/null" for word in _written(command))
    return to_nowhere and pours(command)


_BIG: Final = frozenset({"fallocate", "mkfile", "truncate", "dd", "head", "ghead"})
EFFECTS: Final = (
    Effect("fill-disk", _fills_disk, _FILE_WRITERS, REDIRECTED),
    Effect("fill-memory", _fills_memory, INTERPRETERS | _KEEPING_ALL, FED | REPEATED),
    Effect("large-file", _makes_large_file, _BIG),
    Effect("endless-load", _keeps_busy, _STRESSING | _COPYING, REDIRECTED | REPEATED),
)
