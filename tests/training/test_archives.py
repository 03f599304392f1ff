"""Two archives are equal if the same files come out of them in the same way."""

import gzip
import io
import tarfile
import zipfile

from training import archives

FILES = {"a/x": b"one", "a/y": b"two"}


def tarred(files: dict[str, bytes], *, mtime: int = 0, mode: int = 0o644) -> bytes:
    """Return a tar archive, with a folder in it."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), mtime, mode
            tar.addfile(member, io.BytesIO(content))
    return held.getvalue()


def zipped(files: dict[str, bytes], year: int = 2025) -> bytes:
    """Return a zip archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), content)
    return held.getvalue()


def digest(content: bytes) -> str:
    """Return the digest of an archive of these bytes."""
    return archives.digest(io.BytesIO(content))


def test_time_order_and_level_do_not_count() -> None:
    """What differs at each packing is no difference."""
    backwards = dict(reversed(FILES.items()))
    one, other = tarred(FILES), tarred(backwards, mtime=9)

    assert digest(one) == digest(other)
    assert digest(gzip.compress(one)) == digest(gzip.compress(other))
    assert digest(gzip.compress(b"x" * 999, 1)) == digest(gzip.compress(b"x" * 999, 9, mtime=5))
    assert digest(zipped(FILES)) == digest(zipped(backwards, 2020))


def test_names_contents_modes_and_kind_count() -> None:
    """What comes out of it must be the same, and so must be the way to get it out."""
    other = [
        tarred({"a/x": b"one"}),
        tarred({"a/x": b"one", "a/y": b"2"}),
        tarred({"x": b"one", "y": b"two"}),
        tarred(FILES, mode=0o600),
        gzip.compress(tarred(FILES)),
        zipped(FILES),
    ]

    assert len({digest(content) for content in [tarred(FILES), *other]}) == 7


def test_what_is_no_archive_has_no_digest() -> None:
    """Text, and what only begins as an archive does, is left to its bytes."""
    assert digest(b"hello") == ""
    assert digest(b"PK\x03\x04 but no more") == ""
    assert digest(gzip.compress(b"hello")[:-6]) == ""


def test_an_archive_that_would_fill_the_memory_is_not_read() -> None:
    """A sparse member of a terabyte costs nothing, and is compared as bytes."""
    member = tarfile.TarInfo("huge")
    member.size = 2**40

    assert digest(member.tobuf() + b"\0" * 2048) == ""
