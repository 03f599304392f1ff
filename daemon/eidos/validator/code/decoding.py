"""Texts that a program hides from its reader, made readable: cheaply, and never past 8 KiB."""

import base64
import binascii
import bz2
import codecs
import lzma
import re
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Final

MAX_DECODED: Final = 8192
"""More is not read, and a small text can unpack to any size."""
_MAX_MEMORY: Final = 1 << 24
_Decoder = Callable[[bytes], bytes]
_SPACE: Final = re.compile(rb"\s+")
_FAULTS: Final = (ValueError, EOFError, OSError, LookupError, zlib.error, lzma.LZMAError)


def _base64(data: bytes) -> bytes:
    data = _SPACE.sub(b"", data).translate(bytes.maketrans(b"-_", b"+/"))
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _unpacked(data: bytes) -> bytes:
    """Unpack zlib, gzip or bare deflate, whichever it is."""
    for wbits in (47, -15):  # zlib or gzip by its header; no header
        unpacker = zlib.decompressobj(wbits)
        try:
            return unpacker.decompress(data, MAX_DECODED)
        except zlib.error:
            continue
    raise ValueError("not compressed")


def _uu(data: bytes) -> bytes:
    lines = [line for line in data.split(b"\n") if line and not line.startswith((b"begin", b"end"))]
    return b"".join(binascii.a2b_uu(line) for line in lines)


DECODERS: Final[dict[str, _Decoder]] = {
    "base64": _base64,
    "base32": lambda data: base64.b32decode(data, casefold=True),
    "base85": base64.b85decode,
    "ascii85": base64.a85decode,
    "hex": lambda data: bytes.fromhex(data.decode()),
    "rot13": lambda data: codecs.encode(data.decode("latin-1"), "rot13").encode("latin-1"),
    "zlib": _unpacked,
    "bz2": lambda data: bz2.BZ2Decompressor().decompress(data, MAX_DECODED),
    "lzma": lambda data: lzma.LZMADecompressor(memlimit=_MAX_MEMORY).decompress(data, MAX_DECODED),
    "url": urllib.parse.unquote_to_bytes,
    "reversed": lambda data: data[::-1],
    "uu": _uu,
    "utf-16": lambda data: data.decode("utf-16-le").encode("latin-1", "replace"),
}
CODEC_NAMES: Final = {
    **dict.fromkeys(("base64", "base_64", "base64_codec"), "base64"),
    **dict.fromkeys(("hex", "hex_codec"), "hex"),
    **dict.fromkeys(("rot13", "rot_13", "rot-13"), "rot13"),
    **dict.fromkeys(("zlib", "zip", "zlib_codec"), "zlib"),
    **dict.fromkeys(("bz2", "bz2_codec"), "bz2"),
    **dict.fromkeys(("uu", "uu_codec"), "uu"),
}
"""Encodings that hide, under the names that Python's codecs have for them."""


def decode(text: str, how: str) -> str | None:
    """Return *text* decoded, its bytes as characters; None when it is no such text.

    Bytes are kept as the characters of the same numbers, so that decoders can be put in a row.
    """
    try:
        decoded = DECODERS[how](text.encode("latin-1"))
    except _FAULTS:
        return None
    return decoded[:MAX_DECODED].decode("latin-1")
