"""Other names that the line gives to files: symbolic links, and copies of programs.

`ln -s / x; rm -rf x/*` removes what is in /, and `cp /bin/rm x; ./x` runs rm.
"""

from collections.abc import Mapping
from posixpath import basename
from typing import Final

from msgspec.structs import replace

from eidos.validator.commands import Command, Redirect, Word
from eidos.validator.evaluating.environment import Other, path_in
from eidos.validator.evaluating.interpreters import is_interpreter
from eidos.validator.evaluating.line import Invocation

_COPY: Final = frozenset({"cp", "mv", "install"})
_NAMING: Final = _COPY | {"ln", "link", "hash"}
_MIND_THE_LINK: Final = frozenset(
    {"rm", "unlink", "mv", "ln", "ls", "readlink", "test", "[", "stat"}
)
"""Programs that deal with the link itself where they are given no more than its name."""
_GIVE_RIGHTS: Final = frozenset({"chmod", "chown", "setcap"})
"""Programs for which a copy of a shell is as good as the shell."""
_MAX_LINKS: Final = 16


def names_made(command: Command, folder: str) -> dict[str, Other]:
    """Return the new names that *command* gives to files, each with the file behind it."""
    if command.name not in _NAMING or len(command.operands) < len(("file", "name")):
        return {}
    *_, first, last = command.operands
    if command.name == "hash":
        return {last.text: Other(first.text, is_copy=True)} if command.has_letter("p") else {}
    source, target = first.text, path_in(last.folder or folder, last.text)
    is_copy = command.name in _COPY and not (command.name == "cp" and command.has_letter("sl"))
    is_file = first.is_known and not first.is_glob and source.startswith(("/", "~"))
    if not is_file or (is_copy and "bin/" not in source):
        return {}
    other = Other(source, is_copy)
    return {target: other, path_in(target, basename(source)): other}


def through_links(call: Invocation, others: Mapping[str, Other], folder: str) -> Invocation:
    """Return *call* with the files themselves in place of their new names."""
    if not others or len(others) > _MAX_LINKS:
        return call
    first = call.words[0]
    called = others.get(path_in(first.folder or folder, first.text))
    if called is not None and "bin/" in called.path:
        first = replace(first, text=called.path)
    name = basename(first.text)
    links = {
        key: other.path
        for key, other in others.items()
        if not other.is_copy or (name in _GIVE_RIGHTS and is_interpreter(basename(other.path)))
    }
    minds = name in _MIND_THE_LINK
    words = (first, *(_resolved(word, links, folder, minds=minds) for word in call.words[1:]))
    redirects = tuple(
        Redirect(r.operator, _resolved(r.target, links, folder, minds=False), r.fd)
        if "<<" not in r.operator
        else r
        for r in call.redirects
    )
    return replace(call, words=words, redirects=redirects)


def _resolved(word: Word, links: Mapping[str, str], folder: str, *, minds: bool) -> Word:
    head, mark, text = _split(word.text)
    path = path_in(word.folder or folder, text)
    for link, target in links.items():
        if path == link and not (minds and not text.endswith("/")):
            return replace(word, text=f"{head}{mark}{target}", folder="")
        if path.startswith(f"{link}/"):
            below = path[len(link) + 1 :]
            return replace(word, text=f"{head}{mark}{target.rstrip('/')}/{below}", folder="")
    return word


def _split(text: str) -> tuple[str, str, str]:
    """Split `of=x` and `file=@x` before the path."""
    head, mark, tail = text.rpartition("@") if "@" in text else text.partition("=")
    return (head, mark, tail) if mark else ("", "", text)
