"""A tree made to fit one command: the files that it names are there, with plausible content."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from training import slots, trees

NEW: Final = frozenset(["newname", "newdir"])
FOLDERS: Final = frozenset(["dir", "dirname"])
EXTENSIONS: Final = frozenset(["ext", "exts", "bare_ext"])
ARCHIVES: Final = ("zip", "tar", "tgz", "gz", "bz2", "xz")
MAGIC: Final = {
    "jpg": "jpeg", "jpeg": "jpeg", "png": "png", "gif": "gif", "mp3": "mp3", "flac": "flac",
    "mp4": "mp4", "mkv": "mp4", "pdf": "pdf", "docx": "docx", "db": "sqlite", "sqlite": "sqlite",
    "iso": "random", "webp": "random", "wav": "random", "avi": "random", "mov": "random",
}  # fmt: skip
CONTENT: Final = {
    "csv": "id,name,city,amount\n1,anna,Lund,12.50\n2,ben,Lagos,7.00\n3,chidi,Abuja,30.10\n",
    "tsv": "id\tname\tcity\n1\tanna\tLund\n2\tben\tLagos\n",
    "json": '{"name": "anna", "id": 7, "items": [{"id": 1, "name": "tea"}, {"id": 2}]}\n',
    "c": "int main(void) { return 0; }\n",
    "cpp": "int main() { return 0; }\n",
    "env": "NAME=anna\nPORT=8080\n",
    "sql": "CREATE TABLE items (id INTEGER, name TEXT);\n",
    "yaml": "name: anna\nitems:\n  - tea\n  - jam\n",
    "sh": "#!/bin/sh\necho hello\n",
    "py": "import os\n\n\ndef main():\n    print('hello')  # TODO\n\n\nmain()\n",
    "html": "<html><body><p>hello</p></body></html>\n",
    "xml": "<list><item>tea</item></list>\n",
    "log": "2025-06-17 10:00:01 INFO start\n2025-06-17 10:00:05 ERROR timeout\n10.0.0.7 failed\n",
}
PLAIN: Final = "the first line\nerror: the second one\n\nhello world TODO\n3 4 5\nbanana\napple\n"
LITERAL: Final = re.compile(r"(?<![\w/*.$:@\"'-])[A-Za-z][\w-]*(?:/[\w-]+)*\.[a-z][a-z0-9]{0,3}\b")
EVERYWHERE: Final = (
    "notes.txt todo.md app.log data.csv config.json run.sh main.py a.jpg b.png".split()
)


def tree(command: str, used: Iterable[tuple[str, str]]) -> trees.Grove:
    """Return a tree in which *command* finds what it names.

    *used* are the values in it, each as the type of its slot and its text.
    """
    files = dict.fromkeys([*EVERYWHERE, "src/app.py", "src/old/app.js"])
    folders = dict.fromkeys(["src", "docs"])
    files.update(dict.fromkeys(LITERAL.findall(command)))
    new: set[str] = set()
    for kind, text in used:
        path = _relative(text)
        if kind in EXTENSIONS:
            files[f"one.{text}"] = files[f"src/two.{text}"] = None
        elif kind == "glob":
            files[text.replace("*", "three")] = None
        elif not path:
            continue
        elif kind in NEW:
            new.add(path)
        elif kind in FOLDERS or (kind == "path" and "." not in PurePosixPath(path).name):
            folders[path] = None
            files |= {f"{path}/inside.txt": None, f"{path}/deeper/last.log": None}
        elif kind in slots.PATHS:
            files[path] = None
    return _fitted(files, folders, new, command)


def _fitted(
    files: Mapping[str, None], folders: Mapping[str, None], new: set[str], command: str
) -> trees.Grove:
    above = {str(parent) for path in (*files, *folders) for parent in PurePosixPath(path).parents}
    kept = [path for path in files if path not in above and path not in folders and path not in new]
    plain = [path for path in kept if _archive(path) is None]
    return trees.make_ready(
        trees.Tree(
            about=command,
            name="fitted",
            folder=tuple(trees.Folder(path) for path in folders if path not in new),
            file=tuple(_file(path) for path in plain),
            archive=tuple(_packed(path) for path in kept if path not in plain),
        )
    )


def _file(path: str) -> trees.File:
    extension = PurePosixPath(path).suffix[1:].lower()
    mode = "0755" if extension == "sh" else "0644"
    if extension in MAGIC:
        return trees.File(path, magic=MAGIC[extension], size_bytes=3000)
    return trees.File(path, text=CONTENT.get(extension, PLAIN), mode=mode)


def _archive(path: str) -> str | None:
    extension = PurePosixPath(path).suffix[1:].lower()
    return extension if extension in ARCHIVES else None


def _packed(path: str) -> trees.Archive:
    return trees.Archive(path, of=("notes.txt",))


def _relative(text: str) -> str:
    """Return *text* as a path below the tree's root, or nothing where it is none."""
    path = PurePosixPath(text.removeprefix("~/"))
    if path.is_absolute() or ".." in path.parts or text in ("~", ".", "/", ""):
        return ""
    return str(path)
