"""The prepared file trees that commands are run over: trees/NAME.toml, read once, planted often.

trees/README.md describes the format.
"""

import functools
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from training.contents import MAGIC, Lines, written
from training.packing import pack

FOLDER = Path(__file__).parent / "trees"
SPARSE_FROM_BYTES = 32 * 1024 * 1024  # more of real blocks would take longer than a run may take
SECONDS_A_DAY = 86_400


class TreeError(Exception):
    """A tree that cannot be used; the message names the file, the entry and what is wrong."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A regular file: of a text, of lines, of a kind and a size, like another one, or empty."""

    path: str
    like: str | None = None
    text: str | None = None
    lines: Lines | None = None
    magic: str | None = None
    size_bytes: int | None = None
    mode: str = "0644"
    age_days: float = 1.0


class Folder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder that is empty, or that has a mode or an age of its own."""

    path: str
    mode: str = "0755"
    age_days: float = 1.0


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A symbolic link to any text; or, if *hard*, a second name of a file of the tree."""

    path: str
    to: str
    hard: bool = False


class Archive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tar, zip, gz, bz2 or xz file, by the ending of its name, of files of this tree."""

    path: str
    of: tuple[str, ...]
    inside: str = ""
    mode: str = "0644"
    age_days: float = 1.0


class Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One trees/NAME.toml: paths are relative to *root*, or to the home folder after "~/"."""

    about: str
    name: str = ""
    root: str = ""
    setup: tuple[str, ...] = ()
    folder: tuple[Folder, ...] = ()
    file: tuple[File, ...] = ()
    link: tuple[Link, ...] = ()
    archive: tuple[Archive, ...] = ()


class Item(msgspec.Struct, frozen=True):
    """What is planted: a path in the home folder, with all that is to be seen of it."""

    path: str
    mode: int
    age_s: float
    content: bytes = b""
    size_bytes: int = 0
    is_folder: bool = False
    symbolic_to: str | None = None
    hard_to: str | None = None


class Grove(msgspec.Struct, frozen=True, eq=False):
    """A tree made ready: items in the order of planting, every folder before what is in it."""

    name: str
    root: str
    items: tuple[Item, ...]
    setup: tuple[str, ...] = ()


def names() -> tuple[str, ...]:
    """Return the names of all trees, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@functools.cache
def load(name: str) -> Grove:
    """Read trees/NAME.toml and make it ready.

    Raises:
        TreeError: There is no such tree, or it is not what trees/README.md says.
    """
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        raise TreeError(f"no tree {name!r} in {FOLDER}: there are {', '.join(names())}")
    try:
        tree = msgspec.toml.decode(path.read_bytes(), type=Tree)
        return make_ready(msgspec.structs.replace(tree, name=name))
    except (msgspec.DecodeError, TreeError) as fault:
        raise TreeError(f"{path.name}: {fault}") from fault


def make_ready(tree: Tree) -> Grove:
    """Return *tree* with every content worked out and every folder named.

    Raises:
        TreeError: The tree cannot be planted.
    """
    items: dict[str, Item] = {}
    for item in (*_folders(tree), *_files(tree)):
        if item.path in items:
            raise TreeError(f"{item.path!r} is there twice")
        items[item.path] = item
    for item in (*_archives(tree, dict(items)), *_links(tree, dict(items))):
        if item.path in items:
            raise TreeError(f"{item.path!r} is there twice")
        items[item.path] = item
    for place in (f"{tree.root or '.'}/x", *list(items)):
        for parent in map(str, PurePosixPath(place).parents):
            if parent != "." and parent not in items:
                items[parent] = Item(parent, 0o755, SECONDS_A_DAY, is_folder=True)
    in_order = sorted(items.values(), key=lambda item: (item.hard_to is not None, item.path))
    return Grove(tree.name, tree.root, tuple(in_order), tree.setup)


def _folders(tree: Tree) -> Iterator[Item]:
    for folder in tree.folder:
        yield Item(_place(tree, folder.path), *_looks(folder), is_folder=True)


def _files(tree: Tree) -> Iterator[Item]:
    files = {file.path: file for file in tree.file}
    for file in tree.file:
        if file.like is not None and file.like not in files:
            raise TreeError(f"{file.path!r} is like {file.like!r}, which is no file of the tree")
        shape = files[file.like or file.path]
        content = _content(shape)
        size_bytes = len(content) if shape.size_bytes is None else shape.size_bytes
        if size_bytes < len(content):
            raise TreeError(f"{file.path!r}: size_bytes is less than its content")
        yield Item(_place(tree, file.path), *_looks(file), content, size_bytes)


def _archives(tree: Tree, items: dict[str, Item]) -> Iterator[Item]:
    for archive in tree.archive:
        try:
            content = pack(archive.path, dict(_members(tree, archive, items)))
        except ValueError as fault:
            raise TreeError(str(fault)) from fault
        yield Item(_place(tree, archive.path), *_looks(archive), content, len(content))


def _links(tree: Tree, items: dict[str, Item]) -> Iterator[Item]:
    for link in tree.link:
        place, to = _place(tree, link.path), link.to
        if not link.hard:
            yield Item(place, 0o777, SECONDS_A_DAY, symbolic_to=to)
        elif _place(tree, to) in items:
            yield Item(place, 0o644, 0, hard_to=_place(tree, to))
        else:
            raise TreeError(f"{link.path!r} is {to!r}, which is no file of the tree")


def plant(grove: Grove, home: Path, *, now_s: float) -> None:
    """Make the items of *grove* under *home*, as old as they are to be at *now_s*."""
    for item in grove.items:
        path = home / item.path
        if item.is_folder:
            path.mkdir()
        elif item.symbolic_to is not None:
            path.symlink_to(item.symbolic_to)
        elif item.hard_to is not None:
            path.hardlink_to(home / item.hard_to)
        else:
            _write(path, item)
    for item in reversed(grove.items):  # a folder's time changes with what is made in it
        if item.hard_to is None:
            path = home / item.path
            if item.symbolic_to is None:
                path.chmod(item.mode)
            time_s = now_s - item.age_s
            os.utime(path, (time_s, time_s), follow_symlinks=False)


def collect(home: Path, planted: Grove) -> Grove:
    """Return what *planted* became under *home* by its setup, to be planted without it."""
    old = {item.path: item for item in planted.items}
    items: list[Item] = []
    for path in sorted(home.rglob("*")):
        place = str(path.relative_to(home))
        facts = path.lstat()
        age_s = old[place].age_s if place in old else SECONDS_A_DAY
        mode = stat.S_IMODE(facts.st_mode)
        if path.is_symlink():
            items.append(Item(place, mode, age_s, symbolic_to=str(path.readlink())))
        elif path.is_dir():
            items.append(Item(place, mode, age_s, is_folder=True))
        else:
            items.append(Item(place, mode, age_s, path.read_bytes(), facts.st_size))
    return Grove(planted.name, planted.root, tuple(items))


def _write(path: Path, item: Item) -> None:
    with path.open("wb") as file:
        file.write(item.content)
        if item.size_bytes > len(item.content):
            if item.size_bytes < SPARSE_FROM_BYTES:
                os.posix_fallocate(file.fileno(), 0, item.size_bytes)
            else:
                os.ftruncate(file.fileno(), item.size_bytes)


def _place(tree: Tree, path: str) -> str:
    place = PurePosixPath(path[2:]) if path.startswith("~/") else PurePosixPath(tree.root, path)
    if place.is_absolute() or ".." in place.parts or not place.parts:
        raise TreeError(f"{path!r} is not below the home folder")
    return str(place)


def _looks(entry: Folder | File | Archive) -> tuple[int, float]:
    try:
        return int(entry.mode, 8), entry.age_days * SECONDS_A_DAY
    except ValueError:
        raise TreeError(f"{entry.path!r}: mode {entry.mode!r} is not octal digits") from None


def _content(file: File) -> bytes:
    if sum(way is not None for way in (file.text, file.lines, file.magic)) > 1:
        raise TreeError(f"{file.path!r}: only one of text, lines and magic")
    if file.text is not None:
        return file.text.encode()
    if file.lines is not None:
        return "".join(written(file.lines, file.path)).encode()
    if file.magic is not None:
        if file.magic not in MAGIC:
            raise TreeError(f"{file.path!r}: magic is one of {', '.join(MAGIC)}")
        return MAGIC[file.magic] + file.path.encode()  # no two pictures are the same
    return b""


def _members(tree: Tree, archive: Archive, items: dict[str, Item]) -> Iterator[tuple[str, bytes]]:
    """Yield the files that *archive* holds, named as they are relative to the tree's root."""
    for wanted in archive.of:
        place = _place(tree, wanted)
        found = [path for path in items if path == place or path.startswith(place + "/")]
        if not found:
            raise TreeError(f"{archive.path!r}: no {wanted!r} to put into it")
        for path in sorted(found):
            if not items[path].is_folder:
                content = items[path].content.ljust(items[path].size_bytes, b"\0")
                yield archive.inside + wanted + path[len(place) :], content
