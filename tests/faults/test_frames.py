"""Frames by chance: the daemon answers each with an error, and keeps nothing of them."""

import pytest
from hypothesis import given, settings
from real_daemon import RealDaemon

from eidos.errors import ProtocolError
from eidos.frames import decode_request, encode_request, request_id
from faults.client_faults import rss_bytes
from faults.frame_faults import frames, garbled, send_all

MOST_GROWTH_BYTES = 8 << 20
LONGEST_ERROR = 500


@settings(max_examples=1000)
@given(frames)
def test_any_frames_are_a_request_or_an_error(message: list[bytes]) -> None:
    """Whatever comes is read or refused with a ProtocolError, and what was read is sound."""
    request_id(message)
    try:
        request = decode_request(message)
    except ProtocolError as exc:
        said = str(exc)
    else:
        said = "sound" * (decode_request(encode_request(request)) == request)
    assert 0 < len(said) < LONGEST_ERROR


@pytest.mark.model
def test_garbled_messages_are_answered_and_leave_nothing_behind(own: RealDaemon) -> None:
    """Each of 2,000 messages that are none gets a reply, and memory stays as it was."""
    assert send_all(own.socket, garbled(500, seed=1)) == (500, 500)
    before_bytes = rss_bytes(own.status()["pid"])

    assert send_all(own.socket, garbled(2000, seed=2)) == (2000, 2000)

    assert rss_bytes(own.status()["pid"]) - before_bytes < MOST_GROWTH_BYTES
