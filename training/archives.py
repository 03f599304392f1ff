"""What an archive holds, apart from how it was packed: two ways to make one are then equal."""

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

PACKED_LIMIT_BYTES = 16 * 1024 * 1024
HELD_LIMIT_BYTES = 64 * 1024 * 1024  # a few bytes can unpack to any amount
# What reading an archive can raise that somebody made to be awkward.
FAULTS = (
    *(OSError, EOFError, ValueError, LookupError, RuntimeError, MemoryError, OverflowError),
    *(struct.error, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile),
)
COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}


def digest(file: BinaryIO) -> str:
    """Return a digest of what the archive *file* holds; nothing, at its start, if it is none.

    Names, contents and modes count, and how it is compressed; times, owners, folders, the order of
    the members and the level of compression do not.
    """
    start = file.read(262)
    file.seek(0)
    if not start.startswith((*COMPRESSED, b"PK")) and start[257:] != b"ustar":
        return ""
    content = file.read(PACKED_LIMIT_BYTES + 1)
    file.seek(0)
    try:
        held = b"" if len(content) > PACKED_LIMIT_BYTES else _held(content)
    except FAULTS:
        held = b""
    return held.hex()[:16]


def _held(content: bytes) -> bytes:
    kind = content[:2]
    if kind == b"PK":
        return _digest("zip", _zip(content))
    if kind not in COMPRESSED:
        return _digest("tar", _tar(content))
    with COMPRESSED[kind](io.BytesIO(content)) as file:
        inside = file.read(HELD_LIMIT_BYTES)
    plain = hashlib.sha256(kind + inside).digest()
    return _digest(kind.hex(), _tar(inside)) or plain


def _digest(kind: str, members: Iterator[tuple[str, ...]]) -> bytes:
    """Return nothing for no members: what has none is no archive to us."""
    listed = sorted(members)
    return hashlib.sha256(repr((kind, listed)).encode()).digest() if listed else b""


def _tar(content: bytes) -> Iterator[tuple[str, ...]]:
    if content[257:262] != b"ustar":
        return
    left = HELD_LIMIT_BYTES
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            left -= member.size  # of a sparse file, what it would be
            if left < 0:
                raise ValueError("it unpacks to more than we read")
            if not member.isdir():
                file = tar.extractfile(member) if member.isreg() else None
                inside = hashlib.sha256(file.read() if file else b"").hexdigest()
                name = member.name.removeprefix("./")
                yield name, oct(member.mode), member.linkname, inside


def _zip(content: bytes) -> Iterator[tuple[str, ...]]:
    left = HELD_LIMIT_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            left -= member.file_size
            if left < 0:
                raise ValueError("it unpacks to more than we read")
            if not member.is_dir():
                inside = hashlib.sha256(archive.read(member)).hexdigest()
                yield member.filename, oct(member.external_attr >> 16), "", inside
