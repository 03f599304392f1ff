"""Programs that run another program: which of their words begin the command that really runs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eidos.validator.words import Word


@dataclass(frozen=True, slots=True)
class Wrapper:
    """How a program's own words end and the inner command begins."""

    takes_value: str = ""
    """Short options whose value is the next word."""
    takes_long_value: tuple[str, ...] = ()
    operands: int = 0
    """Words of its own between the options and the inner command."""
    joins: bool = False
    """It hands the words after its own to a shell, as one text."""


_PLAIN: Final = Wrapper()
WRAPPERS: Final[dict[str, Wrapper]] = {
    "sudo": Wrapper("aCcDghpRrTtUu", ("--user", "--group", "--host", "--prompt", "--chdir")),
    "doas": Wrapper("aCu"),
    "pkexec": Wrapper("", ("--user",)),
    "run0": Wrapper("ugD", ("--user", "--group", "--chdir")),
    "env": Wrapper("uC", ("--unset", "--chdir")),
    "nice": Wrapper("n", ("--adjustment",)),
    "ionice": Wrapper("cnpPu", ("--class", "--classdata")),
    "chrt": Wrapper("TPD", (), 1),
    "taskset": Wrapper("", (), 1),
    "nohup": _PLAIN,
    "setsid": _PLAIN,
    "time": Wrapper("fo", ("--format", "--output")),
    "timeout": Wrapper("ks", ("--kill-after", "--signal"), 1),
    "stdbuf": Wrapper("ioe", ("--input", "--output", "--error")),
    "unbuffer": _PLAIN,
    "command": _PLAIN,
    "builtin": _PLAIN,
    "exec": Wrapper("a"),
    "xargs": Wrapper("adEILnPs", ("--max-args", "--max-procs", "--replace", "--delimiter")),
    "flock": Wrapper("wE", ("--timeout",), 1),
    "chroot": Wrapper("", (), 1),
    "strace": Wrapper("eopPsu"),
    "ltrace": Wrapper("eopsu"),
    "busybox": _PLAIN,
    "toybox": _PLAIN,
    "unshare": Wrapper("", ()),
    "systemd-run": Wrapper("pMu", ("--unit", "--property", "--uid", "--on-active", "--slice")),
    "systemd-inhibit": _PLAIN,
    "caffeinate": _PLAIN,
    "noglob": _PLAIN,
    "nocorrect": _PLAIN,
    "not": _PLAIN,
    "and": _PLAIN,
    "or": _PLAIN,
    "begin": _PLAIN,
}
_JOINING: Final[dict[str, Wrapper]] = {
    "eval": Wrapper(joins=True),
    "parallel": Wrapper("jISnN", ("--jobs",), joins=True),
    "watch": Wrapper("n", ("--interval",), joins=True),
    "ssh": Wrapper("BbcDEeFIiJLlmOopQRSWw", (), 1, joins=True),
}
SHELLS: Final = frozenset(
    {"sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "csh", "tcsh"}
)
_SCRIPT_OPTIONS: Final = dict.fromkeys([*SHELLS, "su", "script", "flock"], "c") | {"env": "S"}
"""Programs with an option whose value is a script."""
_MAX_LAYERS: Final = 16
_ASSIGNMENT: Final = re.compile(r"\w+\+?=")
_FIND_RUNS: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A command without the programs that only run it, outermost of them first."""

    words: tuple[Word, ...]
    wrappers: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    """Texts among the words that a shell will run, as far as they are known."""


def unwrap(words: Sequence[Word]) -> Unwrapped:
    """Return the command in *words* that really runs, and what was around it."""
    wrappers: list[str] = []
    scripts: list[str] = []
    rest = list(words)
    for _ in range(_MAX_LAYERS):
        name = program(rest[0]) if rest else ""
        scripts += _scripts_of(name, rest[1:])
        inner = _inner(WRAPPERS[name], rest[1:]) if name in WRAPPERS else []
        if not inner:
            break
        wrappers.append(name)
        rest = inner
    return Unwrapped(tuple(rest), tuple(wrappers), tuple(scripts))


def program(word: Word) -> str:
    """Return the name of the program that *word* calls, without its directory."""
    return word.text.rstrip("/").rsplit("/", 1)[-1] if word.is_known else ""


def commands_of_find(args: Sequence[Word]) -> list[tuple[Word, ...]]:
    """Return the commands that find runs on what it finds."""
    commands: list[tuple[Word, ...]] = []
    current: list[Word] | None = None
    for arg in args:
        if arg.text in _FIND_RUNS:
            current = []
        elif current is not None and arg.text in {";", "+"}:
            commands.append(tuple(current))
            current = None
        elif current is not None:
            current.append(arg)
    return [command for command in commands if command]


def _scripts_of(name: str, args: list[Word]) -> list[str]:
    """Return the texts that *name* hands to a shell."""
    if name in _JOINING:
        inner = _inner(_JOINING[name], args)
        return [" ".join(word.text for word in inner)] if inner else []
    if name == "trap":
        return [arg.text for arg in args[:1]]
    letter = _SCRIPT_OPTIONS.get(name)
    return _values_of(letter, args) if letter else []


def _inner(wrapper: Wrapper, args: list[Word]) -> list[Word]:
    """Return what is left of *args* after the wrapper's options, assignments and operands."""
    position = 0
    while position < len(args):
        text = args[position].text
        if text == "--":
            position += 1
            break
        if text.startswith("-"):
            position += _takes_next(wrapper, text)
        elif wrapper.joins or not _ASSIGNMENT.match(text):
            break
        position += 1
    return args[position + wrapper.operands :]


def _takes_next(wrapper: Wrapper, option: str) -> bool:
    if option.startswith("--"):
        return option in wrapper.takes_long_value
    return option[-1] in wrapper.takes_value and not any(
        letter in wrapper.takes_value for letter in option[1:-1]
    )


def _values_of(letter: str, args: list[Word]) -> list[str]:
    """Return the script that follows the option *letter*, alone or at the end of a cluster."""
    for position, arg in enumerate(args):
        text = arg.text
        if text.startswith(("--command=", "--split-string=")):
            return [text.partition("=")[2]]
        is_cluster = text.startswith("-") and not text.startswith("--") and letter in text
        if is_cluster or text in {"--command", "--split-string"}:
            attached = text.partition(letter)[2] if letter == "S" else ""
            return [attached] if attached else [word.text for word in args[position + 1 :][:1]]
    return []
