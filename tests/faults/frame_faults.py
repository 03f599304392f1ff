"""Messages made up by chance, near enough to good ones to get past the first check."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import zmq
from hypothesis import strategies as st

from eidos.protocol import MAX_FRAME_BYTES, PROTOCOL

_KINDS: Final = ("suggest", "status", "ping", "cancel", "metrics", "health", "reload", "level")
_SHELLS: Final = ("bash", "zsh", "fish", "tcsh", "")
_BYTES: Final = (
    b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"-1", b"9" * 400, b"1e9", b"true", b"a\nb",
    "\u202e\U000e0041".encode(), b"/" * 5000, b"x" * 1001, b"{}", b"%s%n", b"../../etc/passwd",
)  # fmt: skip
_REPLY_TIMEOUT_MS: Final = 30_000


def _numbers(least: int, most: int) -> st.SearchStrategy[bytes]:
    return st.integers(least, most).map(lambda number: str(number).encode())


_ids: Final = st.sampled_from([b"a", b"A.b_c-9", b"x" * 64, b"x" * 65, b"", b"a b"])
_suggest: Final = st.tuples(
    st.just(PROTOCOL.encode()),
    st.just(b"suggest"),
    _ids,
    st.sampled_from([shell.encode() for shell in _SHELLS]),
    _numbers(0, 9),
    st.sampled_from([b"", b"/srv", b"/\xff", b"srv"]),
    st.sampled_from(_BYTES),
    _numbers(-1, 256) | st.just(b""),
    st.text(max_size=30).map(lambda text: text.encode(errors="replace")) | st.sampled_from(_BYTES),
).map(list)
_short: Final = st.tuples(
    st.sampled_from([PROTOCOL.encode(), b"eidos/1", b""]),
    st.sampled_from([kind.encode() for kind in _KINDS]),
    _ids,
).map(list)
_damaged: Final = st.tuples(_suggest, st.integers(0, 8), st.binary(max_size=30)).map(
    lambda parts: [*parts[0][: parts[1]], parts[2], *parts[0][parts[1] + 1 :]]
)
_noise: Final = st.lists(st.binary(max_size=30), max_size=12)
frames: Final = st.one_of(_suggest, _short, _damaged, _noise)
"""Whatever ZeroMQ may deliver, from noise to a good request."""


def garbled(count: int, seed: int) -> Iterator[list[bytes]]:
    """Yield *count* messages that are no good requests, the same for the same *seed*.

    Each gets an error: those of a kind that is not answered, or asks the model, are damaged.
    """
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.choice(_KINDS).encode()
        whole = [PROTOCOL.encode(), kind, b"fuzz", b"bash", b"1", b"", b"", b"", b"list files"]
        place = chance.randrange(len(whole))
        match chance.randrange(4):
            case 0:
                whole[place] = b"\xff" + chance.randbytes(chance.randrange(300))
                yield whole
            case 1:
                yield [*whole, chance.choice(_BYTES), b""]
            case 2:
                yield [chance.randbytes(chance.randrange(30)) for _ in range(chance.randint(1, 40))]
            case _:
                whole[0] = chance.choice((b"eidos/0", b"", PROTOCOL.encode() + b"\x00"))
                yield whole[: place + 1]


def send_all(socket: Path, messages: Iterator[list[bytes]]) -> tuple[int, int]:
    """Send *messages* over one connection, each after the reply to the last; return both counts."""
    sent = replies = 0
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.maxmsgsize = MAX_FRAME_BYTES
        dealer.connect(f"ipc://{socket}")
        for each in messages:
            dealer.send_multipart(each)
            sent += 1
            if not dealer.poll(_REPLY_TIMEOUT_MS):
                break
            dealer.recv_multipart()
            replies += 1
    return sent, replies
