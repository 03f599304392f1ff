"""Archives made in memory, byte for byte the same each time, for the prepared trees."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping

TIME_S = 1_748_772_000  # 2025-06-01 10:00 UTC: what every member of an archive says of its age

_SINGLE: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda content: gzip.compress(content, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def pack(name: str, members: Mapping[str, bytes]) -> bytes:
    """Return an archive of *members* of the kind that the ending of *name* says."""
    stem, _, ending = name.rpartition(".")
    if ending == "zip":
        return _zip(members)
    if ending in ("tgz", "tbz2", "txz"):
        return _SINGLE[{"tgz": "gz", "tbz2": "bz2", "txz": "xz"}[ending]](_tar(members))
    if ending == "tar":
        return _tar(members)
    if ending not in _SINGLE:
        raise ValueError(f"{name!r}: not the name of an archive")
    if stem.endswith(".tar"):
        return _SINGLE[ending](_tar(members))
    if len(members) != 1:
        raise ValueError(f"{name!r} holds one file, not {len(members)}")
    return _SINGLE[ending](next(iter(members.values())))


def _tar(members: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), TIME_S, 0o644
            member.uid = member.gid = 1000
            member.uname = member.gname = "user"
            tar.addfile(member, io.BytesIO(content))
    return held.getvalue()


def _zip(members: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, (2025, 6, 1, 10, 0, 0))
            member.external_attr = 0o100644 << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return held.getvalue()
