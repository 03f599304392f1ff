"""What real typing does to a request: slips of the fingers, missing articles, case, politeness.

A request comes with marks in place of its slots (see phrasing.py), so that nothing here can touch
what must be copied; the words that the command has too are left alone as well.
"""
# ruff: noqa: PLR2004 - a share reads best where it is used

import re
from collections.abc import Callable, Collection
from random import Random
from typing import Final

ROUGH_SHARE: Final = 0.5
"""How many requests get any noise at all."""
_WORD: Final = re.compile(r"(?<![\w.\-/'\"*~$])[A-Za-z]+(?:'[a-z]+)?(?![\w\-/'\"*~=(]|\.\w)")
_MARK: Final = "\ue000-\ue0ff"

SYNONYMS: Final = {
    "directory": "folder folder dir", "directories": "folders folders dirs",
    "folder": "directory directory dir", "folders": "directories directories dirs",
    "delete": "remove erase get_rid_of kill_off trash", "remove": "delete get_rid_of erase",
    "show": "show_me display give_me print list", "display": "show show_me",
    "print": "show show_me output", "list": "show show_me print", "create": "make add",
    "make": "create", "copy": "duplicate", "rename": "change_the_name_of", "execute": "run",
    "run": "execute start", "terminate": "kill stop end", "extract": "unpack open unzip",
    "compress": "shrink pack zip_up", "containing": "with that_contain that_have",
    "contain": "have include", "biggest": "largest", "largest": "biggest", "larger": "bigger",
    "bigger": "larger", "modified": "changed edited", "changed": "modified edited",
    "recursively": "including_subfolders", "currently": "now right_now",
    "computer": "machine pc laptop box", "machine": "computer pc", "system": "machine computer",
    "program": "app process", "quickly": "fast", "every": "each all_the", "total": "overall",
    "information": "info details", "info": "information details", "count": "count_up",
    "search": "look", "determine": "find_out", "retrieve": "get fetch", "download": "get fetch",
    "begins": "starts", "start": "begin", "called": "named", "named": "called", "need": "want",
    "want": "need", "repository": "repo", "configuration": "config settings",
}  # fmt: skip
"""Words for the same, those of beginners among them; `_` stands for a blank."""
_ONLY_FIRST: Final = frozenset(
    "delete remove show display print list create make copy rename execute run terminate extract "
    "compress count search determine retrieve download start".split()
)
"""Verbs that are nouns or something else where they do not begin a request."""
_VERBS: Final = _ONLY_FIRST | frozenset(
    "find get count move add set change replace sort check stop restart install update open close "
    "convert merge split append rename print kill read write append insert compare convert put "
    "give use unpack zip unzip turn enable disable tell calculate save clean clear undo".split()
)
_POLITE: Final = (
    "please {},can you {},could you {},could you please {},how do i {},how do I {}?,how can i {},"
    "how to {},i want to {},i need to {},I'd like to {},id like to {},help me {},{} please,"
    "{} for me,{} thanks,{} pls,pls {},hey can you {},i would like to {},what command would {},"
    "i'm trying to {},command to {},the command to {},quickly {},now {},ok {},just {},"
    "need to {},want to {},is there a way to {}?,whats the command to {}"
).split(",")
_POLITE_START: Final = re.compile(
    r"^(how (do|can|would|could|to)( (i|you|we))?|i (want|need|would like) to|please|can you|"
    r"could you|i'd like to)\s+",
    re.IGNORECASE,
)
_NEIGHBOURS: Final = {
    letter: "".join(
        row[i + d] for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
        for i in [row.find(letter)] if i >= 0 for d in (-1, 1) if 0 <= i + d < len(row)
    )
    for letter in "abcdefghijklmnopqrstuvwxyz"
}  # fmt: skip
_SHORTEST_SLIP: Final = 4

Change = Callable[[str, Random, Collection[str]], str]


def kept(command: str) -> frozenset[str]:
    """Return the words of *command*, in lower case: what a request must not lose."""
    return frozenset(re.findall(r"[a-z0-9]+", command.lower()))


def roughen(text: str, rng: Random, keep: Collection[str], places: Collection[int]) -> str:
    """Return *text* as somebody might have typed it, most often with one or two changes.

    Words in *keep*, marks, numbers and everything with signs in it stay as they are, and in order
    among themselves; the marks numbered in *places* are adverbials, which may come first.
    """
    if rng.random() > ROUGH_SHARE:
        return text
    if rng.random() < 0.12:
        text = _place_first(text, rng, places)
    for share, change in _CHANGES:
        if rng.random() < share:
            text = change(text, rng, keep)
    return text


def _synonym(text: str, rng: Random, keep: Collection[str]) -> str:
    """Say one word in another way."""
    spots = [m for m in _WORD.finditer(text) if _may_be_said_otherwise(m, keep)]
    if not spots:
        return text
    spot = rng.choice(spots)
    said = rng.choice(SYNONYMS[spot[0].lower()].split()).replace("_", " ")
    said = said.capitalize() if spot[0][0].isupper() else said
    return text[: spot.start()] + said + text[spot.end() :]


def _may_be_said_otherwise(spot: re.Match[str], keep: Collection[str]) -> bool:
    word = spot[0].lower()
    if word not in SYNONYMS or word in keep:
        return False
    if word in ("search", "count") and not re.match(r" (for|the|all)\b", spot.string[spot.end() :]):
        return False
    if word == "search" and not spot.string[spot.end() :].startswith(" for"):
        return False
    before = spot.string[: spot.start()].rstrip().rpartition(" ")[2].lower()
    if word in _ONLY_FIRST:
        after = spot.string[spot.end() :].lstrip().partition(" ")[0].lower()
        return before in ("", "to", "i", "please", "you") and after not in ("", "me", "of", "up")
    return before not in ("the command", "current", "operating", "file", "init", "home", "root")


def _drop_articles(text: str, rng: Random, _keep: Collection[str]) -> str:
    """Leave out articles, as people in a hurry or from afar do."""
    share = rng.choice((0.5, 1.0))
    article = r"(?<![\w'\"/.-])(?<!once )(?<!per )(?:the|an?) (?=[a-z" + _MARK + "])"
    return re.sub(article, lambda match: "" if rng.random() < share else match[0], text)


def _frame(text: str, rng: Random, _keep: Collection[str]) -> str:
    """Make a bare instruction polite, or a polite one bare."""
    if polite := _POLITE_START.match(text):
        bare = text[polite.end() :].rstrip("?").rstrip()
        return bare if bare.partition(" ")[0].lower() in _VERBS else text
    if text.partition(" ")[0].lower() not in _VERBS or text.endswith("?"):
        return text
    frame = rng.choice(_POLITE)
    inner = text[0].lower() + text[1:]
    return frame.format(inner.rstrip(".")).replace("{}", "")


def _punctuate(text: str, rng: Random, _keep: Collection[str]) -> str:
    """Drop the sign at the end and apostrophes, or put one there."""
    if text[-1:] in ("?", "."):
        return text[:-1].rstrip()
    if rng.random() < 0.4 and re.search("[a-z]$", text):
        asks = re.match(
            r"(how|what|which|who|where|when|is|are|does|do|why)\b", text, re.IGNORECASE
        )
        return text + rng.choice("??!") if asks else text + rng.choice("..!")
    return re.sub(r"\b(what|who|where|that|how|don|doesn|isn|i|it|can)'(s|t|m|d)\b", r"\1\2", text,
                  flags=re.IGNORECASE)  # fmt: skip


def _lower(text: str, _rng: Random, keep: Collection[str]) -> str:
    return _cased(text, str.lower, keep)


def _capital(text: str, _rng: Random, keep: Collection[str]) -> str:
    first = _WORD.match(text)
    if first is None or first[0].lower() in keep:
        return text
    return text[0].upper() + text[1:]


def _upper(text: str, _rng: Random, keep: Collection[str]) -> str:
    return _cased(text, str.upper, keep)


def _cased(text: str, case: Callable[[str], str], keep: Collection[str]) -> str:
    return _WORD.sub(lambda m: m[0] if m[0].lower() in keep else case(m[0]), text)


def _slip(text: str, rng: Random, keep: Collection[str]) -> str:
    """Mistype one or two words."""
    for _ in range(1 if rng.random() < 0.75 else 2):
        spots = [
            spot
            for spot in _WORD.finditer(text)
            if len(spot[0]) >= _SHORTEST_SLIP and spot[0].isalpha() and spot[0].lower() not in keep
        ]
        if spots:
            spot = rng.choice(spots)
            text = text[: spot.start()] + mistyped(spot[0], rng) + text[spot.end() :]
    return text


def mistyped(word: str, rng: Random) -> str:
    """Return *word* with one slip: a neighbouring key, a letter left out, doubled or swapped."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.random()
    if kind < 0.3:
        return word[:at] + word[at + 1 :]
    if kind < 0.6:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.75:
        return word[:at] + word[at] + word[at:]
    near = _NEIGHBOURS.get(word[at].lower(), word[at])
    return word[:at] + rng.choice(near) + word[at + 1 :]


def _place_first(text: str, rng: Random, places: Collection[int]) -> str:
    """Begin with the place, where it stands at the end of an instruction."""
    found = re.fullmatch(f"([^{_MARK}?,]+(?:[{_MARK}][^{_MARK}?,]*)*) ([{_MARK}])", text)
    if found is None or ord(found[2]) - 0xE000 not in places:
        return text
    if found[1].partition(" ")[0].lower() not in _VERBS:
        return text
    return f"{found[2]}{rng.choice((',', ''))} {found[1][0].lower()}{found[1][1:]}"


_CHANGES: Final[tuple[tuple[float, Change], ...]] = (
    (0.30, _synonym),
    (0.10, _synonym),
    (0.20, _drop_articles),
    (0.28, _frame),
    (0.20, _punctuate),
    (0.25, _lower),
    (0.12, _capital),
    (0.02, _upper),
    (0.16, _slip),
)
