"""Output without end: what prints it, what lets only so much of it through."""

from collections.abc import Sequence
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.patterns import Pattern

ENDLESS_FILES: Final = Pattern(r"(?:if=)?/dev/(?:zero|u?random|full)")
_BOUNDING: Final = frozenset(
    {"head", "ghead", "timeout", "timelimit", "cmp", "true", "less", "more", "ls", "wc"}
)
_BOUNDING_OPTIONS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "grep": ("mqcl", ("--max-count", "--quiet", "--count")),
    "pv": ("S", ("--stop-at-size",)),
    "od": ("N", ("--read-bytes",)),
    "xxd": ("l", ("--len",)),
    "hexdump": ("n", ("--length",)),
    "hd": ("n", ()),
    "split": ("n", ()),
}
_STOPS: Final = Pattern(r"(?:^|[;{\s])(?:q|\d+q|exit)\b|-m\s*\d")
_READS_THROUGH: Final = frozenset(
    "cat tac tr base64 base32 od xxd hexdump hd strings pv gzip pigz bzip2 xz zstd lz4 "
    "openssl sed awk gawk split rev fold tee nl paste shuf sort cp dd sha256sum md5sum sponge "
    "tail grep buffer mbuffer iconv uniq lolcat ccrypt gpg".split()
)
_PASSING_ON: Final = _READS_THROUGH - frozenset(
    "cp sha256sum md5sum tail openssl gpg shuf sort tac".split()
)
"""What prints as it reads from a pipe."""
GROWING: Final = frozenset(
    "echo printf cat yes head dd base64 seq openssl date logger tr hexdump xxd".split()
)
"""What prints something at once whenever it is called."""
_MANY_LINES: Final = 10**10
_ENDS: Final = 8


_LOOP: Final = Pattern(
    r"\bwhile\s*\(?\s*(?:1|True|true|!0|not\s+False)\b|\bfor\s*\(\s*;\s*;\s*\)"
    r"|\bloop\s*(?:\{|do\b)|\buntil\s*\(?\s*(?:0|false)\b|itertools\.(?:count|repeat|cycle)"
    r"|iter\(int"
)
_LEAVES_LOOP: Final = Pattern(
    r"\b(?:break|return|exit|sleep|last|input|readline|recv|accept|getline|usleep|read|await|select)\b"
)
_PRINTS: Final = Pattern(r"\b(?:print\w*|puts|echo|say|write\w*|console\.log|p|putchar)\b")
LONGEST_CODE: Final = 2048
INTERPRETERS: Final = frozenset({"python", "perl", "ruby", "node", "php", "awk", "lua", "gawk"})


def endless_code(command: Command) -> str:
    """Return the program among the words of *command* if it goes round for ever; else ""."""
    if command.family not in INTERPRETERS:
        return ""
    for word in command.args:
        text = word.text[:LONGEST_CODE]
        if _LOOP.search(text) and not _LEAVES_LOOP.search(text):
            return text
    return ""


def limits(command: Command) -> bool:
    """Whether *command* ends although its input does not."""
    name = command.name
    if not {"timeout", "timelimit"}.isdisjoint(command.wrappers):
        return True
    if name == "dd":
        return any(w.text.startswith("count=") for w in command.args)
    if name in {"sed", "awk", "gawk", "perl", "python3"}:
        return any(_STOPS.search(word.text) for word in command.args)
    if name in _BOUNDING_OPTIONS:
        letters, longs = _BOUNDING_OPTIONS[name]
        return command.has_letter(letters) or command.has_long(*longs)
    return name in _BOUNDING


def is_endless(command: Command) -> bool:
    """Whether *command* prints without end, whatever it reads through a pipe."""
    name = command.name
    if limits(command):
        return False
    if name == "yes":
        return not command.has("--help", "--version")
    if name in {"seq", "jot"}:
        return any(_is_many(word.text) for word in command.operands)
    if name == "shuf" and (command.has_letter("r") or command.has_long("--repeat")):
        return not (command.has_letter("n") or command.has_long("--head-count"))
    if name in _READS_THROUGH and _reads_endlessly(command):
        return True
    return _PRINTS.search(endless_code(command)) is not None


def _is_many(text: str) -> bool:
    return text in {"inf", "infinity"} or (text.isdigit() and int(text[:18]) >= _MANY_LINES)


def _reads_endlessly(command: Command) -> bool:
    files = [*command.args, *(r.target for r in command.redirects if r.reads)]
    return any(ENDLESS_FILES.fullmatch(word.text) for word in files)


def stages_before(command: Command) -> Sequence[Command]:
    """Return the stages of the pipeline before *command*; of a very long one its two ends."""
    stages = command.upstream
    return stages if len(stages) <= 2 * _ENDS else (*stages[:_ENDS], *stages[-_ENDS:])


def flowing_into(command: Command) -> Sequence[Command]:
    """Return the stages before *command*, behind the last that lets only so much through."""
    stages = stages_before(command)
    for position in range(len(stages) - 1, -1, -1):
        if limits(stages[position]):
            return stages[position + 1 :]
    return stages


def pours(command: Command) -> bool:
    """Whether *command* prints, or writes, without end."""
    if limits(command):
        return False
    if is_endless(command):
        return True
    if command.name not in _PASSING_ON:
        return False
    stages = flowing_into(command)
    return any(map(is_endless, stages)) or (
        not command.in_endless_loop and any(prints_in_endless_loop(stage) for stage in stages)
    )


def prints_in_endless_loop(command: Command) -> bool:
    """Whether *command* prints a little again and again: `while true; do echo x; done`."""
    return command.in_endless_loop and command.name in GROWING
