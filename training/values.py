r"""What is said and what is meant: how the phrase and the value of each kind of slot are drawn.

A value is drawn for a site, so that its phrase fits the words around it ("the last week", "older
than a week") and the value fits the program ("tab" is `\t` for tr, and nothing that cut takes).
"""
# ruff: noqa: PLR2004 - a share reads best where it is used

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from training import names
from training.templates import Raw


class Site(Struct, frozen=True):
    """Where a slot stands."""

    before: str = ""
    """The word before it in the request, in lower case."""
    after: str = ""
    is_quoted: bool = False
    """Whether the request has quotes around it already."""
    programs: frozenset[str] = frozenset()
    """The programs that get the value."""


class Value(Struct, frozen=True):
    """What is said, and what goes into the command: raw text, or source as it stands."""

    phrase: str
    source: Raw | str

    @property
    def text(self) -> str:
        """The value without regard to how it is quoted."""
        return self.source if isinstance(self.source, str) else self.source.text


Draw = Callable[[Random, Site], Value]

LANGUAGES: Final = {
    "py": "Python", "js": "JavaScript", "c": "C", "cpp": "C++", "java": "Java", "go": "Go",
    "rs": "Rust", "rb": "Ruby", "php": "PHP", "txt": "text", "log": "log", "md": "Markdown",
    "csv": "CSV", "json": "JSON", "html": "HTML", "xml": "XML", "css": "CSS", "pdf": "PDF",
    "jpg": "JPEG", "png": "PNG", "mp3": "MP3", "mp4": "MP4", "yaml": "YAML", "sql": "SQL",
    "ts": "TypeScript", "tmp": "temporary", "bak": "backup", "zip": "zip", "conf": "config",
    "swp": "swap", "o": "object", "class": "class", "svg": "SVG", "toml": "TOML", "sh": "shell",
}  # fmt: skip
"""What people call the files of an extension."""
CHARACTERS: Final = {
    "comma": ",", "tab": "\\t", "colon": ":", "semicolon": ";", "pipe": "|", "dash": "-",
    "space": " ", "slash": "/", "underscore": "_", "hash": "#",
}  # fmt: skip
COUNTED: Final = "one two three four five six seven eight nine ten".split()
ORDINALS: Final = "first second third fourth fifth sixth seventh eighth ninth".split()
_SEARCHED: Final = (
    "error warning TODO FIXME fail failed login password timeout exception root admin debug user "
    "connection refused denied success hello test foo bar import config localhost apple 404 500 "
    "deprecated panic critical null undefined token session request response"
).split()
_PHRASES: Final = (
    "connection refused,out of memory,permission denied,not found,hello world,def main,import os,"
    "segmentation fault,access denied,user_id,getUser,api_key,max_connections,listen 80,"
    "class User,server_name,disk full,no such file,broken pipe,retry later,status 500"
).split(",")
STRINGS: Final = (
    "hello world,all done,hello,backup complete,good morning,test message,new line,done,welcome,"
    "the quick brown fox,192.168.1.5 server1,end of file,this is a test,DEBUG=true,port 8080,"
    "nothing to see here,generated file,do not edit"
).split(",")
MESSAGES: Final = (
    "fix typo,initial commit,add login page,update readme,fix bug in parser,refactor tests,"
    "bump version,wip,remove unused code,add tests,fix #42,handle empty input,clean up imports"
).split(",")
_DURATIONS: Final = {"day": 365, "minute": 120, "hour": 48, "second": 60}
_LONGER: Final = {"day": {"week": 7, "month": 30, "year": 365}, "minute": {"hour": 60}}
_NO_ARTICLE_AFTER: Final = frozenset(
    "last past previous next every each the this coming these preceding 1 one".split()
)


def same(draw: Callable[[Random], str]) -> Draw:
    """Return the type whose phrase is its value."""

    def drawn(rng: Random, _site: Site) -> Value:
        text = draw(rng)
        return Value(text, Raw(text))

    return drawn


def one_of(text: str) -> Draw:
    """Return the type of the names in *text*."""
    values = text.split()
    return same(lambda rng: rng.choice(values))


def some_coined(share: float, text: str) -> Draw:
    """Return the type of a listed or, as often as *share* says, a coined plain name."""
    values = text.split()
    return same(lambda rng: names.plain_name(rng) if rng.random() < share else rng.choice(values))


def _said(name: str, rng: Random, site: Site) -> str:
    """Return *name* as people write it: a blank in it makes quotes likely."""
    if site.is_quoted or not re.search(r"[ ']", name) or rng.random() < 0.25:
        return name
    return f'"{name}"' if "'" in name or rng.random() < 0.7 else f"'{name}'"


def file(extensions: Sequence[str]) -> Draw:
    """Return the type of names of files with one of *extensions*."""

    def drawn(rng: Random, site: Site) -> Value:
        name = names.file_name(rng, extensions)
        return Value(_said(name, rng, site), Raw(name))

    return drawn


def folder(rng: Random, site: Site) -> Value:
    """A folder's name or path, once in a while the home directory in words."""
    is_named = {site.before, site.after} & {"the", "directory", "folder", "dir", "a", "my"}
    if rng.random() < 0.03 and not site.is_quoted and not is_named:
        return Value(rng.choice(("~", "my home directory", "my home folder")), Raw("~"))
    name = names.folder(rng)
    return Value(_said(name, rng, site), Raw(name))


def path(rng: Random, site: Site) -> Value:
    """Draw a file or a folder."""
    return folder(rng, site) if rng.random() < 0.4 else file(names.EXTENSIONS)(rng, site)


def place(rng: Random, _site: Site) -> Value:
    """Draw where to look, with its preposition."""
    kind = rng.random()
    if kind < 0.12:
        here = (
            "in the current directory,in this directory,in the current folder,here,in this folder,"
            "in the working directory,under the current directory,in ."
        )
        return Value(rng.choice(here.split(",")), Raw("."))
    if kind < 0.19:
        home = "in my home directory,in my home folder,in ~,under my home directory,in my home"
        return Value(rng.choice(home.split(",")), Raw("~"))
    if kind < 0.22:
        whole = "on the whole system,on the whole filesystem,in the root directory,in /,under /"
        return Value(rng.choice(whole.split(",")), Raw("/"))
    name = names.folder(rng)
    said = _said(name, rng, Site())
    kinds = (said, said, said, f"the {said} directory", f"the {said} folder", f"directory {said}")
    where = rng.choice(("in", "in", "in", "under", "inside", "within"))
    return Value(f"{where} {rng.choice(kinds)}", Raw(name))


def extension(rng: Random, _site: Site) -> Value:
    """Draw what people call the files of an extension, before `files`."""
    extension = rng.choice(list(LANGUAGES))
    named = LANGUAGES[extension]
    said = (named, named, f".{extension}", extension, f"*.{extension}", named.lower())
    return Value(rng.choice(said), Raw(extension))


def bare_extension(rng: Random, _site: Site) -> Value:
    """Draw an extension, as it stands in names."""
    extension = rng.choice(list(LANGUAGES))
    return Value(rng.choice((f".{extension}", extension)), Raw(extension))


def extension_files(rng: Random, _site: Site) -> Value:
    """Draw the files of an extension, as a plural."""
    extension = rng.choice(list(LANGUAGES))
    named = LANGUAGES[extension]
    if extension == "sh" and rng.random() < 0.6:
        return Value(rng.choice(("shell scripts", "bash scripts")), Raw(extension))
    said = (
        f"{named} files", f"{named.lower()} files", f".{extension} files", f"*.{extension} files",
        f"files ending in .{extension}", f"files with the .{extension} extension",
        f"files with extension {extension}", f"{named} files", f".{extension} files",
    )  # fmt: skip
    return Value(rng.choice(said), Raw(extension))


def size(rng: Random, _site: Site) -> Value:
    """Draw a size, as find and truncate write it."""
    unit = rng.choice("MMMGGk")
    number = rng.choice(
        (1, 2, 3, 4, 5, 10, 20) if unit == "G" else (1, 2, 5, 10, 50, 100, 250, 500)
    )
    said = {
        "M": ("MB", "M", " MB", " megabytes", "mb", " megs"),
        "G": ("GB", "G", " GB", " gigabytes", "gb", " gigs"),
        "k": ("KB", "k", " KB", " kilobytes", "kb"),
    }[unit]
    phrase = f"{number}{rng.choice(said)}"
    return Value(re.sub(r"(byte|meg|gig)s$", r"\1", phrase) if number == 1 else phrase,
                 Raw(f"{number}{unit}"))  # fmt: skip


def count_of(low: int, high: int, *, counted: bool = True) -> Draw:
    """Return the type of numbers from *low* to *high*, small ones in words if *counted*."""

    def drawn(rng: Random, _site: Site) -> Value:
        number = rng.randint(low, high)
        if counted and number <= len(COUNTED) and rng.random() < 0.25:
            return Value(COUNTED[number - 1], Raw(str(number)))
        return Value(str(number), Raw(str(number)))

    return drawn


def duration(unit: str) -> Draw:
    """Return the type of lengths of time, counted in *unit*."""

    def drawn(rng: Random, site: Site) -> Value:
        named, factor = unit, 1
        if (longer := _LONGER.get(unit)) and rng.random() < 0.4:
            named, factor = rng.choice(list(longer.items()))
        number = rng.choice((1, 1, 2, 2, 3, 4, 5, 6, 7, 10, 14, 15, 20, 30, 45, 60, 90, 180))
        number = number if number * factor <= _DURATIONS[unit] else rng.choice((1, 2))
        number = number if number * factor <= 2 * _DURATIONS[unit] else 1
        phrase = _time_said(number, named, rng, site)
        return Value(phrase, Raw(str(number * factor)))

    return drawn


def _time_said(number: int, unit: str, rng: Random, site: Site) -> str:
    if number > 1:
        said = COUNTED[number - 1] if number <= 10 and rng.random() < 0.25 else str(number)
        return f"{said} {'min' if unit == 'minute' and rng.random() < 0.2 else unit}s"
    if site.before in _NO_ARTICLE_AFTER:
        return unit
    article = "an" if unit == "hour" else "a"
    return f"{rng.choice((article, article, 'one', '1'))} {unit}"


def nth(rng: Random, _site: Site) -> Value:
    """Draw the place in a row."""
    number = rng.randint(1, 9)
    short = ("1st", "2nd", "3rd")[number - 1] if number < 4 else f"{number}th"
    return Value(rng.choice((ORDINALS[number - 1], short)), Raw(str(number)))


def character(rng: Random, site: Site) -> Value:
    """Draw a sign by its name, one that the program takes so."""
    known = {**CHARACTERS}
    if "cut" in site.programs:
        del known["tab"]  # cut wants the sign itself, and splits at tabs without being told
    if "sed" in site.programs:
        del known["slash"]
    name = rng.choice(list(known))
    article = "" if site.before in ("a", "the", "by", "each", "every") else "a "
    return Value(rng.choice((name, name, article + name)), Raw(known[name]))


def quotable(draw: Callable[[Random], str], bare: float) -> Draw:
    """Return the type of texts that people put in quotes, unless *bare*, or one word, allows."""

    def drawn(rng: Random, site: Site) -> Value:
        text = draw(rng)
        is_bare = site.is_quoted or rng.random() < (0.5 if " " not in text else bare)
        quote = "'" if rng.random() < 0.35 else '"'
        return Value(text if is_bare else f"{quote}{text}{quote}", Raw(text))

    return drawn


def one_word(rng: Random) -> str:
    """Return a word to look for."""
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(_SEARCHED)
    return rng.choice(names.words()) if kind < 0.8 else names.coined(rng)


def pattern(rng: Random) -> str:
    """Return a few words or an identifier to look for."""
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(_PHRASES)
    if kind < 0.55:
        return " ".join(rng.choice(names.words()) for _ in range(rng.choice((2, 2, 3))))
    return one_word(rng)


def few_words(listed: Sequence[str]) -> Callable[[Random], str]:
    """Return a way to draw a text of a few words, *listed* or coined."""

    def drawn(rng: Random) -> str:
        if rng.random() < 0.5:
            return rng.choice(listed)
        return " ".join(rng.choice(names.words()) for _ in range(rng.choice((2, 3, 3, 4))))

    return drawn
