"""Programs out of an encoding, where nobody sees what they do."""

import re
from collections.abc import Callable
from typing import Final

from eidos.validator.commands import Command
from eidos.validator.effects.effect import FED, Effect
from eidos.validator.effects.unread import SCRIPTED, given_as_script, program_of
from eidos.validator.evaluating.interpreters import SHELLS
from eidos.validator.patterns import Pattern
from eidos.validator.programs.code_words import FOLLOWED, LANGUAGES, runs_decoded

_UNPACKED_TEXT: Final = frozenset(
    "zcat gzcat bzcat bz2cat xzcat lzcat zstdcat lz4cat lzma unlzma gunzip bunzip2 unxz unzstd "
    "unlz4 uncompress funzip lzop uudecode uudeview rev iconv recode base58 base45 unhex "
    "ascii85 atob basez dc strings steghide outguess exiftool zsteg binwalk dd".split()
)
_BY_OPTION: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    **dict.fromkeys(
        ("base64", "base32", "basenc", "base16", "gbase64"), ("dD", ("--decode", "-decode"))
    ),
    "xxd": ("r", ("-revert", "-r")),
    **dict.fromkeys(
        ("gzip", "bzip2", "xz", "zstd", "lz4", "lzip", "pigz", "pbzip2"),
        ("d", ("--decompress", "--uncompress")),
    ),
    "openssl": ("", ("-d", "-a", "-base64", "base64", "enc", "rsautl", "pkeyutl", "smime", "cms")),
    **dict.fromkeys(("gpg", "gpg2"), ("d", ("--decrypt", "-d"))),
    **dict.fromkeys(("age", "rage", "sops"), ("d", ("--decrypt", "-d", "decrypt"))),
    "ccrypt": ("d", ("--decrypt",)),
    **dict.fromkeys(("unzip", "7z", "7za", "7zz"), ("p", ("-so",))),
    **dict.fromkeys(("od", "hexdump", "hd"), ("", ())),
}
"""Programs that decode when they are told so, by a letter or by a word; all where neither is."""
_HIDERS: Final = frozenset({"base64", "base32", "basenc", "xxd", "openssl", "rev", "tr"})
_ESCAPE: Final = Pattern(r"\\(?:x[0-9a-fA-F]{1,2}|0?[0-7]{2,3}|u[0-9a-fA-F]{4})")
_MADE_ESCAPE: Final = Pattern(r"\\(?:x|0|u)?(?:[$`(]|[0-7]{3}$|[0-9a-fA-F]{2}$)")
_FEW_ESCAPES: Final = 2
_CODE: Final = Pattern(
    r"b64decode|decodebytes|unhexlify|fromhex|decode_base64|base64_decode|from_base64|atob\("
    r"|decode64|hex2bin|gzinflate|gzuncompress|str_rot13|rot_?13|\bpack\b|unpack|\bchr\b|fromCharCode"
    r"|%c|@base64d|Buffer\.from|zlib|\\x[0-9a-fA-F]{2}|\[::-1\]|\breverse\b|\bdecode\b|unescape"
    r"|\^\s*\d|^(?:base64|gzip|uu|quopri|binascii|codecs)$",
    re.IGNORECASE,
)
_PRINTERS: Final = frozenset({"echo", "printf"})
_SCRIPTED: Final = frozenset(
    "python perl ruby php node deno bun lua awk gawk mawk tclsh raku jq bc dc R Rscript".split()
)
_LONG_ALPHABET: Final = 4
_RANGE: Final = Pattern(r"\w-\w|\[:\w+:\]")


def _decodes(command: Command) -> bool:
    """Whether what *command* prints is what stands in it made readable."""
    name = command.name
    if name in _UNPACKED_TEXT:
        return True
    if name in _BY_OPTION:
        letters, words = _BY_OPTION[name]
        return not words or bool(letters and command.has_letter(letters)) or command.has(*words)
    if name in _BY_WORDS:
        return _BY_WORDS[name](command)
    family = command.family
    is_code = family in _SCRIPTED or name in _SCRIPTED
    return is_code and any(_CODE.search(word.text) for word in command.args)


def _substitutes(command: Command) -> bool:
    """Whether tr puts other letters in the place of letters."""
    sets = [word.text for word in command.operands]
    if len(sets) < len(("from", "to")) or command.has_letter("d"):
        return False
    return bool(_RANGE.search(sets[0])) or sum(map(str.isalnum, sets[0])) >= _LONG_ALPHABET


def _is_escaped(command: Command) -> bool:
    """Whether letters are printed by their numbers, or by numbers that another command makes."""
    if any(_MADE_ESCAPE.match(word.text) and word.sources for word in command.args):
        return True
    escapes = (len(_ESCAPE.findall(word.text)) for word in command.args)
    return sum(escapes) >= _FEW_ESCAPES


def _unescapes(command: Command) -> bool:
    return command.has("unescape")


def _prints_archive(command: Command) -> bool:
    return any(_TO_OUTPUT.fullmatch(word.text) for word in command.args)


def _cuts_literal(command: Command) -> bool:
    """Whether letters are picked out of a text that stands in the line."""
    return command.has_letter("cb") and any(one.name in _PRINTERS for one in command.upstream)


_TO_OUTPUT: Final = Pattern(r"-?[A-Za-z]{0,8}O[A-Za-z]{0,8}|--to-stdout")
_BY_WORDS: Final[dict[str, Callable[[Command], bool]]] = {
    "tr": _substitutes,
    "printf": _is_escaped,
    "echo": _is_escaped,
    "print": _is_escaped,
    "string": _unescapes,
    "tar": _prints_archive,
    "bsdtar": _prints_archive,
    "cut": _cuts_literal,
}


def _runs_decoded(command: Command) -> bool:
    """Whether *command* runs a program that stands somewhere in an encoding."""
    if runs_decoded(command) or (_is_fed(command) and any(map(_hides, command.upstream))):
        return True
    if command.name in SCRIPTED and any(map(_decodes, given_as_script(command))):
        return True
    if command.name == "eval" and any(_DECODING_FLAGS.match(word.text) for word in command.args):
        return True
    if not command.program_from:
        return False
    return any(_decodes(one) for one in program_of(command)) and not _opens_own(command)


_DECODING_FLAGS: Final = Pattern(r"\$\{\([^()]{0,16}(?:#|Oa|s.{0,4}\)|j.{0,4}\)\$\{)")
"""zsh makes letters of numbers, turns a list round, cuts words apart or glues them together."""


def _is_fed(command: Command) -> bool:
    """Whether what it reads becomes a program, as `xargs sh -c` and crontab make it one."""
    is_filled = "xargs" in command.wrappers and command.name in SHELLS
    return (is_filled and command.has_letter("c")) or command.name in _SCHEDULERS


def _hides(command: Command) -> bool:
    return command.name in _HIDERS and _decodes(command)


_SCHEDULERS: Final = frozenset({"crontab", "at", "batch"})
_RUNNERS: Final = SCRIPTED | LANGUAGES | FOLLOWED | {"eval"}


def _opens_own(command: Command) -> bool:
    """Whether the user's own settings are decrypted for this shell."""
    is_decrypted = all(
        one.name in {"gpg", "gpg2", "age", "rage", "sops", "cat", "pass"}
        for one in command.program_from
    )
    return command.name in {"source", ".", "eval", "export"} and is_decrypted


EFFECTS: Final[tuple[Effect, ...]] = (Effect("decoded-run", _runs_decoded, _RUNNERS, FED),)
