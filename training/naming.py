"""Stand-ins of documentation, such as `file` or `package_name`, given names of their own.

A page says "install a package" and `apt install package`: a model that learns it writes
`package`. "install the package brisk-owl" and `apt install brisk-owl` teach it to copy.
"""

import random
import re
from typing import Final

import msgspec

from training.expanding import Pair
from training.names import address, domain, person, plain_name


def name_stand_ins(pair: Pair, rng: random.Random) -> Pair:
    """Return *pair* with each stand-in of its command coined, in the command and the request.

    The name goes behind the noun that speaks of it ("the package brisk-owl"); where no noun does,
    the request ends with the names.
    """
    request, command, tail = pair.request, pair.command, list[str]()
    for stand_in in _stand_ins(command):
        name = _coined(stand_in, rng)
        command = _replace_word(command, stand_in, name)
        if _holds_word(request, stand_in) and not stand_in.isalpha():
            request = _replace_word(request, stand_in, name)
            continue
        named = _name_noun(request, stand_in, name, rng)
        if named == request:
            tail.append(name)
        request = named
    if tail:
        frame = rng.choice(_TAILS)
        request = request.rstrip("?. ") + frame + rng.choice((" ", " and ")).join(tail)
    return msgspec.structs.replace(pair, request=request, command=command)


def _stand_ins(command: str) -> list[str]:
    """Return the stand-ins among the words after the program, in their order."""
    found = dict[str, None]()
    for position, match in enumerate(_WORD.finditer(command)):
        word = match[0]
        is_bare = word in _BARE and position >= _BARE[word]
        is_other = any(kind.fullmatch(word) for kind in (_COMPOUND, _WITH_ENDING, _ADDRESS))
        if position and (is_bare or is_other):
            found[word] = None
    return list(found)


def _coined(stand_in: str, rng: random.Random) -> str:
    """Return a name of the kind that *stand_in* stands for."""
    if stand_in.startswith("/dev/"):
        return "/dev/sd" + rng.choice("bcdef") + ("1" if stand_in[-1] in "NY" else "")
    for kind, coin in _KINDS:
        if kind.search(stand_in):
            return coin(rng)
    _, dot, ending = stand_in.partition(".")
    return plain_name(rng) + dot + ending


def _url(rng: random.Random) -> str:
    return f"https://{domain(rng)}/{plain_name(rng)}"


def _number(rng: random.Random) -> str:
    return str(rng.randint(3, 9999))


def _file(rng: random.Random) -> str:
    return plain_name(rng) + rng.choice(_ENDINGS)


def _name_noun(request: str, stand_in: str, name: str, rng: random.Random) -> str:
    """Return *request* with *name* behind the first noun that speaks of *stand_in*."""
    for noun in _nouns(stand_in):
        match = re.search(_NOUN_PHRASE.format(noun=re.escape(noun)), request, re.IGNORECASE)
        if match:
            words = rng.choice((name, f"the {noun} {name}", f"{noun} {name}"))
            return request[: match.start()] + words + request[match.end() :]
    return request


def _nouns(stand_in: str) -> list[str]:
    """Return what people may call *stand_in*, the most telling first."""
    stem = re.sub(r"\d+$", "", stand_in.partition(".")[0])
    words = [word for word in stem.split("_") if word not in {"name", "new", "old", "path"}]
    nouns = [" ".join(words), *reversed(words)]
    if stem in {"file", "input", "output", "source"} or stem.endswith("file"):
        nouns += ["file", "document", "image"]
    if stem.endswith(("directory", "dir", "folder")):
        nouns += ["directory", "folder"]
    return [noun for noun in dict.fromkeys(nouns) if len(noun) > 1 and noun not in {"or", "to"}]


def _holds_word(text: str, word: str) -> bool:
    return re.search(_EXACT.format(word=re.escape(word)), text) is not None


def _replace_word(text: str, word: str, name: str) -> str:
    return re.sub(_EXACT.format(word=re.escape(word)), lambda _: name, text)


_WORD: Final = re.compile(
    r"(?:(?<=\s)|(?<==)|(?<=^)|(?<=[\"'/@]))(?:[A-Za-z][\w.]*|/dev/sdX[NY]?|https?://example\.com"
    r"(?:/[\w./]*)?)(?=$|[\s\"'/@:;|)])"
)
_EXACT: Final = r"(?<![\w.$-])(?<!\w:){word}(?![\w.(=-])"
_COMPOUND: Final = re.compile(r"[a-z]+(?:_[a-z]+)+\d?")
_STEMS: Final = "file|input|output|image|archive|video|audio|source|target|document|script|data"
_WITH_ENDING: Final = re.compile(
    rf"(?:(?:{_STEMS})\d?|[a-z]+_(?:{_STEMS})\d?)\.[a-zA-Z][a-z0-9.]{{0,6}}"
    r"|(?!package|tsconfig|requirements|docker-compose|composer)[a-z]{3,}\d?\.(?:txt|csv|json|ya?ml|md"
    r"|pdf|png|jpg|svg|mp[34]|wav|mkv|log|conf|xml|html|sql|db|py|sh|c|o|s|tar|zip|gz|key|crt|pem)"
)
_ADDRESS: Final = re.compile(r"example\.com|https?://example\.com\S*|/dev/sdX[NY]?")
_BARE: Final = {
    **dict.fromkeys("file file1 file2 file3 filename directory directory1 directory2".split(), 1),
    **dict.fromkeys("username hostname domain keyword pattern password pid".split(), 1),
    **dict.fromkeys(
        "package package1 package2 package3 project repository container container1 container2 "
        "image port host url user group table branch string text regex word folder".split(),
        2,
    ),
}
"""Stand-ins of one word, and from which word of the command on: before it may be a subcommand."""
_NOUN_PHRASE: Final = (
    r"(?:\b(?:an?|the|this|your|one|each|some|multiple|(?:one|1) or more)\s+|"
    r"(?<=\bin )|(?<=\bto )|(?<=\bof )|(?<=\bfrom )|(?<=\bspecific )|(?<=\bspecified ))"
    r"(?:(?:specific|specified|given|existing|particular|single|certain|chosen)\s+)*"
    r"(?<![-.\w]){noun}(?=$|[,;:?)(]|\s(?:[-(]|(?:in|on|to|from|with|and|or|for|by|using|as|into|at|"
    r"of|that|which|is|if|via|without|recursively|under|over|while|when|be|inside|containing|only"
    r"|called|named|globally|but|so)\b))"
)
"""The noun is the last of its phrase: in "the file list" no file is meant."""
_TAILS: Final = (": ", " for ", ", ", " - ", " on ")
_ENDINGS: Final = (".txt", ".log", ".conf", ".dat", ".bin", "", ".md", ".csv", ".json", ".out")
_KINDS: Final = (
    (re.compile(r"^https?:|(?:^|_)url(?:_|$)"), _url),
    (re.compile(r"^example\.com$|^[^.]*(?:host|domain|server)[^.]*$"), domain),
    (re.compile(r"(?:^|_)(?:number|count|port|pid|seconds|id|size|width|height)$"), _number),
    (re.compile(r"(?:^|_)ip(?:_|$)"), address),
    (re.compile(r"file(?:name)?\d?$"), _file),
    (re.compile(r"(?:^|_)user(?:_|$)|^username$"), person),
)
