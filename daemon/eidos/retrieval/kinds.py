"""The reader of each kind of slot: `days` reads "a week" as 7."""

from collections.abc import Mapping
from typing import Final

from eidos.retrieval import phrases, quantities
from eidos.retrieval.spans import Reader, files, label, matching, named

_FILES: Final = {
    "file": "", "newname": "", "plain_file": "", "path": "", "logfile": "log out txt",
    "csv": "csv tsv", "json": "json jsonl", "script": "sh bash", "pyfile": "py",
    "image": "jpg png jpeg gif webp tiff bmp", "video": "mp4 mkv avi mov webm",
    "audio": "mp3 wav flac ogg", "archive_gz": "tar.gz tgz", "archive_xz": "tar.xz",
    "archive_bz2": "tar.bz2", "archive_bz": "tar.bz2", "archive_tar": "tar", "zip": "zip",
    "gz": "gz", "iso": "iso", "pdf": "pdf", "yaml": "yaml yml", "db": "db sqlite sqlite3",
    "pemkey": "pem key", "cert": "pem crt cer",
}  # fmt: skip

READERS: Final[Mapping[str, Reader]] = {
    **{kind: files(*endings.split()) for kind, endings in _FILES.items()},
    "dir": phrases.place,
    "dirname": phrases.folder,
    "newdir": phrases.folder,
    "mnt": phrases.folder,
    "glob": matching(r"\S*[*?]\S*"),
    **dict.fromkeys("n N pid lineno col port percent".split(), quantities.count),
    "year": matching(r"(19|20)\d\d"),
    "mode": matching(r"[0-7]{3,4}"),
    "nth": quantities.ordinal,
    "days": quantities.duration("day"),
    "mins": quantities.duration("minute"),
    "hours": quantities.duration("hour"),
    "secs": quantities.duration("second"),
    "size": quantities.size,
    "ext": phrases.extension,
    "bare_ext": phrases.extension,
    "exts": phrases.extension_files,
    "date": matching(r"\d{4}-\d\d-\d\d"),
    "time": matching(r"\d\d?:\d\d"),
    "ip": matching(r"\d+\.\d+\.\d+\.\d+(/\d+)?"),
    "url": matching(r"(https?|ftp)://\S+|www\.\S+|[\w.-]+\.\w+/\S*"),
    "repo": matching(r"(https?://|git@)\S+"),
    "disk": matching(r"/dev/\S+"),
    "part": matching(r"/dev/\S+"),
    **dict.fromkeys("word pattern string msg".split(), phrases.text),
    "char": phrases.character,
    **dict.fromkeys(
        "label user group host domain service proc pkg pypkg npmpkg iface container volume network "
        "pod namespace deployment table database remote tag var coined name".split(),
        label,
    ),
}
"""By kind; every other kind is any name."""


def reader_of(kind: str) -> Reader:
    """Return the reader of slots of *kind*: `file`, or `file mp4 mkv`."""
    name, *extensions = kind.split()
    return files(*extensions) if extensions else READERS.get(name, named)
