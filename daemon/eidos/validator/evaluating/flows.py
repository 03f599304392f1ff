"""What reads what, and what runs what: how one command's output reaches a later one.

Two ways are followed: pipes and substitutions, and files that one command may write and a later
one names. A file is known by its text as written, so an unknown `$TMP` is one file too.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from posixpath import basename, dirname
from typing import Final

from eidos.validator.commands import Command, Redirect, Word
from eidos.validator.evaluating.environment import path_in
from eidos.validator.evaluating.interpreters import is_interpreter
from eidos.validator.evaluating.wrappers import is_wrapper
from eidos.validator.patterns import fits

Written = Mapping[str, tuple[Command, ...]]

_MAX_MATCHED: Final = 16
"""Files among which one is looked for by a pattern."""
_MAX_WRITERS: Final = 24
"""Commands remembered for one file, or as what one command reads."""
_MAX_FOLDERS: Final = 4
"""Folders that one command may put files into."""
_ONLY_READ: Final = frozenset(
    "cat ls rm rmdir mkdir chmod chown chgrp grep egrep fgrep zgrep rg ag head tail less more bat "
    "file stat wc du df test [ which type mount umount kill pkill diff cmp md5sum sha1sum "
    "sha256sum sha512sum b2sum xattr readlink realpath basename dirname find fd function xargs "
    "gxargs parallel sleep date true false echo printf source . cd pushd popd chdir z eval export "
    "declare typeset local readonly unset shift trap set alias unalias abbr read mapfile "
    "readarray exec command hash bind complete history apt apt-get dnf yum pacman apk snap brew "
    "pip pip3 npm".split()
)
"""Programs that write no file that they name."""
_ATTACHED: Final = frozenset("TFXdo")
"""Letters of options to which the name of a file is attached: `curl -Tfile`."""
_COPIERS: Final = frozenset({"cp", "mv", "install", "ln", "rsync", "scp", "sftp", "link", "ditto"})
_FETCHERS: Final = frozenset({"wget", "curl", "aria2c", "fetch", "axel", "http", "https", "xh"})
_FILLS_FOLDERS: Final = frozenset({"git", "svn", "hg", "tar", "bsdtar", "unzip", "7z", "mount"})
_MAX_DEPTH: Final = 8
_MAKES_FILES: Final = _COPIERS | _FETCHERS | {"tee", "dd", "cat", "echo", "printf", "base64"}
_NO_FILES: Final = frozenset(
    {
        "",
        "/",
        "~",
        ".",
        "..",
        "-",
        "*",
        "/dev/null",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/tty",
        "/dev/stdin",
    }
)


def distinct(commands: Iterable[Command]) -> tuple[Command, ...]:
    """Return *commands* once each, the newest if they are many; comparing them would be slow."""
    found = {id(command): command for command in commands}
    return tuple(found.values())[-_MAX_WRITERS:]


def with_what_they_read(commands: Iterable[Command]) -> tuple[Command, ...]:
    """Return *commands* and all whose output may have reached them."""
    return distinct(each for one in commands for each in (*one.reads, one))


def sources_of(words: Iterable[Word]) -> Iterator[Command]:
    """Yield the commands in the substitutions of *words*."""
    for word in words:
        yield from word.sources


def key_of(word: Word, folder: str = "") -> str:
    """Return the name under which the file that *word* names is remembered."""
    if word.text.startswith(("<(", "=(", "(")):
        return word.text
    return path_in(word.folder or folder, word.text)


def writers_of(words: Iterable[Word], written: Written, folder: str) -> Iterator[Command]:
    """Yield the commands that may have written one of the files that *words* name."""
    if not written:
        return
    for word in words:
        for name in _names_in(word.text):
            path = path_in(word.folder or folder, name)
            yield from written.get(path, ())
            if word.is_glob and len(written) <= _MAX_MATCHED:
                for key, commands in written.items():
                    if fits(key, path):
                        yield from commands


def writers_of_file(word: Word, written: Written, folder: str) -> tuple[Command, ...]:
    """Return the commands that may have written the file that *word* names, or its folder."""
    if not written:
        return ()
    path = key_of(word, folder)
    return written.get(path, ()) or (_fillers_of_folders(path, written) if "/" in path else ())


def writers_of_program(word: Word, written: Written, folder: str) -> tuple[Command, ...]:
    """Return the commands that may have written the program that *word* calls."""
    found = writers_of_file(word, written, folder)
    if "/" in word.text or not written:
        return found
    # The shell looks for it in the folders of programs; that it is also a file here says less.
    found = tuple(command for command in found if command.name in _MAKES_FILES)
    tail = f"bin/{word.text}"
    return found or next((each for key, each in written.items() if key.endswith(tail)), ())


def _fillers_of_folders(path: str, written: Written) -> tuple[Command, ...]:
    """Return the commands that may have put *path* into a folder above it."""
    for _ in range(_MAX_DEPTH):
        path = dirname(path)
        found = tuple(c for c in written.get(path, ()) if c.name in _FILLS_FOLDERS)
        if found or not path.strip("/"):
            return found
    return ()


def _names_in(text: str) -> Iterator[str]:
    """Yield the paths that may stand in an argument: `x`, `if=x`, `-d@x`, `file=@x`, `-Tx`."""
    yield text
    if "=" in text:
        yield text.rpartition("=")[2].lstrip("@<")
    if "@" in text:
        yield text.rpartition("@")[2].partition(";")[0]
    if text[:1] == "-" and text[1:2] in _ATTACHED:
        yield text[2:]


def paths_written(command: Command, folder: str) -> Iterator[str]:
    """Yield the files that *command* may write, under the names that they are remembered by."""
    for redirect in command.redirects:
        if (redirect.writes or redirect.appends) and _is_file(redirect):
            yield key_of(redirect.target, folder)
    name = command.name
    runs_others = is_interpreter(name) or (is_wrapper(name) and name not in _FILLS_FOLDERS)
    if name in _ONLY_READ or not command.words or runs_others:
        return
    for word in _words_written(command):
        if word.text not in _NO_FILES:
            yield key_of(word, folder)
    for name in _names_given(command):
        yield path_in(folder, name)


def _is_file(redirect: Redirect) -> bool:
    return redirect.target.text not in _NO_FILES


def _words_written(command: Command) -> Iterator[Word]:
    for word in command.args:
        text = word.text
        if text.startswith("-"):
            if "=" in text:
                yield _after(word, text.index("=") + 1)
            elif len(text) > len("-o") and text[1] in "oO" and text[1:2] != "-":
                yield _after(word, 2)
        elif text.startswith("of="):
            yield _after(word, 3)
        elif "://" not in text:
            yield word


def _after(word: Word, start: int) -> Word:
    return Word(word.text[start:], word.is_known, word.is_glob, word.sources, word.folder)


def _names_given(command: Command) -> Iterator[str]:
    """Yield the names that a program gives to files by itself: those of what it fetches, copies."""
    operands = [word for word in command.args if not word.text.startswith("-")]
    if command.name in _FETCHERS:
        folders = [value.text for value in islice(command.values("-P", "-d"), _MAX_FOLDERS)]
        for word in operands:
            name = basename(word.text.partition("?")[0].partition("#")[0])
            if name and ("/" in word.text):
                yield name
                yield from (path_in(folder, name) for folder in folders)
        return
    for word in operands:
        if "://" in word.text:
            yield basename(word.text).removesuffix(".git")
    if len(operands) > 1 and (command.name in _COPIERS or "://" in operands[-2].text):
        target = operands[-1]
        folder = path_in(target.folder, target.text)
        for word in operands[:-1]:
            yield path_in(folder, basename(word.text.rpartition(":")[2].rstrip("/")))
