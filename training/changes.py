"""What is in a folder, and what changed in it between two looks."""

import contextlib
import hashlib
import os
import stat
import struct
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import msgspec

from training import archives

# Of a repository, refs, index and settings are what a user means; these follow from the way there.
GIT_DIARY = frozenset("COMMIT_EDITMSG FETCH_HEAD ORIG_HEAD gc.log hooks logs objects".split())

DEEPEST = 60  # folders in folders; a command can make more than a path can name


class State(msgspec.Struct, frozen=True):
    """What is to be seen of one file: equal states cannot be told apart by their user."""

    kind: str  # file, folder, link, or other (fifo, socket)
    mode: int
    digest: str = ""  # of a file's content
    target: str = ""  # of a symbolic link
    modified_s: int | None = None  # only where a file kept its content and got another time


class Change(msgspec.Struct, frozen=True):
    """One path before and after; None where there was, or is, nothing."""

    before: State | None
    after: State | None


class Seen(msgspec.Struct, frozen=True):
    """A state, with what tells cheaply that a file was not written since."""

    state: State
    inode: int
    modified_ns: int
    changed_ns: int


Snapshot = dict[str, Seen]
Memory = Callable[[str, os.stat_result], State | None]
"""What knows the state of a path without reading the file, or knows that it does not."""


def _unread(_path: str, _facts: os.stat_result) -> State | None:
    return None


def look(folder: Path, read: Memory = _unread) -> Snapshot:
    """Return everything below *folder*; where *read* knows the state, no file is read for it."""
    return dict(_walk(folder, "", read))


def unwritten(earlier: Snapshot) -> Memory:
    """Return what knows the states of all that was not written since *earlier*."""

    def read(path: str, facts: os.stat_result) -> State | None:
        seen = earlier.get(path)
        times = (facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns)
        if seen and (seen.inode, seen.modified_ns, seen.changed_ns) == times:
            return seen.state
        return None

    return read


def compare(before: Snapshot, after: Snapshot, *, start_s: float) -> dict[str, Change]:
    """Return what differs, by path.

    A file that kept its content but got another time counts as touched: its time is given then, or
    0 for a time since *start_s*, which is "now" and no two runs have the same.
    """
    changes: dict[str, Change] = {}
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        old_state, new_state = old and old.state, new and new.state
        if old and new and _is_touched(path, old, new):
            modified_s = new.modified_ns // 1_000_000_000
            new_state = msgspec.structs.replace(
                new.state, modified_s=0 if modified_s >= start_s else modified_s
            )
        if old_state != new_state:
            changes[path] = Change(old_state, new_state)
    return changes


def _is_touched(path: str, old: Seen, new: Seen) -> bool:
    """Whether nothing of a file differs but its time; git writes its own at every question."""
    is_same = old.state == new.state and new.state.kind == "file"
    return is_same and old.modified_ns != new.modified_ns and "/.git/" not in f"/{path}"


def _walk(folder: Path, prefix: str, read: Memory) -> Iterator[tuple[str, Seen]]:
    """Yield what is below *folder*, following no link: nothing runs in it any more."""
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        path = prefix + _readable(entry.name)
        in_git = f"/{prefix}".endswith("/.git/")
        if in_git and entry.name in GIT_DIARY:
            continue
        facts = entry.stat(follow_symlinks=False)
        is_folder = stat.S_ISDIR(facts.st_mode)
        state = read(path, facts)
        with _readable_for_us(Path(entry.path), facts, is_needed=is_folder or state is None):
            if state is None:
                state = _state(Path(entry.path), facts, is_index=in_git and entry.name == "index")
            yield path, Seen(state, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns)
            if is_folder and path.count("/") < DEEPEST:
                yield from _walk(Path(entry.path), path + "/", read)


@contextlib.contextmanager
def _readable_for_us(path: Path, facts: os.stat_result, *, is_needed: bool) -> Generator[None]:
    """Let us read *path* although its owner may not: root may anyway, and others are its owner."""
    mode = stat.S_IMODE(facts.st_mode)
    wanted = 0o700 if stat.S_ISDIR(facts.st_mode) else 0o400
    is_ours = stat.S_ISDIR(facts.st_mode) or stat.S_ISREG(facts.st_mode)
    if not is_needed or not is_ours or mode & wanted == wanted or not os.geteuid():
        yield
        return
    path.chmod(mode | wanted)
    try:
        yield
    finally:
        path.chmod(mode)


def _state(path: Path, facts: os.stat_result, *, is_index: bool) -> State:
    mode = stat.S_IMODE(facts.st_mode)
    if stat.S_ISLNK(facts.st_mode):
        return State("link", mode, target=_readable(str(path.readlink())))
    if stat.S_ISDIR(facts.st_mode):
        return State("folder", mode)
    if not stat.S_ISREG(facts.st_mode):
        return State("other", mode)
    with path.open("rb") as file:
        digest = _index_digest(file.read()) if is_index else archives.digest(file)
        file.seek(0)
        digest = digest or hashlib.file_digest(file, "sha256").hexdigest()[:16]
        return State("file", mode, digest=digest)


def _index_digest(index: bytes) -> str:
    """Return a digest of what a git index holds, without the inodes and times that it caches.

    Nothing for what is no index.
    """
    held = hashlib.sha256()
    place = 12
    try:
        for _ in range(struct.unpack(">I", index[8:12])[0]):
            flags = struct.unpack(">H", index[place + 60 : place + 62])[0]
            start = place + (64 if flags & 0x4000 else 62)
            end = index.index(b"\0", start)
            held.update(index[place + 24 : place + 28] + index[place + 40 : end + 1])
            place += (end - place) // 8 * 8 + 8
    except (struct.error, ValueError):
        return ""
    return held.hexdigest()[:16]


def _readable(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def described(path: str, change: Change) -> str:
    """Return a line for people: what became of *path*."""
    if change.after is None:
        return f"- {path}"
    state = change.after
    facts = f"{state.kind} {state.mode:04o}"
    if state.target:
        facts += f" -> {state.target}"
    elif state.modified_s is not None:
        facts += " touched" if not state.modified_s else f" touched at {state.modified_s}"
    elif state.digest:
        facts += f" {state.digest}"
    return f"{'~' if change.before else '+'} {path}  ({facts})"
