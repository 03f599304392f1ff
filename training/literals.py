r"""Which literals of a command its request does not say: the model must copy, never invent.

Literals are, anywhere but in the name of the program and of an option:

* numbers, but 0, 1 and 2, the 10 of `head` and `tail`, 9 and 15 of a signal, and what follows from
  the words of the request: "a week" is 7, "5 hours" 300, "half" 50, "https" 443, "private" 600;
* names, that is words with `. / @ : _` or a digit inside, or wholly in capitals: file names, paths,
  addresses, placeholders. Places that everybody has are no invention (`/etc/…`, `/proc/…`,
  `/dev/null`, `~`, `.`), nor is an ending whose kind is said (`*.py` of "Python files");
* words in quotes that are data. In a program (awk, sed, jq, a format of date or printf) only what
  stands between slashes or in quotes of its own is;
* plain words behind an option, and any plain word of a program that has no subcommands.

They are compared without regard to case and quotes.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from training.quantities import is_said

_CODE_PROGRAMS: Final = frozenset(
    "awk gawk mawk sed gsed perl python python3 ruby node php jq yq bc date printf eval".split()
)
_CODE_OPTIONS: Final = frozenset(
    "-printf -format --format -c --pretty -f -o --output --printf -ef -exec".split()
)
_WITHOUT_SUBCOMMANDS: Final = frozenset(
    """
    cat cd chgrp chmod chown cmp comm cp csplit cut diff du egrep fgrep file find fold grep gunzip
    gzip head kill killall less ln locate ls md5sum mkdir more mv nl od paste pgrep pkill rename
    rm rmdir rsync scp sed sha256sum sort source split stat strings tac tail tar tee touch tr uniq
    wc which whereis zcat zgrep useradd usermod userdel groupadd id su finger chsh passwd
    ping traceroute host dig nslookup telnet
    """.split()
)


def missing_literals(request: str, command: str) -> Iterator[str]:
    """Yield each literal of *command* that *request* does not say, as far as it can be read."""
    said = _folded(request)
    for word in _words(command):
        for literal in _literals(word):
            if not _is_said(literal, said, word.program):
                yield literal


class _Word:
    """A word of a command, with what stands before it."""

    __slots__ = ("after_option", "before", "is_quoted", "program", "text")

    def __init__(self, raw: str, before: str, program: str, *, after_option: bool) -> None:
        self.is_quoted = "'" in raw or '"' in raw
        self.text = _unquoted(raw)
        self.before = before
        self.program = program
        self.after_option = after_option

    @property
    def is_code(self) -> bool:
        """Whether it is a program or a format, of which most is no data."""
        is_of_program = self.program in _CODE_PROGRAMS and self.before not in _WITH_A_NAME
        is_program = is_of_program and (self.is_quoted or self.text.startswith(("+%", "s/", "/")))
        is_of_option = self.is_quoted and self.before in _CODE_OPTIONS
        return is_program or is_of_option or _SUBSTITUTION.match(self.text) is not None


def _words(command: str) -> Iterator[_Word]:
    """Yield the words that are no program's name and no option's, option values among them."""
    program, before, after_option = "", "", False
    for raw in _RAW_WORD.findall(command):
        if _OPERATOR.fullmatch(raw):
            is_redirect = ">" in raw or "<" in raw
            program, before, after_option = (program if is_redirect else "", raw, False)
        elif raw.startswith("-") and len(raw) > 1:  # an option, of a starter too
            value = _OPTION_VALUE.match(raw)
            if value and (value[1] or value[2]):
                yield _Word(value[1] or value[2], raw, program, after_option=True)
            before, after_option = raw, True
        elif program == "xargs" and (raw[0] in "{%" or raw.isdigit()):
            before = raw
        elif not program or program in _STARTERS or before in _RUNNING:
            program = "" if _ASSIGNMENT.match(raw) else raw.rsplit("/", 1)[-1]
            before, after_option = "", False
        else:
            yield _Word(raw, before, program, after_option=after_option)
            before = raw


def _literals(word: _Word) -> Iterator[str]:
    text = word.text
    if word.is_code:
        yield from _literals_in_code(text, word.program)
        return
    wants_words = word.is_quoted or word.after_option or word.program in _WITHOUT_SUBCOMMANDS
    if _SUBCOMMAND.fullmatch(text) and not wants_words:
        return
    for piece in _PIECE.findall(_NO_DATA.sub(" ", text)):
        piece_text = piece.rstrip(".,:")
        is_name = _NAME.search(piece_text) is not None
        if is_name or (wants_words and len(piece_text) > len("ab")):
            yield piece_text


def _literals_in_code(code: str, program: str) -> Iterator[str]:
    """Yield the numbers of *code*, and the words of the data in it."""
    plain = _NO_DATA.sub(" ", code)
    yield from (match[0] for match in _CODE_NUMBER.finditer(plain))
    if program == "date":
        return
    data = [part for match in _DATA_IN_CODE.findall(plain) for part in match]
    data += [part for match in _SUBSTITUTION.findall(plain) for part in match[1:]]
    for text in data:
        yield from (part for part in _CODE_WORD.findall(text) if len(part) > len("ab"))


def _is_said(literal: str, said: str, program: str) -> bool:
    text = _folded(literal).strip("*").lstrip(":@=")
    if not text or text in said or text.rstrip("/") in said:
        return True
    if _NUMBER.fullmatch(text):
        return is_said(text, said, program)
    if _COMMON_PLACE.match(text) or _COMMON_NAME.fullmatch(text):
        return True
    ending = text.rpartition(".")[2]
    if text.startswith(".") and any(kind in said for kind in (*_KINDS.get(ending, ()), ending)):
        return True
    if text.isalpha():
        return text[: max(_STEM, len(text) - 3)] in said
    parts = [part for part in re.split(r"[/:=@,|+]|\.(?=\w+$)", text) if part]
    return len(parts) > 1 and all(_is_said(part, said, program) for part in parts)


def _folded(text: str) -> str:
    return re.sub(r"[\"'`\\]", "", text).lower()


def _unquoted(raw: str) -> str:
    try:
        return " ".join(shlex.split(raw))
    except ValueError:
        return raw.replace('"', "").replace("'", "")


_STEM: Final = 4
_RAW_WORD: Final = re.compile(
    r"""\d?(?:&>>?|>>|>&\d?|>|<<<|<)|\|\||&&|[;|&()`]|\$\(|(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|\$(?!\()|[^\s'"`|;&()<>\\$])+"""
)
_OPERATOR: Final = re.compile(r"\d?(?:&>>?|>>|>&\d?|>|<<<|<)|\|\||&&|[;|&()`]|\$\(")
_RUNNING: Final = frozenset("-exec -execdir -ok -okdir".split())
_STARTERS: Final = frozenset(
    "sudo doas env time nohup nice ionice command exec do then else if while xargs parallel".split()
)
_ASSIGNMENT: Final = re.compile(r"\w+=")
_OPTION_VALUE: Final = re.compile(r"-(?:-?[\w-]+=(.+)|[A-Za-z](\d[\w.]*|['\"].*))$")
_CODE_NUMBER: Final = re.compile(r"(?<![\w.\\%$])\d+(?:\.\d+)?(?![\w.])")
_DATA_IN_CODE: Final = re.compile(r"\"([^\"%\\$]+)\"|'([^'%\\$]+)'|/([^/\\$]+)/")
_SUBSTITUTION: Final = re.compile(r"\b[sy]([/#|,@!])((?:(?!\1).)*)\1((?:(?!\1).)*)\1")
_CODE_WORD: Final = re.compile(r"\w[\w.@-]*\w")
_NO_DATA: Final = re.compile(
    r"\$\([^)]*\)|\$\{?\w+\}?|\\[nrtswdbSWDB0<>]|\[\[?:?[^\]]*\]|\{[\d,]*\}|%-?\d*\w"
)
"""Variables, escapes, classes of characters, counts of repeats, fields of a format."""
_WITH_A_NAME: Final = frozenset("-r --reference --file".split())
_SUBCOMMAND: Final = re.compile(r"[a-z][a-z0-9]*(?:[:-][a-z0-9-]+)+")
_PIECE: Final = re.compile(r"[*]?[\w~./@:+%-]*\w[\w./@+%-]*|[\w]+")
_NAME: Final = re.compile(r"\w[./@:_]\w|\d|^[~./]*/\w|^\.\w|^[A-Z]{2,}$|^~\w")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[kmgtcwbshd%]|[kmg]i?b)?")
_COMMON_PLACE: Final = re.compile(
    r"(?:/(?:etc|proc|sys|bin|usr/bin|usr/share|usr/lib|boot|run|var/log|var/lib|var/spool|var/run)\b"
    r"|/dev/(?:null|zero|u?random|stdin|stdout|stderr|tty|tcp|shm)\b|~/?(?:\.[\w./-]+)?$|\.{1,2}/?$"
    r"|/(?:dev|tmp|home)/?$)"
)
_COMMON_NAME: Final = re.compile(
    r"sha\d+|md5|utf-?(?:8|16)|x86(?:_64)?|ipv?[46]|base(?:32|64)|ext[234]|mp[34]|[hx]26[45]|bz2?|gz|7z"
    r"|python[23]|a[45]|iso-?\d*|s3|k8s|localhost|true|false|yes|no|on|off|auto|always|never|none|all|"
    r"plain|default|name|path|key|file|head|stdin|stdout|user|group|size|time|inet6?|tcp|udp|usb|"
    r"[ugoa]*[-+=][rwxXst]+|print\d?|sort|grep|bash|sh|self|origin|node|echo|origin/\w+|c|posix|mod|nul|utc|asc|desc|"
    r"rm|ls|wc|cat|mv|cp|awk|sed|chmod|chown|gzip|xargs|basename|dirname|md5sum|stat|tar|file|du"
)
_KINDS: Final = {
    ending: tuple(kinds.split())
    for ending, kinds in {
        "py": "python", "txt": "text", "js": "javascript", "ts": "typescript", "rb": "ruby",
        "sh": "shell bash script", "md": "markdown", "jpg": "jpeg image photo picture",
        "jpeg": "jpg image photo picture", "png": "image picture", "cpp": "c++", "h": "header",
        "hpp": "header", "c": "c", "rs": "rust", "go": "go", "java": "java", "log": "log",
        "conf": "config", "cfg": "config", "gz": "gzip compressed", "tgz": "gzip tar",
        "bak": "backup", "tmp": "temporary", "o": "object", "pl": "perl", "htm": "html",
        "yml": "yaml", "mp3": "audio music song", "mp4": "video movie", "pdf": "document",
        "class": "class", "so": "shared", "deb": "package", "rpm": "package", "swp": "swap",
        "pyc": "compiled python", "bz2": "bzip2", "xz": "xz", "tar": "tar", "zip": "zip",
    }.items()
}  # fmt: skip
