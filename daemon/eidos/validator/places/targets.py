"""Places that a command must not touch lightly: system folders, homes, disks, account files.

A place is the path itself or a pattern that matches it, never a prefix: `/usr` is one,
`/usr/share/doc/x` and `~/.cache` are not. A relative path counts from the folder that the line
says it starts in; where the line does not say, it is no place. An absolute pattern counts in
quotes too, as in `for f in /*; do rm "$f"; done`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from posixpath import normpath
from typing import Final

from eidos.validator.commands import Word
from eidos.validator.patterns import Pattern, fits
from eidos.validator.places import devices, places

SYSTEM_FOLDERS: Final = places.SYSTEM_FOLDERS
ACCOUNT_FILES: Final = places.ACCOUNT_FILES

# A link to the root of the file system, and what macOS keeps under a second name.
_SAME_PLACE: Final = Pattern(
    r"/proc/[^/]+/root(?=/|$)|/private(?=/(?:etc|var|tmp)(?:/|$))|/System/Volumes/Data(?=/|$)"
)
_MAX_LINKS: Final = 8
_OWN_NAME: Final = Pattern(
    r"/(?:home|Users)/(?:\$(?:USER|LOGNAME|SUDO_USER)\b|\$\{(?:USER|LOGNAME|SUDO_USER)\}"
    r"|\$?\((?:whoami|id -un|logname)\)|`(?:whoami|id -un|logname)`)"
)
_HERE: Final = Pattern(r"(?:\$PWD\b|\$\{PWD\}|\$?\(pwd(?: -[LP])?\)|`pwd`|~\+)(?=/|$)")
_ANY_NAME: Final = Pattern(
    r"\^[^/]+|\*~[^/]+|(?=[^*]*\*|!\()(?:[*?.]|!\([^()/]*\)|\[(?:[!^][^\]/]*|[^\]/]*[A-Za-z]-[A-Za-z][^\]/]*)\])+"
    r"(?:\([^()/]*\))?"
)
"""`*`, `.*`, `.[!.]*`, `?*`, `*.*`, `**`, `!(x)`, and zsh's `*(D)`, `^x`, `*~x`."""
_SOME: Final = Pattern(
    r"\*\([^()/]*(?:L[kKmM]?(?:0|-\d|\+[1-9])|[mac][Mhws]?(?:\+[1-9]|-\d)|\[-?\d)[^()/]*\)$"
)
"""Of zsh: `*(L0)`, `*(m+7)`, `*(om[1])`, which ask for a size, an age or a number."""
_LONGEST_PATTERN: Final = 64
_GLOB_SIGNS: Final = Pattern(r"[*?\[]|[@!+]\(")
_CLASS: Final = Pattern(r"\[\[:\w+:\]\]")
_EXPANSION: Final = Pattern(r"\$\{[^{}]*\}|\$\w+|\$[@*#?$!-]|\$?\([^()]*\)|`[^`]*`|<\([^()]*\)")
_MAX_NESTED: Final = 4
_CERTAIN: Final = Pattern(r"\$\{\w+:?\?[^{}]*\}")
"""`${x:?}`, with which the shell stops where x is empty."""


MAX_PLACES: Final = 64
"""How many words of a command are looked at; `too-many-places` warns about more."""
_PLAIN: Final = Pattern(r"\w(?:[\w-]|\.(?!\.)|/(?=\w))*/?")
"""A name in the current folder or below it, which can be no place."""


def notable(words: Iterable[Word]) -> list[Word]:
    """Return those of *words* that may be a place, the first MAX_PLACES of them."""
    return list(islice(filter(is_notable, words), MAX_PLACES))


def is_notable(word: Word) -> bool:
    """Whether *word* may be a place, as a name below the current folder may not."""
    return bool(word.folder) or not word.is_known or _PLAIN.fullmatch(word.text) is None


def path_of(word: Word) -> str:
    """Return the absolute path that *word* names, `~` for the user's home; "" for any other."""
    text = word.text
    if not text.startswith(("/", "~")) or text.startswith("~+"):
        if not word.folder.startswith(("/", "~")):
            return ""
        text = f"{word.folder}/{text.removeprefix('~+')}"
    if not word.is_known:
        text = _OWN_NAME.sub("~", text, count=1)
    return _normal(text)


def folder_of(word: Word) -> str:
    """Return the path of *word*, and that of the folder for a pattern of all that is in it."""
    path = path_of(word)
    return _without_any_name(path) if "*" in path or "/^" in path else path


def is_critical(word: Word) -> bool:
    """Whether *word* is a system folder or a home folder, or a pattern for all that is in one."""
    return is_system_folder(word) or is_home(word)


def is_system_folder(word: Word) -> bool:
    """Whether *word* is a folder of the system, all that is in one, or a pattern for one."""
    folder = folder_of(word)
    return folder in places.SYSTEM_FOLDERS or _matches(folder, _FOLDERS)


def is_store(word: Word) -> bool:
    """Whether *word* is a folder with all containers, machines or databases of a program."""
    return places.STORES.fullmatch(folder_of(word)) is not None


def is_core_folder(word: Word) -> bool:
    """Whether *word* is a system folder, and none of those where people keep data of their own."""
    folder = folder_of(word)
    return folder in places.CORE_FOLDERS or _matches(folder, _CORE)


def is_home(word: Word) -> bool:
    """Whether *word* is the home folder of some user, or all that is in it."""
    match = places.HOME.fullmatch(folder_of(word))
    return match is not None and match["below"] is None


def in_home(word: Word) -> str:
    """Return the path of *word* below the home folder of some user; "" when it is elsewhere."""
    match = places.HOME.fullmatch(folder_of(word))
    return (match["below"] or "") if match else ""


def is_key_folder(word: Word) -> bool:
    """Whether *word* is a folder of private keys, or all that is in it."""
    if not path_of(word):
        return _relative(word) in places.KEY_FOLDERS
    name = in_home(word)
    return any(_fits(folder, name) for folder in places.KEY_FOLDERS)


def is_key_file(word: Word) -> bool:
    """Whether *word* is a file of a home that lets its owner in somewhere."""
    return places.KEY_FILES.fullmatch(in_home(word)) is not None


def is_everything_in_critical(word: Word) -> bool:
    """Whether *word* is a pattern for all files right in a system folder or a home folder."""
    return folder_of(word) != path_of(word) and is_critical(word)


def is_in_system(word: Word) -> bool:
    """Whether *word* is below a folder that belongs to the operating system."""
    path = path_of(word)
    return places.SYSTEM_TREE.match(path) is not None and not places.SPARED_TREE.match(path)


def is_account_file(word: Word) -> bool:
    """Whether *word* is one of the files that say who may log in, and what is mounted."""
    return _is_one_of(word, places.ACCOUNT_FILES, _ACCOUNTS)


def is_login_file(word: Word) -> bool:
    """Whether *word* is one of the files that say who may log in and become root."""
    return _is_one_of(word, places.LOGIN_FILES, _LOGINS)


def is_vital_file(word: Word) -> bool:
    """Whether *word* is a file without which the machine does not start or nobody logs in."""
    if _is_one_of(word, places.VITAL_FILES, _VITAL):
        return True
    return places.VITAL_NAMES.fullmatch(path_of(word)) is not None


def is_disk(word: Word) -> bool:
    """Whether *word* is a disk, a partition or the memory itself, as a device file."""
    path = path_of(word)
    return devices.is_disk_path(path) or devices.is_memory_path(path)


def is_broad(word: Word) -> bool:
    """Whether *word* is all of the current folder, or a folder above it."""
    rest = _relative(word)
    return rest == "." or re.fullmatch(r"\.\.(?:/\.\.)*", rest) is not None


def is_unknown(word: Word) -> bool:
    """Whether *word* may be any place, or a critical one where its variables are empty."""
    if word.is_known:
        return False
    if word.text == "{}":
        return True
    if word.sources and all(source.name in _MAKES_NEW for source in word.sources):
        return False
    rest = without_expansions(word.text)
    emptied = Word(rest, is_glob=word.is_glob, folder=word.folder)
    return not rest or is_critical(emptied) or is_broad(emptied)


def without_expansions(text: str) -> str:
    """Return *text* as it is when all variables and substitutions in it are empty."""
    rest = _CERTAIN.sub("_", text)
    for _ in range(_MAX_NESTED):
        rest, count = _EXPANSION.subn("", rest)
        if not count:
            break
    head, opening, tail = rest.partition("$(")
    return head + tail.rpartition(")")[2] if opening else rest


_MAKES_NEW: Final = frozenset({"mktemp", "tempfile"})


def _relative(word: Word) -> str:
    """Return the relative path in *word*, `*` as `.`; "" for one of which the start is known."""
    text = word.text if word.is_known and "~" not in word.text else _HERE.sub(".", word.text)
    if not text or text.startswith(("/", "~")) or word.folder.startswith(("/", "~")):
        return ""
    path = normpath(f"{word.folder}/{text}" if word.folder else text)
    if not word.is_glob or (_is_short(path) and _SOME.search(path)):
        return path
    return _without_any_name(path) or "."


def _normal(text: str) -> str:
    return _resolved_once(text) if len(text) <= _LONGEST_KEPT else _resolved(text)


def _resolved(text: str) -> str:
    if text.startswith("~"):
        name, _, rest = text.partition("/")
        text = f"/home/{name}/{rest}"
    path = "/" + normpath(text).lstrip("/")
    if path.startswith(("/proc/", "/private", "/System")):
        for _ in range(_MAX_LINKS):
            path, count = _SAME_PLACE.subn("", path, count=1)
            if not count:
                break
        path = path or "/"
    if path.startswith("/home/~"):
        name, _, rest = path.removeprefix("/home/").partition("/")
        home = "~" if name == "~" else "/root" if name == "~root" else f"/home/{name[1:]}"
        return f"{home}/{rest}" if rest else home
    return path


_LONGEST_KEPT: Final = 256
_resolved_once: Final = lru_cache(maxsize=256)(_resolved)
"""Ten rules ask for the same path, one after the other."""


def _without_any_name(path: str) -> str:
    """Take the patterns for everything off the end: `/usr/*/*` is `/usr`, `*` is empty."""
    names = path.split("/")
    while names and _ANY_NAME.fullmatch(names[-1]):
        names.pop()
    return "/".join(names) or ("/" if path.startswith("/") else "")


_Index = Mapping[int, tuple[tuple[str, tuple[str, ...]], ...]]
"""The names in each folder, by the depth of the folder."""


def _indexed(paths: Iterable[str]) -> _Index:
    folders: dict[str, list[str]] = {}
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    by_depth: dict[int, list[tuple[str, tuple[str, ...]]]] = {}
    for folder, names in folders.items():
        by_depth.setdefault(folder.count("/"), []).append((folder, tuple(names)))
    return {depth: tuple(found) for depth, found in by_depth.items()}


def _is_one_of(word: Word, paths: frozenset[str], index: _Index) -> bool:
    path = path_of(word)
    return path in paths or _matches(path, index)


def _matches(pattern: str, index: _Index) -> bool:
    """Whether *pattern* matches one of the paths in *index*, folder by folder."""
    if not pattern.startswith("/") or not _GLOB_SIGNS.search(pattern):
        return False
    folder, _, name = pattern.rpartition("/")
    return any(
        _fits(known, folder) and any(_fits(path, name) for path in names if path)
        for known, names in index.get(folder.count("/"), ())
    )


def _fits(text: str, pattern: str) -> bool:
    if not _GLOB_SIGNS.search(pattern):
        return text == pattern
    if not _is_short(pattern):
        return "[" in pattern
    pattern = _CLASS.sub("?", pattern).replace("[^", "[!")
    return fits(text, pattern) and text.count("/") == pattern.count("/")


def _is_short(pattern: str) -> bool:
    return len(pattern) <= _LONGEST_PATTERN


_FOLDERS: Final = _indexed(places.SYSTEM_FOLDERS)
_CORE: Final = _indexed(places.CORE_FOLDERS)
_ACCOUNTS: Final = _indexed(places.ACCOUNT_FILES)
_LOGINS: Final = _indexed(places.LOGIN_FILES)
_VITAL: Final = _indexed(places.VITAL_FILES)
