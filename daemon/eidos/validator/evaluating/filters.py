"""Programs that print their input changed: what they make of a text that is known.

Bytes are kept as the characters of the same numbers, so that decoders can stand in a row.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from eidos.validator.code.decoding import decode
from eidos.validator.commands import Word
from eidos.validator.evaluating.options import Grammar, read_options
from eidos.validator.patterns import Pattern
from eidos.validator.reading.escapes import decode_ansi_c

MAX_PRINTED: Final = 8192
"""Longer texts are not followed."""
Filter = Callable[[Sequence[Word], str], str | None]
"""What a program with these arguments makes of its input; None if that is not followed."""


def _wants(args: Sequence[Word], letters: str, *long: str) -> bool:
    return any(
        word.text in long
        or (word.text[:1] == "-" and word.text[1:2] != "-" and set(word.text) & set(letters))
        for word in args
    )


def _decoder(how: str, letters: str, *long: str) -> Filter:
    """Return a filter that decodes when one of its options asks for it."""
    return lambda args, text: (
        decode(text.strip(), how) if not letters or _wants(args, letters, *long) else None
    )


def _xxd(args: Sequence[Word], text: str) -> str | None:
    if not _wants(args, "r") or not _wants(args, "p"):
        return None
    return decode(re.sub(r"\s+|0x", "", text), "hex")


def _openssl(args: Sequence[Word], text: str) -> str | None:
    texts = {word.text for word in args}
    if (
        "-d" in texts
        and texts & {"base64", "-base64", "-a"}
        and not any("-aes" in t for t in texts)
    ):
        return decode(text.strip(), "base64")
    return None


def _basenc(args: Sequence[Word], text: str) -> str | None:
    how = {"--base64": "base64", "--base64url": "base64", "--base32": "base32", "--base16": "hex"}
    names = [how[word.text] for word in args if word.text in how]
    return decode(text.strip(), names[0]) if names and _wants(args, "d", "--decode") else None


def _rev(_args: Sequence[Word], text: str) -> str:
    return "\n".join(line[::-1] for line in text.split("\n"))


def _tac(_args: Sequence[Word], text: str) -> str:
    return "".join(reversed(text.splitlines(keepends=True)))


_CLASSES: Final = {
    "lower": "a-z", "upper": "A-Z", "digit": "0-9", "alpha": "A-Za-z", "alnum": "A-Za-z0-9",
    "space": " \\t\\n\\r\\f\\v", "blank": " \\t", "punct": "!-/:-@[-`{-~",
}  # fmt: skip


def _set_of(text: str) -> str:
    """Return the characters that a set of tr names, in order."""
    text = re.sub(r"\[:(\w+):\]", lambda match: _CLASSES.get(match[1], ""), text)
    text = decode_ansi_c(text)
    return re.sub(
        r"(.)-(.)",
        lambda m: "".join(map(chr, range(ord(m[1]), min(ord(m[2]), ord(m[1]) + 255) + 1))),
        text,
        flags=re.DOTALL,
    )


def _tr(args: Sequence[Word], text: str) -> str | None:
    options = read_options(args, Grammar())
    sets = [_set_of(word.text) for word in args[options.end :]]
    if options.has("-c", "-C", "--complement") or not sets:
        return None
    if options.has("-d", "--delete"):
        return text.translate(dict.fromkeys(map(ord, sets[0])))
    if len(sets) < len(("from", "to")) or not sets[1]:
        return None
    target = sets[1].ljust(len(sets[0]), sets[1][-1])
    return text.translate(dict(zip(map(ord, sets[0]), target, strict=False)))


_SUBSTITUTE: Final = Pattern(r"s(?P<sep>[^\w\s\\])(.*?)(?<!\\)(?P=sep)(.*?)(?<!\\)(?P=sep)([gI]*)")
_PLAIN_PATTERN: Final = Pattern(r"(?:[\w \t/:;,<>=@#%&!\"'~`{}|()?+-]|\\[/.|$*\[\]n]|\.{1,8})*")


def _sed(args: Sequence[Word], text: str) -> str | None:
    """Follow `s/plain/text/`; patterns with repetitions or classes are left alone."""
    options = read_options(args, Grammar("e", frozenset({"--expression"})))
    given = [o.value.text for o in options.given if o.name in {"-e", "--expression"} and o.value]
    scripts = given or [word.text for word in args[options.end :][:1]]
    for part in (part.strip() for script in scripts for part in script.split(";")):
        match = _SUBSTITUTE.fullmatch(part)
        if match is None or not _PLAIN_PATTERN.fullmatch(match[2]):
            return None
        pattern = re.sub(r"[?+(){}|]", r"\\\g<0>", match[2])
        pattern = re.sub(r"\\([/|])", r"\1", pattern) if match["sep"] in "/|" else pattern
        result = decode_ansi_c(re.sub(r"(?<!\\)&", "\0", match[3]).replace("\\/", "/"))
        count = 0 if "g" in match[4] else 1
        text = re.sub(pattern, lambda m, r=result: r.replace("\0", m[0]), text, count=count)
    return text


def _cut(args: Sequence[Word], text: str) -> str | None:
    options = read_options(args, Grammar("cbdf"))
    values = {name: value.text for name, value in options.given if value}
    chosen = values.get("-c") or values.get("-b") or values.get("-f") or ""
    match = re.fullmatch(r"(\d{0,4})(-?)(\d{0,4})", chosen)
    if match is None or not chosen:
        return None
    first = int(match[1] or 1)
    last = int(match[3] or MAX_PRINTED) if match[2] else first
    separator = values.get("-d", "\t") if "-f" in values else ""
    lines = text.split("\n")
    if not separator:
        return "\n".join(line[first - 1 : last] for line in lines)
    return "\n".join(
        separator.join(line.split(separator)[first - 1 : last]) if separator in line else line
        for line in lines
    )


def _head(args: Sequence[Word], text: str) -> str | None:
    count, unit = _count(args)
    if count is None or count < 0:
        return None
    return text[:count] if unit == "c" else "".join(text.splitlines(keepends=True)[:count])


def _tail(args: Sequence[Word], text: str) -> str | None:
    count, unit = _count(args)
    from_start = any("+" in word.text for word in args)
    if count is None or count < 0:
        return None
    parts = list(text) if unit == "c" else text.splitlines(keepends=True)
    return "".join(parts[count - 1 :] if from_start else parts[len(parts) - count :])


def _count(args: Sequence[Word]) -> tuple[int | None, str]:
    text = " ".join(word.text for word in args)
    match = re.fullmatch(r"(?:-?-(?:([cn])|bytes|lines)?[= ]?)?\+?(\d{1,5})", text)
    if match is None:
        return (10 if not text else None), "n"
    return int(match[2]), match[1] or "n"


def _same(args: Sequence[Word], text: str) -> str | None:
    return text if all(word.text.startswith("-") for word in args) else None


FILTERS: Final[dict[str, Filter]] = {
    "cat": _same,
    "tee": lambda _args, text: text,
    "strings": _same,
    "dos2unix": _same,
    "base64": _decoder("base64", "dD", "--decode", "--d"),
    "base32": _decoder("base32", "d", "--decode"),
    "basenc": _basenc,
    "ascii85": _decoder("ascii85", "d"),
    "uudecode": _decoder("uu", ""),
    "xxd": _xxd,
    "openssl": _openssl,
    "rot13": _decoder("rot13", ""),
    "rev": _rev,
    "tac": _tac,
    "tr": _tr,
    "sed": _sed,
    "gsed": _sed,
    "cut": _cut,
    "head": _head,
    "tail": _tail,
    **dict.fromkeys(("gunzip", "zcat", "gzcat"), _decoder("zlib", "")),
    **dict.fromkeys(("gzip", "pigz", "zlib-flate"), _decoder("zlib", "du", "--decompress")),
    **dict.fromkeys(("bunzip2", "bzcat"), _decoder("bz2", "")),
    "bzip2": _decoder("bz2", "d", "--decompress"),
    **dict.fromkeys(("unxz", "xzcat", "unlzma", "lzcat"), _decoder("lzma", "")),
    **dict.fromkeys(("xz", "lzma"), _decoder("lzma", "d", "--decompress")),
}
