"""What a command prints, where its words and a known input say: the texts that pipes hand on.

Bytes are kept as the characters of the same numbers, so that decoders can stand in a row.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Word
from eidos.validator.evaluating.environment import path_in
from eidos.validator.evaluating.filters import FILTERS, MAX_PRINTED
from eidos.validator.evaluating.options import Grammar, read_options
from eidos.validator.patterns import Pattern
from eidos.validator.reading.escapes import decode_ansi_c

_SILENT: Final = frozenset(
    ": true false cd pushd popd export declare typeset local readonly set unset alias unalias trap "
    "functions shift mkdir rm rmdir touch chmod chown ln sleep wait test [ function return exit "
    "exec read umask ulimit shopt setopt unsetopt disown kill pkill hash mapfile readarray "
    "getopts".split()
)
_UNCHANGING: Final = frozenset({"cat", "tee"})


def printed_by(command: Command, stdin: Word | None) -> Word | None:
    """Return what *command* prints when it reads *stdin*; None where nothing of it is known.

    Where only a part is known the word says so, and holds the source of the rest.
    """
    name = command.name
    if name in _SILENT:
        return Word("")
    if name == "string" and command.upstream and not _has_text(command):
        return stdin
    if name in _PRINTERS:
        return _printed_from(command)
    return _filtered(command, stdin) if stdin is not None and name in FILTERS else None


def _has_text(command: Command) -> bool:
    """Whether fish's `string` is given texts, and does not read them."""
    texts = [word.text for word in command.args]
    return bool((_string(texts) or "").strip("\n"))


def _printed_from(command: Command) -> Word | None:
    args = command.args
    text = _PRINTERS[command.name]([unhomed(word.text) for word in args])
    if command.name == "pwd":
        text = command.words[0].folder
    if not text:
        return None if text is None or command.name == "pwd" else Word("")
    return Word(
        text,
        all(word.is_known and not word.is_glob for word in args),
        sources=tuple(source for word in args for source in word.sources),
    )


def _filtered(command: Command, stdin: Word) -> Word | None:
    if not stdin.is_known or not all(word.is_known for word in command.args):
        return stdin if command.name in _UNCHANGING else None
    text = FILTERS[command.name](command.args, stdin.text)
    return None if text is None or len(text) > MAX_PRINTED else replace(stdin, text=text)


def joined_text(printed: Sequence[Word | None]) -> Word | None:
    """Return what is printed one after the other; None where nothing of it is known."""
    known = [word for word in printed if word is not None]
    if not any(word.text for word in known) and len(known) < len(printed):
        return None
    return Word(
        "".join(word.text for word in known),
        len(known) == len(printed) and all(word.is_known for word in known),
        sources=tuple(source for word in known for source in word.sources),
    )


def words_printed(command: Command) -> tuple[Word, ...]:
    """Return the words that echo or printf prints, patterns and unknown ones too."""
    args = command.args
    if command.name == "echo":
        while args and _ECHO_OPTION.fullmatch(args[0].text):
            args = args[1:]
        return args
    return args[1:] if command.name == "printf" and len(args) > 1 else ()


def unhomed(text: str) -> str:
    """Return *text* as it was given: words that begin with a quoted tilde are written `./~`."""
    return text[2:] if text.startswith("./~") else text


def as_text(printed: str) -> str:
    """Return *printed* as the characters that its bytes spell."""
    try:
        return printed.encode("latin-1").decode()
    except ValueError:
        return printed


_ECHO_OPTION: Final = Pattern(r"-[neE]+")


def _echo(texts: list[str]) -> str:
    ends, decodes = "\n", False
    while texts and _ECHO_OPTION.fullmatch(texts[0]):
        ends = "" if "n" in texts[0] else ends
        decodes = decodes or "e" in texts[0]
        texts = texts[1:]
    text = " ".join(texts)
    return (_unescape(_OCTAL.sub(r"\\\1", text)) if decodes else text) + ends


_OCTAL: Final = Pattern(r"\\0([0-7]{1,3})")
_NUL: Final = Pattern(r"\\(?:0(?![0-7])|000|x00)")


def _unescape(text: str) -> str:
    """Return *text* with its escapes resolved; a NUL, which xargs -0 wants, does not end it."""
    return "\0".join(map(decode_ansi_c, _NUL.split(text)))


_DIRECTIVE: Final = Pattern(r"%(?:%|[-+ #0]*[\d*]*(?:\.[\d*]+)?[hlL]*([a-zA-Z]))")


def _printf(texts: list[str]) -> str | None:
    if texts[:1] == ["--"]:
        texts = texts[1:]
    if not texts or texts[0] == "-v":
        return "" if texts else None
    pattern, values = _unescape(texts[0]), texts[1:]
    takes = sum(match[1] is not None for match in _DIRECTIVE.finditer(pattern))
    rounds = -(-len(values) // takes) if takes and values else 1
    if rounds * len(pattern) > MAX_PRINTED:
        return None
    given = iter(values)
    return "".join(
        _DIRECTIVE.sub(lambda match: _formatted(match, next(given, "")), pattern)
        if takes
        else pattern.replace("%%", "%")
        for _ in range(rounds)
    )


def _formatted(match: re.Match[str], value: str) -> str:
    match match[1]:
        case None:
            return "%"
        case "b":
            return _unescape(_OCTAL.sub(r"\\\1", value))
        case "c":
            return value[:1]
        case "x" | "X" | "o" | "d" | "i" | "u" if value.isdigit():
            return format(int(value[:9]), match[1] if match[1] in "xXo" else "d")
        case _:
            return value


def printf_text(args: Sequence[Word]) -> str | None:
    """Return what `printf` makes of *args*; None if one is not known."""
    if not args or not all(word.is_known for word in args):
        return None
    return _printf([word.text for word in args])


def _string(texts: list[str]) -> str | None:
    """Follow what fish's `string` does with its arguments."""
    act = _STRING.get((texts or [""])[0])
    return None if act is None else act(texts[1:])


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _substring(texts: list[str]) -> str | None:
    options = read_options([Word(text) for text in texts], Grammar("sle"))
    given = {name: value.text for name, value in options.given if value is not None}
    start, length = given.get("-s", "1"), given.get("-l", str(MAX_PRINTED))
    if not (start.isdigit() and length.isdigit()):
        return None
    first, end = int(start[:4]) - 1, int(start[:4]) - 1 + int(length[:4])
    whole = (f"/home/{text}" if text[:1] == "~" else text for text in texts[options.end :])
    return _lines(text[first:end] for text in whole)


def _replace(texts: list[str]) -> str | None:
    options = read_options([Word(text) for text in texts], Grammar("fm"))
    rest = texts[options.end :]
    if options.has("-r", "--regex", "-f") or len(rest) < len(("old", "new", "text")):
        return None
    count = -1 if options.has("-a", "--all") else 1
    return _lines(text.replace(rest[0], rest[1], count) for text in rest[2:])


_STRING: Final[dict[str, Callable[[list[str]], str | None]]] = {
    "join": lambda texts: (texts or [""])[0].join(texts[1:]) + "\n",
    "lower": lambda texts: _lines(map(str.lower, texts)),
    "upper": lambda texts: _lines(map(str.upper, texts)),
    "collect": _lines,
    "trim": lambda texts: _lines(map(str.strip, texts)),
    "unescape": lambda texts: _lines(map(decode_ansi_c, texts)),
    "sub": _substring,
    "replace": _replace,
}


def _which(texts: list[str]) -> str | None:
    """Name the program that `which`, `command -v` and `type -p` look for, where it would be."""
    names = [text for text in texts if not text.startswith("-")]
    looks = (len(names) == 1 and len(names) == len(texts)) or texts[:1] in (["-v"], ["-p"], ["-P"])
    return f"/usr/bin/{names[0]}\n" if looks and names else None


def _path(texts: list[str]) -> str | None:
    """Follow realpath, and dirname, whose results are paths too."""
    paths = [text for text in texts if not text.startswith("-")]
    if len(paths) != 1 or not paths[0].startswith(("/", "~")):
        return None
    return path_in("", paths[0]) + "\n"


def _dirname(texts: list[str]) -> str | None:
    path = _path(texts)
    return None if path is None else path_in("", f"{path.strip()}/..") + "\n"


def _yes(texts: list[str]) -> str:
    return " ".join(texts or ["y"]) + "\n"


_PRINTERS: Final[dict[str, Callable[[list[str]], str | None]]] = {
    "echo": _echo,
    "printf": _printf,
    "string": _string,
    "which": _which,
    "realpath": _path,
    "readlink": _path,
    "dirname": _dirname,
    "command": _which,
    "type": _which,
    "yes": _yes,
    "pwd": lambda _texts: "",
}
