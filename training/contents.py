"""What is in the files of the prepared trees, where nobody wrote it out."""

import datetime as dt
import random
import re
from collections.abc import Iterator

import msgspec

MAGIC = {
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0",
    "gif": b"GIF89a\x10\x00\x10\x00\x80\x00\x00",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64",
    "flac": b"fLaC\x00\x00\x00\x22",
    "mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
    "pdf": b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n",
    "docx": b"PK\x03\x04\x14\x00\x06\x00\x08\x00",
    "sqlite": b"SQLite format 3\x00\x10\x00\x01\x01\x00",
    "random": b"\x9c\x01\xfe",
}


class Lines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Many lines made from a few patterns in turn: the same lines at every reading."""

    count: int
    of: tuple[str, ...]
    start: str = "2025-06-17 00:00:00"
    step_s: int = 60


def written(lines: Lines, seed: str) -> Iterator[str]:
    """Yield the lines; trees/README.md lists what may stand in braces."""
    chance = random.Random(seed)
    time = dt.datetime.fromisoformat(lines.start)
    for number in range(1, lines.count + 1):
        values = {
            "n": str(number),
            "time": time.isoformat(" "),
            "isotime": time.isoformat() + "Z",
            "weblog": time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "syslog": time.strftime("%b %e %H:%M:%S"),
            "day": time.date().isoformat(),
            "ip": f"10.0.{chance.randrange(3)}.{chance.randrange(2, 14)}",
            "user": chance.choice("anna ben chidi dora emre farid".split()),
            "ms": str(chance.randrange(3, 4000)),
            "bytes": str(chance.randrange(180, 60_000)),
            "pid": str(chance.randrange(300, 32_000)),
            "percent": str(chance.randrange(101)),
            "price": f"{chance.randrange(99, 99_999) / 100:.2f}",
            "hex": f"{chance.getrandbits(32):08x}",
        }
        pattern = lines.of[(number - 1) % len(lines.of)]
        yield (
            re.sub(r"\{(\w+)\}", lambda field, v=values: v.get(field[1], field[0]), pattern) + "\n"
        )
        time += dt.timedelta(seconds=lines.step_s)
