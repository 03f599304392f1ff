"""The prepared trees are what their tables say, the same at every planting."""

import gzip
import io
import stat
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from training import packing, trees
from training.trees import Archive, File, Folder, Lines, Link, Tree, TreeError

NOW_S = 1_750_240_800.0


def plant(tmp_path: Path, **entries: object) -> Path:
    """Plant a tree of *entries*."""
    tree = msgspec.convert({"about": "a test", **entries}, Tree)
    trees.plant(trees.make_ready(tree), tmp_path, now_s=NOW_S)
    return tmp_path


@pytest.mark.parametrize("name", trees.names())
def test_each_tree_can_be_planted(name: str, tmp_path: Path) -> None:
    """Every file of trees/ keeps to the format, and makes what it says."""
    grove = trees.load(name)

    trees.plant(grove, tmp_path, now_s=NOW_S)

    planted = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert planted == {item.path for item in grove.items}
    assert (tmp_path / grove.root).is_dir()


def test_mode_age_and_size_are_as_told(tmp_path: Path) -> None:
    """What `ls -l` and `du` would show is in the table."""
    home = plant(
        tmp_path,
        root="r",
        file=[
            {"path": "a", "text": "x", "mode": "0640", "age_days": 2},
            {"path": "big", "size_bytes": 100_000},
            {"path": "~/top", "magic": "png", "size_bytes": 90},
        ],
        folder=[{"path": "old", "mode": "0700", "age_days": 10}],
    )

    facts = (home / "r/a").stat()
    assert stat.S_IMODE(facts.st_mode) == 0o640
    assert facts.st_mtime == NOW_S - 2 * 86_400
    assert (home / "r/big").stat().st_size == 100_000
    assert (home / "r/big").stat().st_blocks * 512 >= 100_000
    assert (home / "top").read_bytes().startswith(b"\x89PNG")
    assert (home / "top").stat().st_size == 90
    assert (home / "r/old").stat().st_mtime == NOW_S - 10 * 86_400


def test_links_and_likenesses(tmp_path: Path) -> None:
    """Links lead where they say, dead or alive; a like file has the other's content."""
    home = plant(
        tmp_path,
        file=[{"path": "a", "magic": "jpeg", "size_bytes": 500}, {"path": "b", "like": "a"}],
        link=[
            {"path": "s", "to": "nowhere/at all"},
            {"path": "h", "to": "a", "hard": True},
        ],
    )

    assert str((home / "s").readlink()) == "nowhere/at all"
    assert (home / "h").stat().st_ino == (home / "a").stat().st_ino
    assert (home / "b").read_bytes() == (home / "a").read_bytes()


def test_lines_are_the_same_at_every_reading() -> None:
    """Numbers and times go on from line to line, what is by chance is always the same chance."""
    lines = Lines(
        3, ("{n} {time} {ip} {user} {ms}", "{n} {other} {day}"), "2025-06-17 23:59:30", 30
    )
    tree = Tree("a test", file=(File("l", lines=lines),))

    first, second = (trees.make_ready(tree).items[0].content.decode() for _ in range(2))

    assert first == second
    assert [line.split()[0] for line in first.splitlines()] == ["1", "2", "3"]
    assert first.splitlines()[1] == "2 {other} 2025-06-18"


def test_archives_hold_files_of_the_tree() -> None:
    """Each kind of archive has the files by their paths, and is the same at every reading."""
    files = (File("d/x.txt", text="x"), File("d/y.txt", text="y"), File("z", text="z"))
    kinds = ("a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "a.tar.bz2")
    archives = (
        *(Archive(kind, of=("d", "z"), inside="in/") for kind in kinds),
        Archive("z.gz", ("z",)),
    )
    tree = Tree("a test", file=files, archive=archives)

    items = {item.path: item.content for item in trees.make_ready(tree).items}

    wanted = ["in/d/x.txt", "in/d/y.txt", "in/z"]
    assert zipfile.ZipFile(io.BytesIO(items["a.zip"])).namelist() == wanted
    for kind in kinds[1:]:
        with tarfile.open(fileobj=io.BytesIO(items[kind])) as tar:
            assert tar.getnames() == wanted
    assert gzip.decompress(items["z.gz"]) == b"z"
    assert items == {item.path: item.content for item in trees.make_ready(tree).items}


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"file": (File("../x"),)}, "not below the home folder"),
        ({"file": (File("/etc/x"),)}, "not below the home folder"),
        ({"file": (File("a"), File("a"))}, "twice"),
        ({"file": (File("a", mode="rwx"),)}, "not octal"),
        ({"file": (File("a", text="x", magic="png"),)}, "only one of"),
        ({"file": (File("a", magic="exe"),)}, "magic is one of"),
        ({"file": (File("a", text="four", size_bytes=3),)}, "less than its content"),
        ({"file": (File("a", like="b"),)}, "no file of the tree"),
        ({"folder": (Folder("a"),), "archive": (Archive("b.zip", ("c",)),)}, "no 'c' to put"),
        ({"link": (Link("a", to="b", hard=True),)}, "no file of the tree"),
    ],
)
def test_a_fault_is_named(entries: dict[str, Any], reason: str) -> None:
    """A table that cannot be planted says which entry, and why."""
    with pytest.raises(TreeError, match=reason):
        trees.make_ready(Tree("a test", **entries))


def test_an_unknown_tree_is_named_with_those_there_are() -> None:
    """The author of a task sees what could be meant."""
    with pytest.raises(TreeError, match=r"no tree 'garden'.*server-logs"):
        trees.load("garden")


def test_planting_is_quick(tmp_path: Path) -> None:
    """A tree costs less than the command that runs in it."""
    grove = trees.load("web-project")
    start_s = time.perf_counter()
    trees.plant(grove, tmp_path, now_s=NOW_S)
    assert time.perf_counter() - start_s < 0.1


def test_what_is_no_archive_is_refused() -> None:
    """A name tells the kind of an archive; a compressed file holds one file."""
    with pytest.raises(ValueError, match="not the name of an archive"):
        packing.pack("a.rar", {"x": b""})
    with pytest.raises(ValueError, match="holds one file"):
        packing.pack("a.gz", {"x": b"", "y": b""})
